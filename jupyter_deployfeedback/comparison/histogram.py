"""Quantiles of histograms: exact at the edges of its buckets, a guess between them."""

from __future__ import annotations

import math

from jupyter_deployfeedback.domain.observation import Observation
from jupyter_deployfeedback.domain.rules.rule import Expression, Relation

SHOWN = 12
ALIKE = 1e-9  # 0.3 and 300 * 0.001 differ in the last digit
UNKNOWN = (
    "it is computed from a quantile of a histogram whose buckets cannot be read;"
    " let its query be histogram_quantile(...) of classic buckets and nothing around it"
)


def between_edges(expression: Expression, observation: Observation) -> str | None:
    """Say why a limit cannot be judged of a histogram's quantile, None where it can or where it is none.

    Prometheus interpolates inside a bucket, which can be wrong by the whole bucket. Which bucket the quantile lies in
    is known, so a limit at an edge is judged rightly. What lies beyond the last edge is reported as that edge.
    """
    edges, limit, value = observation.edges, expression.limit, observation.value
    if edges is None:
        return None
    if not edges:
        return UNKNOWN
    if expression.relation is not Relation.ABSOLUTE:
        return f"a histogram tells a quantile only to its bucket; give it a limit at an edge: {_listed(edges)}"
    if not any(math.isclose(limit, edge, rel_tol=ALIKE) for edge in edges):
        return (
            f"{limit:g} is no edge of the histogram, and between edges its quantile is a guess: {_near(edges, limit)}"
        )
    last = edges[-1] * (1 - ALIKE)
    if value is not None and limit >= last and value >= last:
        return f"the quantile lies at or beyond the last edge of the histogram, {edges[-1]:g}"
    return None


def _near(edges: tuple[float, ...], limit: float) -> str:
    below = [edge for edge in edges if edge < limit][-1:]
    above = [edge for edge in edges if edge > limit][:1]
    return f"use {' or '.join(f'{edge:g}' for edge in (*below, *above))}"


def _listed(edges: tuple[float, ...]) -> str:
    return ", ".join(f"{edge:g}" for edge in edges[:SHOWN]) + (" ..." if len(edges) > SHOWN else "")
