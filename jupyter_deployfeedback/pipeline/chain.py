"""The runs that a run builds on: those it continues, and the stored one that is its baseline."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from jupyter_deployfeedback import errors
from jupyter_deployfeedback.comparison.continued import asked_before, pool_chain
from jupyter_deployfeedback.domain.evaluation import Continuation
from jupyter_deployfeedback.domain.metric import Observation
from jupyter_deployfeedback.domain.project import LAST_RELEASE, Project
from jupyter_deployfeedback.domain.run import Evidence, Run, RunRequest, RunState, Suite, TargetFacts
from jupyter_deployfeedback.domain.verdict import Continuing, Verdict
from jupyter_deployfeedback.project import inspect_suite

if TYPE_CHECKING:
    from jupyter_deployfeedback.store import Store

NOTHING = "none"  # what --against takes for: compare with nothing
ANEW = "Start a new run: jupyter deployfeedback run."
MOST_RUNS = 1000  # that are looked through for one that continues another, or for one by its name


class Stored(NamedTuple):
    """An earlier run that is the baseline, and what it is called: a tag or the run itself."""

    run_id: str
    name: str


def stored_baseline(against: str, project: Project, *, target: str, store: Store) -> Stored | None:
    """Return the run that ``against`` names: the last release whose run is stored, a tag, a run, or an imported one.

    None says that no release has a run. Raises RunNotFound and RunUnfinished, before anything is sent.
    """
    if against in {LAST_RELEASE, target}:
        release = store.judged_release(project.file)
        return Stored(release.run_id, release.tag) if release else None
    releases = store.releases(project.file)
    tagged = next((release.run_id for release in releases if release.tag == against), against)
    try:
        run = store.get(tagged)
    except errors.RunNotFound:
        found = imported_as(against, project, store=store)
        if found is None:
            problem = f"{against!r} is no target, no run, and no release whose run is stored here."
            raise errors.RunNotFound(problem, remedy="jupyter deployfeedback list names the runs.") from None
        run = found
    store.feedback(run.run_id)  # one that was never judged is refused now, not after the suites ran
    return Stored(run.run_id, against)


def imported_as(name: str, project: Project, *, store: Store) -> Run | None:
    """Return the run that was last imported of what AICoE-CI called so, None where there is none."""
    runs = store.list(project_file=project.file, limit=MOST_RUNS)
    return next((run for run in runs if run.request.imported == name), None)


def earlier(run: Run, *, store: Store) -> tuple[Evidence, ...]:
    """Return the evidence of the runs that a run continues, oldest first; none where it stands alone."""
    found: list[Evidence] = []
    before = run.request.continues
    while before is not None:
        found.insert(0, store.evidence(before))
        before = store.get(before).request.continues
    return tuple(found)


def whole_evidence(run_id: str, *, store: Store) -> Evidence:
    """Return what a run is judged by: its own evidence, with that of the runs it continues."""
    return pool_chain([*earlier(store.get(run_id), store=store), store.evidence(run_id)])


def continuation(run: Run, *, store: Store) -> Continuation | None:
    """Return what a continued run tells its suites; None for a run that stands alone."""
    before = run.request.continues
    if before is None:
        return None
    more = store.feedback(before).continuing or Continuing()
    return Continuation(growth=more.growth, again=more.again, asked=asked_before(earlier(run, store=store)))


def continued_request(run_id: str, *, store: Store) -> RunRequest:
    """Return the request that continues a finished run, its parameters not raised yet.

    Raises RunNotFound, RunUnfinished, and ContinueRefused with what stands in the way.
    """
    run, report = store.get(run_id), store.feedback(run_id)
    if report.verdict is not Verdict.INCONCLUSIVE:
        problem = f"The verdict of run {run_id} is {report.verdict}: there is nothing left open to be settled."
        raise errors.ContinueRefused(problem, remedy="Only an inconclusive run can be continued.")
    more = report.continuing
    if more is None or more.obstacle is not None:
        problem = more.obstacle if more and more.obstacle else "it was judged by an earlier version."
        remedy = more.remedy if more else ANEW
        raise errors.ContinueRefused(f"Run {run_id} cannot be continued: {problem}", remedy=remedy)
    other = _continued_by(run, store=store)
    if other is not None:
        problem = f"Run {run_id} is continued by run {other.run_id} already, which is {other.verdict or other.state}."
        raise errors.ContinueRefused(problem, remedy=f"Look at that one: jupyter deployfeedback show {other.run_id}.")
    return run.request.model_copy(update={"continues": run_id})


def raised(project: Project, suites: tuple[Suite, ...], *, run_id: str, store: Store) -> dict[str, dict[str, int]]:
    """Return by suite the parameter that counts its examples, raised by what continuing a run asks for."""
    more = store.feedback(run_id).continuing or Continuing()
    ran = {each.suite.name: each.suite for each in store.evidence(run_id).suites}
    axes = store.get(run_id).request.matrix
    found: dict[str, dict[str, int]] = {}
    for suite in (each for each in suites if each.problem is None):
        known = inspect_suite(project, suite).parameters
        fixed = {name for each in project.suites if each.name == suite.point_of for name in (*each.matrix, *axes)}
        if suite.more is not None and suite.more in known and suite.more not in fixed:
            now = ran.get(suite.name, suite).parameters.get(suite.more, known[suite.more])
            found[suite.name] = {suite.more: math.ceil(round(int(str(now)) * more.growth, 6))}
    return found


def with_raised(suites: tuple[Suite, ...], request: RunRequest) -> tuple[Suite, ...]:
    """Return the suites with the parameters that a continued run raises."""
    return tuple(
        suite.model_copy(update={"parameters": {**suite.parameters, **request.raised.get(suite.name, {})}})
        for suite in suites
    )


def refuse_changed(run_id: str, basis: Mapping[str, str], facts: list[TargetFacts], *, store: Store) -> None:
    """Raise ContinueRefused where what a run asked, or whom, is not what it was: its samples would not add up."""
    before = store.evidence(run_id)
    for name in dict.fromkeys((*before.basis, *basis)):
        if before.basis.get(name) != basis.get(name):
            problem = f"Run {run_id} cannot be continued: {name} changed since."
            raise errors.ContinueRefused(problem, remedy=ANEW)
    served = [side.facts for side in (before.candidate, before.baseline) if side is not None]
    for was, now in zip(served, facts, strict=False):
        if now.ready and was.model_version != now.model_version:
            versions = f"{was.model_version or 'a version it did not say'}, now {now.model_version or 'none it says'}"
            problem = f"Run {run_id} cannot be continued: {now.target} served {versions}."
            raise errors.ContinueRefused(problem, remedy=ANEW)


def recorded_before(project: Project, *, store: Store) -> tuple[Observation, ...]:
    """Return what the last release's suites recorded, where a rule is about a number that suites record."""
    recorded = any(rule.metric not in project.known_metrics for rule in project.rules)
    return store.recorded_by_release(project.file) if recorded else ()


def _continued_by(run: Run, *, store: Store) -> Run | None:
    """Return the run that continues another one; one that was never judged does not count, nor one that is an error."""
    for other in store.list(project_file=run.request.project_file, limit=MOST_RUNS):
        over = other.state in {RunState.CANCELLED, RunState.LOST} or other.verdict is Verdict.ERROR
        if other.request.continues == run.run_id and not over:
            return other
    return None
