"""Means of samples and of paired differences, with Student's t."""

from __future__ import annotations

import math

import numpy as np

from jupyter_deployfeedback.comparison.measured import Measured, Missing
from jupyter_deployfeedback.comparison.methods import floors
from jupyter_deployfeedback.comparison.methods.blocks import t_around, t_interval
from jupyter_deployfeedback.comparison.methods.log_scale import on_log_scale
from jupyter_deployfeedback.comparison.samples import Floats

T_INTERVAL = "t-interval"
PAIRED_T = "paired-t"
LOG_RATIO = "paired-log-ratio-of-means"


def mean(values: Floats) -> Measured | Missing:
    """Return the mean of the finite values."""
    kept = values[np.isfinite(values)]
    if len(kept) == 0:
        return Missing("no answer yields a number for it")
    value = float(np.mean(kept))
    at = t_interval(kept) if len(kept) > 1 else None
    return Measured(value=value, candidate=value, n=len(kept), method=T_INTERVAL, interval_at=at).needing(floors.MEAN)


def mean_difference(candidate: Floats, baseline: Floats) -> Measured | Missing:
    """Return mean(candidate) - mean(baseline) over the pairs that have both."""
    both = np.isfinite(candidate) & np.isfinite(baseline)
    if not both.any():
        return Missing("no pair of answers yields numbers for it")
    differences = candidate[both] - baseline[both]
    return Measured(
        value=float(np.mean(differences)),
        n=len(differences),
        method=PAIRED_T,
        candidate=float(np.mean(candidate[both])),
        baseline=float(np.mean(baseline[both])),
        interval_at=t_interval(differences) if len(differences) > 1 else None,
    ).needing(floors.MEAN)


def mean_ratio(candidate: Floats, baseline: Floats) -> Measured | Missing:
    """Return mean(candidate) / mean(baseline) - 1 over the pairs that have both.

    The interval is symmetric on the log scale; each pair weighs in by the delta method, c / mean(c) - b / mean(b).
    """
    both = np.isfinite(candidate) & np.isfinite(baseline)
    if not both.any():
        return Missing("no pair of answers yields numbers for it")
    now, before = float(np.mean(candidate[both])), float(np.mean(baseline[both]))
    if now <= 0 or before <= 0:
        return Missing("a mean is 0 or negative, so there is no ratio; write a difference")
    influence = candidate[both] / now - baseline[both] / before
    return Measured(
        value=now / before - 1,
        n=len(influence),
        method=LOG_RATIO,
        candidate=now,
        baseline=before,
        interval_at=on_log_scale(t_around(math.log(now / before), influence)) if len(influence) > 1 else None,
    ).needing(floors.MEAN)
