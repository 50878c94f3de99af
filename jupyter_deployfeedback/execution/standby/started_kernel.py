"""Starts a kernel that cannot be forked before its suite is there: one of another language, or where forks are off.

It is the kernel's own command in the suite's folder and environment, as in a plain start; it only begins earlier. What
differs from run to run is told later, in files whose places the kernel knows.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from jupyter_deployfeedback.execution.standby.forked_kernel import CONNECTION_FILE
from jupyter_deployfeedback.execution.standby.forkserver import Turn, die_with_parent, serve, show
from jupyter_deployfeedback.execution.suites.notebook.records_file import VARIABLE as RECORDS
from jupyter_deployfeedback.probe import environment as names

RUNTIME_FOLDER = "JUPYTER_RUNTIME_DIR"
TOLD_LATER = (names.RUN_ID, names.SEED, RECORDS, RUNTIME_FOLDER)  # with which no kernel can be started ahead


def main(
    descriptor: int,
    *,
    command: list[str],
    folder: str,
    transport: str,
    watched: list[str],
    spares: int,
    idle_seconds: float,
) -> None:
    """Have one kernel stand by on the socket ``descriptor`` until a suite comes, the parent goes, or nobody asks."""
    del spares  # it is for one suite, in its folder and with its environment
    listener = socket.socket(fileno=descriptor)
    place = show(listener)
    before = _seen(folder, watched)
    serve(
        listener,
        partial(be_kernel, command=command, folder=folder, transport=transport, place=place),
        parent_pipe=0,
        spares=1,
        idle_seconds=idle_seconds,
        fresh=lambda: _seen(folder, watched) == before,
        tend=_leave_once_it_serves,
    )


def be_kernel(turn: Turn, *, command: list[str], folder: str, transport: str, place: Path) -> None:
    """Start the kernel, wait for its suite, and end as the kernel ends."""
    from jupyter_client.connect import write_connection_file

    own = place / f"{os.getpid()}"
    own.mkdir(mode=0o700)
    ip = str(own / "s") if transport == "ipc" else ""
    file = str(own / "kernel.json")
    _, connection = write_connection_file(file, transport=transport, ip=ip, key=uuid4().hex.encode())
    kernel = subprocess.Popen(
        [argument.replace(CONNECTION_FILE, file) for argument in command],
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env={
            **os.environ,
            names.LATER: str(own / "later.json"),
            RECORDS: str(own / "records"),
            RUNTIME_FOLDER: str(own),
            "JPY_PARENT_PID": str(os.getpid()),
        },
        start_new_session=True,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - there is a single thread
    )
    signal.signal(signal.SIGCHLD, lambda *_: _end_as(kernel))
    _end_as(kernel)
    request, descriptors = turn.take(connection=connection, folder=str(own), pid=kernel.pid)
    _tell_later(own, request["environment"])
    for descriptor in descriptors:
        os.close(descriptor)
    while True:
        signal.pause()


def _leave_once_it_serves(serving: bool) -> None:  # noqa: FBT001 - as ``serve`` calls it
    """Start no other: while the suites of a run are measured, nothing may load this machine."""
    if serving:
        sys.exit(0)


def _tell_later(own: Path, environment: dict[str, str]) -> None:
    later = {name: environment[name] for name in (names.RUN_ID, names.SEED) if name in environment}
    (own / "later.json").write_text(json.dumps(later), encoding="utf-8")
    if RECORDS in environment:
        (own / "records").symlink_to(environment[RECORDS])


def _end_as(kernel: subprocess.Popen[Any]) -> None:
    """End this process the way the kernel ended, if it has."""
    code = kernel.poll()
    if code is None:
        return
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


def _seen(folder: str, watched: Sequence[str]) -> list[int]:
    """Return what changes when packages do, or when another folder takes the place of the one the kernel is in."""
    places = [os.stat(path).st_mtime_ns for path in watched if os.path.exists(path)]  # noqa: PTH110, PTH116 - asked every second
    return [os.stat(folder).st_ino if os.path.exists(folder) else 0, *places]  # noqa: PTH110, PTH116
