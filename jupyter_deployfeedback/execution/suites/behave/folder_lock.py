"""What may be done once at a time in a folder: features of one repository may all write the same ``metrics.json``."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_deployfeedback.execution.suites import Unfinished
from jupyter_deployfeedback.execution.worker.wire import Ending

LOOK_SECONDS = 0.1
BUSY = "Another run is still executing the features of this repository."


@contextmanager
def one_at_a_time(root: Path, *, deadline: float, busy: str = BUSY) -> Iterator[None]:
    """Wait until no other run works in this folder, and keep those that come waiting.

    Raises Unfinished, which says ``busy``, at the ``deadline``. Where the file system cannot lock a folder (NFS, for
    one), nobody waits.
    """
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        while not _locked(descriptor):
            if time.monotonic() >= deadline:
                raise Unfinished(Ending.TIMED_OUT, busy)
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
