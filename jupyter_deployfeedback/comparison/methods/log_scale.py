"""Ratios, whose intervals are symmetric on the log scale."""

from __future__ import annotations

import math
from collections.abc import Callable

from jupyter_deployfeedback.comparison.measured import Interval

LARGEST = 700.0  # whose exponential a float can hold


def ratio_of(log: float) -> float:
    """Return the ratio - 1 of a log ratio."""
    return math.inf if log > LARGEST else math.expm1(log)


def on_log_scale(at: Callable[[float], Interval]) -> Callable[[float], Interval]:
    """Turn the interval of a log ratio into that of the ratio - 1."""

    def of_ratio(confidence: float) -> Interval:
        low, high = at(confidence)
        return ratio_of(low), ratio_of(high)

    return of_ratio
