"""Windows of load that alternate between both sides: one number per window and side, Student's t over the pairs.

The window is the unit, because samples within one window resemble each other: sixty scrapes of one window are far from
sixty independent ones.
"""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from jupyter_deployfeedback.comparison.measured import Interval, Measured, Missing, on_log_scale, ratio_of
from jupyter_deployfeedback.comparison.methods import floors
from jupyter_deployfeedback.comparison.methods.blocks import t_around, t_interval
from jupyter_deployfeedback.comparison.samples import Floats
from jupyter_deployfeedback.domain.rules.rule import Relation

WINDOWS = "windows"
PAIRED_WINDOWS = "paired-windows"
LOG_WINDOWS = "paired-windows-log-ratio"
JACKKNIFE = "windows-jackknife"


def over_windows(candidate: Floats, baseline: Floats | None, *, relation: Relation) -> Measured | Missing:
    """Return the mean over windows, its difference to the baseline's, or the ratio - 1 by the mean of the log ratios.

    Pairs of windows stand at the same place of both arrays. Fewer than 3 windows a side are not judged. Both sides' own
    numbers are their means over windows, of a ratio the geometric ones, whose ratio it is.
    """
    if relation is Relation.ABSOLUTE:
        return _mean(candidate, method=WINDOWS, candidate=candidate)
    if baseline is None:
        return Missing("the baseline was not loaded")
    if relation is Relation.DIFFERENCE:
        return _mean(candidate - baseline, method=PAIRED_WINDOWS, candidate=candidate, baseline=baseline)
    if not (np.all(candidate > 0) and np.all(baseline > 0)):
        return Missing("in a window it is 0, so there is no ratio; write a difference")
    found = _mean(np.log(candidate / baseline), method=LOG_WINDOWS, candidate=candidate, baseline=baseline)
    return replace(
        found,
        value=ratio_of(found.value),
        interval_at=found.interval_at and on_log_scale(found.interval_at),
        candidate=_geometric_mean(candidate),
        baseline=_geometric_mean(baseline),
    )


def jackknife(whole: float, without: Floats) -> Callable[[float], Interval] | None:
    """Return the interval of a number of all windows, from the same number with each window left out in turn.

    The jackknife over blocks (Tukey 1958): Student's t over the pseudo-values, around the number itself. None for a
    single window.
    """
    count = len(without)
    if count < 2:
        return None
    with np.errstate(invalid="ignore"):  # infinite where too few requests were answered: told by the caller
        return t_around(whole, count * whole - (count - 1) * without)


def _mean(values: Floats, *, method: str, candidate: Floats, baseline: Floats | None = None) -> Measured:
    return Measured(
        value=float(np.mean(values)),
        n=len(values),
        method=method,
        candidate=float(np.mean(candidate)),
        baseline=None if baseline is None else float(np.mean(baseline)),
        interval_at=t_interval(values) if len(values) > 1 else None,
    ).needing(floors.WINDOWS)


def _geometric_mean(values: Floats) -> float:
    return math.exp(float(np.mean(np.log(values))))
