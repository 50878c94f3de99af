"""The gate judged by itself: what lies well beyond each limit must fail, what lies well inside pass, NaN be an error.

Each expression of each rule goes alone through ``judge``, the function that judges the run; whatever comes out wrong
makes the run ERROR, because a gate that cannot go red says nothing by being green.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from jupyter_deployfeedback.domain.comparison import Comparison, Estimand, Estimate, KnownScore
from jupyter_deployfeedback.domain.evaluation import KnownKind
from jupyter_deployfeedback.domain.rules.rule import Expression, OnFail, Rule, Subject, SubjectKind
from jupyter_deployfeedback.domain.run import TargetFacts
from jupyter_deployfeedback.domain.verdict import Finding, Reason, ReasonKind, SelfTest, Verdict
from jupyter_deployfeedback.verdict.judge import judge

Slice = tuple[str, str] | None
Key = tuple[Subject, Expression]
WORDS = {"beyond": "samples well beyond its limit", "inside": "samples well inside its limit", "nan": "a NaN"}
READY = TargetFacts(target=SubjectKind.SELF_TEST, url="", ready=True)
DOWN = TargetFacts(target=SubjectKind.SELF_TEST, url="", ready=False, problem="nothing answers at its address")
WANTED = {KnownKind.RIGHT: Verdict.PASS, KnownKind.WRONG: Verdict.FAIL, KnownKind.UNREACHABLE: Verdict.ERROR}
EXAMPLES = {
    KnownKind.RIGHT: "an example labelled with what the target answered",
    KnownKind.WRONG: "a deliberately mislabelled example",
    KnownKind.UNREACHABLE: "an example sent to an address where nobody listens",
}


def estimands_to_try(asked: Iterable[Estimand]) -> tuple[Estimand, ...]:
    """Return what is worth trying: of each slice the first value, because all go the same way."""
    seen: dict[tuple[str, Expression, str | None], Estimand] = {}
    for each in asked:
        seen.setdefault((each.metric, each.expression, each.slice[0] if each.slice else None), each)
    return tuple(seen.values())


def self_test(
    rules: tuple[Rule, ...],
    *,
    beyond: Iterable[Estimate],
    inside: Iterable[Estimate],
    confidence: float,
    known: tuple[KnownScore, ...] = (),
    strangers: Iterable[str] = (),
) -> SelfTest:
    """Judge the estimates of samples made up well beyond and well inside the limits, of a NaN and of a dead target.

    ``known`` are examples whose score is known, ``strangers`` evaluations none of whose answers can be right.
    """
    bad, good = _by_key(beyond), _by_key(inside)
    slices = list(dict.fromkeys(each.estimand.slice for each in (*bad.values(), *good.values())))
    misses: list[Finding] = []
    notices: list[str] = []
    limits: list[bool] = []  # whether it was tried both ways
    for rule in rules:
        for within in _slices_of(rule, slices):
            for tried in dict.fromkeys(rule.passing):
                trial = Trial(rule, tried, within, bad, good, confidence)
                misses += trial.misses()
                notices += trial.notices()
                limits.append(trial.is_whole)
    if not misses:
        misses += _dead_target(rules, list(good.values()), confidence=confidence)
    misses += [_miss(reason) for reason in (*missed_scores(known, confidence=confidence), *strangers)]
    of_them = f"{sum(limits)} of {len(limits)} limits and {len(known)} known examples tried"
    told = f"{of_them}, {len(misses) or 'none'} came out wrong"
    return SelfTest(misses=tuple(misses), notices=tuple(dict.fromkeys(notices)), told=told)


@dataclass(frozen=True)
class Trial:
    """One expression of one rule in one slice, put to the test; the rule's other expressions hold."""

    rule: Rule
    tried: Expression
    within: Slice
    bad: Mapping[Key, Estimate]
    good: Mapping[Key, Estimate]
    confidence: float

    def misses(self) -> Iterator[Finding]:
        """Yield an ERROR for each outcome that is not what it must be."""
        for kind, wanted in (("beyond", self._red), ("inside", self._green), ("nan", {Verdict.ERROR})):
            estimates = self._estimates(kind)
            if estimates is None:
                continue
            found = self._judged(estimates)
            if found not in wanted:
                said = f"{self._label} judged {WORDS[kind]} as {found}, which must be {min(wanted)}"
                yield _miss(said)

    def notices(self) -> Iterator[str]:
        """Yield what no sample can do: a rule that can never fail guards nothing."""
        if self._key(self.tried) not in self.bad:
            yield f"{self._label} can hardly ever fail: no sample lies well beyond its limit"
        if self._key(self.tried) not in self.good:
            yield f"{self._label} can hardly ever pass: no sample lies well inside its limit"

    @property
    def is_whole(self) -> bool:
        """Say whether there were samples on both sides of the limit, for it and for what else the rule asks."""
        return all(self._estimates(kind) is not None for kind in ("beyond", "inside"))

    @property
    def _label(self) -> str:
        return f"{self.rule.subject.text} {self.tried.text}"

    @property
    def _red(self) -> set[Verdict]:
        if self.rule.on_fail is OnFail.WARN:
            return {Verdict.WARN}
        return {Verdict.INCONCLUSIVE, Verdict.FAIL} if self._weak else {Verdict.FAIL}

    @property
    def _green(self) -> set[Verdict]:
        return {Verdict.PASS, Verdict.WARN} if self._weak else {Verdict.PASS}

    @property
    def _weak(self) -> bool:
        """Say whether any expression of the rule rests on weak evidence even at its best."""
        both = (*self.bad.values(), *self.good.values())
        return any(each.weak is not None for each in both if each.estimand.metric == self.rule.metric)

    def _estimates(self, kind: str) -> list[Estimate] | None:
        """Return the tried expression's estimate, the others' that hold, and the looser lists' that agree with it."""
        looser = (*self.rule.warning, *self.rule.failing)
        agreeing = self.bad if kind == "beyond" else self.good
        tried = agreeing.get(self._key(self.tried))
        others = [self.good.get(self._key(each)) for each in dict.fromkeys(self.rule.passing) if each != self.tried]
        others += [agreeing.get(self._key(each)) for each in dict.fromkeys(looser) if each != self.tried]
        if tried is None or None in others:
            return None
        if kind == "nan":
            tried = tried.model_copy(update={"value": math.nan})
        return [tried, *(each for each in others if each is not None)]

    def _key(self, expression: Expression) -> Key:
        return Subject(name=self.rule.metric, slice=self.within), expression

    def _judged(self, estimates: list[Estimate]) -> Verdict:
        subject = Subject(name=self.rule.metric, slice=self.within)
        alone = self.rule.model_copy(update={"subject": subject, "slices": (), "info": False})
        return _judge([alone], estimates, READY, confidence=self.confidence)


def _slices_of(rule: Rule, slices: Iterable[Slice]) -> list[Slice]:
    """Return what a rule is tried on: as it stands, and one value of each slice it lists."""
    return [rule.within, *(each for each in slices if each is not None and each[0] in rule.slices)]


def _by_key(estimates: Iterable[Estimate]) -> dict[Key, Estimate]:
    return {(each.estimand.subject, each.estimand.expression): each for each in estimates}


def _dead_target(rules: tuple[Rule, ...], estimates: list[Estimate], *, confidence: float) -> Iterator[Finding]:
    if _judge(list(rules), estimates, DOWN, confidence=confidence) is not Verdict.ERROR:
        yield _miss("a target that does not answer was not judged as error")


def _judge(rules: list[Rule], estimates: list[Estimate], candidate: TargetFacts, *, confidence: float) -> Verdict:
    found = judge(
        Comparison(baseline=SubjectKind.SELF_TEST, deltas=(), estimates=tuple(estimates)),
        rules=tuple(rules),
        suites=(),
        expected_suites=(),
        candidate=candidate,
        expect_version=None,
        confidence=confidence,
    )
    return found.verdict


def _miss(reason: str) -> Finding:
    subject = Subject(kind=SubjectKind.SELF_TEST)
    told = Reason(kind=ReasonKind.SELF_TEST_MISSED, detail=reason)
    return Finding(subject=subject, verdict=Verdict.ERROR, reason=told)


def missed_scores(known: Iterable[KnownScore], *, confidence: float) -> Iterator[str]:
    """Yield what was scored other than it must be, by the kernel or by the methods that judge the run."""
    for each in known:
        right, wanted = each.kind is KnownKind.RIGHT, WANTED[each.kind]
        if each.scored_right is not right:
            yield f"{each.where} scored {EXAMPLES[each.kind]} as {'right' if each.scored_right else 'wrong'}"
        found = _judged(each.estimate, confidence=confidence)
        if found is not wanted:
            yield f"{EXAMPLES[each.kind]} of {each.where} was judged as {found}, which must be {wanted}"


def _judged(estimate: Estimate, *, confidence: float) -> Verdict:
    asked = estimate.estimand
    judgement = judge(
        Comparison(baseline=None, deltas=(), estimates=(estimate,)),
        rules=(Rule(subject=asked.subject, passing=(asked.expression,)),),
        suites=(),
        expected_suites=(),
        candidate=READY,
        expect_version=None,
        confidence=confidence,
    )
    return judgement.verdict
