"""What differs between the two sides beside the metrics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from jupyter_deployfeedback.domain.comparison import Difference
from jupyter_deployfeedback.domain.evaluation import Answers
from jupyter_deployfeedback.domain.run import Evidence, TargetFacts
from jupyter_deployfeedback.domain.suite import SuiteResult

DIGEST_SHOWN = 12


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
