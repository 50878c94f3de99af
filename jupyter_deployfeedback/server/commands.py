"""The commands of the processes that the server starts: those of the command line, with this interpreter.

They find the store through ``STORE_VARIABLE``: a database's URL may hold a password, and arguments are seen by every
user of the machine.
"""

from __future__ import annotations

import sys

_CLI = (sys.executable, "-m", "jupyter_deployfeedback.cli")


def work(run_id: str) -> list[str]:
    """Return the command that evaluates an acknowledged run in a process of its own, telling events on stdout."""
    return [*_CLI, "work", run_id]


def standby(descriptor: int, *, idle_seconds: float, memory_mb: int | None) -> list[str]:
    """Return the command of a process that has loaded all this and forks one process for each run it is asked for.

    It listens on the socket with this descriptor, and goes when its stdin is closed or nobody asked for
    ``idle_seconds``. The kernels that stand by take ``memory_mb`` at most. See ``execution.standby.forkserver``.
    """
    limit = [] if memory_mb is None else ["--memory-mb", str(memory_mb)]
    return [*_CLI, "standby", str(descriptor), "--idle-seconds", str(idle_seconds), *limit]
