"""Runs in a kernel's own Python: loads ipykernel and the project's preloads once, and forks a kernel for each suite.

What a plain start would give a kernel, the fork gives it too: environment, folder, arguments, signal handlers, a random
state of its own. Standard library and ipykernel only: this package need not be installed where the kernel is.
"""

from __future__ import annotations  # a kernel's own interpreter may be older

import atexit
import ctypes
import importlib
import json
import os
import socket
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from jupyter_deployfeedback.execution.standby.forkserver import Turn, Word, leaving_with_parent, serve, show

PACKAGE = "jupyter_deployfeedback"
WATCHER = "_deployfeedback_in_kernel"  # by which a kernel knows what watches its cells, whoever loaded it
CONNECTION_FILE = "{connection_file}"  # stands for it in a kernel's arguments, as in a kernel's specification
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


def main(descriptor: int, preload: list[str], arguments: list[str], *, spares: int, idle_seconds: float) -> None:
    """Serve kernels on the socket ``descriptor`` until the parent goes, nobody asks any more, or packages change."""
    listener = socket.socket(fileno=descriptor)
    _forget_ourselves()
    before = dict(os.environ)
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")  # as ipykernel sets it
    with leaving_with_parent(0):
        import ipykernel.kernelapp  # noqa: F401 - what every fork needs

        for module in _LOADED_LATE:
            _try_import(module)
        for module in preload:
            importlib.import_module(module)
    if threading.active_count() > 1:
        sys.exit("What was preloaded started a thread; a fork would lose it.")
    by_imports = _changed(since=before)
    place = show(listener)
    serve(
        listener,
        partial(be_kernel, arguments=arguments, by_imports=by_imports, place=place),
        parent_pipe=0,
        spares=spares,
        idle_seconds=idle_seconds,
        fresh=_watch_packages(),
    )


def be_kernel(turn: Turn, *, arguments: list[str], by_imports: dict[str, str], place: Path) -> None:
    """Become a kernel that listens, wait for the suite that needs it, and serve it until it is shut down.

    ``by_imports``: variables that modules have set. What a suite can see is done only when the suite is known: its
    environment, its folder, the user's startup files.
    """
    os.environ["JPY_PARENT_PID"] = str(os.getppid())
    connection = _write_connection(place)
    import ipykernel_launcher  # type: ignore[import-untyped]  # ipykernel leaves it untyped

    told = [argument.replace(CONNECTION_FILE, str(connection)) for argument in arguments]
    sys.argv = [ipykernel_launcher.__file__, *told]
    application = _application()
    application.parent_handle = os.getppid()
    finish = _without_the_users_part(application)
    before = dict(os.environ)
    application.initialize(told)
    by_ipykernel = _changed(since=before)
    application.shell.run_cell("", silent=True)  # the first takes longer
    request, descriptors = turn.take(connection=json.loads(connection.read_bytes()), folder=str(connection.parent))
    try:  # from here on there is somebody whose exit functions have to run
        _serve_suite(request, descriptors, variables={**by_imports, **request["environment"], **by_ipykernel})
        finish()
        application.start()
        _finish_control(application)
    finally:
        threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - as multiprocessing ends its forks
        atexit._run_exitfuncs()  # noqa: SLF001


def _write_connection(place: Path) -> Path:
    """Write the file that says where this kernel listens: on sockets in a folder of its own, as short as can be."""
    from jupyter_client.connect import write_connection_file

    folder = place / f"{os.getpid()}"
    folder.mkdir(mode=0o700)
    file = folder / "kernel.json"
    write_connection_file(str(file), transport="ipc", ip=str(folder / "s"), key=uuid4().hex.encode())
    return file


def _without_the_users_part(application: Any) -> Callable[[], None]:  # noqa: ANN401 - ipykernel is the kernel's, not ours
    """Keep ``initialize`` from what depends on the suite, and return what makes up for it, in ipykernel's order."""
    steps = [application.init_path, application.init_gui_pylab, application.init_extensions, application.init_code]
    for step in steps:
        setattr(application, step.__name__, lambda: None)

    def finish() -> None:
        for step in steps:
            step()
        sys.stdout.flush()
        sys.stderr.flush()

    return finish


def _changed(*, since: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if since.get(name) != value}


def _serve_suite(request: Word, descriptors: list[int], *, variables: dict[str, str]) -> None:
    """Take over what a plain start would have given this kernel."""
    os.environ.clear()
    os.environ.update({**variables, "JPY_PARENT_PID": str(os.getppid())})
    mark_process(request["environment"])
    os.chdir(request["folder"])
    for stream, descriptor in zip((sys.stdout, sys.stderr), descriptors, strict=True):
        os.dup2(descriptor, getattr(stream, "_original_stdstream_copy", stream.fileno()))
        os.close(descriptor)
    _seed()


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
    """Take this package away again, but for the watcher: a suite sees the one installed for its kernel, or none."""
    watcher = importlib.import_module(f"{PACKAGE}.execution.standby.in_kernel")
    del sys.path[0]  # where we were found
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    sys.modules[WATCHER] = watcher


def _try_import(module: str) -> None:
    try:
        importlib.import_module(module)
    except ImportError:
        return


def _finish_control(application: Any) -> None:  # noqa: ANN401
    """Let the control thread finish before the one that publishes outputs ends: its last flush would wait for it."""
    if application.control_thread and application.control_thread.is_alive():
        application.control_thread.stop()
        application.control_thread.join()


def _seed() -> None:
    """Give the fork random numbers of its own; the standard library's generator sees to that by itself."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and "numpy.random" in sys.modules:
        numpy.random.seed()


def _watch_packages() -> Callable[[], bool]:
    """Return what says whether packages are as they were, and the files of what was loaded that are not installed."""
    places = [*(Path(entry) for entry in sys.path if entry), *_edited_in_place()]

    def seen() -> list[int]:
        return [place.stat().st_mtime_ns if place.exists() else 0 for place in places]

    before = seen()
    return lambda: seen() == before


def _edited_in_place() -> list[Path]:
    """Return the files of modules that lie in nobody's packages: of a project's own, which people edit between runs."""
    standard = Path(os.__file__).parent
    files = [getattr(module, "__dict__", {}).get("__file__") for module in list(sys.modules.values())]
    paths = [Path(file) for file in files if isinstance(file, str)]
    return [
        path
        for path in paths
        if not path.is_relative_to(standard) and not any(part.endswith("-packages") for part in path.parts)
    ]
