"""How Jupyter's kernel manager gets the process of a suite's kernel: a fork where one stands by, else a plain start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from jupyter_deployfeedback.execution.forked import Forked, NoFork
from jupyter_deployfeedback.execution.kernel_supply import find, launcher_arguments, wish_for

FORKED = "forked"
STARTED = "started"
END_SECONDS = 3.0  # for a keeper to end all that is left


class SuiteProvisioner(LocalProvisioner):
    """Jupyter's own, whose process may be a fork. It serves one kernel once."""

    supplied = STARTED

    def __init__(self, *, supply: Path | None, preload: tuple[str, ...], **settings: Any) -> None:  # noqa: ANN401
        super().__init__(**settings)
        self._supply = supply
        self._preload = preload
        self._fork: Forked | None = None

    async def launch_kernel(self, cmd: list[str], **settings: Any) -> KernelConnectionInfo:  # noqa: ANN401
        """Fork the kernel, or start it where nothing stands by."""
        self._fork = self._forked(cmd, environment=settings["env"], folder=settings["cwd"])
        if self._fork is None:
            return await super().launch_kernel(cmd, **settings)
        self.supplied = FORKED
        self.process: Any = self._fork
        self.pid = self.pgid = self._fork.pid  # it leads its own session
        self.cwd = settings["cwd"]
        return self.connection_info

    async def cleanup(self, restart: bool = False) -> None:  # noqa: FBT001, FBT002 - Jupyter's signature
        """End what the kernel left behind."""
        if self._fork is not None:
            self._fork.close(within_seconds=END_SECONDS)
            self._fork = None
        await super().cleanup(restart=restart)

    def _forked(self, command: list[str], *, environment: dict[str, str], folder: str) -> Forked | None:
        wish = wish_for(command, environment=environment, own=self.kernel_spec.env, preload=self._preload)
        if self._supply is None or wish is None:
            return None
        request = {"environment": environment, "folder": folder, "arguments": launcher_arguments(command)}
        try:
            address = find(self._supply, wish)
            return Forked(address, request, descriptors=(1, 2)) if address is not None else None
        except (NoFork, OSError):  # it has just ended, or the folder has gone
            return None
