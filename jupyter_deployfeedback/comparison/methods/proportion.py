"""Shares: how many of n examples were right, failed or too slow; and the binomial distribution behind them.

``scipy.stats`` has the same as ``binomtest`` and ``quantile_test``; importing it costs a run about a second, each
call ten times as long. Tests hold the two against each other.
"""

import math
from statistics import NormalDist

import numpy as np

from jupyter_deployfeedback.comparison.measured import PAIRED_SHARE, Interval, Measured, Missing, absolute_quantile
from jupyter_deployfeedback.comparison.samples import Bools, Floats

CLOPPER_PEARSON = "clopper-pearson"
NEWCOMBE = "newcombe-paired"
MOVER = "mover-ratio-paired"
ORDER_STATISTICS = "order-statistics"
SMALLEST_LATENCY = 1e-9  # seconds: of a clock that did not move between sending and answer


def share(hits: int, n: int) -> Measured | Missing:
    """Return hits / n with the exact interval of Clopper and Pearson (1934)."""
    if n == 0:
        return Missing("no samples", no_data=True)
    return Measured(
        value=hits / n,
        candidate=hits / n,
        n=n,
        method=CLOPPER_PEARSON,
        interval_at=lambda confidence: clopper_pearson(hits, n, confidence=confidence),
        alike=hits in {0, n},
        facts={"hits": hits, "n": n},
    )


def share_difference(candidate: Bools, baseline: Bools) -> Measured | Missing:
    """Return candidate share - baseline share of paired examples, with Newcombe's interval and McNemar's p-value."""
    table = pair_table(candidate, baseline)
    n = sum(table)
    if n == 0:
        return Missing("no pairs")
    return Measured(
        value=(table[1] - table[2]) / n,
        n=n,
        method=NEWCOMBE,
        candidate=(table[0] + table[1]) / n,
        baseline=(table[0] + table[2]) / n,
        interval_at=lambda confidence: newcombe_paired(*table, confidence=confidence),
        alike=table[1] == table[2] == 0,
        facts=_facts(table),
    ).needing(PAIRED_SHARE)


def share_ratio(candidate: Bools, baseline: Bools) -> Measured | Missing:
    """Return candidate share / baseline share - 1 of paired examples, with the MOVER interval of the ratio."""
    table = pair_table(candidate, baseline)
    n, before = sum(table), table[0] + table[2]
    if n == 0:
        return Missing("no pairs")
    if before == 0:
        return Missing("the baseline's share is 0, so there is no ratio to it; write a difference in pp")
    return Measured(
        value=(table[0] + table[1]) / before - 1,
        n=n,
        method=MOVER,
        candidate=(table[0] + table[1]) / n,
        baseline=before / n,
        interval_at=lambda confidence: mover_ratio(*table, confidence=confidence),
        alike=table[1] == table[2] == 0,
        facts=_facts(table),
    ).needing(PAIRED_SHARE)


def pair_table(candidate: Bools, baseline: Bools) -> tuple[int, int, int, int]:
    """Return the counts: both, candidate only, baseline only, neither."""
    both = int(np.count_nonzero(candidate & baseline))
    fixed = int(np.count_nonzero(candidate & ~baseline))
    broken = int(np.count_nonzero(~candidate & baseline))
    return both, fixed, broken, len(candidate) - both - fixed - broken


def wilson(hits: int, n: int, *, confidence: float) -> Interval:
    """Return the score interval of a share (Wilson 1927)."""
    z, p = NormalDist().inv_cdf(0.5 + confidence / 2), hits / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return middle - half, middle + half


def newcombe_paired(both: int, fixed: int, broken: int, neither: int, *, confidence: float = 0.90) -> Interval:
    """Return the paired score interval of the difference of two shares.

    Method 10 of R. G. Newcombe, Statistics in Medicine 17 (1998) 2635-2650. n must be above 0.
    """
    n = both + fixed + broken + neither
    p1, p2 = (both + fixed) / n, (both + broken) / n
    l1, u1 = wilson(both + fixed, n, confidence=confidence)
    l2, u2 = wilson(both + broken, n, confidence=confidence)
    phi = _correlation(both, fixed, broken, neither)
    down = math.sqrt(max(0.0, (p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2))
    up = math.sqrt(max(0.0, (u1 - p1) ** 2 - 2 * phi * (u1 - p1) * (p2 - l2) + (p2 - l2) ** 2))
    return p1 - p2 - down, p1 - p2 + up


def mover_ratio(both: int, fixed: int, broken: int, neither: int, *, confidence: float = 0.90) -> Interval:
    """Return the interval of (share of the candidate / share of the baseline) - 1 for pairs.

    MOVER-R of A. Donner and G. Y. Zou, Statistical Methods in Medical Research 21 (2012) 347-359, from the same Wilson
    intervals and correlation as Newcombe's. The upper edge is infinite where the baseline's share may be 0.
    """
    n = both + fixed + broken + neither
    p1, p2 = (both + fixed) / n, (both + broken) / n
    l1, u1 = wilson(both + fixed, n, confidence=confidence)
    l2, u2 = wilson(both + broken, n, confidence=confidence)
    phi = _correlation(both, fixed, broken, neither)
    low = p1 * p2 - phi * (p1 - l1) * (u2 - p2)
    low -= math.sqrt(max(0.0, low * low - l1 * u2 * (2 * p1 - l1) * (2 * p2 - u2)))
    high = p1 * p2 - phi * (u1 - p1) * (p2 - l2)
    high += math.sqrt(max(0.0, high * high - u1 * l2 * (2 * p1 - u1) * (2 * p2 - l2)))
    below, above = u2 * (2 * p2 - u2), l2 * (2 * p2 - l2)
    return (low / below if below else 0.0) - 1, (high / above if above > 0 else math.inf) - 1


def _correlation(both: int, fixed: int, broken: int, neither: int) -> float:
    """Return phi with Newcombe's correction of n/2, 0 where a margin is empty."""
    n = both + fixed + broken + neither
    margins = (both + fixed) * (broken + neither) * (both + broken) * (fixed + neither)
    excess = float(both * neither - fixed * broken)
    excess = max(excess - n / 2, 0.0) if excess > 0 else excess
    return excess / math.sqrt(margins) if margins else 0.0


def _facts(table: tuple[int, int, int, int]) -> dict[str, float]:
    both, fixed, broken, neither = table
    named = {"both": both, "candidate_only": fixed, "baseline_only": broken, "neither": neither}
    return {**named, "p_value": mcnemar_exact(fixed, broken)}


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
