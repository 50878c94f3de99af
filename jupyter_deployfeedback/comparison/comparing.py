"""Everything that can be said of candidate against baseline before it is judged: numbers, shapes, what changed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from jupyter_deployfeedback.comparison.deltas import deltas
from jupyter_deployfeedback.comparison.estimates import estimate
from jupyter_deployfeedback.comparison.pairing import changed_examples
from jupyter_deployfeedback.comparison.points import Part, parts_about, parts_of
from jupyter_deployfeedback.comparison.samples import JUDGES_ERRORS, Samples, applies
from jupyter_deployfeedback.comparison.sides import Material, gather
from jupyter_deployfeedback.domain.comparison import Comparison, Delta, Difference, Distribution, Estimand, Estimate
from jupyter_deployfeedback.domain.evaluation import Answers
from jupyter_deployfeedback.domain.rules.rule import Relation
from jupyter_deployfeedback.domain.run import Evidence, SuiteResult, TargetFacts

DEFAULT_CONFIDENCE = 0.95  # one-sided, where no rule says another one
LEVELS = tuple(round(level / 100, 2) for level in range(1, 100))
DIGEST_SHOWN = 12


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


def differences(
    evidence: Evidence, *, stored: Evidence | None, commit: str | None, baseline_commit: str | None
) -> tuple[Difference, ...]:
    """Return model, server, packages, data and commit wherever they differ; before the baseline's, after ours."""
    return (*_served(evidence, stored), *_tested(evidence, stored), *_commits(baseline_commit, commit))


def _served(evidence: Evidence, stored: Evidence | None) -> Iterator[Difference]:
    before = _baseline_facts(evidence, stored)
    if before is None:
        return
    after = evidence.candidate.facts
    versions = _baseline_versions(evidence, stored), _versions(evidence.suites)
    yield from _differ("model version", before.model_version or versions[0], after.model_version or versions[1])
    yield from _differ("server version", before.server_version, after.server_version)
    if before.software and after.software:  # a side that does not name its packages says nothing about them
        yield from _mapping("server package", before.software, after.software)


def _tested(evidence: Evidence, stored: Evidence | None) -> Iterator[Difference]:
    """Yield what can only differ from another run: with a live baseline the same kernel asked both sides."""
    if stored is None:
        return
    before, after = _packages(stored.suites), _packages(evidence.suites)
    if before and after:
        yield from _mapping("kernel package", before, after)
    yield from _mapping("data", _digests(stored.suites), _digests(evidence.suites))


def _commits(before: str | None, after: str | None) -> Iterator[Difference]:
    if before is not None and after is not None:
        yield from _differ("commit", before, after)


def _baseline_facts(evidence: Evidence, stored: Evidence | None) -> TargetFacts | None:
    if stored is not None:
        return stored.candidate.facts
    return evidence.baseline.facts if evidence.baseline else None


def _baseline_versions(evidence: Evidence, stored: Evidence | None) -> str | None:
    if stored is not None:
        return _versions(stored.suites)
    return _joined(each.baseline for suite in evidence.suites for each in suite.evaluations)


def _versions(suites: Iterable[SuiteResult]) -> str | None:
    return _joined(each.candidate for suite in suites for each in suite.evaluations)


def _joined(sides: Iterable[Answers | None]) -> str | None:
    return ", ".join(sorted({version for side in sides if side for version in side.versions})) or None


def _packages(suites: Iterable[SuiteResult]) -> dict[str, str]:
    return {name: version for suite in suites for name, version in suite.environment.items()}


def _digests(suites: Iterable[SuiteResult]) -> dict[str, str]:
    """Return the digest of each evaluation's data; of a continued one that of its first run."""
    found: dict[str, str] = {}
    for suite in suites:
        for each in suite.evaluations:
            if each.pairs:  # new requests each time say nothing
                found.setdefault(f"{suite.suite.name} {each.name}", each.dataset_digest[:DIGEST_SHOWN])
    return found


def _mapping(what: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Difference]:
    for name in sorted(before.keys() | after.keys()):
        yield from _differ(f"{what} {name}", before.get(name), after.get(name))


def _differ(what: str, before: str | None, after: str | None) -> Iterator[Difference]:
    if before != after:
        yield Difference(what=what, before=before, after=after)
