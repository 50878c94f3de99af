"""How Jupyter's kernel manager gets the process of a suite's kernel: one that stands by, else a plain start."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from jupyter_deployfeedback.execution.forked import Forked, NoFork
from jupyter_deployfeedback.execution.kernel_client import SuiteKernelClient
from jupyter_deployfeedback.execution.kernel_reserve import END_SECONDS, Reserve
from jupyter_deployfeedback.execution.wishes import (
    Program,
    Wish,
    find,
    is_refused,
    leave,
    remember,
    wish_to_fork,
    wish_to_start,
)

STARTED = "started"
SUPPLIED = {Program.FORK: "forked", Program.START: "started ahead"}


@dataclass(frozen=True)
class Supply:
    """Where kernels stand by, for a suite of which project, and what was reserved for it."""

    folder: Path
    project_folder: str
    reserve: Reserve
    may_fork: bool

    def take(self, wish: Wish) -> tuple[Forked, SuiteKernelClient | None] | None:
        """Return a kernel that waits, and a client that hears it already where it was reserved.

        None, and the wish for one is left, where there is none. Raises NoFork, OSError.
        """
        reserved = self.reserve.take(wish.name) if wish.program is Program.FORK else None
        if reserved is not None:
            return reserved.fork, reserved.client
        address = find(self.folder, wish)
        return None if address is None else (Forked(address), None)

    def note(self, wish: Wish) -> None:
        """Note for the next run what this one used."""
        with suppress(OSError):  # the folder has gone, with whoever kept kernels there
            if wish.program is Program.FORK:
                remember(self.folder, self.project_folder, wish.name)
            else:
                leave(self.folder, wish)


class SuiteProvisioner(LocalProvisioner):
    """Jupyter's own, whose process may have stood by. It serves one kernel once."""

    supplied = STARTED
    client: SuiteKernelClient | None = None  # one that is connected to the kernel already

    def __init__(
        self,
        *,
        connection_file: str,
        transport: str,
        supply: Supply | None,
        preload: tuple[str, ...],
        **settings: Any,  # noqa: ANN401 - jupyter_client's own
    ) -> None:
        super().__init__(**settings)
        self._connection_file = connection_file
        self._transport = transport
        self._supply = supply
        self._preload = preload
        self._fork: Forked | None = None

    async def launch_kernel(self, cmd: list[str], **settings: Any) -> KernelConnectionInfo:  # noqa: ANN401
        """Take a kernel that stands by, or start it where nothing does; returns where it listens."""
        self._fork = self._standing_by(cmd, environment=settings["env"], folder=settings["cwd"])
        if self._fork is None:
            return await super().launch_kernel(cmd, **settings)
        self.process: Any = self._fork
        self.pid = self.pgid = self._fork.pid  # it leads its own session
        self.cwd = settings["cwd"]
        listens = self._fork.said["connection"]
        self.connection_info = listens | {"key": listens["key"].encode()}  # jupyter_client wants bytes
        return self.connection_info

    async def cleanup(self, restart: bool = False) -> None:  # noqa: FBT001, FBT002 - Jupyter's signature
        """End what the kernel left behind."""
        if self._fork is not None:
            self._fork.close(within_seconds=END_SECONDS)
            self._fork = None
        await super().cleanup(restart=restart)

    def _standing_by(self, command: list[str], *, environment: dict[str, str], folder: str) -> Forked | None:
        wish = self._wish(command, environment=environment, folder=folder)
        if self._supply is None or wish is None:
            return None
        try:
            taken = self._supply.take(wish)
            if taken is None:
                return None
            fork, self.client = taken
            fork.serve({"environment": environment, "folder": folder}, descriptors=(1, 2))
        except (NoFork, OSError):  # it has just ended, or the folder has gone
            self.client = None
            return None
        self.supplied = SUPPLIED[wish.program]
        self._supply.note(wish)
        return fork

    def _wish(self, command: list[str], *, environment: dict[str, str], folder: str) -> Wish | None:
        """Return what could serve a suite: a fork where that is possible, else a kernel that is started ahead."""
        if self._supply is None:
            return None
        told: dict[str, Any] = {
            "connection_file": self._connection_file,
            "environment": environment,
            "own": self.kernel_spec.env,
        }
        fork = wish_to_fork(command, preload=self._preload, **told) if self._supply.may_fork else None
        if fork is not None and not is_refused(self._supply.folder, fork):
            return fork
        return wish_to_start(command, folder=folder, transport=self._transport, **told)
