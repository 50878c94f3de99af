"""The verdict: every rule, every suite and the target itself, and what they add up to."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from jupyter_deployfeedback.domain.comparison import Comparison, Estimand, Estimate
from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Metric
from jupyter_deployfeedback.domain.rules.checking import doubts
from jupyter_deployfeedback.domain.rules.language import parse_expression
from jupyter_deployfeedback.domain.rules.rule import (
    Comparator,
    Expression,
    OnFail,
    Rule,
    RuleList,
    Subject,
    SubjectKind,
)
from jupyter_deployfeedback.domain.run import SuiteResult, TargetFacts
from jupyter_deployfeedback.domain.verdict import (
    Finding,
    GateState,
    Judgement,
    Reason,
    ReasonKind,
    SelfTest,
    Standing,
    Verdict,
    worst,
)
from jupyter_deployfeedback.errors import RuleSyntaxError
from jupyter_deployfeedback.verdict import findings as of_rules
from jupyter_deployfeedback.verdict import suites as of_suites
from jupyter_deployfeedback.verdict.continuing import more_for_alarm

Slice = tuple[str, str] | None
OPEN = frozenset({Verdict.PASS, Verdict.WARN})


class Key(NamedTuple):
    """What an estimate answers: an expression about a metric, in a slice, at a point of a matrix."""

    subject: Subject
    expression: Expression


@dataclass(frozen=True)
class Answered:
    """The estimates by what they answer; ``repeated`` were answered more than once, which is an error."""

    estimates: Mapping[Key, Estimate]
    repeated: frozenset[Key]
    metrics: Mapping[str, Metric]
    first_release: bool
    unknown: str | None = None
    overruled: Mapping[Key, int | None] = field(default_factory=dict)
    expected: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def slices(self, metric: str, name: str) -> list[Slice]:
        """Return the values of a slice that the data have, and any other that was asked of a metric."""
        asked = [each.estimand.slice for each in self.estimates.values() if each.estimand.metric == metric]
        there = [(name, value) for value in self.expected.get(name, ())]
        return list(dict.fromkeys(within for within in (*there, *asked) if within and within[0] == name))

    def points(self, metric: str) -> list[str | None]:
        """Return the points of matrices at which a metric was asked; None stands for all other suites together."""
        return list(dict.fromkeys(key.subject.point for key in self.estimates if key.subject.name == metric)) or [None]


def judge(  # noqa: PLR0913 - all that a run is judged by; each is named by the caller
    comparison: Comparison,
    *,
    rules: tuple[Rule, ...],
    suites: tuple[SuiteResult, ...],
    expected_suites: tuple[str, ...],
    candidate: TargetFacts,
    live: TargetFacts | None = None,
    expect_version: str | None,
    confidence: float,
    tested: SelfTest | None = None,
    slice_values: Mapping[str, tuple[str, ...]] | None = None,
    unknown: str | None = None,
) -> Judgement:
    """Judge a comparison: the worst of all findings that count, and the gate open only on PASS or WARN.

    What is missing, not finite, of the wrong version or from a broken suite is ERROR. ``confidence`` is one-sided.
    ``live`` is a baseline that was asked beside. ``tested`` is what the gate's test of itself found, which every run
    makes first. ``slice_values`` are those of the data, so that one that nothing answered is missed. ``unknown`` says
    that there is a release to compare with whose numbers are not known here: what compares is inconclusive then.
    """
    answers = _answers(comparison, rules, alpha=1 - confidence)
    answers = replace(answers, expected=slice_values or {}, unknown=unknown)
    answers = replace(answers, first_release=answers.first_release and unknown is None)
    tested = tested or SelfTest()
    findings = [
        *tested.misses,
        *of_suites.judge_targets(*(side for side in (candidate, live) if side is not None)),
        *of_suites.judge_answers(suites),
        *of_suites.judge_versions(suites, candidate, live, expect_version=expect_version),
        *of_suites.judge_suites(suites, expected_suites),
        *of_suites.without_sender(_judge_rules(rules, answers), suites),
    ]
    declared = tuple(rule for rule in rules if not rule.by_default)
    findings += _unjudged(declared, findings, first_release=answers.first_release)
    findings += of_suites.judge_proof(suites, candidate, ruled=any(map(_is_a_limit, findings)))
    verdict = worst([each.verdict for each in findings if each.standing is Standing.COUNTED])
    return Judgement(
        verdict=verdict,
        gate=GateState.OPEN if verdict in OPEN else GateState.CLOSED,
        findings=tuple(findings),
        first_release=answers.first_release,
        notices=tuple(dict.fromkeys((*_hints(comparison), *tested.notices))),
        self_test=tested.told,
    )


def _hints(comparison: Comparison) -> Iterator[str]:
    for each in comparison.estimates:
        yield from doubts(each.estimand.expression, each.metric_unit)


def _answers(comparison: Comparison, rules: Iterable[Rule], *, alpha: float) -> Answered:
    estimates: dict[Key, Estimate] = {}
    repeated: set[Key] = set()
    for each in comparison.estimates:
        key = Key(each.estimand.subject, each.estimand.expression)
        if key in estimates:
            repeated.add(key)
        estimates[key] = each
    return Answered(
        estimates=estimates,
        repeated=frozenset(repeated),
        metrics={**{each.metric.name: each.metric for each in comparison.deltas}, **STANDARD_METRICS},
        first_release=comparison.baseline is None,
        overruled=_overruled(estimates, rules, alpha=alpha),
    )


def _overruled(estimates: Mapping[Key, Estimate], rules: Iterable[Rule], *, alpha: float) -> dict[Key, int | None]:
    """Return the alarms that Holm's correction does not confirm, each with how many more samples would.

    Corrected are the numbers with an interval whose FAIL would fail the run: neither exact nor weak, and not of a rule
    that only informs or warns. Limits on one number in one direction are nested, so by closed testing (Marcus, Peritz
    and Gabriel 1976) they are one hypothesis among the others: the loosest of each other number is what it shares with.
    """
    failing = {rule.metric for rule in rules if not rule.info and rule.on_fail is OnFail.FAIL}
    nested: defaultdict[tuple[object, ...], dict[Key, float]] = defaultdict(dict)
    for key, each in estimates.items():
        if key.subject.name in failing and each.interval is not None and not each.exact and each.weak is None:
            asked = key.expression
            direction = None if asked.comparator is Comparator.EQUAL else asked.comparator.is_upper
            nested[key.subject, asked.question, direction][key] = 1.0 if each.p_beyond is None else each.p_beyond
    loosest = {group: max(alarms.values()) for group, alarms in nested.items()}
    found: dict[Key, int | None] = {}
    for group, alarms in nested.items():
        others = [p for other, p in loosest.items() if other != group]
        for key, p in alarms.items():
            shared = of_rules.adjusted([p, *others])[0]
            if p < 1.0 and shared > alpha:
                found[key] = more_for_alarm(estimates[key].n, p=p, shared=shared, alpha=alpha)
    return found


def _judge_rules(rules: tuple[Rule, ...], answers: Answered) -> list[Finding]:
    """Judge all rules; what one that counts says is not said once more by one that only informs."""
    told = [(rule.info, each) for rule in rules for each in _judge_rule(rule, answers)]
    counted = {_named(each) for informs, each in told if not informs}
    return [each for informs, each in told if not informs or _named(each) not in counted]


def _judge_rule(rule: Rule, answers: Answered) -> list[Finding]:
    """Judge a rule at each point where its metric was measured; the worst counts."""
    findings = [each for point in answers.points(rule.metric) for each in _judge_at(rule, point, answers)]
    findings += [each for name in rule.slices for each in _without_labels(rule, name, answers)]
    if rule.info:
        return [_informing(each) for each in findings]
    return findings


def _judge_at(rule: Rule, point: str | None, answers: Answered) -> list[Finding]:
    findings = _judge_within(rule, rule.within, point=point, answers=answers)
    for name in rule.slices:
        for label in answers.slices(rule.metric, name):
            findings += _judge_within(rule, label, point=point, answers=answers)
    return findings


def _without_labels(rule: Rule, name: str, answers: Answered) -> list[Finding]:
    """Return the ERROR of each condition on a slice that no example has, at whatever point."""
    if answers.slices(rule.metric, name):
        return []
    subject, reason = Subject(name=rule.metric, slice=(name, None)), Reason(kind=ReasonKind.NO_LABELS, detail=name)
    return [of_rules.missing(subject, each, listed=RuleList.PASS, reason=reason) for each in rule.passing]


def _judge_within(rule: Rule, within: Slice, *, point: str | None, answers: Answered) -> list[Finding]:
    subject = Subject(name=rule.metric, slice=within, point=point)

    def told(expressions: Iterable[Expression], listed: RuleList) -> list[Finding]:
        keys = (Key(subject, each) for each in expressions)
        return [_judge_expression(rule, key, listed=listed, answers=answers) for key in keys]

    return of_rules.combine(
        told(rule.passing, RuleList.PASS), told(rule.warning, RuleList.WARN), told(rule.failing, RuleList.FAIL)
    )


def _judge_expression(rule: Rule, key: Key, *, listed: RuleList, answers: Answered) -> Finding:
    """Judge one expression: its own limit, then the other rules' alarms, then ``on_fail``, then weak evidence."""
    problem = _unanswered(key, answers)
    if problem:
        return of_rules.missing(key.subject, key.expression, listed=listed, reason=problem)
    estimate = answers.estimates[key]
    told = of_rules.finding(estimate, listed=listed, first_release=answers.first_release, unknown=answers.unknown)
    if rule.by_default:
        return of_rules.by_default(told)
    if estimate.no_data or estimate.below_floor is not None:
        return of_rules.without_enough(told, estimate, rule=rule)
    if told.verdict is Verdict.FAIL and rule.on_fail is OnFail.WARN:
        told = told.model_copy(update={"verdict": Verdict.WARN})
    elif told.verdict is Verdict.FAIL and key in answers.overruled:
        reason = Reason(kind=ReasonKind.NOT_SIGNIFICANT)
        changed = {"verdict": Verdict.INCONCLUSIVE, "reason": reason, "n_more": answers.overruled[key]}
        told = told.model_copy(update=changed)
    return of_rules.weakened(told, estimate)


def _unanswered(key: Key, answers: Answered) -> Reason | None:
    """Say why an expression has no answer that can be trusted, None where it has one."""
    name = key.subject.name
    if key in answers.repeated:
        return Reason(kind=ReasonKind.ANSWERED_TWICE)
    if key not in answers.estimates:
        return Reason(kind=ReasonKind.NOT_ANSWERED)
    if name in STANDARD_METRICS or name not in answers.metrics:
        return None
    try:  # the unit of a recorded number is known only now
        parse_expression(key.expression.text, answers.metrics[name])
    except RuleSyntaxError as error:
        return Reason(kind=ReasonKind.UNIT, detail=str(error))
    return None


def _unjudged(rules: tuple[Rule, ...], findings: list[Finding], *, first_release: bool) -> list[Finding]:
    """Return the INCONCLUSIVE of a run, or of a new metric, that nothing could judge."""
    counting = [rule for rule in rules if not rule.info]
    judged = {each.subject for each in findings if each.standing is Standing.COUNTED}
    if first_release:
        names = {rule.metric for rule in counting}
        if not counting or any(subject.metric in names for subject in judged):
            return []
        return [_inconclusive(Subject(kind=SubjectKind.BASELINE), ReasonKind.NOTHING_ABSOLUTE)]
    new = dict.fromkeys(
        each.subject
        for each in findings
        if each.standing is Standing.NOT_JUDGED and each.because(ReasonKind.NEW_METRIC)
    )
    return [_inconclusive(subject, ReasonKind.NOT_IN_BASELINE) for subject in new if subject not in judged]


def _is_a_limit(told: Finding) -> bool:
    counts = told.condition is not None and told.standing is Standing.COUNTED
    return counts and not told.because(ReasonKind.BY_DEFAULT)


def _inconclusive(subject: Subject, kind: ReasonKind) -> Finding:
    return Finding(subject=subject, verdict=Verdict.INCONCLUSIVE, reason=Reason(kind=kind))


def _named(told: Finding) -> tuple[Subject, Expression | None, RuleList]:
    return told.subject, told.condition, told.listed


def _informing(told: Finding) -> Finding:
    return told if told.standing is Standing.NOT_JUDGED else told.model_copy(update={"standing": Standing.INFO})


def estimands(
    rules: tuple[Rule, ...],
    *,
    confidence: float,
    slice_values: Mapping[str, tuple[str, ...]],
) -> tuple[Estimand, ...]:
    """Return each number that the rules ask for, once; a slice without values asks for nothing and is judged ERROR."""
    found: dict[tuple[str, Slice, Expression], Estimand] = {}
    for rule in sorted(rules, key=lambda rule: rule.info):  # what counts as well as informs counts
        informs = rule.info or rule.by_default
        for within in slices_of(rule, slice_values):
            for asked in rule.expressions:
                estimand = Estimand(
                    metric=rule.metric, expression=asked, slice=within, informs=informs, confidence=confidence
                )
                found.setdefault((rule.metric, within, asked), estimand)
    return tuple(found.values())


def slices_of(rule: Rule, slice_values: Mapping[str, tuple[str, ...]]) -> Iterator[Slice]:
    """Yield what a rule is judged on: all examples, then each value of each slice it lists, or the one it names."""
    yield rule.within
    for name in rule.slices:
        yield from ((name, value) for value in slice_values.get(name, ()))
