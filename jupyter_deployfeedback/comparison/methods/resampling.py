"""Intervals for any score of a set of examples, computed from how often each kind of example was drawn."""

import math
from collections.abc import Callable, Iterator
from functools import cache
from statistics import NormalDist

import numpy as np

from jupyter_deployfeedback.comparison.measured import Interval
from jupyter_deployfeedback.comparison.methods.blocks import MANY, by_time, t_around
from jupyter_deployfeedback.comparison.methods.bootstrap import RESAMPLES, SEED
from jupyter_deployfeedback.comparison.samples import Floats, Integers

Score = Callable[[Floats], Floats]
"""Scores of several draws at once: how often each kind was drawn (draws, kinds) -> one number for each draw."""
At = Callable[[float], Interval]
KINDS_AT_ONCE = 2_000_000  # numbers of one step: 16 MB


def bca(score: Score, kinds: Integers, *, sent_at: Floats) -> At:
    """Return the bias-corrected and accelerated bootstrap interval of a score (Efron 1987), seeded.

    ``kinds`` says of which kind each example is. Above MANY examples the scores of consecutive stretches of time give
    the width instead. A test compares it with ``scipy.stats.bootstrap``, which draws example by example and would take
    a second for each score.
    """
    if len(kinds) > MANY:
        return _by_blocks(score, kinds, sent_at)

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


def _by_blocks(score: Score, kinds: Integers, sent_at: Floats) -> At:
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
