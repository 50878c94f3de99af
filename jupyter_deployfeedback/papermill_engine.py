"""``papermill --engine deployfeedback``: the notebook with our engine, recorded as a run where it is a project's suite.

papermill loads this module whenever it is imported itself, so everything else is imported when it is used.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_deployfeedback import run_process
from jupyter_deployfeedback.errors import DeployFeedbackError, HarnessError, SecretNotAllowed, UsageError

if TYPE_CHECKING:
    import nbformat

    from jupyter_deployfeedback.domain.feedback import FeedbackReport
    from jupyter_deployfeedback.domain.run import Run, RunEvent, RunRequest
    from jupyter_deployfeedback.store import Store

log = logging.getLogger(__name__)
OF_PAPERMILL_ONLY = ("execution_timeout", "stdout_file", "stderr_file", "log_output")


class DeployFeedbackEngine:
    """What papermill asks of an engine; it inherits nothing, because papermill may still be importing itself."""

    @classmethod
    def nb_kernel_name(cls, nb: nbformat.NotebookNode, name: str | None = None) -> str:
        """Return the kernel that the notebook names, or the one that was asked for."""
        return str(run_process.SuiteEngine.nb_kernel_name(nb, name))

    @classmethod
    def nb_language(cls, nb: nbformat.NotebookNode, language: str | None = None) -> str:
        """Return the language of the notebook, or the one that was asked for."""
        return str(run_process.SuiteEngine.nb_language(nb, language))

    @classmethod
    def execute_notebook(
        cls,
        nb: nbformat.NotebookNode,
        kernel_name: str,
        *,
        input_path: str | None = None,
        **options: Any,  # noqa: ANN401 - what papermill's command line was told
    ) -> nbformat.NotebookNode:
        """Return the executed notebook, from which papermill takes its own error and its output."""
        try:
            store, run = _recorded(nb, kernel_name, input_path=input_path, options=options)
        except SecretNotAllowed:  # what the suite needs it would not be given alone either
            raise
        except DeployFeedbackError as reason:
            log.warning("Nothing is recorded: %s", reason)
            return _alone(nb, kernel_name, options)
        return _executed(nb, run, store=store)


def _alone(nb: nbformat.NotebookNode, kernel_name: str, options: dict[str, Any]) -> nbformat.NotebookNode:
    return run_process.execute_unrecorded(
        nb,
        kernel_name,
        output_path=options.get("output_path"),
        autosave_seconds=options.get("autosave_cell_every", 30),
        progress_bar=options.get("progress_bar", True),
        start_timeout=options.get("start_timeout", 60),
        execution_timeout=options.get("execution_timeout"),
        log_output=options.get("log_output", False),
        supply=_supply(),
        stdout_file=options.get("stdout_file"),
        stderr_file=options.get("stderr_file"),
    )


def _recorded(
    nb: nbformat.NotebookNode, kernel_name: str, *, input_path: str | None, options: dict[str, Any]
) -> tuple[Store, Run]:
    """Acknowledge a run of the suite that this notebook is; DeployFeedbackError says why it cannot be one."""
    from jupyter_deployfeedback.pipeline.plan import plan_run
    from jupyter_deployfeedback.pipeline.run import start
    from jupyter_deployfeedback.store import open_store

    request = _request(nb, kernel_name, input_path=input_path, options=options)
    store = open_store(environment=os.environ)
    plan = plan_run(request, store=store, environment=os.environ)
    if len(plan.suites) != 1:
        names = ", ".join(suite.name for suite in plan.suites)
        raise UsageError(f"The notebook is several suites ({names}).", remedy="Choose a point with -p, or run them.")
    return store, start(request, store=store, environment=os.environ)


def _request(
    nb: nbformat.NotebookNode, kernel_name: str, *, input_path: str | None, options: dict[str, Any]
) -> RunRequest:
    from pydantic import ValidationError

    from jupyter_deployfeedback.domain.run import RunRequest
    from jupyter_deployfeedback.pipeline.plan import open_project

    own = nb.metadata.get("kernelspec", {}).get("name")
    foreign = [name for name in OF_PAPERMILL_ONLY if options.get(name)]
    if foreign:
        problem = f"A suite of a project runs without --{foreign[0].replace('_', '-')}."
        raise UsageError(problem, remedy="Leave it out to record the run.")
    source = Path(input_path or "")
    if not source.is_file():
        raise UsageError("The notebook is no local file.", remedy="Suites are files in their project's folder.")
    project = open_project(source, environment=os.environ)
    suites = [
        each.name for each in project.suites if (Path(project.folder) / each.source).resolve() == source.resolve()
    ]
    if not suites:
        raise UsageError(f"{source.name} is no suite of {project.file}.", remedy="List it under suites.")
    given = dict(nb.metadata.papermill.parameters)
    try:
        kernel = kernel_name if kernel_name != own else None
        return RunRequest(project_file=project.file, target="", suites=tuple(suites), parameters=given, kernel=kernel)
    except ValidationError:
        remedy = "Give text, numbers, true, false, or lists and mappings of those."
        raise UsageError("A suite does not take such parameters.", remedy=remedy) from None


def _executed(nb: nbformat.NotebookNode, run: Run, *, store: Store) -> nbformat.NotebookNode:
    """Evaluate the run and return its executed notebook, with papermill's own record of where it lies."""
    import nbformat

    report = _evaluate(run, store=store)
    suite = report.suites[0]
    log.info("Recorded as run %s: %s", run.run_id, report.headline)
    log.info("See it: jupyter deployfeedback show %s", run.run_id)
    if suite.artifact is None:
        raise HarnessError(f"Suite {suite.name} left no executed notebook: {suite.reason}")
    executed = nbformat.read(store.artifact(run.run_id, suite.artifact), as_version=4)
    executed.metadata.papermill.update({name: nb.metadata.papermill[name] for name in ("input_path", "output_path")})
    return executed


def _evaluate(run: Run, *, store: Store) -> FeedbackReport:
    from jupyter_deployfeedback.pipeline.run import evaluate

    forkable = sys.platform.startswith("linux") and threading.active_count() == 1
    environment = {**os.environ, run_process.FOLDER_VARIABLE: _supply()}
    with run_process.prepare(os.environ, fork=forkable) as worker, run_process.cancelled_by_signals() as cancelled:
        return evaluate(
            run.run_id, store=store, environment=environment, tell=_tell, cancelled=cancelled, workers=[worker]
        )


def _supply() -> str:
    """Return where kernels stand by: the folder that the environment names, else that of a server of this user."""
    return os.environ.get(run_process.FOLDER_VARIABLE) or run_process.published()


def _tell(event: RunEvent) -> None:
    """Say which cells are over; papermill's bar counts cells that it sends itself."""
    if event.kind == "case_finished" and event.done is not None:
        log.info("Cell %s of %s: %s (%s)", event.done, event.total, event.outcome, event.title)
