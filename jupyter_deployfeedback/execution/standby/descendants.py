"""The end of all that a process has below it. Standard library only: it runs in a kernel's own Python too."""

from __future__ import annotations  # a kernel's own interpreter may be older

import contextlib
import os
import signal


def end_children() -> None:
    """Kill everything below until there is nothing: whoever loses its parent becomes ours."""
    with contextlib.suppress(ChildProcessError):
        while True:
            ended, _ = os.waitpid(-1, os.WNOHANG)
            if ended == 0:
                alive = _frozen()
                if not alive:  # the system does not say who they are
                    return
                for pid in alive:
                    with contextlib.suppress(OSError):
                        os.kill(pid, signal.SIGKILL)
                os.waitpid(-1, 0)


def _frozen() -> set[int]:
    """Stop and return all that is below, until nothing new appears: a storm of forks would outrun whoever kills it."""
    stopped: set[int] = set()
    while fresh := _descendants(os.getpid()) - stopped:
        for pid in fresh:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGSTOP)
        stopped |= fresh
    return stopped


def _descendants(pid: int) -> set[int]:
    found: set[int] = set()
    for child in _children(pid):
        found |= {child, *_descendants(child)}
    return found


def _children(pid: int) -> set[int]:
    """Return the children of a process, each known to the thread that started it."""
    found: set[int] = set()
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - names are all that is needed
            found.update(_children_of_thread(pid, thread))
    return found


def _children_of_thread(pid: int, thread: str) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:  # noqa: PTH123 - a file of the kernel
            return [int(child) for child in file.read().split()]
    except OSError:
        return []
