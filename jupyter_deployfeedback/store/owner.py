"""Which process works on a run, and whether it still lives."""

from __future__ import annotations

import os
import socket
from typing import NamedTuple

import psutil

STARTED_TOLERANCE_SECONDS = 0.5


class Owner(NamedTuple):
    """A process, told apart from a later one with the same pid by when it started.

    ``started`` is in seconds since boot on Linux, so that a clock that is set does not make a live owner look dead;
    elsewhere since the epoch, as the system keeps it.
    """

    host: str
    pid: int
    started: float


def this_process() -> Owner:
    """Return the calling process; asked each time, because a fork changes the answer."""
    return Owner(host=socket.gethostname(), pid=os.getpid(), started=_started(psutil.Process()))


def is_gone(owner: Owner) -> bool:
    """Say whether an owner on this host has ended; a zombie has, it only waits for its parent to notice."""
    try:
        process = psutil.Process(owner.pid)
        if abs(_started(process) - owner.started) > STARTED_TOLERANCE_SECONDS:
            return True
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False


def _started(process: psutil.Process) -> float:
    if psutil.LINUX:
        return process.create_time() - psutil.boot_time()
    return process.create_time()
