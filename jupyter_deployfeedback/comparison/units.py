"""Units that suites record, brought to the base units every limit is written in."""

from __future__ import annotations

from jupyter_deployfeedback.domain.observation import Observation
from jupyter_deployfeedback.domain.unit import UNITS


def in_base_unit(observation: Observation) -> Observation:
    """Return the same observation in seconds, bytes, cores, shares of 1 or per second."""
    unit = UNITS.get(observation.metric.unit)
    if unit is None or unit.factor == 1.0:
        return observation
    value, edges = observation.value, observation.edges
    changed = {
        "metric": observation.metric.model_copy(update={"unit": unit.dimension}),
        "value": None if value is None else value * unit.factor,
        "edges": None if edges is None else tuple(edge * unit.factor for edge in edges),
    }
    return observation.model_copy(update=changed)
