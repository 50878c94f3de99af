"""Which units the limits of a metric may be written in."""

from __future__ import annotations

from jupyter_deployfeedback.domain.metric import Metric
from jupyter_deployfeedback.domain.rules.rule import Aggregate
from jupyter_deployfeedback.domain.unit import COUNT, PLAIN, SHARE, UNITS, dimension_of

UNITLESS = frozenset({PLAIN, SHARE, COUNT})
"""Dimensions whose limits need no unit."""


def dimension(metric: Metric | None, aggregate: Aggregate) -> str | None:
    """Return what an aggregate of a metric measures; None where the metric is not known before the run."""
    if aggregate in {Aggregate.SHARE, Aggregate.RATE}:
        return SHARE
    if aggregate is Aggregate.COUNT:
        return COUNT
    return None if metric is None else dimension_of(metric.unit)


def units_of(dimension_name: str) -> str:
    """Return the units a limit of this dimension may have, to be listed in a message."""
    return ", ".join(name for name, unit in UNITS.items() if unit.dimension == dimension_name and name != "pp")
