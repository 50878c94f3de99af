"""The binomial distribution as the methods need it, from ``scipy.special``.

``scipy.stats`` has the same as ``binomtest`` and ``quantile_test``; importing it costs a run about a second, each call
ten times as long. Tests hold the two against each other.
"""

from __future__ import annotations

import math

from jupyter_deployfeedback.comparison.measured import Interval


def clopper_pearson(hits: int, n: int, *, confidence: float) -> Interval:
    """Return the exact interval of a share (Clopper and Pearson 1934); n must be above 0."""
    from scipy.special import betaincinv

    tail = 0.5 - confidence / 2
    low = float(betaincinv(hits, n - hits + 1, tail)) if hits > 0 else 0.0
    high = float(betaincinv(hits + 1, n - hits, 1 - tail)) if hits < n else 1.0
    return low, high


def mcnemar_exact(fixed: int, broken: int) -> float:
    """Return the two-sided exact p-value of McNemar's test: a binomial test of the discordant pairs."""
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(fixed, broken), fixed + broken, 0.5)))


def quantile_ranks(n: int, level: float, *, confidence: float) -> tuple[int, int] | None:
    """Return the positions, from 0, of the sorted samples between which a quantile lies; None where n is too small.

    W. J. Conover, Practical Nonparametric Statistics, 3rd edition (1999), section 3.2.
    """
    tail = 0.5 - confidence / 2
    low, high = _smallest_reaching(tail, n, level) - 1, _smallest_reaching(1 - tail, n, level)
    return (low, high) if low >= 0 and high < n else None


def _smallest_reaching(share: float, n: int, level: float) -> int:
    """Return the smallest number of hits whose cumulative probability reaches a share."""
    from scipy.special import bdtr, bdtrik

    hits = math.ceil(float(bdtrik(share, n, level)))
    return hits - 1 if hits > 0 and float(bdtr(hits - 1, n, level)) >= share else hits
