"""Runs in a kernel's own Python: loads ipykernel and the project's preloads once, and forks a kernel for each suite.

What a plain start would give a kernel, the fork gives it too: environment, folder, arguments, signal handlers, a random
state of its own. Standard library and ipykernel only: this package need not be installed where the kernel is.
"""

from __future__ import annotations

import atexit
import ctypes
import importlib
import os
import socket
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from jupyter_deployfeedback.execution.forkserver import Request, serve

PACKAGE = "jupyter_deployfeedback"
_LOADED_LATE = (
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.oinspect",
    "IPython.core.completer",
    "IPython.extensions.storemagic",
    "ipykernel.datapub",
    "ipykernel.debugger",
    "ipykernel.zmqshell",
    "faulthandler",
    "sqlite3",
    "tornado.platform.asyncio",
    f"{PACKAGE}.probe",
)
_MARKS = ("DEPLOYFEEDBACK_RUN_ID", "DEPLOYFEEDBACK_SUITE")


def main(descriptor: int, preload: list[str], *, idle_seconds: float) -> None:
    """Serve kernels on the socket ``descriptor`` until the parent goes, nobody asks any more, or packages change."""
    listener = socket.socket(fileno=descriptor)
    _forget_ourselves()
    before = dict(os.environ)
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")  # as ipykernel sets it
    import ipykernel.kernelapp  # noqa: F401 - what every fork needs

    for module in _LOADED_LATE:
        _try_import(module)
    for module in preload:
        importlib.import_module(module)
    if threading.active_count() > 1:
        sys.exit("What was preloaded started a thread; a fork would lose it.")
    by_imports = {name: value for name, value in os.environ.items() if before.get(name) != value}
    serve(
        listener,
        partial(be_kernel, by_imports=by_imports),
        parent_pipe=0,
        idle_seconds=idle_seconds,
        fresh=_watch_packages(),
    )


def be_kernel(request: Request, *, by_imports: dict[str, str]) -> None:
    """Become the kernel that was asked for, until it is shut down; ``by_imports``: variables that modules have set."""
    os.environ.clear()
    os.environ.update({**by_imports, **request["environment"], "JPY_PARENT_PID": str(os.getppid())})
    mark_process(request["environment"])
    os.chdir(request["folder"])
    import ipykernel_launcher  # type: ignore[import-untyped]  # ipykernel leaves it untyped

    sys.argv = [ipykernel_launcher.__file__, *request["arguments"]]
    _seed()
    application = _application()
    application.parent_handle = os.getppid()
    try:
        application.initialize(request["arguments"])
        application.start()
    finally:
        threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - as multiprocessing ends its forks
        atexit._run_exitfuncs()  # noqa: SLF001


def mark_process(environment: dict[str, str]) -> None:
    """Write the run's marks where other processes read a process's environment: a fork shows its parent's there."""
    try:
        fields = Path("/proc/self/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        start, end = int(fields[47]), int(fields[48])
    except (OSError, IndexError, ValueError):
        return
    marks = b"".join(f"{name}={environment[name]}".encode() + b"\0" for name in _MARKS if name in environment)
    if start > 0 and len(marks) <= end - start:
        ctypes.memmove(start, marks.ljust(end - start, b"\0"), end - start)


def _application() -> Any:  # noqa: ANN401 - ipykernel is the kernel's, not ours
    """Return ipykernel's application, whose outputs are never dropped: ZeroMQ's limit of a thousand is lifted.

    No subclass: libraries such as tqdm look for its name in the configuration.
    """
    import zmq
    from ipykernel.kernelapp import IPKernelApp

    plain = IPKernelApp.init_iopub

    def init_iopub(self: IPKernelApp, context: Any) -> None:  # noqa: ANN401 - zmq's
        context.setsockopt(zmq.SNDHWM, 0)
        plain(self, context)  # type: ignore[no-untyped-call]  # ipykernel leaves it untyped

    IPKernelApp.init_iopub = init_iopub  # type: ignore[method-assign]  # in this fork only
    return IPKernelApp.instance()


def _forget_ourselves() -> None:
    """Take this package away again: a suite sees the one that is installed for its kernel, or none."""
    del sys.path[0]  # where we were found
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def _try_import(module: str) -> None:
    try:
        importlib.import_module(module)
    except ImportError:
        return


def _seed() -> None:
    """Give the fork random numbers of its own; the standard library's generator sees to that by itself."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and "numpy.random" in sys.modules:
        numpy.random.seed()


def _watch_packages() -> Callable[[], bool]:
    folders = [Path(entry) for entry in sys.path if entry]

    def seen() -> list[int]:
        return [folder.stat().st_mtime_ns if folder.exists() else 0 for folder in folders]

    before = seen()
    return lambda: seen() == before
