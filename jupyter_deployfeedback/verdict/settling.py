"""One number against one limit, how many more samples would settle it, and Holm's correction where there are many."""

import math
from collections.abc import Sequence

from jupyter_deployfeedback.domain.rules.rule import Comparator, Relation
from jupyter_deployfeedback.domain.verdict import MOST_MORE, Verdict

Interval = tuple[float, float]


def settle(value: object, interval: Interval | None, *, comparator: Comparator, limit: float) -> Verdict:
    """Say where a whole interval lies against a limit; without one the value itself is compared.

    What is not a finite number on any side is ERROR: a comparison with NaN is false, and so is its opposite. So is an
    interval that ends before it begins.
    """
    low, high = interval if interval is not None else (value, value)
    if not all(_is_finite(each) for each in (value, low, high, limit)):
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


def _is_finite(value: object) -> bool:
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
