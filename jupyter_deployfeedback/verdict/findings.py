"""From an estimate to a finding: the limit, what makes it weaker, the reasons, and how a rule's lists add up."""

import math
from collections.abc import Iterable, Sequence

from jupyter_deployfeedback.domain.comparison import Estimate
from jupyter_deployfeedback.domain.rules.rule import (
    Comparator,
    Expression,
    OnNoData,
    OnSmallSlice,
    Relation,
    Rule,
    RuleList,
    Subject,
)
from jupyter_deployfeedback.domain.verdict import MOST_MORE, Finding, Reason, ReasonKind, Standing, Verdict, worst

FLOOR = "floor"  # among the facts of an estimate: how many samples it takes at least
GOOD = frozenset({Verdict.PASS, Verdict.WARN})
Interval = tuple[float, float]


def finding(estimate: Estimate, *, listed: RuleList, first_release: bool, unknown: str | None = None) -> Finding:
    """Judge one estimate by its own limit, before other rules are looked at.

    Weak evidence is weakened later, because ``on_fail`` comes first. ``unknown`` says of which release the numbers are
    not known here, where it cannot be a first one.
    """
    subject, asked = estimate.estimand.subject, estimate.estimand.expression
    if not _is_finite(estimate):
        return missing(subject, asked, listed=listed, reason=Reason(kind=ReasonKind.NOT_FINITE))
    told = Finding(
        subject=subject,
        condition=asked,
        listed=listed,
        verdict=Verdict.ERROR,
        value=estimate.value,
        unit=estimate.unit,
        limit=asked.limit,
        interval=estimate.interval,
        confidence=round(2 * estimate.estimand.confidence - 1, 10) if estimate.interval else None,
        candidate=estimate.candidate,
        baseline=estimate.baseline,
        metric_unit=estimate.metric_unit,
        n=estimate.n,
        method=estimate.method,
        facts=estimate.facts,
    )
    if estimate.baseline_missing and asked.relation is not Relation.ABSOLUTE:
        if unknown is not None:
            return _with(told, Verdict.INCONCLUSIVE, ReasonKind.BASELINE_UNKNOWN, unknown)
        kind = ReasonKind.FIRST_RELEASE if first_release else ReasonKind.NEW_METRIC
        return _with(told, Verdict.INCONCLUSIVE, kind, standing=Standing.NOT_JUDGED)
    if estimate.missing_because is not None or estimate.value is None:
        return _with(told, Verdict.ERROR, ReasonKind.MISSING, estimate.missing_because or "there is no number")
    if estimate.below_floor is not None:
        return _below_floor(told, estimate, detail=estimate.below_floor)
    return _settled(told, estimate)


def without_enough(told: Finding, estimate: Estimate, *, rule: Rule) -> Finding:
    """Apply what a rule says of no data and of small slices; neither ever makes PASS of something missing.

    ``on_fail: warn`` does not reach a FAIL for want of data: it would open the gate to whoever measures nothing.
    """
    if told.standing is Standing.NOT_JUDGED:
        return told
    if estimate.no_data and told.verdict is Verdict.ERROR:
        return _without_data(told, estimate, rule=rule)
    small = estimate.below_floor is not None and estimate.estimand.slice is not None
    if small and rule.on_small_slice is OnSmallSlice.INFO and told.verdict is Verdict.INCONCLUSIVE:
        return told.model_copy(update={"standing": Standing.INFO})
    return weakened(told, estimate)


def _without_data(told: Finding, estimate: Estimate, *, rule: Rule) -> Finding:
    asked = estimate.estimand.expression
    if rule.on_no_data is OnNoData.FAIL:
        return _with(told, Verdict.FAIL, ReasonKind.NO_DATA_FAILS, told.reason.text if told.reason else "")
    if rule.on_no_data is OnNoData.ZERO and estimate.counted_nothing and asked.relation is Relation.ABSOLUTE:
        zero = told.model_copy(update={"value": 0.0, "candidate": 0.0, "method": "exact", "facts": {"value": 0.0}})
        verdict = settle(0.0, None, comparator=asked.comparator, limit=asked.limit)
        return _with(zero, verdict, ReasonKind.COUNTED_NOTHING)
    return told


def _is_finite(estimate: Estimate) -> bool:
    """Say whether no number is NaN or infinite; the types forbid both, and a verdict does not rest on that."""
    numbers = (estimate.value, estimate.estimand.expression.limit, *(estimate.interval or ()))
    return all(number is None or math.isfinite(number) for number in numbers) and None not in (estimate.interval or ())


def weakened(told: Finding, estimate: Estimate) -> Finding:
    """Return what weak evidence allows: PASS becomes WARN, FAIL becomes INCONCLUSIVE; a doubt weakens a PASS alone.

    Where the number is better than the baseline's there is nothing to look at: the PASS stays, with a note.
    """
    if estimate.weak is None and estimate.doubt is not None and told.verdict is Verdict.PASS:
        return _with(told, Verdict.WARN, ReasonKind.WEAK_EVIDENCE, estimate.doubt)
    weaker = {Verdict.PASS: Verdict.WARN, Verdict.FAIL: Verdict.INCONCLUSIVE}
    if estimate.weak is None or told.standing is Standing.NOT_JUDGED or told.verdict is Verdict.ERROR:
        return told
    reasons = "; ".join(filter(None, (estimate.weak, estimate.doubt)))
    improved = told.verdict is Verdict.PASS and estimate.doubt is None and _is_better(estimate)
    verdict = told.verdict if improved else weaker.get(told.verdict, told.verdict)
    if told.reason is not None:
        return told.model_copy(update={"verdict": verdict})
    return _with(told, verdict, ReasonKind.WEAK_EVIDENCE, reasons)


def _is_better(estimate: Estimate) -> bool:
    """Say whether a number lies on the good side of the baseline's, whatever the limit allows."""
    asked, value = estimate.estimand.expression, estimate.value
    if asked.relation is Relation.ABSOLUTE or asked.comparator is Comparator.EQUAL or value is None:
        return False
    return value < 0 if asked.comparator.is_upper else value > 0


def by_default(told: Finding) -> Finding:
    """Return what a rule may say that nobody wrote: it passes or warns; of too few samples their number alone warns."""
    if told.verdict is Verdict.ERROR or told.condition is None or told.value is None:
        return told
    changed: dict[str, object] = {"reason": Reason(kind=ReasonKind.BY_DEFAULT), "n_more": None}
    if told.verdict is Verdict.INCONCLUSIVE and told.condition.comparator.holds(told.value, told.condition.limit):
        changed["standing"] = Standing.INFO
    elif told.verdict not in GOOD:
        changed["verdict"] = Verdict.WARN
    return told.model_copy(update=changed)


def _settled(told: Finding, estimate: Estimate) -> Finding:
    asked = estimate.estimand.expression
    if estimate.interval is None and not estimate.exact and estimate.weak is None:
        return _with(told, Verdict.ERROR, ReasonKind.NO_INTERVAL)
    verdict = settle(estimate.value, estimate.interval, comparator=asked.comparator, limit=asked.limit)
    if verdict is not Verdict.INCONCLUSIVE or estimate.interval is None or estimate.value is None:
        return _with(told, verdict, ReasonKind.INTERVAL_REVERSED if verdict is Verdict.ERROR else None)
    more = _more(estimate, estimate.value, estimate.interval)
    return _with(told, verdict, None if more else ReasonKind.BEYOND_CAP, more=more)


def _more(estimate: Estimate, value: float, interval: tuple[float, float]) -> int | None:
    asked = estimate.estimand.expression
    return n_more(value, interval, limit=asked.limit, n=estimate.n or 0, relation=asked.relation, alike=estimate.alike)


def _below_floor(told: Finding, estimate: Estimate, *, detail: str) -> Finding:
    """Say how many more it takes: to the floor, or beyond it where the interval would straddle the limit there too."""
    asked, floor, seen = estimate.estimand.expression, estimate.facts.get(FLOOR), estimate.tentative
    if floor is None or estimate.n is None or estimate.value is None:
        return _with(told, Verdict.INCONCLUSIVE, ReasonKind.BELOW_FLOOR, detail)
    fewest = max(1, math.ceil(floor) - estimate.n)
    verdict = settle(estimate.value, seen, comparator=asked.comparator, limit=asked.limit) if seen else None
    if seen is None or verdict is not Verdict.INCONCLUSIVE:
        return _with(told, Verdict.INCONCLUSIVE, ReasonKind.BELOW_FLOOR, detail, more=fewest)
    more = _more(estimate, estimate.value, seen)
    if more is None:
        return _with(told, Verdict.INCONCLUSIVE, ReasonKind.BEYOND_CAP, detail)
    return _with(told, Verdict.INCONCLUSIVE, ReasonKind.BELOW_FLOOR, detail, more=max(more, fewest))


def _with(
    told: Finding,
    verdict: Verdict,
    kind: ReasonKind | None,
    detail: str = "",
    *,
    more: int | None = None,
    standing: Standing | None = None,
) -> Finding:
    changed = {
        "verdict": verdict,
        "reason": Reason(kind=kind, detail=detail) if kind else None,
        "n_more": more or told.n_more,
        "standing": standing or told.standing,
    }
    return told.model_copy(update=changed)


def missing(subject: Subject, condition: Expression | None, *, listed: RuleList, reason: Reason) -> Finding:
    """Return the ERROR of an expression that nothing answered."""
    return Finding(subject=subject, condition=condition, listed=listed, verdict=Verdict.ERROR, reason=reason)


def combine(passing: list[Finding], warning: list[Finding], failing: list[Finding]) -> list[Finding]:
    """Return the findings to show, none worse than what the lists together say.

    ``pass`` holds: PASS. Else ``warn`` holds: WARN. Else the looser list decides. ``failing`` are the conditions that
    a ``fail`` list breaks: with one, only its FAIL fails. ERROR in any list stays.
    """
    fired = [each for each in failing if each.verdict is Verdict.FAIL]
    errors = [each for each in (*warning, *failing) if each.verdict is Verdict.ERROR]
    if fired:
        return [*passing, *fired, *errors]
    if not counted(passing) or worst(counted(passing)) in GOOD:
        return [*passing, *errors]
    if counted(warning) and worst(counted(warning)) in GOOD:
        return [*_capped(passing, Verdict.WARN, because=ReasonKind.WITHIN_WARNING), *warning, *errors_of(failing)]
    if failing:
        shown = [*passing, *(each for each in warning if each.verdict is not Verdict.ERROR)]
        return [*_capped(shown, Verdict.INCONCLUSIVE, because=ReasonKind.BETWEEN_LIMITS), *errors]
    if warning:
        return [*_capped(passing, worst(counted(warning)), because=None), *warning]
    return passing


def counted(findings: Iterable[Finding]) -> list[Verdict]:
    """Return the verdicts that count; what was not judged says nothing."""
    return [each.verdict for each in findings if each.standing is not Standing.NOT_JUDGED]


def errors_of(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that could not be judged at all."""
    return [each for each in findings if each.verdict is Verdict.ERROR]


def _capped(findings: list[Finding], most: Verdict, *, because: ReasonKind | None) -> list[Finding]:
    return [
        each.model_copy(update={"verdict": most, "reason": Reason(kind=because) if because else each.reason})
        if most.severity < each.verdict.severity < Verdict.ERROR.severity and each.standing is not Standing.NOT_JUDGED
        else each
        for each in findings
    ]


def settle(value: object, interval: Interval | None, *, comparator: Comparator, limit: float) -> Verdict:
    """Say where a whole interval lies against a limit; without one the value itself is compared.

    What is not a finite number on any side is ERROR: a comparison with NaN is false, and so is its opposite. So is an
    interval that ends before it begins.
    """
    low, high = interval if interval is not None else (value, value)
    if not all(_is_finite_settling(each) for each in (value, low, high, limit)):
        return Verdict.ERROR
    if interval is not None and interval[0] > interval[1]:
        return Verdict.ERROR
    edges = [each for each in (low, high) if isinstance(each, int | float)]
    hold = [comparator.holds(each, limit) for each in edges]
    if all(hold):
        return Verdict.PASS
    return Verdict.INCONCLUSIVE if any(hold) and comparator is not Comparator.EQUAL else Verdict.FAIL


def n_more(
    value: float, interval: Interval, *, limit: float, n: int, relation: Relation, alike: bool = False
) -> int | None:
    """Return about how many more samples would settle an inconclusive interval; None where MOST_MORE times n would not.

    The width shrinks with the square root of n, of samples that are all ``alike`` with n itself; ratios are measured on
    the log scale.
    """
    e, low, high, line = (
        _log(each) if relation is Relation.RATIO else each for each in (value, interval[0], interval[1], limit)
    )
    away = abs(e - line)
    width = max(high - e if e < line else e - low, 0.0)
    if away == 0 or not math.isfinite(width) or width / away > MOST_MORE + 1:
        return None
    times = width / away if alike else (width / away) ** 2
    return max(1, math.ceil(round(n * (times - 1), 6))) if times <= MOST_MORE + 1 else None


def _is_finite_settling(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _log(ratio: float) -> float:
    return math.log1p(ratio) if ratio > -1 else -math.inf


def adjusted(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return Holm's adjusted p-values, in the order of the given ones (Holm 1979).

    Six lines, because importing ``statsmodels.stats.multitest`` for them costs a run 0.7 s; a test compares the two.
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    found = [0.0] * len(p_values)
    highest = 0.0
    for place, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - place) * p_values[index]))
        found[index] = highest
    return tuple(found)
