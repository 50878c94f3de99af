"""Ratios and differences of two quantiles: resample the pairs, or above MANY pairs compare stretches of time."""

import math
from collections.abc import Callable, Iterator
from functools import cache
from statistics import NormalDist

import numpy as np

from jupyter_deployfeedback.comparison.measured import Interval, Measured, Missing, on_log_scale, relative_quantile
from jupyter_deployfeedback.comparison.methods.blocks import BLOCKS, MANY, by_time, t_around
from jupyter_deployfeedback.comparison.methods.proportion import SMALLEST_LATENCY, order_statistic, rank
from jupyter_deployfeedback.comparison.samples import Floats, Integers
from jupyter_deployfeedback.domain.rules.rule import Relation

BOOTSTRAP = "paired-bootstrap"
BLOCK_QUANTILES = "block-quantiles-paired"
RESAMPLES = 2000
SEED = 20_260_105  # fixed, so that the same samples always give the same verdict
DRAWS_AT_ONCE = 2_000_000  # keeps the memory of one step below 50 MB

At = Callable[[float], Interval]
Rows = np.ndarray[tuple[int, int], np.dtype[np.int64]]
Score = Callable[[Floats], Floats]
"""Scores of several draws at once: how often each kind was drawn (draws, kinds) -> one number for each draw."""
KINDS_AT_ONCE = 2_000_000  # numbers of one step: 16 MB


def quantile_effect(
    candidate: Floats, baseline: Floats, level: float, *, relation: Relation, sent_at: Floats
) -> Measured | Missing:
    """Return the ratio - 1 or the difference of the two sides' quantiles, over pairs the baseline answered.

    Requests only the candidate left unanswered are infinite and count as the slowest.
    """
    kept = np.isfinite(baseline)
    if not kept.any():
        return Missing("no pairs")
    now, before = candidate[kept], baseline[kept]
    ends = order_statistic(now, level), order_statistic(before, level)
    value = float(_effect(np.array(ends[0]), np.array(ends[1]), relation))
    many = len(now) > MANY and len(now) >= BLOCKS * relative_quantile(level)
    if many and math.isfinite(value):
        at = _by_blocks(now, before, level, relation=relation, sent_at=sent_at[kept], middle=value)
    else:
        at = _by_resampling(now, before, level, relation=relation)
    return Measured(
        value=value,
        n=len(now),
        method=BLOCK_QUANTILES if many else BOOTSTRAP,
        candidate=ends[0],
        baseline=ends[1],
        interval_at=at,
    ).needing(relative_quantile(level))


def _by_resampling(now: Floats, before: Floats, level: float, *, relation: Relation) -> At:
    """Return the percentile interval of RESAMPLES paired resamples (Efron 1979); the rows' order does not matter."""
    order = np.lexsort((now, before))
    now, before = now[order], before[order]
    position = rank(len(now), level)

    def ends(side: Floats, rows: Rows) -> Floats:
        return np.partition(side[rows], position, axis=1)[:, position]

    @cache  # drawn only where the interval is wanted: not below the floor
    def effects() -> Floats:
        drawn = [_effect(ends(now, rows), ends(before, rows), relation) for rows in _resamples(len(now))]
        return np.sort(np.concatenate(drawn))

    def at(confidence: float) -> Interval:
        low = math.floor((0.5 - confidence / 2) * (RESAMPLES - 1))
        return float(effects()[low]), float(effects()[RESAMPLES - 1 - low])

    return at


def _resamples(n: int) -> Iterator[Rows]:
    draw = np.random.default_rng(SEED)
    step = max(1, DRAWS_AT_ONCE // n)
    for start in range(0, RESAMPLES, step):
        yield draw.integers(0, n, size=(min(step, RESAMPLES - start), n))


def _by_blocks(now: Floats, before: Floats, level: float, *, relation: Relation, sent_at: Floats, middle: float) -> At:
    """Return an interval around ``middle`` as wide as the effects of consecutive stretches of time say.

    Samples seconds apart are correlated; stretches hardly are.
    """
    blocks = by_time(sent_at, now, before)
    ends = [np.array([order_statistic(side[rows], level) for rows in blocks]) for side in (now, before)]
    effects = _effect(ends[0], ends[1], relation)
    if relation is Relation.DIFFERENCE:
        return t_around(middle, effects)
    return on_log_scale(t_around(math.log1p(middle), np.log1p(effects)))


def _effect(now: Floats, before: Floats, relation: Relation) -> Floats:
    if relation is Relation.DIFFERENCE:
        return now - before
    return np.maximum(now, SMALLEST_LATENCY) / np.maximum(before, SMALLEST_LATENCY) - 1


def bca(score: Score, kinds: Integers, *, sent_at: Floats) -> At:
    """Return the bias-corrected and accelerated bootstrap interval of a score (Efron 1987), seeded.

    ``kinds`` says of which kind each example is. Above MANY examples the scores of consecutive stretches of time give
    the width instead. A test compares it with ``scipy.stats.bootstrap``, which draws example by example and would take
    a second for each score.
    """
    if len(kinds) > MANY:
        return _by_blocks_resampling(score, kinds, sent_at)

    @cache
    def prepared() -> tuple[Floats, float, float]:
        counts = np.bincount(kinds)
        drawn = np.sort(np.concatenate([score(draw) for draw in _draws(counts)]))
        return drawn, _bias(drawn, float(score(counts[None, :].astype(float))[0])), _acceleration(score, counts)

    def at(confidence: float) -> Interval:
        drawn, bias, acceleration = prepared()
        ends = (0.5 - confidence / 2, 0.5 + confidence / 2)
        low, high = (_edge(drawn, level, bias, acceleration) for level in ends)
        return low, high

    return at


def never_differed(score: float, smallest_class: int, *, lowest: float, relative_to: float = 1.0) -> At:
    """Return how far a score may still be off where no prediction differed, of both sides or from the truth.

    Then every resample is the same, and it is the size of the smallest class that says it: a tolerance t passes only
    with n >= ln(alpha) / ln(1 - t) examples. The score, or the difference of two, lies between ``lowest`` and 1; a
    ratio is that ``relative_to`` the baseline's score.
    """

    def at(confidence: float) -> Interval:
        edge = 1 - (0.5 - confidence / 2) ** (1 / max(smallest_class, 1))
        return max(score - edge, lowest) / relative_to, min(score + edge, 1.0) / relative_to

    return at


def _by_blocks_resampling(score: Score, kinds: Integers, sent_at: Floats) -> At:
    most = int(kinds.max()) + 1
    counts = [np.bincount(kinds[rows], minlength=most).astype(float) for rows in by_time(sent_at, kinds.astype(float))]
    return t_around(float(score(np.sum(counts, axis=0)[None, :])[0]), score(np.array(counts)))


def _draws(counts: Integers) -> Iterator[Floats]:
    draw = np.random.default_rng(SEED)
    step = max(1, KINDS_AT_ONCE // len(counts))
    for start in range(0, RESAMPLES, step):
        size = min(step, RESAMPLES - start)
        yield draw.multinomial(counts.sum(), counts / counts.sum(), size=size).astype(float)


def _bias(drawn: Floats, value: float) -> float:
    """Return how far the resamples' median lies from the estimate, in normal deviations; ties count half."""
    below = (np.count_nonzero(drawn < value) + np.count_nonzero(drawn <= value)) / (2 * len(drawn))
    smallest = 1 / (2 * len(drawn))
    return NormalDist().inv_cdf(min(max(below, smallest), 1 - smallest))


def _acceleration(score: Score, counts: Integers) -> float:
    """Return the skewness of leaving out one example, each kind as often as there are examples of it."""
    step = max(1, KINDS_AT_ONCE // len(counts))
    kinds = np.arange(len(counts))
    parts = []
    for start in range(0, len(counts), step):
        chosen = kinds[start : start + step]
        draws = np.tile(counts.astype(float), (len(chosen), 1))
        draws[np.arange(len(chosen)), chosen] -= 1
        parts.append(score(draws))
    left_out = np.concatenate(parts)
    away = np.average(left_out, weights=counts) - left_out
    spread = float(np.sum(counts * away**2))
    return float(np.sum(counts * away**3)) / (6 * spread**1.5) if spread > 0 else 0.0


def _edge(drawn: Floats, level: float, bias: float, acceleration: float) -> float:
    z = bias + NormalDist().inv_cdf(level)
    shifted = NormalDist().cdf(bias + z / (1 - acceleration * z))
    return float(drawn[min(max(math.floor(shifted * len(drawn)), 0), len(drawn) - 1)])
