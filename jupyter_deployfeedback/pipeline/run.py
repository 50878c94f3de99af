"""The story of a run: planned and acknowledged, then executed while it is observed, compared, judged and reported.

``start`` acknowledges a run, ``evaluate`` gives it its feedback; ``pipeline.release`` tags it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from jupyter_deployfeedback import errors, execution
from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.run import Evidence, Run, RunEvent, RunRequest, RunState, Step
from jupyter_deployfeedback.observation import ask_target
from jupyter_deployfeedback.pipeline import chain, trust
from jupyter_deployfeedback.pipeline.evidence import gather
from jupyter_deployfeedback.pipeline.plan import plan_run
from jupyter_deployfeedback.release.commit import dirty_files, moved_files, read_commit, why_no_commit

if TYPE_CHECKING:
    from jupyter_deployfeedback.domain.feedback import FeedbackReport
    from jupyter_deployfeedback.execution import WorkerProcess
    from jupyter_deployfeedback.store import Store

log = logging.getLogger(__name__)
Tell = Callable[[RunEvent], None]


def start(request: RunRequest, *, store: Store, environment: Mapping[str, str], by_server: bool = False) -> Run:
    """Acknowledge a run: once this returns, it is on disk and will be found again whatever happens.

    ``by_server``: whoever asked does not wait for it. In the queue it outlives this process, for the next server.
    """
    plan = plan_run(request, store=store, environment=environment)
    trust.permitted(plan.project, plan.sides, environment=environment)
    kept = plan.project.release.ignore_in_notebooks
    commit = read_commit(Path(plan.project.folder), honour_filters=True, without=kept)  # somebody asked for this run
    known = {
        "project_file": plan.project.file,
        "target": plan.target.name,
        "parallel": plan.parallel,
        "by_server": by_server,
    }
    request = request.model_copy(update=known)
    return store.start(request, project=plan.project, commit=commit, baseline=plan.baseline)


def continue_run(run_id: str, *, store: Store, environment: Mapping[str, str], by_server: bool = False) -> Run:
    """Acknowledge a run that adds to the samples of an inconclusive one and is judged on all; or ContinueRefused."""
    request = chain.continued_request(run_id, store=store)
    plan = plan_run(request, store=store, environment=environment)
    allowed = trust.permitted(plan.project, plan.sides, environment=environment)
    facts = [ask_target(side, environment=allowed) for side in plan.sides]
    chain.refuse_changed(run_id, plan.basis, facts, store=store)
    raised = chain.raised(plan.project, plan.suites, run_id=run_id, store=store)
    return start(
        request.model_copy(update={"raised": raised}), store=store, environment=environment, by_server=by_server
    )


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
    from jupyter_deployfeedback.pipeline.judging import judge_evidence  # numpy: a server starts runs without it

    run = store.claim(run_id)

    def step(progress: Step) -> None:
        tell(store.tell(run_id, progress))

    with ended(run_id, store=store):
        plan = plan_run(run.request, store=store, environment=environment)
        environment = trust.permitted(plan.project, plan.sides, environment=environment)
        evidence = gather(
            run, plan, store=store, environment=environment, step=step, cancelled=cancelled, workers=workers
        )
        evidence = _with_checkout(run, plan.project, evidence)
        report = judge_evidence(run, plan, evidence, store=store, environment=environment, step=step)
        store.finish(run_id, evidence, report)
    log.info("run %s finished: %s", run_id, report.verdict)
    return report


@contextmanager
def ended(run_id: str, *, store: Store) -> Iterator[None]:
    """Give the run an end whatever happens in here: cancelled, or lost with the reason; the error goes on."""
    try:
        yield
    except errors.RunCancelled as error:
        _end(store.cancel, run_id, error.message)
        raise
    except errors.RunInterrupted as error:
        _end(store.lose, run_id, error.message)
        raise
    except Exception as error:  # the one place: whatever broke, the run gets an end and a reason
        _end(store.lose, run_id, f"{type(error).__name__}: {error}")
        raise


def _with_checkout(run: Run, project: Project, evidence: Evidence) -> Evidence:
    """Add what the run found, or left, that prevents a tag: files that changed meanwhile, a git that refuses."""
    folder, before = Path(project.folder), run.commit
    if before is None:
        return evidence.model_copy(update={"no_commit": why_no_commit(folder)})
    with suppress(errors.ReleaseRefused):  # git that cannot say it now is asked again when a tag is made
        now = dirty_files(folder, honour_filters=True, without=project.release.ignore_in_notebooks)
        written = (*moved_files(folder, before.sha), *(path for path in now if path not in before.dirty))
        return evidence.model_copy(update={"written": tuple(dict.fromkeys(written))})
    return evidence


def reap(store: Store) -> None:
    """Mark the runs lost whose process has gone, and end what lost ones left behind: kernels, their children, folders.

    Also of a run that somebody else saw to be lost. Runs of another store are left alone.
    """
    store.reap()
    execution.remove_left_folders()
    for run_id in execution.marked_runs():
        with suppress(errors.RunNotFound):
            if store.get(run_id).state is RunState.LOST:
                log.info("run %s is lost; ended %d processes it left", run_id, execution.end_marked(run_id))


def _end(how: Callable[[str, str], Run], run_id: str, message: str) -> None:
    """Give a run its end; where it has one already, the error that led here is the one to be seen."""
    with suppress(errors.RunConflict):
        how(run_id, message)
