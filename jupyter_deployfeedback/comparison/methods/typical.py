"""``typical``: by which factor one request of the candidate is slower than the same request of the baseline."""

import math
from statistics import NormalDist

import numpy as np

from jupyter_deployfeedback.comparison.measured import Interval, Measured, Missing, on_log_scale, ratio_of, typical
from jupyter_deployfeedback.comparison.methods.blocks import MANY, by_time, t_interval
from jupyter_deployfeedback.comparison.methods.proportion import SMALLEST_LATENCY, order_statistic
from jupyter_deployfeedback.comparison.samples import Floats

HODGES_LEHMANN = "hodges-lehmann-paired"
BLOCK_MEDIANS = "block-medians-paired"


def typical_ratio(candidate: Floats, baseline: Floats, *, sent_at: Floats, confidence: float) -> Measured | Missing:
    """Return the typical ratio candidate / baseline - 1 of paired latencies; ``confidence`` sets the floor.

    Pairs without a latency of the baseline are left out. A request only the candidate left unanswered (infinite)
    stays in as the slowest of all, so that failing cannot look faster.
    """
    kept = np.isfinite(baseline)
    if not kept.any():
        return Missing("no pairs of latencies")
    now, before = np.maximum(candidate[kept], SMALLEST_LATENCY), np.maximum(baseline[kept], SMALLEST_LATENCY)
    logs = np.log(now / before)
    measured = _hodges_lehmann(logs) if len(logs) <= MANY else _block_medians(logs, sent_at=sent_at[kept])
    at = measured.interval_at
    return Measured(
        value=ratio_of(measured.value),
        n=len(logs),
        method=measured.method,
        candidate=order_statistic(now, 0.5),
        baseline=order_statistic(before, 0.5),
        interval_at=at and on_log_scale(at),
    ).needing(typical(confidence=confidence))


def walsh_averages(values: Floats) -> Floats:
    """Return the sorted means of all pairs of values, each with itself too."""
    first, second = np.triu_indices(len(values))
    return np.sort((values[first] + values[second]) / 2)


def walsh_interval(walsh: Floats, *, n: int, confidence: float) -> Interval:
    """Invert Wilcoxon's signed-rank test on the sorted Walsh averages of n values (Hodges and Lehmann 1963).

    Without an end where even n values on one side happen by chance more often than that, 2 ** -n.
    """
    if 0.5 - confidence / 2 < 2.0**-n:
        return -math.inf, math.inf
    m, z = len(walsh), NormalDist().inv_cdf(0.5 + confidence / 2)
    rank = max(1, int(m / 2 - z * math.sqrt(n * (n + 1) * (2 * n + 1) / 24)))
    return float(walsh[rank - 1]), float(walsh[m - rank])


def _hodges_lehmann(logs: Floats) -> Measured:
    walsh, n = walsh_averages(logs), len(logs)
    return Measured(
        value=_median(walsh),
        method=HODGES_LEHMANN,
        interval_at=lambda confidence: walsh_interval(walsh, n=n, confidence=confidence),
    )


def _block_medians(logs: Floats, *, sent_at: Floats) -> Measured:
    """Return the mean of the medians of stretches of time: medians, because one unanswered request is infinite."""
    medians = np.array([_median(np.sort(logs[rows])) for rows in by_time(sent_at, logs)])
    at = t_interval(medians) if np.isfinite(medians).all() else None
    return Measured(value=float(np.mean(medians)), method=BLOCK_MEDIANS, interval_at=at)


def _median(ordered: Floats) -> float:
    """Return the median of sorted values, which may end in infinities."""
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return float(low if low == high else (low + high) / 2)
