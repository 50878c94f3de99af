"""The shape of latency on both sides, for plots."""

from __future__ import annotations

import numpy as np

from jupyter_deployfeedback.comparison.samples import Samples
from jupyter_deployfeedback.comparison.sides import Material
from jupyter_deployfeedback.domain.comparison import Distribution

LEVELS = tuple(round(level / 100, 2) for level in range(1, 100))


def distributions(material: Material) -> tuple[Distribution, ...]:
    """Return the quantiles of latency over the requests that have one, time-outs included; nothing without any.

    Where a suite loaded the target, these are the requests of its loads.
    """
    pooled = material.load or material.pooled
    if pooled is None:
        return ()
    candidate = _quantiles(pooled.candidate)
    if not candidate:
        return ()
    baseline = _quantiles(pooled.baseline) if pooled.baseline is not None else ()
    return (Distribution(metric="latency", unit="s", levels=LEVELS, candidate=candidate, baseline=baseline or None),)


def _quantiles(samples: Samples) -> tuple[float, ...]:
    latency = samples.latency[samples.leads() & np.isfinite(samples.latency)]
    if len(latency) == 0:
        return ()
    return tuple(float(value) for value in np.quantile(latency, LEVELS, method="inverted_cdf"))
