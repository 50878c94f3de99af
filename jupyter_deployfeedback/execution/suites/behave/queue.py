"""Features of one repository run one after the other: they may all write the same ``metrics.json``."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_deployfeedback.execution.suites.adapter import Unfinished
from jupyter_deployfeedback.execution.wire import Ending

LOOK_SECONDS = 0.1


@contextmanager
def one_at_a_time(root: Path, *, deadline: float) -> Iterator[None]:
    """Wait until no other run executes features of this repository, and keep those that come waiting.

    Where the file system cannot lock a folder (NFS, for one), nobody waits.
    """
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        while not _locked(descriptor):
            if time.monotonic() >= deadline:
                raise Unfinished(Ending.TIMED_OUT, "Another run is still executing the features of this repository.")
            time.sleep(LOOK_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
