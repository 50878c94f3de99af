"""The kernel that a worker gets hold of while its run is still being planned; whom it serves is said later."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jupyter_deployfeedback.execution.forked import Forked, NoFork
from jupyter_deployfeedback.execution.forkserver import READY
from jupyter_deployfeedback.execution.kernel_client import SuiteKernelClient, connected

END_SECONDS = 3.0  # for a keeper to end all that is left


@dataclass(frozen=True)
class Reserved:
    """A kernel of the forkserver called ``name``, waiting for its suite, and a client that hears it."""

    name: str
    fork: Forked
    client: SuiteKernelClient


class Reserve:
    """Holds one kernel at most."""

    def __init__(self) -> None:
        self._held: Reserved | None = None

    def fill(self, folder: Path, name: str) -> None:
        """Get hold of a kernel of this forkserver; where there is none to be had, nothing happens."""
        try:
            fork = Forked(folder / f"{name}{READY}")
        except NoFork:
            return
        self._held = Reserved(name, fork, connected(fork.said["connection"]))

    def take(self, name: str) -> Reserved | None:
        """Give the kernel away where it is of this forkserver; another one is let go."""
        held, self._held = self._held, None
        if held is None or held.name == name:
            return held
        held.client.stop_channels()
        held.fork.close(within_seconds=END_SECONDS)
        return None
