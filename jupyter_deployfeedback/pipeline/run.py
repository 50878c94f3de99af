"""The story of a run, from project file to tag: the only file that knows the order of the stages.

``start`` acknowledges a run, ``evaluate`` executes and judges it, ``release`` tags it. The doors (command line, server,
magics) call these and nothing below them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from jupyter_deployfeedback import errors, execution
from jupyter_deployfeedback.comparison import compare, known_scores, pool_chain, rehearse, strangers
from jupyter_deployfeedback.domain.comparison import Estimand
from jupyter_deployfeedback.domain.event import EventKind, RunEvent, Step
from jupyter_deployfeedback.domain.observation import Window
from jupyter_deployfeedback.domain.project import Project, Target
from jupyter_deployfeedback.domain.run import Evidence, Run, RunRequest, RunState, SideEvidence, TargetFacts
from jupyter_deployfeedback.domain.suite import Outcome, Suite, SuiteResult
from jupyter_deployfeedback.domain.verdict import SelfTest
from jupyter_deployfeedback.execution import date_results, execute, parallelism, plan_suites
from jupyter_deployfeedback.feedback import build_report
from jupyter_deployfeedback.observation import Watch, ask_target, load_window, loaded_windows, watch
from jupyter_deployfeedback.pipeline import chain
from jupyter_deployfeedback.project import basis, find_project_file, inspect_suite, load_project, with_addresses
from jupyter_deployfeedback.release import grant_waiver, push_release, read_commit, tag_release
from jupyter_deployfeedback.verdict import estimands, judge, rehearsed_estimands, self_test

if TYPE_CHECKING:
    from jupyter_deployfeedback.domain.feedback import FeedbackReport
    from jupyter_deployfeedback.domain.release import Release
    from jupyter_deployfeedback.domain.waiver import Waiver
    from jupyter_deployfeedback.execution import WorkerProcess
    from jupyter_deployfeedback.store import Store

log = logging.getLogger(__name__)
Tell = Callable[[RunEvent], None]


@dataclass(frozen=True)
class Plan:
    """What a run will do, checked before anything is sent.

    ``live`` is the baseline target that is loaded too; ``stored_run`` the earlier run whose evidence is the baseline.
    ``baseline`` names whichever there is, None on a first release. ``parallel`` suites run at once.
    """

    project: Project
    target: Target
    suites: tuple[Suite, ...]
    parallel: int = 1
    live: Target | None = None
    stored_run: str | None = None
    baseline: str | None = None

    @property
    def basis(self) -> dict[str, str]:
        """What must be the same for a run to be continued."""
        sides = [target for target in (self.target, self.live) if target is not None]
        compared = {"the baseline": self.stored_run or self.baseline or chain.NOTHING}
        return basis(self.project, targets=sides, suites=self.suites) | compared


def open_project(start: Path, *, environment: Mapping[str, str]) -> Project:
    """Load the project that governs a file or folder, rules included; ProjectError lists everything that is wrong."""
    return load_project(find_project_file(start), environment=environment)


def check_project(start: Path, *, environment: Mapping[str, str]) -> Project:
    """Load the project, open each of its suites and plan them all; nothing is run and nothing is sent."""
    project = open_project(start, environment=environment)
    plan_suites(project, known_parameters=_known_parameters(project))
    return project


def plan_run(request: RunRequest, *, store: Store, environment: Mapping[str, str]) -> Plan:
    """Check all that can be checked before a request is sent; every error is a UsageError."""
    project = open_project(Path(request.project_file), environment=environment)
    name = request.target or project.default_target
    project = with_addresses(project, request.urls, target=name)
    target = choose_target(project, name)
    suites = plan_suites(
        project,
        target=name,
        selected=request.suites,
        parameters=request.parameters,
        matrix=request.matrix,
        known_parameters=_known_parameters(project),
    )
    suites = chain.with_raised(suites, request)
    parallel = parallelism(suites, wanted=request.parallel or project.parallel, environment=environment)
    plan = Plan(project=project, target=target, suites=suites, parallel=parallel)
    return _with_baseline(plan, request.against or project.baseline, store=store)


def start(request: RunRequest, *, store: Store, environment: Mapping[str, str]) -> Run:
    """Acknowledge a run: once this returns, it is on disk and will be found again whatever happens."""
    plan = plan_run(request, store=store, environment=environment)
    commit = read_commit(Path(plan.project.folder), honour_filters=True)  # somebody asked for this run
    known = {"project_file": plan.project.file, "target": plan.target.name, "parallel": plan.parallel}
    request = request.model_copy(update=known)
    return store.start(request, project=plan.project, commit=commit, baseline=plan.baseline)


def continue_run(run_id: str, *, store: Store, environment: Mapping[str, str]) -> Run:
    """Acknowledge a run that adds to the samples of an inconclusive one and is judged on all; or ContinueRefused."""
    request = chain.continued_request(run_id, store=store)
    plan = plan_run(request, store=store, environment=environment)
    facts = [ask_target(side, environment=environment) for side in (plan.target, plan.live) if side is not None]
    chain.refuse_changed(run_id, plan.basis, facts, store=store)
    raised = chain.raised(plan.project, plan.suites, run_id=run_id, store=store)
    return start(request.model_copy(update={"raised": raised}), store=store, environment=environment)


def evaluate(
    run_id: str,
    *,
    store: Store,
    environment: Mapping[str, str],
    tell: Tell,
    cancelled: Event,
    workers: Sequence[WorkerProcess] = (),
) -> FeedbackReport:
    """Execute, observe, compare and judge an acknowledged run; its feedback is stored before this returns.

    ``workers`` come from ``execution.prepare``; their caller closes them, for the run may end before it needs them.
    Raises RunCancelled where ``cancelled`` was set. Any other failure leaves the run ``lost`` with the reason.
    """
    run = store.claim(run_id)

    def step(progress: Step) -> None:
        tell(store.tell(run_id, progress))

    try:
        plan = plan_run(run.request, store=store, environment=environment)
        evidence = _gather(
            run, plan, store=store, environment=environment, step=step, cancelled=cancelled, workers=workers
        )
        report = _judge(run, plan, evidence, store=store, step=step)
        store.finish(run_id, evidence, report)
    except errors.RunCancelled as error:
        _end(store.cancel, run_id, error.message)
        raise
    except Exception as error:  # the one place: whatever broke, the run gets an end and a reason
        _end(store.lose, run_id, f"{type(error).__name__}: {error}")
        raise
    log.info("run %s finished: %s", run_id, report.verdict)
    return report


def compare_runs(candidate: str, baseline: str, *, store: Store, environment: Mapping[str, str]) -> FeedbackReport:
    """Judge one finished run against another by the rules of the project as it is now; nothing is stored."""
    run = store.get(candidate)
    run = run.model_copy(update={"request": run.request.model_copy(update={"against": baseline})})
    plan = plan_run(run.request, store=store, environment=environment)
    return _judge(run, plan, store.evidence(candidate), store=store, step=_unheard)


def release(run_id: str, *, version: str, push: bool, store: Store, environment: Mapping[str, str]) -> Release:
    """Tag the commit that a run tested, with the evidence in the tag's message.

    The tag is recorded before it is pushed, so that a push that fails leaves a release that is known and can be pushed
    again. Raises GateClosed, NotARepository, WorkingTreeDirty, TagExists, PushFailed, RunUnfinished.
    """
    run = store.get(run_id)
    project = open_project(Path(run.request.project_file), environment=environment)
    tagged = tag_release(
        store.feedback(run_id), version=version, project=project, run=run, to_push=push, now=datetime.now(UTC)
    )
    tagged = store.add_release(tagged)
    return store.add_release(push_release(tagged, project=project)) if push else tagged


def reap(store: Store) -> None:
    """Mark the runs lost whose process has gone, and end what lost ones left behind: kernels and their children.

    Also of a run that somebody else saw to be lost. Runs of another store are left alone.
    """
    store.reap()
    for run_id in execution.marked_runs():
        with suppress(errors.RunNotFound):
            if store.get(run_id).state is RunState.LOST:
                log.info("run %s is lost; ended %d processes it left", run_id, execution.end_marked(run_id))


def waive(run_id: str, *, finding: str, by: str, reason: str, until: date, store: Store, now: datetime) -> Waiver:
    """Keep that a person answers for a finding of a finished run, or raise WaiverRefused; its verdict stays."""
    waiver = grant_waiver(store.feedback(run_id), finding=finding, by=by, reason=reason, until=until, now=now)
    store.add_waiver(run_id, waiver)
    return waiver


def choose_target(project: Project, name: str) -> Target:
    """Return a target of the project by name; UnknownTarget names those there are."""
    if name in project.targets:
        return project.targets[name]
    known = ", ".join(project.targets)
    raise errors.UnknownTarget(f"{project.file} declares no target {name!r}.", remedy=f"Choose one of: {known}.")


def _known_parameters(project: Project) -> dict[str, frozenset[str]]:
    """Open each suite and return the names in its parameters cell; UsageError where one cannot be run here."""
    return {suite.name: frozenset(inspect_suite(project, suite).parameters) for suite in project.suites}


def _gather(
    run: Run,
    plan: Plan,
    *,
    store: Store,
    environment: Mapping[str, str],
    step: Callable[[Step], None],
    cancelled: Event,
    workers: Sequence[WorkerProcess],
) -> Evidence:
    """Load the target with the suites while its platform is watched; a target that is not ready is not loaded."""
    step(_stage("ask"))
    sides = [target for target in (plan.target, plan.live) if target is not None]
    facts = [ask_target(target, environment=environment) for target in sides]
    with ExitStack() as stack:
        watches = [
            stack.enter_context(watch(target, plan.project.metrics, environment=environment)) for target in sides
        ]
        step(_stage("execute"))
        down = next((fact for fact in facts if not fact.ready), None)
        suites = (
            _not_run(plan.suites, because=f"{down.target} is not ready: {down.problem}")
            if down
            else execute(
                date_results(plan.suites, run.commit.committed_at if run.commit else None),
                project=plan.project,
                target=plan.target,
                baseline=plan.live,
                run_id=run.run_id,
                artifacts=store.artifacts(run.run_id),
                tell=step,
                cancelled=cancelled,
                environment=environment,
                workers=workers,
                parallel=plan.parallel,
                continues=chain.continuation(run, store=store),
            )
        )
        if cancelled.is_set():
            raise errors.RunCancelled(f"Run {run.run_id} was cancelled.", remedy="Start it again when you are ready.")
        step(_stage("observe"))
        window = load_window(suites)
        seen = zip(facts, watches, loaded_windows(suites), strict=False)  # the last is the baseline's, if there is one
        observed = [_side(fact, each, window=window, loaded=load) for fact, each, load in seen]
    recorded = chain.recorded_before(plan.project, store=store)
    live = observed[1].model_copy(update={"recorded": recorded}) if plan.live else None
    return Evidence(suites=suites, candidate=observed[0], baseline=live, window=window, basis=plan.basis)


def _judge(run: Run, plan: Plan, evidence: Evidence, *, store: Store, step: Callable[[Step], None]) -> FeedbackReport:
    """Compare the evidence, and that of the runs it continues, with the baseline's and judge it by the rules."""
    step(_stage("compare"))
    project, own = plan.project, evidence
    evidence = pool_chain([*chain.earlier(run, store=store), own])
    slices = evidence.slice_values
    asked = estimands(project.rules, confidence=project.confidence_of_a_look, slice_values=slices)
    stored = store.get(plan.stored_run) if plan.stored_run else None
    compared = compare(
        evidence,
        stored=chain.whole_evidence(stored.run_id, store=store) if stored else None,
        baseline=plan.baseline,
        estimands=asked,
        commit=run.commit.sha if run.commit else None,
        baseline_commit=stored.commit.sha if stored and stored.commit else None,
    )
    step(_stage("judge"))
    judgement = judge(
        compared,
        rules=project.rules,
        suites=evidence.suites,
        expected_suites=tuple(suite.name for suite in plan.suites),
        candidate=evidence.candidate.facts,
        expect_version=plan.target.expect_version,
        confidence=project.confidence_of_a_look,
        tested=_self_test(project, asked, like=evidence),
        slice_values=slices,
    )
    history = chain.history(run, project, judgement, own, stored=stored is not None, store=store)
    ended = run.model_copy(update={"state": RunState.FINISHED, "finished_at": run.finished_at or datetime.now(UTC)})
    return build_report(ended, evidence, compared, judgement, project_file=project.digest, history=history)


def _self_test(project: Project, asked: tuple[Estimand, ...], *, like: Evidence) -> SelfTest:
    """Let the gate judge samples made up beyond and inside its limits; it goes the way the run itself goes."""
    tried = rehearsed_estimands(asked)
    return self_test(
        project.rules,
        beyond=rehearse(tried, beyond=True, like=like),
        inside=rehearse(tried, beyond=False, like=like),
        confidence=project.confidence_of_a_look,
        known=known_scores(like),
        strangers=strangers(like),
    )


def _with_baseline(plan: Plan, against: str, *, store: Store) -> Plan:
    """Find what ``against`` names: nothing, a target that is live, the last release, a tag or a run."""
    if against == chain.NOTHING:
        return plan
    if against in plan.project.targets and against != plan.target.name:
        return replace(plan, live=plan.project.targets[against], baseline=against)
    stored = chain.stored_baseline(against, plan.project, target=plan.target.name, store=store)
    return replace(plan, stored_run=stored.run_id, baseline=stored.name) if stored else plan


def _not_run(suites: tuple[Suite, ...], *, because: str) -> tuple[SuiteResult, ...]:
    now = datetime.now(UTC)
    return tuple(
        SuiteResult(
            suite=suite, outcome=Outcome.NOT_RUN, reason=because, started_at=now, finished_at=now, duration_seconds=0.0
        )
        for suite in suites
    )


def _side(facts: TargetFacts, watching: Watch, *, window: Window, loaded: list[Window]) -> SideEvidence:
    platform, series = watching.read(window)
    each = watching.read_each(loaded)
    return SideEvidence(facts=facts, platform=platform, series=series, loaded=each.windows, too_coarse=each.too_coarse)


def _end(how: Callable[[str, str], Run], run_id: str, message: str) -> None:
    """Give a run its end; where it has one already, the error that led here is the one to be seen."""
    with suppress(errors.RunConflict):
        how(run_id, message)


def _stage(name: str) -> Step:
    return Step(kind=EventKind.STAGE, message=name)


def _unheard(_: Step) -> None:
    """Nobody watches a comparison of two stored runs."""
