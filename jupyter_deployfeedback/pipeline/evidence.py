"""What a run sees: its suites executed against the target while the platform is watched, over one window."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from threading import Event
from types import TracebackType
from typing import TYPE_CHECKING, Self

from jupyter_deployfeedback import errors
from jupyter_deployfeedback.domain import run as runs
from jupyter_deployfeedback.domain.metric import Window
from jupyter_deployfeedback.execution import Stop, date_results, execute
from jupyter_deployfeedback.observation import Health, Watch, load_window, loaded_windows, watch
from jupyter_deployfeedback.pipeline import chain
from jupyter_deployfeedback.pipeline.plan import Plan

if TYPE_CHECKING:
    from jupyter_deployfeedback.execution import WorkerProcess
    from jupyter_deployfeedback.store import Store

Tell = Callable[[runs.Step], None]
_PAUSES = (0.5, 1.5)  # seconds


def gather(
    run: runs.Run,
    plan: Plan,
    *,
    store: Store,
    environment: Mapping[str, str],
    step: Tell,
    cancelled: Event,
    workers: Sequence[WorkerProcess],
) -> runs.Evidence:
    """Load the target with the suites while its platform is watched; a target that is not ready is not loaded."""
    step(stage("ask"))
    with ExitStack() as stack:
        healths = [stack.enter_context(Health(target, environment=environment)) for target in plan.sides]
        facts = [each.ask() for each in healths]
        watches = [
            stack.enter_context(watch(target, plan.project.metrics, environment=environment)) for target in plan.sides
        ]
        step(stage("execute"))
        down = next((fact for fact in facts if not fact.ready), None)
        if down:
            suites = _not_run(plan.suites, because=f"{down.target} is not ready: {down.problem}")
        else:
            again = stack.enter_context(AskedAgain(healths, facts, cancelled=cancelled))
            suites = execute(
                date_results(plan.suites, run.commit.committed_at if run.commit else None),
                project=plan.project,
                target=plan.target,
                baseline=plan.live,
                run_id=run.run_id,
                artifacts=store.artifacts(run.run_id),
                tell=again.after_each_suite(step),
                cancelled=cancelled,
                environment=environment,
                workers=workers,
                parallel=plan.parallel,
                continues=chain.continuation(run, store=store),
            )
            facts = again.facts()
        if cancelled.is_set():
            raise _why_stopped(cancelled, run_id=run.run_id)
        step(stage("observe"))
        window = load_window(suites)
        seen = zip(facts, watches, loaded_windows(suites), strict=False)  # the last is the baseline's, if there is one
        observed = [_side(fact, each, window=window, loaded=load) for fact, each, load in seen]
    recorded = chain.recorded_before(plan.project, store=store)
    live = observed[1].model_copy(update={"recorded": recorded}) if plan.live else None
    whole = runs.Evidence(suites=suites, candidate=observed[0], baseline=live, window=window, basis=plan.basis)
    return whole.without_secrets()  # all that is told, stored, shown and tagged comes from it


class AskedAgain:
    """Asks the targets again whenever a suite is over, beside the run; what was wrong once stays said.

    One that does not answer at once is asked some more: what was loaded a moment ago may need it.
    """

    def __init__(self, healths: Sequence[Health], facts: Sequence[runs.TargetFacts], *, cancelled: Event) -> None:
        self._healths = healths
        self._facts = list(facts)
        self._cancelled = cancelled
        self._beside = ThreadPoolExecutor(1)
        self._next: Future[None] | None = None

    def after_each_suite(self, step: Tell) -> Tell:
        """Return what tells a step, and has the targets asked where it is the end of a suite."""

        def heard(progress: runs.Step) -> None:
            step(progress)
            waits = self._next is not None and not self._next.running() and not self._next.done()
            if progress.kind is runs.EventKind.SUITE_FINISHED and not waits:
                self._next = self._beside.submit(self._ask, progress.suite)

        return heard

    def facts(self) -> list[runs.TargetFacts]:
        """Return what the targets said when the run began, with what changed since."""
        if self._next is not None and not self._cancelled.is_set():  # a cancelled run is judged by nothing
            self._next.result()
        return self._facts

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._beside.shutdown(cancel_futures=True)

    def _ask(self, suite: str | None) -> None:
        for number, health in enumerate(self._healths):
            if self._facts[number].ready and not self._cancelled.is_set():
                self._facts[number] = _changed(self._facts[number], self._asked(health), after=suite)

    def _asked(self, health: Health) -> runs.TargetFacts:
        now = health.ask()
        for pause in _PAUSES:
            if now.ready or self._cancelled.wait(pause):
                break
            now = health.ask()
        return now


def _changed(before: runs.TargetFacts, now: runs.TargetFacts, *, after: str | None) -> runs.TargetFacts:
    """Return the facts of a target with what it says otherwise after a suite."""
    if not now.ready:
        problem = f"it was ready when the run began and was not any more after {after}: {now.problem}"
        return before.model_copy(update={"ready": False, "problem": problem, "remedy": now.remedy})
    if now.model_version in {None, before.model_version, *before.later_versions}:
        return before
    return before.model_copy(update={"later_versions": (*before.later_versions, now.model_version)})


def _why_stopped(cancelled: Event, *, run_id: str) -> errors.DeployFeedbackError:
    if isinstance(cancelled, Stop) and cancelled.error is not None:
        return cancelled.error
    return errors.RunCancelled(f"Run {run_id} was cancelled.", remedy="Start it again when you are ready.")


def _not_run(suites: tuple[runs.Suite, ...], *, because: str) -> tuple[runs.SuiteResult, ...]:
    now = datetime.now(UTC)
    return tuple(
        runs.SuiteResult(
            suite=suite,
            outcome=runs.Outcome.NOT_RUN,
            reason=because,
            started_at=now,
            finished_at=now,
            duration_seconds=0.0,
        )
        for suite in suites
    )


def _side(facts: runs.TargetFacts, watching: Watch, *, window: Window, loaded: list[Window]) -> runs.SideEvidence:
    platform, series = watching.read(window)
    each = watching.read_each(loaded)
    return runs.SideEvidence(
        facts=facts, platform=platform, series=series, loaded=each.windows, too_coarse=each.too_coarse
    )


def stage(name: str) -> runs.Step:
    """Return the step that says which part of the story begins."""
    return runs.Step(kind=runs.EventKind.STAGE, message=name)
