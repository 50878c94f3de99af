"""Runs a notebook through papermill, on a kernel of its own."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import NoSuchKernel
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from papermill.engines import papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.execute import execute_notebook

from jupyter_deployfeedback.execution.kernels import manager as kernels
from jupyter_deployfeedback.execution.kernels.provisioner import STARTED
from jupyter_deployfeedback.execution.suites import Account, Unfinished
from jupyter_deployfeedback.execution.suites.notebook import unraised
from jupyter_deployfeedback.execution.suites.notebook.engine import KernelNeverReadyError, SuiteEngine
from jupyter_deployfeedback.execution.suites.notebook.records_file import VARIABLE, RecordsFile
from jupyter_deployfeedback.execution.suites.notebook.source import PYTHON, ExecutedCopy, cells_of, open_notebook
from jupyter_deployfeedback.execution.suites.traffic import Traffic, traffic_of
from jupyter_deployfeedback.execution.worker.wire import CellEnded, Ending, Event, Opened, Recorded, Spec
from jupyter_deployfeedback.probe.records import RECORD_MIME

ENGINE = "deployfeedback-suite"


def warm_up() -> None:
    """Do what takes longer the first time in a process, before anybody waits for it."""
    nbformat.reads(nbformat.writes(nbformat.v4.new_notebook()), as_version=4)
    with suppress(NoSuchKernel):
        _ = kernels.SuiteKernelManager().kernel_spec


def run(spec: Spec, *, tell: Callable[[Event], None], deadline: float, account: Account) -> None:
    """Execute the notebook cell by cell until its end or the first cell that raises; keep its executed copy."""
    source = Path(spec.source)
    notebook = open_notebook(source)
    name, notice = (spec.kernel, None) if spec.kernel else kernels.kernel_name(notebook.metadata)
    tell(Opened(cells_of(notebook), (notice,) if notice else ()))
    records = RecordsFile(Path(spec.runtime_folder) / f"{Path(spec.artifact).stem}.records")
    request = kernels.KernelRequest(
        name,
        folder=str(source.parent),
        environment={**spec.environment, VARIABLE: str(records.path)},
        runtime_folder=spec.runtime_folder,
        supply=spec.supply,
        may_fork=spec.may_fork,
        preload=tuple(spec.preload),
    )
    papermill_engines.register(ENGINE, SuiteEngine)
    suite = _Suite(notebook, spec, _with_records(tell, records), deadline, account, traffic_of(spec))
    try:
        suite.execute(request)
    except KernelNeverReadyError as error:
        if account.kernel == STARTED:
            raise Unfinished(Ending.KERNEL_DIED, f"The kernel did not get ready: {error}.") from error
        account.notices.append("The kernel that stood by ended before it was ready; another was started.")
        _start_plainly(suite, request)
    except NoSuchKernel as missing:
        raise Unfinished(Ending.BROKEN, f"This machine has no kernel named {missing.name!r}.") from missing


@dataclass(frozen=True)
class _Suite:
    """A notebook that was read, and where what happens to it is told."""

    notebook: NotebookNode
    spec: Spec
    tell: Callable[[Event], None]
    deadline: float
    account: Account
    traffic: Traffic

    def execute(self, request: kernels.KernelRequest) -> None:
        """Execute it on the kernel that is asked for. Raises KernelNeverReadyError before anything was sent to one."""
        try:
            with kernels.supply_kernel(request) as kernel:
                self.account.kernel = kernel.supplied
                self._execute_on(kernel)
                self.account.asked, self.account.unseen = self._asked(kernel)
                self.account.worked_through()
        except DeadKernelError as death:
            raise Unfinished(Ending.KERNEL_DIED, str(death)) from death

    def _execute_on(self, kernel: kernels.SuiteKernelManager) -> None:
        try:
            execute_notebook(
                self.notebook,  # an object: papermill would format a path like a template, or fetch it from the network
                None,
                parameters=self.spec.parameters,
                engine_name=ENGINE,
                kernel_name=kernel.kernel_name,
                language=kernel.language,
                progress_bar=False,
                km=kernel,
                copy=ExecutedCopy(Path(self.spec.artifact)),
                tell=self.tell,
                deadline=self.deadline,
                cell_seconds=self.spec.cell_timeout_seconds,
                first=self.traffic.code,
                account=self.account,
            )
        except PapermillExecutionError:
            return  # a cell raised, which its own event has told
        except DeadKernelError as death:
            raise Unfinished(Ending.KERNEL_DIED, kernels.how_it_ended(kernel)) from death

    def _asked(self, kernel: kernels.SuiteKernelManager) -> tuple[bool | None, str]:
        if kernel.language.lower() in {PYTHON, ""}:
            return self.traffic.asked()
        return None, f"has a kernel for {kernel.language}, whose requests cannot be seen"


def _start_plainly(suite: _Suite, request: kernels.KernelRequest) -> None:
    try:
        suite.execute(replace(request, supply=""))
    except KernelNeverReadyError as error:
        raise Unfinished(Ending.KERNEL_DIED, f"The kernel did not get ready: {error}.") from error


def _with_records(tell: Callable[[Event], None], records: RecordsFile) -> Callable[[Event], None]:
    """Tell what a cell wrote into the file of records before it is told that the cell is over."""

    def telling(event: Event) -> None:
        if isinstance(event, CellEnded):
            for record in records.new_records():
                noted = unraised.read_note(record, event.cell_id)
                tell(noted or Recorded(event.cell_id, RECORD_MIME, record))
        tell(event)

    return telling
