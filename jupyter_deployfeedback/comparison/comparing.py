"""Everything that can be said of candidate against baseline before it is judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from jupyter_deployfeedback.comparison.deltas import deltas
from jupyter_deployfeedback.comparison.differences import differences
from jupyter_deployfeedback.comparison.distributions import distributions
from jupyter_deployfeedback.comparison.estimates import estimate
from jupyter_deployfeedback.comparison.pairing import changed_examples
from jupyter_deployfeedback.comparison.points import Part, parts_about, parts_of
from jupyter_deployfeedback.comparison.quantities import JUDGES_ERRORS, applies
from jupyter_deployfeedback.comparison.sides import Material, gather
from jupyter_deployfeedback.domain.comparison import Comparison, Delta, Estimand, Estimate
from jupyter_deployfeedback.domain.rules.rule import Relation
from jupyter_deployfeedback.domain.run import Evidence

DEFAULT_CONFIDENCE = 0.95  # one-sided, where no rule says another one


def compare(
    evidence: Evidence,
    *,
    stored: Evidence | None,
    baseline: str | None,
    estimands: tuple[Estimand, ...],
    commit: str | None = None,
    baseline_commit: str | None = None,
) -> Comparison:
    """Compare a run's evidence with its baseline and answer every estimand; nothing missing becomes a number.

    ``stored`` is the evidence of an earlier run; without it the baseline is the one that was loaded live in this run.
    ``baseline`` None says that there is nothing to compare with.
    """
    parts = parts_of(evidence, stored=stored, baseline=baseline)
    pairs = [pair for part in parts for pair in part.material.pairs]
    whole = parts[0].material if len(parts) == 1 else gather(evidence, stored=stored, baseline=baseline)
    broken, fixed = changed_examples(pairs) if baseline is not None else ((), ())
    return Comparison(
        baseline=baseline,
        paired=whole.live and any(pair.baseline is not None for pair in pairs),
        deltas=tuple(row for part in parts for row in _rows(part, confidence=_confidence(estimands))),
        estimates=tuple(_estimates(estimands, parts)),
        broken=broken,
        fixed=fixed,
        differences=()
        if baseline is None
        else differences(evidence, stored=stored, commit=commit, baseline_commit=baseline_commit),
        distributions=distributions(whole),
        notices=tuple(dict.fromkeys(notice for part in parts for notice in _notices(part.material))),
    )


def _estimates(estimands: tuple[Estimand, ...], parts: tuple[Part, ...]) -> Iterator[Estimate]:
    for each in estimands:
        for part in parts_about(each.metric, parts):
            judged = any(_judges_errors(other, each, part.material) for other in estimands)
            yield estimate(each.model_copy(update={"point": part.point}), part.material, errors_judged=judged)


def _judges_errors(other: Estimand, asked: Estimand, material: Material) -> bool:
    """Say whether another rule judges all that was not answered of what is asked.

    One that only informs, or has no baseline, does not; nor does one on other rows.
    """
    if other.metric not in JUDGES_ERRORS or other.informs:
        return False
    if other.slice != asked.slice and (other.slice is not None or _is_apart(asked, material)):
        return False
    return other.expression.relation is Relation.ABSOLUTE or material.unpaired() is None


def _is_apart(asked: Estimand, material: Material) -> bool:
    """Say whether a slice has rows that rules without a slice are not about."""
    pooled = material.pooled
    return pooled is not None and bool((pooled.rows(asked.slice) & ~pooled.rows(None)).any())


def _confidence(estimands: tuple[Estimand, ...]) -> float:
    """Return the confidence of the rules' intervals, so that those in the tables are equally wide."""
    return min((each.confidence for each in estimands), default=DEFAULT_CONFIDENCE)


def _rows(part: Part, *, confidence: float) -> Iterator[Delta]:
    for row in deltas(replace(part.material, confidence=confidence)):
        yield row if part.point is None else row.model_copy(update={"point": part.point})


def _notices(material: Material) -> Iterator[str]:
    if material.weak:
        yield f"{material.weak}, so everything compared with it is weak evidence"
    if material.partial:
        yield material.partial
    if material.disturbed:
        yield f"latency is weak evidence: {material.disturbed}"
    if material.baseline_name is not None:
        absent = [pair.evaluation.name for pair in material.pairs if pair.absent]
        yield from (f"{name} was not answered by the baseline and is not compared" for name in absent)
    yield from _apart(material)
    yield from _loaded(material)
    yield from _unanswered(material)
    yield from _ignored(material)


def _apart(material: Material) -> Iterator[str]:
    """Say which requests no rule without a slice is about."""
    apart = [pair.evaluation for pair in material.pairs if not pair.evaluation.pairs]
    if len(apart) < len(material.pairs):
        for each in apart:
            yield f"the requests of {each.suite} are judged apart, as latency{{results:{each.suite}}}"


def _loaded(material: Material) -> Iterator[str]:
    """Say that latency is that under load, and which windows it was seen in."""
    loads = [load for pair in material.pairs if (load := pair.evaluation.load) is not None]
    for load in loads:
        each = f"{load.pairs[0].candidate.seconds:.3g} s at {load.rate:g} requests a second"
        windows = "1 window" if len(load.pairs) == 1 else f"{len(load.pairs)} windows"
        yield f"latency and throughput are those under load: {windows} of {each} on each side"


def _unanswered(material: Material) -> Iterator[str]:
    pooled = material.pooled
    if pooled is None:
        return
    requests = pooled.candidate.take(pooled.candidate.leads())
    without = int(np.count_nonzero(~np.isfinite(requests.latency)))
    if without:
        yield f"{without} of {requests.n} requests have no latency; quantiles count them as the slowest"


def _ignored(material: Material) -> Iterator[str]:
    """Say where a suite recorded a number that we compute from its samples ourselves."""
    pooled = material.pooled
    for name in material.numbers.recorded:
        if pooled is not None and applies(name, pooled.candidate):
            yield f"{name} is computed from the stored answers; the recorded number is ignored"
