"""One notebook that belongs to no run: executed in this process as papermill would, with our engine and kernels."""

import logging
import os
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import DeadKernelError
from papermill.iorw import write_ipynb
from papermill.log import logger

from jupyter_deployfeedback.execution.folders import temporary_folder
from jupyter_deployfeedback.execution.kernels.manager import KernelRequest, SuiteKernelManager, supply_kernel
from jupyter_deployfeedback.execution.suites.notebook.engine import SuiteClient, Watching
from jupyter_deployfeedback.execution.worker.wire import Event

log = logging.getLogger(__name__)


def execute_unrecorded(
    nb: nbformat.NotebookNode,
    kernel_name: str,
    *,
    output_path: str | None,
    autosave_seconds: float,
    progress_bar: bool | dict[str, Any],
    start_timeout: int,
    execution_timeout: int | None,
    supply: str,
    **outputs: object,
) -> nbformat.NotebookNode:
    """Execute a notebook until its end or the first cell that raises, and return it as executed.

    The working folder and the environment are those of this process, timeouts are in seconds, the second one is that of
    each cell. ``supply`` is the folder where kernels stand by, if there is one. ``outputs`` are
    papermill's ``log_output``, ``stdout_file`` and ``stderr_file``. Raises nbclient's DeadKernelError.
    """
    copy = PapermillCopy(output_path, every_seconds=autosave_seconds)
    watching = Watching(nb, copy=copy, tell=_unheard)  # type: ignore[arg-type]  # it saves like the copy of a suite
    watching.pbar = _bar(len(nb.cells), progress_bar)
    watching.log_output = bool(outputs.get("log_output"))
    watching.notebook_start()  # from here on there is an output, also where there is no kernel
    try:
        with temporary_folder() as folder, supply_kernel(_request(kernel_name, folder, supply=supply)) as kernel:
            log.info("Kernel: %s%s", kernel.supplied, "" if supply else ", because no server has kernels stand by")
            _execute_on(kernel, watching, timeout=execution_timeout, startup_timeout=start_timeout, **outputs)
    finally:
        watching.cleanup_pbar()
        watching.notebook_complete()
    return watching.nb


def _execute_on(kernel: SuiteKernelManager, watching: Watching, **settings: object) -> None:
    client = SuiteClient(
        watching, km=kernel, kernel_name=kernel.kernel_name, on_cell_executed=watching.replied, log=logger, **settings
    )
    logger.info("Executing notebook with kernel: %s", kernel.kernel_name)
    try:
        client.execute()
        client.wait_for_reply(client.kc.kernel_info())  # one that died behind the last cell is heard of here
    except DeadKernelError as death:
        watching.mark_stopped(death)
        raise
    finally:
        if client.kc is not None:
            client.kc.stop_channels()


class PapermillCopy:
    """The executed copy where papermill writes it, which may be a bucket; without a path none is kept meanwhile."""

    def __init__(self, path: str | None, *, every_seconds: float) -> None:
        self._path = path
        self._every_seconds = every_seconds
        self._saved_at = float("-inf")

    def save(self, notebook: nbformat.NotebookNode, *, now: bool) -> None:
        """Write the copy; unless ``now``, not more often than was asked for."""
        if self._path is None or (not now and time.monotonic() - self._saved_at < self._every_seconds):
            return
        write_ipynb(notebook, self._path)
        self._saved_at = time.monotonic()


def _request(kernel_name: str, folder: str, *, supply: str) -> KernelRequest:
    return KernelRequest(
        kernel_name,
        folder=str(Path.cwd()),
        environment=dict(os.environ),
        runtime_folder=folder,
        supply=supply,
    )


def _bar(cells: int, wanted: bool | dict[str, Any]) -> Any:  # noqa: ANN401, FBT001 - tqdm's own; papermill's setting
    if wanted is False:
        return None
    from tqdm.auto import tqdm  # type: ignore[import-untyped]  # papermill brings it, without types

    return tqdm(total=cells, **{"unit": "cell", "desc": "Executing", **(wanted if isinstance(wanted, dict) else {})})


def _unheard(_: Event) -> None:
    """Nobody listens to a notebook that belongs to no run."""
