"""Quantiles by order statistics: p95 is the smallest sample that at least 95 % of the samples do not exceed."""

import math

import numpy as np

from jupyter_deployfeedback.comparison.measured import Interval, Measured, Missing, absolute_quantile
from jupyter_deployfeedback.comparison.methods.proportion import quantile_ranks
from jupyter_deployfeedback.comparison.samples import Floats

ORDER_STATISTICS = "order-statistics"
SMALLEST_LATENCY = 1e-9  # seconds: of a clock that did not move between sending and answer


def quantile(values: Floats, level: float, *, confidence: float) -> Measured | Missing:
    """Return a quantile (0 < level < 1) with its distribution-free interval; infinite values count as the largest.

    ``confidence`` is one-sided and sets the floor below which the interval has no upper edge.
    """
    if len(values) == 0:
        return Missing("no samples")
    ordered = np.sort(values)
    value = order_statistic(ordered, level)
    return Measured(
        value=value,
        candidate=value,
        n=len(values),
        method=ORDER_STATISTICS,
        interval_at=lambda wanted: quantile_interval(ordered, level, confidence=wanted),
    ).needing(absolute_quantile(level, confidence=confidence))


def quantile_interval(ordered: Floats, level: float, *, confidence: float) -> Interval:
    """Return the interval of a quantile between two of the sorted samples; NaN where there are too few for it."""
    ranks = quantile_ranks(len(ordered), level, confidence=confidence)
    return (float(ordered[ranks[0]]), float(ordered[ranks[1]])) if ranks else (math.nan, math.nan)


def order_statistic(values: Floats, level: float) -> float:
    """Return the quantile of the samples themselves, without interpolation, so that infinities stay last."""
    return float(np.partition(values, rank(len(values), level))[rank(len(values), level)])


def rank(n: int, level: float) -> int:
    """Return the position of the quantile among n sorted values, from 0."""
    return max(0, math.ceil(round(level * n, 9)) - 1)
