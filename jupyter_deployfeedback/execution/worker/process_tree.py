"""Who is still running, and their end.

Three nets, because none catches all: descendants (a worker adopts the orphans of its kernel, where Linux lets it), the
mark of a run in the environment (found after the worker itself was killed), and the kernel's own watch on its parent.
A process that a killed worker left, that has its own session and dropped its environment, escapes.
"""

import ctypes
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress

import psutil

from jupyter_deployfeedback.probe import environment as names

_END_SECONDS = 3.0  # for what was killed to be gone
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36


def descendants(pid: int) -> list[psutil.Process]:
    """Return all processes below this one, none where it is gone."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def memory_of(pid: int) -> int:
    """Return the bytes that a process and all below it take: pages that several share count in part for each (PSS)."""
    total = 0
    for process in (psutil.Process(pid), *descendants(pid)):
        with suppress(psutil.Error):
            total += process.memory_full_info().pss
    return total


def end(processes: Iterable[psutil.Process]) -> None:
    """Kill these processes and wait until they are gone; a pid that was given to another process is left alone."""
    killed = list(processes)
    for process in killed:
        try:
            process.kill()
        except psutil.Error:  # gone, or not ours
            continue
    psutil.wait_procs(killed, timeout=_END_SECONDS)


def end_descendants(pid: int) -> None:
    """Kill everything below this process, also what it starts meanwhile: all is stopped before anything is killed."""
    stopped: set[psutil.Process] = set()
    while fresh := {process for process in descendants(pid) if _runs(process)} - stopped:
        for process in fresh:
            with suppress(psutil.Error):
                process.suspend()
        stopped |= fresh
    end(stopped)


def end_marked(run_id: str, *, suite: str | None = None) -> int:
    """Kill every process that carries the mark of a run (of one suite of it) and return how many there were."""
    marked = [
        process
        for process, marks in _marked()
        if marks[names.RUN_ID] == run_id and suite in {None, marks.get(names.SUITE)}
    ]
    end(marked)
    return len(marked)


def marked_runs() -> set[str]:
    """Return the runs of which processes live that carry their mark."""
    return {marks[names.RUN_ID] for _, marks in _marked()}


def adopt_orphans_and_hide() -> None:
    """Make this process the parent of its descendants' orphans, and its memory unreadable to the kernels it starts.

    Linux only; elsewhere nothing happens and orphans are found by their mark alone.
    """
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _runs(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


def _marked() -> Iterator[tuple[psutil.Process, dict[str, str]]]:
    """Yield every other process that carries the mark of a run, and its environment."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):  # gone, or of another user
            environment = process.environ()
            if names.RUN_ID in environment and process.pid != os.getpid():
                yield process, environment
