"""Ratios and differences of two quantiles: resample the pairs, or above MANY pairs compare stretches of time."""

import math
from collections.abc import Callable, Iterator
from functools import cache

import numpy as np

from jupyter_deployfeedback.comparison.measured import Interval, Measured, Missing, on_log_scale
from jupyter_deployfeedback.comparison.methods import floors
from jupyter_deployfeedback.comparison.methods.blocks import BLOCKS, MANY, by_time, t_around
from jupyter_deployfeedback.comparison.methods.quantile import SMALLEST_LATENCY, order_statistic, rank
from jupyter_deployfeedback.comparison.samples import Floats
from jupyter_deployfeedback.domain.rules.rule import Relation

BOOTSTRAP = "paired-bootstrap"
BLOCK_QUANTILES = "block-quantiles-paired"
RESAMPLES = 2000
SEED = 20_260_105  # fixed, so that the same samples always give the same verdict
DRAWS_AT_ONCE = 2_000_000  # keeps the memory of one step below 50 MB

At = Callable[[float], Interval]
Rows = np.ndarray[tuple[int, int], np.dtype[np.int64]]


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
    many = len(now) > MANY and len(now) >= BLOCKS * floors.relative_quantile(level)
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
    ).needing(floors.relative_quantile(level))


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
