"""The supply of kernels: how a suite gets its kernel. It is one that stands by where there is one, else started.

Every kernel serves one suite and has its own environment. It talks over a socket file that only this user can open,
where it is known to speak over one.
"""

import inspect
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_core.utils import run_sync

from jupyter_deployfeedback.execution.environment import allowed
from jupyter_deployfeedback.execution.kernels.client import SuiteKernelClient, hear_everything
from jupyter_deployfeedback.execution.kernels.provisioner import STARTED, SuiteProvisioner, Supply
from jupyter_deployfeedback.execution.standby.orders import find, is_refused, order_to_fork

POLITE_SECONDS = 4.0  # half of it for a kernel to end by itself, half for SIGTERM, then SIGKILL
HASTY_SECONDS = 1.5  # the same, when the suite was stopped
END_POLL_SECONDS = 0.005
_PYTHON = "python3"
_SPEAK_OVER_FILES = ("ipykernel", "bash_kernel", "IRkernel", "IJulia")  # in the command of those that know "ipc"


@dataclass(frozen=True)
class KernelRequest:
    """Which kernel a suite asks for. ``environment`` is the kernel's whole environment, paths are absolute."""

    name: str
    folder: str
    environment: dict[str, str]
    runtime_folder: str
    supply: str = ""  # the folder where kernels stand by, if there is one
    may_fork: bool = True
    preload: tuple[str, ...] = ()


class SuiteKernelManager(AsyncKernelManager):
    """Starts and ends one kernel; its clients take in any number of messages."""

    @property
    def supplied(self) -> str:
        """How its kernel came to be: forked or started."""
        return getattr(self.provisioner, "supplied", STARTED)

    @property
    def language(self) -> str:
        """The language its kernel speaks, as its specification says."""
        return self.kernel_spec.language if self.kernel_spec is not None else ""

    def client(self, **settings: Any) -> Any:  # noqa: ANN401 - jupyter_client's own
        """Return a client of the kernel that hears all it says."""
        client = super().client(**settings)
        hear_everything(client)
        return client

    async def start_kernel(  # type: ignore[override]  # jupyter_client annotates it as what it is not
        self,
        **settings: Any,  # noqa: ANN401 - jupyter_client's own
    ) -> None:
        """Start its kernel; jupyter_client's own sleeps for 0.01 s afterwards, for its tests."""
        await inspect.unwrap(AsyncKernelManager.start_kernel)(self, **settings)

    async def _async_wait(self, pollinterval: float = END_POLL_SECONDS) -> None:
        """Wait until its process has ended; jupyter_client's own looks ten times a second."""
        await super()._async_wait(pollinterval=min(pollinterval, END_POLL_SECONDS))


@contextmanager
def supply_kernel(request: KernelRequest) -> Iterator[SuiteKernelManager]:
    """Give a started kernel that nobody used before; it is ended afterwards, whatever happened.

    It may not answer yet: connecting waits for it. Raises ``jupyter_client.kernelspec.NoSuchKernel``.
    """
    manager = SuiteKernelManager(
        kernel_name=request.name,
        connection_file=str(Path(request.runtime_folder) / "kernel.json"),
        shutdown_wait_time=POLITE_SECONDS,
        client_factory=SuiteKernelClient,
        kernel_id=str(uuid4()),
    )
    manager.transport = _transport(manager.kernel_spec)
    if _is_local(manager):
        manager.provisioner = SuiteProvisioner(
            parent=manager,
            kernel_id=manager.kernel_id,
            kernel_spec=manager.kernel_spec,
            connection_file=manager.connection_file,
            transport=manager.transport,
            supply=_supply(request),
            preload=request.preload,
        )
    environment = request.environment | {"JUPYTER_RUNTIME_DIR": request.runtime_folder}
    try:
        run_sync(manager.start_kernel)(extra_arguments=_arguments(manager), env=environment, cwd=request.folder)
        yield manager
    except BaseException:
        manager.shutdown_wait_time = HASTY_SECONDS
        raise
    finally:
        _end(manager)


def order_kernel(name: str, *, preload: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    """Have a kernel that suites will probably ask for forked before they do; where that cannot be, nothing happens.

    ``folder`` is where kernels stand by, ``environment`` that of the runs. Raises ``NoSuchKernel``.
    """
    manager = SuiteKernelManager(kernel_name=name, connection_file=str(folder / "kernel.json"))
    specification = manager.kernel_spec
    if specification is None or specification.env or not _is_local(manager):  # what it adds may depend on the suite
        return
    command = manager.format_kernel_cmd(extra_arguments=_arguments(manager))
    order = order_to_fork(
        command, connection_file=manager.connection_file, environment=allowed(environment), own={}, preload=preload
    )
    if order is not None and not is_refused(folder, order):
        find(folder, order)


def find_provisioners() -> None:
    """Have jupyter_client look once which packages bring ways to start kernels: it reads what each package offers."""
    KernelProvisionerFactory.instance()


def kernel_name(metadata: dict[str, dict[str, str]]) -> tuple[str, str | None]:
    """Return the kernel a notebook names, or Python's with a notice where it names none."""
    name = metadata.get("kernelspec", {}).get("name")
    if name:
        return name, None
    return _PYTHON, f"The notebook names no kernel; {_PYTHON} ran it."


def how_it_ended(manager: SuiteKernelManager) -> str:
    """Say how a kernel's process ended by itself."""
    process = getattr(manager.provisioner, "process", None)
    code = process.poll() if process is not None else None
    if code is None:
        return "The kernel ended."
    if code < 0:
        hint = " This is how a system ends what needs too much memory." if -code == signal.SIGKILL else ""
        return f"The kernel was killed by signal {-code}.{hint}"
    return f"The kernel exited with code {code} in the middle of the suite."


def _arguments(manager: SuiteKernelManager) -> list[str]:
    return ["--HistoryManager.hist_file=:memory:"] if manager.ipykernel else []


def _transport(specification: KernelSpec | None) -> str:
    """Return "ipc", a socket file in our own folder, where the kernel can; TCP is open to every user of the machine.

    Others do not know it, or not with paths as long as ours: xeus has 32 bytes for an address.
    """
    command = "" if specification is None else " ".join(specification.argv)
    return "ipc" if any(name in command for name in _SPEAK_OVER_FILES) else "tcp"


def _supply(request: KernelRequest) -> Supply | None:
    return Supply(Path(request.supply), request.may_fork) if request.supply else None


def _is_local(manager: SuiteKernelManager) -> bool:
    """Say whether the kernel is started by Jupyter's usual means: a specification may name others."""
    specification = manager.kernel_spec
    return specification is not None and "kernel_provisioner" not in specification.metadata


def _end(manager: SuiteKernelManager) -> None:
    if manager.has_kernel and not manager.context.closed:  # nbclient closes it with a kernel that never got ready
        run_sync(manager.shutdown_kernel)()
    else:
        run_sync(manager.cleanup_resources)()
