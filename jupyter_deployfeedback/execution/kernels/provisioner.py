"""How Jupyter's kernel manager gets the process of a suite's kernel: one that stands by, else a plain start."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from jupyter_deployfeedback.execution.standby import orders
from jupyter_deployfeedback.execution.standby.client import Forked, NoFork

END_SECONDS = 3.0  # for a keeper to end all that is left
STARTED = "started"
SUPPLIED = {orders.Program.FORK: "forked", orders.Program.START: "started ahead"}


@dataclass(frozen=True)
class Supply:
    """Where kernels stand by, and whether a suite's may be forked."""

    folder: Path
    may_fork: bool

    def take(self, order: orders.Order) -> Forked | None:
        """Return a kernel that waits; None, and the order for one is left, where there is none.

        Raises NoFork, OSError.
        """
        address = orders.find(self.folder, order)
        return None if address is None else Forked(address)

    def note(self, order: orders.Order) -> None:
        """Note for the next run what this one used."""
        with suppress(OSError):  # the folder has gone, with whoever kept kernels there
            if order.program is orders.Program.FORK:
                orders.mark_used(self.folder, order.name)
            else:
                orders.leave(self.folder, order)


class SuiteProvisioner(LocalProvisioner):
    """Jupyter's own, whose process may have stood by. It serves one kernel once."""

    supplied = STARTED

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
        order = self._order(command, environment=environment, folder=folder)
        if self._supply is None or order is None:
            return None
        try:
            fork = self._supply.take(order)
            if fork is None:
                return None
            fork.serve({"environment": environment, "folder": folder}, descriptors=(1, 2))
        except (NoFork, OSError):  # it has just ended, or the folder has gone
            return None
        self.supplied = SUPPLIED[order.program]
        self._supply.note(order)
        return fork

    def _order(self, command: list[str], *, environment: dict[str, str], folder: str) -> orders.Order | None:
        """Return what could serve a suite: a fork where that is possible, else a kernel that is started ahead."""
        if self._supply is None:
            return None
        told: dict[str, Any] = {
            "connection_file": self._connection_file,
            "environment": environment,
            "own": self.kernel_spec.env,
        }
        fork = orders.order_to_fork(command, preload=self._preload, **told) if self._supply.may_fork else None
        if fork is not None and not orders.is_refused(self._supply.folder, fork):
            return fork
        return orders.order_to_start(command, folder=folder, transport=self._transport, **told)
