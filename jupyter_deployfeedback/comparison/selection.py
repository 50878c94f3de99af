"""Which rows an estimand is about: one slice or all, and for a relative limit only the pairs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from jupyter_deployfeedback.comparison.measured import Missing
from jupyter_deployfeedback.comparison.quantities import ENOUGH_ANSWERED
from jupyter_deployfeedback.comparison.samples import Samples
from jupyter_deployfeedback.comparison.sides import Material
from jupyter_deployfeedback.domain.comparison import Estimand
from jupyter_deployfeedback.domain.rules.rule import Relation

CANDIDATE, BASELINE = "the candidate", "the baseline"
OTHERS = "requests of a load generator pair with no baseline: give them limits of their own"
SIDE_BY_SIDE = "requests of a load generator ran side by side: judge the throughput that its suite recorded"


@dataclass(frozen=True)
class Selection:
    """The candidate's rows; ``baseline`` has the same rows in the same order, None for an absolute limit."""

    candidate: Samples
    baseline: Samples | None = None

    @property
    def paired_baseline(self) -> Samples:
        """Return the baseline's rows of a relative limit."""
        if self.baseline is None:
            raise ValueError("a relative limit was selected without its baseline")
        return self.baseline

    def by_request(self) -> Selection:
        """Return one row for each request of the candidate: a batch is one latency and one failure, not many."""
        rows = self.candidate.leads()
        return Selection(self.candidate.take(rows), None if self.baseline is None else self.baseline.take(rows))


def select(estimand: Estimand, material: Material) -> Selection | Missing:
    """Return the rows, or why there are none."""
    pooled = material.pooled
    if pooled is None:
        return Missing("no suite evaluated anything", no_data=True)
    rows = pooled.rows(estimand.slice)
    if not rows.any():
        return Missing(f"no example is in the slice {':'.join(estimand.slice or ())}", no_data=True)
    relative = estimand.expression.relation is not Relation.ABSOLUTE
    apart = pooled.apart is not None and bool((rows & pooled.apart).any())
    if not relative:
        aside = apart and estimand.metric == "throughput"
        return Missing(SIDE_BY_SIDE) if aside else Selection(pooled.candidate.take(rows))
    unpaired = Missing(OTHERS) if apart and material.baseline_name is not None else material.unpaired()
    if unpaired or pooled.baseline is None:
        return unpaired or Missing("the baseline answered nothing")
    both = rows & pooled.paired
    if not both.any():
        return Missing("the baseline answered none of these examples")
    return Selection(pooled.candidate.take(both), pooled.baseline.take(rows[pooled.paired]))


def too_few_answered(chosen: Selection, sides: Iterable[str]) -> Missing | None:
    """Say which of these sides answered too few of the planned requests for anything but errors to be judged."""
    for side in sides:
        samples = chosen.candidate if side == CANDIDATE else chosen.baseline
        if samples is None:
            continue
        answered = int(np.count_nonzero(samples.answered))
        if answered < ENOUGH_ANSWERED * samples.n:
            return Missing(f"{side} answered only {answered} of {samples.n} requests")
    return None
