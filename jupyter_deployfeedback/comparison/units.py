"""Units that suites record, brought to the base units every limit is written in."""

from __future__ import annotations

from jupyter_deployfeedback.domain.metric import Metric
from jupyter_deployfeedback.domain.observation import Observation

DIMENSIONS = frozenset({"", "s", "B", "cores", "share", "/s"})
_BASE = {
    "us": ("s", 1e-6),
    "ms": ("s", 1e-3),
    "min": ("s", 60.0),
    "kB": ("B", 1e3),
    "MB": ("B", 1e6),
    "GB": ("B", 1e9),
    "KiB": ("B", 2.0**10),
    "MiB": ("B", 2.0**20),
    "GiB": ("B", 2.0**30),
    "mcores": ("cores", 1e-3),
    "/min": ("/s", 1 / 60),
    "%": ("share", 0.01),
}


def is_count(unit: str) -> bool:
    """Say whether a unit is a plain noun: things that are counted, in whole numbers."""
    return unit not in DIMENSIONS


def in_base_unit(observation: Observation) -> Observation:
    """Return the same observation in seconds, bytes, cores, shares of 1 or per second."""
    unit, factor = _BASE.get(observation.metric.unit, (observation.metric.unit, 1.0))
    if factor == 1.0:
        return observation
    metric: Metric = observation.metric.model_copy(update={"unit": unit})
    value = None if observation.value is None else observation.value * factor
    edges = None if observation.edges is None else tuple(edge * factor for edge in observation.edges)
    return observation.model_copy(update={"metric": metric, "value": value, "edges": edges})
