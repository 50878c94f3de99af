"""Runs a notebook through papermill, on a kernel of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from jupyter_client.kernelspec import NoSuchKernel
from nbclient.exceptions import DeadKernelError
from papermill.engines import papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.execute import execute_notebook

from jupyter_deployfeedback.execution.engine import SuiteEngine
from jupyter_deployfeedback.execution.executed_copy import ExecutedCopy
from jupyter_deployfeedback.execution.kernels import KernelRequest, how_it_ended, kernel_name, supply_kernel
from jupyter_deployfeedback.execution.source import cells_of, open_notebook
from jupyter_deployfeedback.execution.suites.adapter import Account, Unfinished
from jupyter_deployfeedback.execution.wire import Ending, Event, Opened, Spec

ENGINE = "deployfeedback-suite"


def run(spec: Spec, *, tell: Callable[[Event], None], deadline: float, account: Account) -> None:
    """Execute the notebook cell by cell until its end or the first cell that raises; keep its executed copy."""
    source = Path(spec.source)
    notebook = open_notebook(source)
    name, notice = kernel_name(notebook.metadata)
    tell(Opened(cells_of(notebook), (notice,) if notice else ()))
    request = KernelRequest(
        name,
        folder=str(source.parent),
        environment=spec.environment,
        runtime_folder=spec.runtime_folder,
        supply=spec.supply,
        preload=tuple(spec.preload),
    )
    papermill_engines.register(ENGINE, SuiteEngine)
    try:
        with supply_kernel(request) as kernel:
            account.kernel = kernel.supplied
            try:
                execute_notebook(
                    notebook,  # an object: papermill would format a path like a template, or fetch it from the network
                    None,
                    parameters=spec.parameters,
                    engine_name=ENGINE,
                    kernel_name=name,
                    language=kernel.language,
                    progress_bar=False,
                    km=kernel,
                    copy=ExecutedCopy(Path(spec.artifact)),
                    tell=tell,
                    deadline=deadline,
                    packages=account.packages,
                )
            except PapermillExecutionError:
                return  # a cell raised, which its own event has told
            except DeadKernelError as death:
                raise Unfinished(Ending.KERNEL_DIED, how_it_ended(kernel)) from death
    except DeadKernelError as death:
        raise Unfinished(Ending.KERNEL_DIED, str(death)) from death
    except NoSuchKernel as missing:
        raise Unfinished(Ending.BROKEN, f"This machine has no kernel named {missing.name!r}.") from missing
