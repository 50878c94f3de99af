"""What came before a run: those it continues, the attempts at the same commit, the last release and its rules."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from jupyter_deployfeedback import errors
from jupyter_deployfeedback.comparison import adds_up, asked_before, pool_chain, prospects, requests_sent
from jupyter_deployfeedback.domain.comparison import Pilot
from jupyter_deployfeedback.domain.evaluation import Continuation
from jupyter_deployfeedback.domain.history import History
from jupyter_deployfeedback.domain.observation import Observation
from jupyter_deployfeedback.domain.project import LAST_RELEASE, Project
from jupyter_deployfeedback.domain.rules.checking import removed_rules
from jupyter_deployfeedback.domain.rules.rule import Expression, Subject
from jupyter_deployfeedback.domain.run import Evidence, Run, RunRequest, RunState, TargetFacts
from jupyter_deployfeedback.domain.suite import Suite
from jupyter_deployfeedback.domain.verdict import Continuing, Judgement, Verdict
from jupyter_deployfeedback.feedback import planned, scattered
from jupyter_deployfeedback.project import inspect_suite
from jupyter_deployfeedback.release import release_tags
from jupyter_deployfeedback.verdict import Circumstances, continuing, estimands

if TYPE_CHECKING:
    from jupyter_deployfeedback.domain.release import Release
    from jupyter_deployfeedback.store import Store

NOTHING = "none"  # what --against takes for: compare with nothing
ANEW = "Start a new run: jupyter deployfeedback run."
MOST_RUNS = 1000  # that are looked through for one that continues another, or for one by its name


class Expectation(NamedTuple):
    """What the planned examples can settle of one expression, and whether it can pass with them at all."""

    sentence: str
    can_pass: bool


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
    for suite in suites:
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


def pilot(project: Project, suites: tuple[Suite, ...], *, store: Store | None) -> Pilot:
    """Return how many examples a run would send, and how the newest judged run of the project scattered.

    What no suite's ``more`` and no run says is None: it was never measured. Points of a matrix are not counted: each of
    them is judged by itself.
    """
    together = [suite for suite in suites if suite.point_of is None and not suite.matrix]
    growing = [(suite, suite.more) for suite in together if suite.more is not None]
    counts = [{**inspect_suite(project, suite).parameters, **suite.parameters}.get(name) for suite, name in growing]
    sent = sum(int(str(each)) for each in counts if str(each).isdecimal()) or None
    runs = store.list(project_file=project.file, state=RunState.FINISHED, limit=20) if store is not None else []
    last = next((run for run in runs if run.verdict is not Verdict.ERROR), None)
    report = store.report_of(last.run_id) if store is not None and last is not None else None
    return Pilot(examples=sent, requests=sent) if report is None else scattered(report, sent)


Expectations = Mapping[tuple[Subject, Expression], Expectation]


def expected(project: Project, suites: tuple[Suite, ...], *, store: Store | None) -> Expectations:
    """Return by subject and expression what the planned examples can settle; only what can be computed."""
    asked = estimands(project.rules, confidence=project.confidence_of_a_look, slice_values={})
    return {
        (each.estimand.subject, each.estimand.expression): Expectation(planned(each), can_pass=each.can_pass)
        for each in prospects(asked, pilot(project, suites, store=store))
    }


def history(
    run: Run, project: Project, judgement: Judgement, evidence: Evidence, *, stored: bool, store: Store
) -> History:
    """Return what a report says of the runs before this one; ``stored`` says that the baseline is an earlier run."""
    chain = earlier(run, store=store)
    release = store.last_release(run.request.project_file)
    look = (len(chain) + 1, project.looks)
    around = Circumstances(
        look=look[0],
        looks=look[1],
        historical=stored,
        loaded=any(each.load is not None for suite in evidence.suites for each in suite.evaluations),
        counted=any(_can_grow(suite, run, evidence) for suite in project.suites),
        sent=_share_sent(run, evidence, chain, store=store),
    )
    against = run.request.against or project.baseline
    instead = store.judged_release(project.file)
    asked_for_last = against in {LAST_RELEASE, run.request.target}
    released = store.report_of(release.run_id) if release is not None else None
    return History(
        look=look,
        continues=run.request.continues,
        attempts=store.attempts(run, since=release.created_at if release else None),
        release=release.tag if release else None,
        reused=store.data_set_looks(run.request.project_file, _digests(evidence)),
        removed=removed_rules(project.rules, released.findings) if released else (),
        passed_over=_passed_over(run, project, instead, store=store) if asked_for_last else (),
        compared_with=instead.tag if instead else None,
        alone=against == NOTHING,
        continuing=continuing(judgement, around),
    )


def _passed_over(run: Run, project: Project, instead: Release | None, *, store: Store) -> tuple[str, ...]:
    """Return the releases that git or the store know, newer than the one compared with, newest first."""
    in_git = run.commit is not None  # without a commit there is no tag either
    made = release_tags(Path(project.folder), template=project.release.tag) if in_git else {}
    made |= {each.tag: each.created_at for each in store.releases(project.file)}
    newer = {tag: at for tag, at in made.items() if instead is None or (at > instead.created_at and tag != instead.tag)}
    return tuple(sorted(newer, key=lambda tag: newer[tag], reverse=True))


def _continued_by(run: Run, *, store: Store) -> Run | None:
    """Return the run that continues another one; one that was never judged does not count, nor one that is an error."""
    for other in store.list(project_file=run.request.project_file, limit=MOST_RUNS):
        over = other.state in {RunState.CANCELLED, RunState.LOST} or other.verdict is Verdict.ERROR
        if other.request.continues == run.run_id and not over:
            return other
    return None


def _share_sent(run: Run, evidence: Evidence, chain: tuple[Evidence, ...], *, store: Store) -> float | None:
    """Return which share of what was asked for a continued run really sent."""
    if run.request.continues is None:
        return None
    more = store.feedback(run.request.continues).continuing or Continuing()
    wanted = (more.growth - 1) * sum(requests_sent(each) for each in chain)
    return requests_sent(evidence) / wanted if wanted > 0 else None


def _can_grow(suite: Suite, run: Run, evidence: Evidence) -> bool:
    """Say whether a suite of the file evaluated, at some point, and names a parameter that no matrix fixes."""
    evaluating = {
        each.suite.point_of or each.suite.name for each in evidence.suites if any(map(adds_up, each.evaluations))
    }
    fixed = {*suite.matrix, *run.request.matrix}
    return suite.more is not None and suite.more not in fixed and suite.name in evaluating


def _digests(evidence: Evidence) -> dict[str, str]:
    return {
        f"{suite.suite.name} {each.name}": each.dataset_digest
        for suite in evidence.suites
        for each in suite.evaluations
        if each.ids and each.pairs
    }
