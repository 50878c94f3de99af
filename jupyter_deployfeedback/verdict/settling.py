"""One number against one limit, and how many more samples would settle it."""

from __future__ import annotations

import math

from jupyter_deployfeedback.domain.rule import Comparator, Relation
from jupyter_deployfeedback.domain.verdict import Verdict

MOST_MORE = 10  # times n: beyond it a number would be a promise nobody can keep

Interval = tuple[float, float]


def settle(value: object, interval: Interval | None, *, comparator: Comparator, limit: float) -> Verdict:
    """Say where a whole interval lies against a limit; without one the value itself is compared.

    What is not a finite number on any side is ERROR: a comparison with NaN is false, and so is its opposite. So is an
    interval that ends before it begins.
    """
    low, high = interval if interval is not None else (value, value)
    if not all(isinstance(each, int | float) and math.isfinite(each) for each in (value, low, high, limit)):
        return Verdict.ERROR
    if interval is not None and interval[0] > interval[1]:
        return Verdict.ERROR
    if comparator is Comparator.EQUAL:
        return Verdict.PASS if low == high == limit else Verdict.FAIL
    if _holds(low, comparator, limit) and _holds(high, comparator, limit):
        return Verdict.PASS
    if _holds(low, comparator, limit) or _holds(high, comparator, limit):
        return Verdict.INCONCLUSIVE
    return Verdict.FAIL


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


def _holds(value: object, comparator: Comparator, limit: float) -> bool:
    if not isinstance(value, int | float):
        return False
    return {
        Comparator.AT_MOST: value <= limit,
        Comparator.BELOW: value < limit,
        Comparator.AT_LEAST: value >= limit,
        Comparator.ABOVE: value > limit,
        Comparator.EQUAL: value == limit,
    }[comparator]


def _log(ratio: float) -> float:
    return math.log1p(ratio) if ratio > -1 else -math.inf
