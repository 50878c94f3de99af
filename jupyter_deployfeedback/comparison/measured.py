"""What a method hands back: a point and a way to its interval, of ratios and counts too, or why there is none."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Self

from jupyter_deployfeedback.domain.rules.rule import Relation

Interval = tuple[float, float]
LARGEST = 700.0  # whose exponential a float can hold
EXACT = "exact"
POINT = "point"
TYPICAL_PAIRS = 6  # and more where the confidence is higher
PAIRED_SHARE = 100  # 2 points of tolerance with 4 % discordant pairs
SLICE = 100  # examples in the slice
MEAN = 30  # of differences, which are hardly skewed
SKEWED_MEAN = 100  # of what may have a long tail
SMALLEST_CLASS = 30
WINDOWS = 3  # of each side, of a load
QUANTILE_TAIL = 15  # samples beyond the quantile: 30 for p50, 300 for p95, 1500 for p99


@dataclass(frozen=True)
class Measured:
    """A point with ``interval_at(confidence)``, its two-sided interval at any confidence between 0 and 1.

    ``exact`` numbers need no interval. ``below_floor``, ``weak``, ``doubt`` and ``alike`` are as in Estimate.
    """

    value: float
    method: str
    n: int | None = None
    interval_at: Callable[[float], Interval] | None = None
    candidate: float | None = None
    baseline: float | None = None
    exact: bool = False
    below_floor: str | None = None
    weak: str | None = None
    doubt: str | None = None
    alike: bool = False
    facts: dict[str, float] = field(default_factory=dict)

    def needing(self, floor: int) -> Self:
        """Return the same number, marked where it rests on fewer samples than its method needs."""
        if self.n is not None and self.n < floor:
            return replace(self, below_floor=f"at least {floor:,} are needed", facts={**self.facts, "floor": floor})
        return self


@dataclass(frozen=True)
class Missing:
    """Why there is no number. ``baseline`` says that only the baseline lacks it.

    ``no_data``: whoever could measure it did, and there was nothing; ``counted_nothing``: of a counter that is there.
    """

    reason: str
    baseline: bool = False
    no_data: bool = False
    counted_nothing: bool = False


def finite(*numbers: float | None) -> bool:
    """Say whether all numbers are there and finite: NaN, infinity and None are not."""
    return all(number is not None and math.isfinite(number) for number in numbers)


def ratio_of(log: float) -> float:
    """Return the ratio - 1 of a log ratio."""
    return math.inf if log > LARGEST else math.expm1(log)


def on_log_scale(at: Callable[[float], Interval]) -> Callable[[float], Interval]:
    """Turn the interval of a log ratio into that of the ratio - 1."""

    def of_ratio(confidence: float) -> Interval:
        low, high = at(confidence)
        return ratio_of(low), ratio_of(high)

    return of_ratio


def single(
    candidate: float, baseline: float | None, *, relation: Relation, weak: str | None, n: int | None = None
) -> Measured | Missing:
    """Return one number, or its difference or ratio to the baseline's; ``weak`` None says that it is exact.

    ``n`` is how many samples stand behind the candidate's number, None where that is unknown.
    """
    if relation is Relation.ABSOLUTE:
        value = candidate
    elif baseline is None:
        return Missing("the baseline has no number", baseline=True)
    elif relation is Relation.DIFFERENCE:
        value = candidate - baseline
    elif baseline <= 0 or candidate < 0:
        return Missing("the baseline's number is not above 0, so there is no ratio to it; write a difference")
    else:
        value = candidate / baseline - 1
    return Measured(
        value=value,
        n=n,
        candidate=candidate,
        baseline=baseline,
        exact=weak is None,
        weak=weak,
        method=EXACT if weak is None else POINT,
    )


def typical(*, confidence: float) -> int:
    """Return how many pairs the signed-rank interval needs to have two edges: 7 at a one-sided confidence of 0.99."""
    return max(TYPICAL_PAIRS, math.ceil(round(-math.log2(1 - confidence), 6)))


def relative_quantile(quantile: float) -> int:
    """Return how many pairs the ratio or difference of two quantiles needs."""
    return math.ceil(round(QUANTILE_TAIL / min(quantile, 1 - quantile), 6))


def absolute_quantile(quantile: float, *, confidence: float) -> int:
    """Return how many samples an order-statistic interval needs to have two edges: 59 for p95 at 0.95."""
    return math.ceil(math.log(1 - confidence) / math.log(max(quantile, 1 - quantile)))
