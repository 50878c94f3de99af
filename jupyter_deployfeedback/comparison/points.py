"""What is compared by itself: each point of a matrix, and all other suites together.

Points often ask about the same examples: pooled, each example would count several times, and every interval would be
too narrow.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass, replace

from jupyter_deployfeedback.comparison.load.windows import gather_windows
from jupyter_deployfeedback.comparison.overlap import disturbance
from jupyter_deployfeedback.comparison.samples import applies
from jupyter_deployfeedback.comparison.sides import Material, gather
from jupyter_deployfeedback.domain.run import Evidence, SideEvidence, Suite, SuiteResult


@dataclass(frozen=True)
class Part:
    """What one point measured; ``point`` None is what all suites without a matrix and the platform did."""

    material: Material
    point: str | None = None
    point_of: str | None = None

    def measures(self, metric: str) -> bool:
        """Say whether its suites yield a metric."""
        pooled = self.material.pooled
        return metric in self.material.numbers.recorded or (pooled is not None and applies(metric, pooled.candidate))


def parts_of(evidence: Evidence, *, stored: Evidence | None, baseline: str | None) -> tuple[Part, ...]:
    """Return the parts of a run: first the suites without a matrix, then the points in their order."""
    disturbed = disturbance(evidence.suites)
    suites = [result.suite for result in evidence.suites if result.suite.point_of is not None]
    matrices = {suite.point_of for suite in suites}

    def gathered(own: Evidence, before: Evidence | None) -> Material:
        return gather(own, stored=before, baseline=baseline, disturbed=disturbed)

    rest = _only(evidence, [each for each in evidence.suites if each.suite.point_of is None])
    rest_before = stored and _only(stored, [each for each in stored.suites if _is_rest(each.suite, matrices)])
    if not suites:
        return (Part(gathered(rest, rest_before)),)
    files = {each.suite.source for each in rest.suites}
    found = [Part(replace(gathered(_released(rest, files), rest_before), windows=gather_windows(evidence)))]
    for suite in suites:
        own = _without_platform(_only(evidence, [each for each in evidence.suites if each.suite.name == suite.name]))
        before = stored and _without_platform(_only(stored, _counterparts(suite, stored)))
        own = _released(own, {suite.origin}, otherwise={suite.source})
        found.append(Part(gathered(own, before), point=suite.name, point_of=suite.point_of))
    return tuple(found)


def parts_about(metric: str, parts: tuple[Part, ...]) -> Iterator[Part]:
    """Yield where a metric is judged: wherever it was measured.

    Of a matrix that measured it at one point, all points are yielded: one that did not is missing, not left out. What
    nobody measured is asked of the suites without a matrix, where the answer is missing.
    """
    rest, *points = parts
    measuring = {part.point_of for part in points if part.measures(metric)}
    if not measuring or rest.measures(metric) or metric in rest.material.numbers.platform:
        yield rest
    if metric not in rest.material.numbers.platform:
        yield from (part for part in points if part.point_of in measuring)


def _is_rest(suite: Suite, matrices: set[str | None]) -> bool:
    """Say whether an earlier run's suite belongs to no matrix: neither then nor now."""
    return suite.point_of is None and suite.name not in matrices


def _counterparts(suite: Suite, stored: Evidence) -> list[SuiteResult]:
    """Return the same point of an earlier run, or the suite as it was before it had a matrix."""
    same = [each for each in stored.suites if each.suite.name == suite.name]
    return same or [each for each in stored.suites if each.suite.name == suite.point_of]


def _only(evidence: Evidence, suites: list[SuiteResult]) -> Evidence:
    return evidence.model_copy(update={"suites": tuple(suites)})


def _without_platform(evidence: Evidence) -> Evidence:
    """Return the evidence without what was seen of the whole run: it belongs to no point."""

    def blank(side: SideEvidence | None) -> SideEvidence | None:
        return side and SideEvidence(facts=side.facts, recorded=side.recorded)

    return evidence.model_copy(update={"candidate": blank(evidence.candidate), "baseline": blank(evidence.baseline)})


def _released(evidence: Evidence, origins: Container[str], *, otherwise: Container[str] = ()) -> Evidence:
    """Return the evidence with only those of the last release's recorded numbers that come from here."""
    side = evidence.baseline
    if side is None:
        return evidence
    own = [each for each in side.recorded if each.source in origins]
    own = own or [each for each in side.recorded if each.source in otherwise]
    return evidence.model_copy(update={"baseline": side.model_copy(update={"recorded": tuple(own)})})
