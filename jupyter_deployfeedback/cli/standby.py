"""``standby``: the process from which the server has its runs forked, loaded once with all that a run needs."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from jupyter_deployfeedback import execution
from jupyter_deployfeedback.cli import options
from jupyter_deployfeedback.cli.run import work
from jupyter_deployfeedback.execution.forkserver import serve
from jupyter_deployfeedback.execution.kernel_supply import FOLDER_VARIABLE, Forkservers

RUN_GRACE_SECONDS = 10.0  # for a run whose server has gone to cancel its suites and their kernels


@click.command("standby", hidden=True)
@click.argument("descriptor", type=int)
def standby_command(*, descriptor: int) -> int:
    """Fork a process for each run asked for on the socket ``descriptor``; go when stdin is closed."""
    listener = socket.socket(fileno=descriptor)
    folder = Path(listener.getsockname()).parent
    os.environ[FOLDER_VARIABLE] = str(folder)
    kernels = Forkservers(folder)
    _load()
    serve(listener, _work, parent_pipe=0, polite_seconds=RUN_GRACE_SECONDS, tend=kernels.tend)
    kernels.close()
    return 0


def _load() -> None:
    """Import what a run needs only on its way."""
    import scipy.special  # the comparison imports it when it has a number to compare

    from jupyter_deployfeedback import pipeline
    from jupyter_deployfeedback.store import open_store

    execution.load_worker()
    del pipeline, open_store, scipy


def _work(request: dict[str, Any]) -> None:
    """Work off one run; its workers are forked first, while there is a single thread."""
    with ExitStack() as stack:
        workers = [
            stack.enter_context(execution.prepare(options.environment(), fork=True)) for _ in range(request["workers"])
        ]
        code = work(request["run_id"], workers=workers)
    sys.exit(code)
