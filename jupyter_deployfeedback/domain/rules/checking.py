"""Rules checked before the first request, and what each of them asks for."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import combinations
from typing import TypedDict, Unpack

from jupyter_deployfeedback.domain.metric import COUNT, STANDARD_METRICS, Metric, dimension_of
from jupyter_deployfeedback.domain.rules.language import parse_expression, parse_subject
from jupyter_deployfeedback.domain.rules.rule import (
    Aggregate,
    Comparator,
    Expression,
    OnFail,
    OnNoData,
    OnSmallSlice,
    Relation,
    Rule,
    Subject,
    opposite,
    refuse,
)
from jupyter_deployfeedback.domain.rules.support import has_slices, unsupported
from jupyter_deployfeedback.domain.verdict import Finding, ReasonKind

FAILURES = "failure_rate"
TYPO = 0.9  # names this alike are a slip of the pen: acuracy, latency_p90


class Options(TypedDict, total=False):
    """What a rule says beside its expressions."""

    slices: tuple[str, ...]
    on_fail: OnFail
    on_no_data: OnNoData
    on_small_slice: OnSmallSlice
    info: bool


def read_rule(
    metric: str,
    *,
    passing: Iterable[str],
    warning: Iterable[str] = (),
    failing: Iterable[str] = (),
    metrics: Mapping[str, Metric],
    **options: Unpack[Options],
) -> Rule:
    """Return the rule that a user wrote, parsed once; ``metrics`` are those whose unit is known before a run.

    Raises RuleSyntaxError with the offending expression and position.
    """
    subject = parse_subject(metric)
    known = metrics.get(subject.name)
    return Rule(
        subject=subject,
        passing=tuple(parse_expression(text, known) for text in passing),
        warning=tuple(parse_expression(text, known) for text in warning),
        failing=tuple(opposite(parse_expression(text, known)) for text in failing),
        **options,
    )


def with_defaults(rules: tuple[Rule, ...], *, asked: bool) -> tuple[Rule, ...]:
    """Return the rules, and where requests were ``asked`` the one on failures that stands in for one of the user's."""
    if not asked or any(rule.metric == FAILURES for rule in rules):
        return rules
    rule = read_rule(FAILURES, passing=["<1%"], metrics=STANDARD_METRICS, on_fail=OnFail.WARN)
    return (*rules, rule.model_copy(update={"by_default": True}))


def check_rule(rule: Rule, metrics: Mapping[str, Metric]) -> None:
    """Refuse a rule that cannot be judged, with RuleSyntaxError.

    A name that is not among ``metrics`` is taken for a number a suite records, unless it looks like a misspelling.
    """
    check_subject(rule.subject, slices=rule.slices, metrics=metrics)
    if not rule.passing:
        refuse("a rule needs at least one expression", rule.subject.text, remedy='Write pass: [">=0.95"].')
    for each in rule.expressions:
        instead = unsupported(rule.metric, each)
        if instead:
            refuse(f"{each.text!r} cannot be asked of {rule.metric}", each.text, remedy=instead)
    _check_contradiction(rule.passing)
    if rule.on_no_data is OnNoData.ZERO:
        _check_zero(rule.expressions)


def check_subject(subject: Subject, *, slices: tuple[str, ...], metrics: Mapping[str, Metric]) -> None:
    """Refuse what a rule is about, whatever it asks: a misspelt metric, slices of a metric that has none."""
    if subject.name not in metrics:
        _check_name(subject.name, metrics)
    if (slices or subject.slice) and not has_slices(subject.name):
        remedy = "Slices are for metrics of evaluated examples, such as accuracy."
        refuse(f"{subject.name} has no slices", subject.text, remedy=remedy)
    if slices and subject.slice:
        refuse("a rule names one slice or lists slices, not both", subject.text, remedy="Drop one of the two.")


def removed_rules(rules: Iterable[Rule], released: Iterable[Finding]) -> tuple[str, ...]:
    """Return what a release was judged by and these rules no longer ask; ``released`` are its findings.

    A rule on slices left one finding for each value: it is named once, after the slice.
    """
    rules, gone = list(rules), dict[str, None]()
    written = (each for each in released if not each.because(ReasonKind.BY_DEFAULT))
    for each in written:
        if each.condition is not None and not any(_asks(rule, each.subject, each.condition) for rule in rules):
            within = (each.subject.slice[0], None) if each.subject.slice else None
            gone[f"{Subject(name=each.subject.name, slice=within).text} {each.expression_text}"] = None
    return tuple(gone)


def doubts(expression: Expression, metric_unit: str) -> Iterator[str]:
    """Yield what is legal but probably not meant: a ratio of shares, a tolerance of nothing."""
    share = metric_unit == "share" or expression.aggregate is Aggregate.RATE
    if expression.relation is Relation.RATIO and share:
        yield f"{expression.text}: % of a share is a ratio; did you mean pp?"
    counted = expression.aggregate in {Aggregate.VALUE, Aggregate.COUNT} and dimension_of(metric_unit) == COUNT
    if expression.relation is not Relation.ABSOLUTE and expression.limit == 0 and not counted:
        yield f"{expression.text}: a tolerance of 0 leaves an unchanged system inconclusive"


def rule_doubts(rule: Rule, metrics: Mapping[str, Metric]) -> Iterator[str]:
    """Yield the doubts about a rule that can be had before a run, when the unit of a recorded number is not known."""
    metric = metrics.get(rule.metric)
    for each in rule.expressions:
        yield from doubts(each, metric.unit if metric else "")


def _check_name(name: str, metrics: Mapping[str, Metric]) -> None:
    level = re.fullmatch(r"latency_p(\d+)", name)
    if level:
        refuse(f"there is no metric {name!r}", name, remedy=f"Write metric: latency, pass: [p({level[1]})<300ms].")
    close = get_close_matches(name, sorted({*metrics, *STANDARD_METRICS}), n=1, cutoff=TYPO)
    if close:
        refuse(f"there is no metric {name!r}", name, remedy=f"Did you mean {close[0]}?")


def _check_contradiction(expressions: Sequence[Expression]) -> None:
    """Refuse limits that no number can meet together."""
    for one, other in combinations(expressions, 2):
        if one.question == other.question and (_excludes(one, other) or _excludes(other, one)):
            refuse(f"{one.text} and {other.text} contradict each other", other.text, remedy="Drop one of the two.")


def _excludes(lower: Expression, upper: Expression) -> bool:
    """Say whether nothing lies both above the one and below the other limit; ``==`` is both."""
    if lower.comparator.is_upper or not (upper.comparator.is_upper or upper.comparator is Comparator.EQUAL):
        return False
    strict = lower.comparator is Comparator.ABOVE or upper.comparator is Comparator.BELOW
    return lower.limit > upper.limit or (strict and lower.limit == upper.limit)


def _check_zero(expressions: Sequence[Expression]) -> None:
    for each in expressions:
        if each.relation is not Relation.ABSOLUTE:
            remedy = "Write a limit of its own such as <=5, or on_no_data: error."
            refuse("on_no_data: zero says nothing of the baseline", each.text, remedy=remedy)


def _asks(rule: Rule, subject: Subject, condition: Expression) -> bool:
    within = rule.subject.slice == subject.slice or (subject.slice is not None and subject.slice[0] in rule.slices)
    asked = {each.demand for each in rule.expressions}
    return rule.metric == subject.name and within and condition.demand in asked
