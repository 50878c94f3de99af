"""Intervals for any score of a set of examples."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from jupyter_deployfeedback.comparison.measured import Interval
from jupyter_deployfeedback.comparison.methods.blocks import MANY, by_time, t_interval
from jupyter_deployfeedback.comparison.methods.bootstrap import RESAMPLES, SEED
from jupyter_deployfeedback.comparison.samples import Floats

Effect = Callable[[npt.NDArray[np.intp]], float]
At = Callable[[float], Interval]


def bca(effect: Effect, *, sent_at: Floats) -> At:
    """Return the bias-corrected and accelerated bootstrap interval of an effect (Efron 1987), seeded.

    Above MANY rows the effects of consecutive stretches of time give the width instead.
    """
    n = len(sent_at)
    every = np.arange(n)
    if n > MANY:
        at = t_interval(np.array([effect(rows) for rows in by_time(sent_at)]))
        shift = effect(every) - sum(at(0.5)) / 2
        return lambda confidence: (at(confidence)[0] + shift, at(confidence)[1] + shift)
    draw = np.random.default_rng(SEED)
    drawn = np.sort([effect(draw.integers(0, n, size=n)) for _ in range(RESAMPLES)])
    bias = _bias(drawn, effect(every))
    acceleration = _acceleration(np.array([effect(np.delete(every, row)) for row in every]))
    return lambda confidence: (
        _edge(drawn, 0.5 - confidence / 2, bias, acceleration),
        _edge(drawn, 0.5 + confidence / 2, bias, acceleration),
    )


def never_differed(smallest_class: int) -> At:
    """Return how much a score may still differ where no prediction did, from the size of the smallest class.

    It passes a tolerance t only with n >= ln(alpha) / ln(1 - t) examples of the smallest class.
    """

    def at(confidence: float) -> Interval:
        edge = 1 - (0.5 - confidence / 2) ** (1 / max(smallest_class, 1))
        return -edge, edge

    return at


def _bias(drawn: Floats, value: float) -> float:
    """Return how far the resamples' median lies from the estimate, in normal deviations; ties count half."""
    below = (np.count_nonzero(drawn < value) + np.count_nonzero(drawn <= value)) / (2 * len(drawn))
    return NormalDist().inv_cdf(min(max(below, 1 / (2 * len(drawn))), 1 - 1 / (2 * len(drawn))))


def _acceleration(left_out: Floats) -> float:
    away = np.mean(left_out) - left_out
    spread = float(np.sum(away**2))
    return float(np.sum(away**3)) / (6 * spread**1.5) if spread > 0 else 0.0


def _edge(drawn: Floats, level: float, bias: float, acceleration: float) -> float:
    z = bias + NormalDist().inv_cdf(level)
    shifted = NormalDist().cdf(bias + z / (1 - acceleration * z))
    return float(drawn[min(max(math.floor(shifted * len(drawn)), 0), len(drawn) - 1)])
