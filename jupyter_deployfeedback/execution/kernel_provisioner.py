"""How Jupyter's kernel manager gets the process of a suite's kernel: a fork where one stands by, else a plain start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from jupyter_deployfeedback.execution.forked import Forked, NoFork
from jupyter_deployfeedback.execution.kernel_client import SuiteKernelClient
from jupyter_deployfeedback.execution.kernel_reserve import END_SECONDS, Reserve
from jupyter_deployfeedback.execution.kernel_supply import Wish, find, remember, wish_for

FORKED = "forked"
STARTED = "started"


@dataclass(frozen=True)
class Supply:
    """Where kernels can be forked, for a suite of which project, and what was reserved for it."""

    folder: Path
    project_folder: str
    reserve: Reserve

    def fork(self, wish: Wish) -> Forked | None:
        """Return a kernel that waits; None, and the wish for one is left, where there is none. Raises NoFork."""
        address = find(self.folder, wish)
        return None if address is None else Forked(address)


class SuiteProvisioner(LocalProvisioner):
    """Jupyter's own, whose process may be a fork. It serves one kernel once."""

    supplied = STARTED
    client: SuiteKernelClient | None = None  # one that is connected to the kernel already

    def __init__(
        self,
        *,
        connection_file: str,
        supply: Supply | None,
        preload: tuple[str, ...],
        **settings: Any,  # noqa: ANN401 - jupyter_client's own
    ) -> None:
        super().__init__(**settings)
        self._connection_file = connection_file
        self._supply = supply
        self._preload = preload
        self._fork: Forked | None = None

    async def launch_kernel(self, cmd: list[str], **settings: Any) -> KernelConnectionInfo:  # noqa: ANN401
        """Take a kernel that stands by, or start it where nothing does; returns where it listens."""
        self._fork = self._forked(cmd, environment=settings["env"], folder=settings["cwd"])
        if self._fork is None:
            return await super().launch_kernel(cmd, **settings)
        self.supplied = FORKED
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

    def _forked(self, command: list[str], *, environment: dict[str, str], folder: str) -> Forked | None:
        wish = wish_for(
            command,
            connection_file=self._connection_file,
            environment=environment,
            own=self.kernel_spec.env,
            preload=self._preload,
        )
        if self._supply is None or wish is None:
            return None
        try:
            reserved = self._supply.reserve.take(wish.name)
            fork = reserved.fork if reserved is not None else self._supply.fork(wish)
            if fork is not None:
                fork.serve({"environment": environment, "folder": folder}, descriptors=(1, 2))
                remember(self._supply.folder, self._supply.project_folder, wish.name)
                self.client = reserved.client if reserved is not None else None
        except (NoFork, OSError):  # it has just ended, or the folder has gone
            return None
        return fork
