"""What a run sees: its suites executed against the target while the platform is watched, over one window."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING

from jupyter_deployfeedback import errors
from jupyter_deployfeedback.domain import run as runs
from jupyter_deployfeedback.domain.metric import Window
from jupyter_deployfeedback.domain.project import Target
from jupyter_deployfeedback.execution import date_results, execute
from jupyter_deployfeedback.observation import Watch, ask_target, load_window, loaded_windows, watch
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
    sides = [target for target in (plan.target, plan.live) if target is not None]
    facts = [ask_target(target, environment=environment) for target in sides]
    with ExitStack() as stack:
        watches = [
            stack.enter_context(watch(target, plan.project.metrics, environment=environment)) for target in sides
        ]
        step(stage("execute"))
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
        if down is None:
            facts[0] = _at_the_end(facts[0], plan.target, environment=environment, cancelled=cancelled)
        step(stage("observe"))
        window = load_window(suites)
        seen = zip(facts, watches, loaded_windows(suites), strict=False)  # the last is the baseline's, if there is one
        observed = [_side(fact, each, window=window, loaded=load) for fact, each, load in seen]
    recorded = chain.recorded_before(plan.project, store=store)
    live = observed[1].model_copy(update={"recorded": recorded}) if plan.live else None
    return runs.Evidence(suites=suites, candidate=observed[0], baseline=live, window=window, basis=plan.basis)


def _at_the_end(
    before: runs.TargetFacts, target: Target, *, environment: Mapping[str, str], cancelled: Event
) -> runs.TargetFacts:
    """Return the facts of a target that is still ready; of one that is not, the reason.

    It is asked again where it does not answer at once: what was loaded a moment ago may need one.
    """
    now = ask_target(target, environment=environment)
    for pause in _PAUSES:
        if now.ready or cancelled.wait(pause):
            break
        now = ask_target(target, environment=environment)
    if now.ready:
        return before
    problem = f"it was ready when the run began and is not any more: {now.problem}"
    return before.model_copy(update={"ready": False, "problem": problem})


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
