"""Single numbers: counts that are compared exactly, and points without samples, which are weak evidence."""

from __future__ import annotations

from jupyter_deployfeedback.comparison.measured import Measured, Missing
from jupyter_deployfeedback.domain.rules.rule import Relation

EXACT = "exact"
POINT = "point"


def single(
    candidate: float, baseline: float | None, *, relation: Relation, weak: str | None, n: int | None = None
) -> Measured | Missing:
    """Return one number, or its difference or ratio to the baseline's; ``weak`` None says that it is exact.

    ``n`` is how many samples stand behind the candidate's number, None where that is unknown.
    """
    if relation is Relation.ABSOLUTE:
        value = candidate
    elif baseline is None:
        return Missing("the baseline has no number", baseline=True)
    elif relation is Relation.DIFFERENCE:
        value = candidate - baseline
    elif baseline <= 0 or candidate < 0:
        return Missing("the baseline's number is not above 0, so there is no ratio to it; write a difference")
    else:
        value = candidate / baseline - 1
    return Measured(
        value=value,
        n=n,
        candidate=candidate,
        baseline=baseline,
        exact=weak is None,
        weak=weak,
        method=EXACT if weak is None else POINT,
    )
