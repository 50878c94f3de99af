"""The supply of kernels: the one place that knows how a suite gets its kernel. Today each is started plainly.

Every kernel serves one suite, talks over a socket file that only this user can open, and has its own environment.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync

POLITE_SECONDS = 4.0  # half of it for a kernel to end by itself, half for SIGTERM, then SIGKILL
HASTY_SECONDS = 1.5  # the same, when the suite was stopped
_PYTHON = "python3"


@dataclass(frozen=True)
class KernelRequest:
    """Which kernel a suite asks for. ``environment`` is the kernel's whole environment, paths are absolute."""

    name: str
    folder: str
    environment: dict[str, str]
    runtime_folder: str


@contextmanager
def supply_kernel(request: KernelRequest) -> Iterator[AsyncKernelManager]:
    """Give a started kernel that nobody used before; it is ended afterwards, whatever happened.

    It may not answer yet: connecting waits for it. Raises ``jupyter_client.kernelspec.NoSuchKernel``.
    """
    manager = AsyncKernelManager(
        kernel_name=request.name,
        transport="ipc",  # a socket file in our own folder; TCP is open to every user of the machine
        connection_file=str(Path(request.runtime_folder) / "kernel.json"),
        shutdown_wait_time=POLITE_SECONDS,
    )
    arguments = ["--HistoryManager.hist_file=:memory:"] if manager.ipykernel else []
    environment = request.environment | {"JUPYTER_RUNTIME_DIR": request.runtime_folder}
    try:
        run_sync(manager.start_kernel)(extra_arguments=arguments, env=environment, cwd=request.folder)
        yield manager
    except BaseException:
        manager.shutdown_wait_time = HASTY_SECONDS
        raise
    finally:
        _end(manager)


def kernel_name(metadata: dict[str, dict[str, str]]) -> tuple[str, str | None]:
    """Return the kernel a notebook names, or Python's with a notice where it names none."""
    name = metadata.get("kernelspec", {}).get("name")
    if name:
        return name, None
    return _PYTHON, f"The notebook names no kernel; {_PYTHON} ran it."


def how_it_ended(manager: AsyncKernelManager) -> str:
    """Say how a kernel's process ended by itself."""
    process = getattr(manager.provisioner, "process", None)
    code = process.poll() if process is not None else None
    if code is None:
        return "The kernel ended."
    if code < 0:
        hint = " This is how a system ends what needs too much memory." if -code == signal.SIGKILL else ""
        return f"The kernel was killed by signal {-code}.{hint}"
    return f"The kernel exited with code {code} in the middle of the suite."


def _end(manager: AsyncKernelManager) -> None:
    if manager.has_kernel:
        run_sync(manager.shutdown_kernel)()
    else:
        run_sync(manager.cleanup_resources)()
