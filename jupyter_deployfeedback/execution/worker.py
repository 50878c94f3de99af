"""The child process that runs suites: specs come in on stdin, events go out on a descriptor of their own.

It stands by with papermill loaded, runs one suite after the other, each on a kernel of its own, and goes when its
parent goes. SIGTERM stops the suite that is running.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

from jupyter_client.kernelspec import NoSuchKernel
from nbclient.exceptions import DeadKernelError
from papermill.engines import papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.execute import execute_notebook

from jupyter_deployfeedback.execution.engine import SuiteEngine
from jupyter_deployfeedback.execution.executed_copy import ExecutedCopy
from jupyter_deployfeedback.execution.kernels import KernelRequest, how_it_ended, kernel_name, supply_kernel
from jupyter_deployfeedback.execution.process_tree import adopt_orphans_and_hide, end_descendants
from jupyter_deployfeedback.execution.source import cells_of, open_notebook
from jupyter_deployfeedback.execution.stopping import STOPS, Stopped, heed_stops, stoppable
from jupyter_deployfeedback.execution.wire import Ended, Ending, Event, Opened, Spec, encode

ENGINE = "deployfeedback-suite"
INTERRUPT_SECONDS = 3.0  # for a cell to notice that its suite's time is over
PARENT_CHECK_SECONDS = 0.5


def main(descriptor: int, parent: int, runtime_folder: str) -> None:
    """Stand by until stdin ends or a suite did not end by itself: what was stopped once is not used again."""
    adopt_orphans_and_hide()
    threading.Thread(target=_go_with_parent, args=(parent,), daemon=True).start()
    papermill_engines.register(ENGINE, SuiteEngine)
    tell = Teller(descriptor)
    try:
        for line in sys.stdin:
            if run_suite(Spec(**json.loads(line)), tell=tell) is not Ending.COMPLETED:
                break
    finally:
        if os.getppid() != parent:  # nobody else is left to do it
            shutil.rmtree(runtime_folder, ignore_errors=True)


class Teller:
    """Writes events, each as one whole line: no signal cuts one in two."""

    def __init__(self, descriptor: int) -> None:
        # A process that inherited it would hide the worker's death.
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - the standard library's signature
        self._descriptor = descriptor

    def __call__(self, event: Event) -> None:
        """Write one event; when nobody reads any more, the watch on the parent stops the suite."""
        line = encode(event)
        masked = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
        except BrokenPipeError:
            return
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, masked)


def run_suite(spec: Spec, *, tell: Teller) -> Ending:
    """Run one suite and tell how it ended; whatever it left running is ended before."""
    packages: dict[str, str] = {}
    supplied: list[str] = []
    deadline = time.monotonic() + spec.timeout_seconds
    message = ""
    try:
        with stoppable(within_seconds=spec.timeout_seconds + INTERRUPT_SECONDS):
            _execute(spec, tell=tell, deadline=deadline, packages=packages, supplied=supplied)
        ending = Ending.COMPLETED
    except Stopped as stopped:
        ending = stopped.ending
    except DeadKernelError as death:
        ending, message = Ending.KERNEL_DIED, str(death)
    except Exception as error:  # noqa: BLE001 - the run loop: whatever broke becomes the suite's outcome, by name
        ending, message = Ending.BROKEN, _explain(error)
    if time.monotonic() >= deadline and ending is not Ending.CANCELLED:
        ending = Ending.TIMED_OUT
    end_descendants(os.getpid())
    tell(Ended(ending, message, packages, kernel="".join(supplied)))
    heed_stops()
    return ending


def _execute(spec: Spec, *, tell: Teller, deadline: float, packages: dict[str, str], supplied: list[str]) -> None:
    source = Path(spec.notebook)
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
    with supply_kernel(request) as kernel:
        supplied.append(kernel.supplied)
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
                packages=packages,
            )
        except PapermillExecutionError:
            return  # a cell raised, which its own event has told
        except DeadKernelError as death:
            raise DeadKernelError(how_it_ended(kernel)) from death


def _explain(error: Exception) -> str:
    if isinstance(error, NoSuchKernel):
        return f"This machine has no kernel named {error.name!r}."
    return f"{type(error).__name__}: {error}"


def _go_with_parent(parent: int) -> None:
    """End with the parent: a suite that is running is stopped and its processes are ended."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
