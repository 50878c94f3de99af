"""``standby``: the process from which the server has its runs forked, loaded once with all that a run needs."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jupyter_deployfeedback import execution
from jupyter_deployfeedback.execution.standby.forkserver import Turn, become_stdio, leaving_with_parent, remove, serve
from jupyter_deployfeedback.execution.standby.orders import FOLDER_VARIABLE, publish, withdraw
from jupyter_deployfeedback.execution.standby.stock import IDLE_SECONDS, Stock
from jupyter_deployfeedback.run_process.warm_up import warm_up
from jupyter_deployfeedback.run_process.work import work
from jupyter_deployfeedback.store import open_store

if TYPE_CHECKING:
    from jupyter_deployfeedback.execution import WorkerProcess
    from jupyter_deployfeedback.store import Store

RUN_GRACE_SECONDS = 10.0  # for a run whose server has gone to cancel its suites and their kernels
SPARES = 2  # runs that are ready before anybody asks


@click.command("standby", hidden=True)
@click.argument("descriptor", type=int)
@click.option("--idle-seconds", type=float, default=IDLE_SECONDS)
@click.option("--memory-mb", type=int, default=None)
def standby_command(*, descriptor: int, idle_seconds: float, memory_mb: int | None) -> int:
    """Fork a process for each run asked for on the socket ``descriptor``; go when stdin is closed, or nobody asks."""
    listener = socket.socket(fileno=descriptor)
    folder = Path(listener.getsockname()).parent
    os.environ[FOLDER_VARIABLE] = str(folder)
    kernels = Stock(folder, idle_seconds=idle_seconds, memory_mb=memory_mb)
    try:
        with leaving_with_parent(0):
            execution.load_worker()
            warm_up(folder / "warm-up")
        publish(folder)
        serve(
            listener,
            partial(_work, store=open_store(environment=os.environ)),
            parent_pipe=0,
            spares=SPARES,
            polite_seconds=RUN_GRACE_SECONDS,
            idle_seconds=idle_seconds,
            tend=lambda busy: kernels.tend(busy=busy),
        )
    finally:
        withdraw(folder)
        kernels.close()
        remove(folder)  # a server that was killed cannot do it
    return 0


def _work(turn: Turn, *, store: Store) -> None:
    """Wait for a run and work it off; its workers are forked before, while there is a single thread."""
    folder = Path(os.environ[FOLDER_VARIABLE])
    own = folder / f"run-{os.getpid()}"  # goes with the keeper, or with what stands by, however this process ends
    own.mkdir(mode=0o700)
    tempfile.tempdir = str(own)
    with ExitStack() as stack:
        workers = [_forked_worker(stack)]
        warm_up(folder / f"{os.getpid()}")  # what a fork touches first, it has to copy
        store.list(limit=1)  # opens its connection
        request, descriptors = turn.take(folder=str(own))
        become_stdio(descriptors)
        workers += [_forked_worker(stack) for _ in range(request["workers"] - 1)]
        code = work(request["run_id"], store=store, workers=workers)
    sys.exit(code)


def _forked_worker(stack: ExitStack) -> WorkerProcess:
    return stack.enter_context(execution.prepare(os.environ, fork=True))
