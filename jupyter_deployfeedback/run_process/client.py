"""The process that stands by with all that a run needs, and the runs that are forked from it."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

from jupyter_deployfeedback import execution
from jupyter_deployfeedback.execution.standby.client import NoFork, connect
from jupyter_deployfeedback.execution.standby.forkserver import send

__all__ = ["ForkedRun", "NoFork", "Standby", "end_marked", "fork_run"]

LINE_LIMIT = 2**20
KILLED = -9  # a run goes with its keeper
_PACKAGE = Path(__file__).resolve().parents[1]
_CLI = (sys.executable, "-m", "jupyter_deployfeedback.cli")


def end_marked(run_id: str) -> int:
    """End what a run left behind, kernels and their children; return how many processes that were."""
    return execution.end_marked(run_id)


class Standby:
    """Starts the process that stands by when a run is asked for, and anew when it died or what it loaded changed."""

    def __init__(self, *, command: Callable[[int], list[str]], environment: Mapping[str, str]) -> None:
        self._command = command
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._loaded: object = None
        self._folder: Path | None = None
        self._lock = Lock()
        self._closed = False

    @property
    def address(self) -> Path | None:
        """Where the process that stands by listens, None where there is none."""
        stands_by = self._process is not None and self._process.poll() is None
        return self._folder / "runs.sock" if stands_by and self._folder is not None else None

    def start(self) -> None:
        """Have a process stand by, where that is possible; one whose packages changed since is replaced.

        May be called from any thread, and may take seconds where one is replaced that still loads.
        """
        if not hasattr(os, "fork") or sys.platform == "darwin":  # macOS's frameworks do not survive a fork
            return
        with self._lock:
            if self._process is not None and (self._process.poll() is not None or self._loaded != _fingerprint()):
                self._let_go()
            if self._process is None and not self._closed:
                self._start()

    def expect(self, kernels: Iterable[str], *, preload: Sequence[str]) -> None:
        """Have kernels of these names stand by, too."""
        if self.address is not None:
            for name in kernels:
                execution.order_kernel(name, preload=preload, folder=self.address.parent, environment=self._environment)

    def close(self) -> None:
        """Let it go for good; runs that were forked from it go on."""
        with self._lock:
            self._closed = True
            self._let_go()

    def _let_go(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(2.0)
            if self._process.returncode is None:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._folder is not None:
            execution.remove_folder(self._folder)
            self._folder = None

    def _start(self) -> None:
        self._folder = execution.own_folder()
        self._loaded = _fingerprint()
        with socket.socket(socket.AF_UNIX) as listener, (self._folder / "standby.log").open("wb") as log:
            listener.bind(os.fspath(self._folder / "runs.sock"))
            listener.listen(64)
            self._process = subprocess.Popen(
                self._command(listener.fileno()),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(listener.fileno(), execution.lock_of(self._folder)),
                env=dict(self._environment),
                start_new_session=True,
            )


class ForkedRun:
    """One run, forked from the process that stands by."""

    def __init__(
        self, stdout: asyncio.StreamReader, keeper: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.stdout: asyncio.StreamReader | None = stdout
        self.returncode: int | None = None
        self._keeper = keeper
        self._writer = writer

    def terminate(self) -> None:
        """Ask it to cancel its run."""
        self._writer.write(b'{"signal": 15}\n')

    async def wait(self) -> int:
        """Wait for its end, and for the end of all it left behind."""
        with suppress(NoFork):
            while self.returncode is None:
                self.returncode = (await _word(self._keeper)).get("exit")
            self._writer.write(b'{"end": true}\n')
            await _word(self._keeper)
        self._writer.close()
        return KILLED if self.returncode is None else self.returncode

    def kill(self) -> None:
        """End it and everything below it: its keeper does that when nobody speaks to it any more."""
        self._writer.close()


async def fork_run(address: Path, request: dict[str, Any], *, log_file: Path) -> ForkedRun:
    """Have a run forked; NoFork where the process that stands by has gone. ``standby`` reads the request."""
    reading, writing = os.pipe()
    stdout = asyncio.StreamReader(limit=LINE_LIMIT)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stdout), os.fdopen(reading, "rb", buffering=0)
    )
    try:
        with log_file.open("ab") as log:
            connection = connect(address)
            send(connection, request, (writing, log.fileno()))
        keeper, writer = await asyncio.open_connection(sock=connection)
        while "serving" not in await _word(keeper):
            pass
    except (NoFork, OSError) as error:
        transport.close()
        raise NoFork(str(error)) from error
    finally:
        os.close(writing)
    return ForkedRun(stdout, keeper, writer)


async def _word(keeper: asyncio.StreamReader) -> dict[str, int]:
    try:
        line = await keeper.readline()
    except OSError:
        line = b""
    if not line:
        raise NoFork("the keeper of a run has gone")
    word: dict[str, int] = json.loads(line)
    return word


def _fingerprint() -> object:
    """Return what changes when packages are installed, or this one is edited where it lies outside of them."""
    folders = [entry for entry in sys.path if entry.endswith("-packages")]
    edited = [] if any(os.fspath(_PACKAGE).startswith(folder) for folder in folders) else os.walk(_PACKAGE)
    files = [f"{folder}/{name}" for folder, _, names in edited for name in names if name.endswith(".py")]
    return tuple((path, os.stat(path).st_mtime_ns) for path in (*folders, *files) if os.path.exists(path))  # noqa: PTH110, PTH116 - pathlib takes three times as long, in the server's loop


def work_command(run_id: str) -> list[str]:
    """Return the command that evaluates an acknowledged run in a process of its own, telling events on stdout."""
    return [*_CLI, "work", run_id]


def standby_command(descriptor: int, *, idle_seconds: float, memory_mb: int | None) -> list[str]:
    """Return the command of a process that has loaded all this and forks one process for each run it is asked for.

    It listens on the socket with this descriptor, and goes when its stdin is closed or nobody asked for
    ``idle_seconds``. The kernels that stand by take ``memory_mb`` at most. See ``execution.standby.forkserver``.
    """
    limit = [] if memory_mb is None else ["--memory-mb", str(memory_mb)]
    return [*_CLI, "standby", str(descriptor), "--idle-seconds", str(idle_seconds), *limit]
