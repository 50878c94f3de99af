"""The run itself, from acknowledging it to its feedback: executed, observed, compared, judged, reported.

``start`` acknowledges a run, ``evaluate`` executes and judges it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from jupyter_deployfeedback import errors, execution
from jupyter_deployfeedback.comparison import compare, known_scores, pool_chain, rehearse, strangers
from jupyter_deployfeedback.domain.comparison import Estimand
from jupyter_deployfeedback.domain.event import EventKind, RunEvent, Step
from jupyter_deployfeedback.domain.observation import Window
from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.run import Evidence, Run, RunRequest, RunState, SideEvidence, TargetFacts
from jupyter_deployfeedback.domain.suite import Outcome, Suite, SuiteResult
from jupyter_deployfeedback.domain.verdict import SelfTest
from jupyter_deployfeedback.execution import date_results, execute
from jupyter_deployfeedback.feedback import build_report
from jupyter_deployfeedback.observation import Watch, ask_target, load_window, loaded_windows, watch
from jupyter_deployfeedback.pipeline import chain
from jupyter_deployfeedback.pipeline.history import history
from jupyter_deployfeedback.pipeline.plan import Plan, plan_run
from jupyter_deployfeedback.release import read_commit
from jupyter_deployfeedback.verdict import estimands, judge, rehearsed_estimands, self_test

if TYPE_CHECKING:
    from jupyter_deployfeedback.domain.feedback import FeedbackReport
    from jupyter_deployfeedback.execution import WorkerProcess
    from jupyter_deployfeedback.store import Store

log = logging.getLogger(__name__)
Tell = Callable[[RunEvent], None]


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


def reap(store: Store) -> None:
    """Mark the runs lost whose process has gone, and end what lost ones left behind: kernels and their children.

    Also of a run that somebody else saw to be lost. Runs of another store are left alone.
    """
    store.reap()
    for run_id in execution.marked_runs():
        with suppress(errors.RunNotFound):
            if store.get(run_id).state is RunState.LOST:
                log.info("run %s is lost; ended %d processes it left", run_id, execution.end_marked(run_id))


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
    before = history(run, project, judgement, own, stored=stored is not None, store=store)
    ended = run.model_copy(update={"state": RunState.FINISHED, "finished_at": run.finished_at or datetime.now(UTC)})
    return build_report(ended, evidence, compared, judgement, project_file=project.digest, history=before)


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
