"""A t interval on the statistic of consecutive stretches of time: what many, correlated samples allow."""

import math
from collections.abc import Callable

import numpy as np

from jupyter_deployfeedback.comparison.measured import Interval
from jupyter_deployfeedback.comparison.samples import Floats

MANY = 3000  # above it blocks of time replace methods whose cost or independence breaks down
BLOCKS = 30


def t_interval(values: Floats) -> Callable[[float], Interval]:
    """Return the interval of the mean of independent values, at any confidence (Student 1908)."""
    from scipy.special import stdtrit

    n, middle = len(values), float(np.mean(values))
    error = float(np.std(values, ddof=1)) / n**0.5

    def at(confidence: float) -> Interval:
        half = float(stdtrit(n - 1, 0.5 + confidence / 2)) * error
        return middle - half, middle + half

    return at


def t_around(middle: float, values: Floats) -> Callable[[float], Interval]:
    """Return an interval around a number of all samples, as wide as the values of independent parts of them say.

    NaN where a part has no finite value: no width can be had.
    """
    if not np.isfinite(values).all():
        return lambda _: (math.nan, math.nan)
    at, shift = t_interval(values), middle - float(np.mean(values))
    return lambda confidence: (at(confidence)[0] + shift, at(confidence)[1] + shift)


def by_time(sent_at: Floats, *tiebreaks: Floats) -> list[np.ndarray[tuple[int], np.dtype[np.intp]]]:
    """Return the row numbers of BLOCKS consecutive stretches, oldest first, whatever the order of the rows."""
    already = bool(np.all(sent_at[1:] > sent_at[:-1]))
    order = np.arange(len(sent_at)) if already else np.lexsort((*tiebreaks, sent_at))
    return np.array_split(order, BLOCKS)
