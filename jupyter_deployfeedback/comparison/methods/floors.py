"""The fewest samples each method is allowed to judge; below them a rule is inconclusive, whatever the point says."""

import math

TYPICAL_PAIRS = 6  # and more where the confidence is higher
PAIRED_SHARE = 100  # 2 points of tolerance with 4 % discordant pairs
SLICE = 100  # examples in the slice
MEAN = 30  # of differences, which are hardly skewed
SKEWED_MEAN = 100  # of what may have a long tail
SMALLEST_CLASS = 30
WINDOWS = 3  # of each side, of a load
QUANTILE_TAIL = 15  # samples beyond the quantile: 30 for p50, 300 for p95, 1500 for p99


def typical(*, confidence: float) -> int:
    """Return how many pairs the signed-rank interval needs to have two edges: 7 at a one-sided confidence of 0.99."""
    return max(TYPICAL_PAIRS, math.ceil(round(-math.log2(1 - confidence), 6)))


def relative_quantile(quantile: float) -> int:
    """Return how many pairs the ratio or difference of two quantiles needs."""
    return math.ceil(round(QUANTILE_TAIL / min(quantile, 1 - quantile), 6))


def absolute_quantile(quantile: float, *, confidence: float) -> int:
    """Return how many samples an order-statistic interval needs to have two edges: 59 for p95 at 0.95."""
    return math.ceil(math.log(1 - confidence) / math.log(max(quantile, 1 - quantile)))
