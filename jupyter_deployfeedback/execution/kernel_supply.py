"""Kernels that stand by: where a suite's kernel can be forked from, and the wish for one where it cannot yet.

Forkservers lie in one folder (0700), each at a socket named by all that has to be equal: interpreter, its options, the
environment it starts with, the modules it loads. A worker that finds none leaves a wish and starts its kernel plainly;
whoever owns the folder grants wishes. A forkserver ends by itself when packages change or nobody asks.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from jupyter_deployfeedback.execution.environment import allowed
from jupyter_deployfeedback.execution.kernel_fork import CONNECTION_FILE
from jupyter_deployfeedback.execution.process_tree import memory_of

FOLDER_VARIABLE = "DEPLOYFEEDBACK_KERNELS"  # tells a run where its workers find forkservers
IDLE_SECONDS = 900.0  # then a forkserver gives its memory back
WEIGH_SECONDS = 5.0
SPARES = 2  # kernels of each kind that are ready before anybody asks
_LAUNCHER = ["-m", "ipykernel_launcher"]
_AT_START_ONLY = ("PYTHON", "LD_", "DYLD_")  # variables that an interpreter reads when it starts
_ROOT = Path(__file__).resolve().parents[2]
_BOOT = """\
import json, sys
sys.path[:] = [sys.argv[1], *(entry for entry in sys.path if entry)]
from jupyter_deployfeedback.execution.kernel_fork import main
main(int(sys.argv[2]), **json.loads(sys.argv[3]))
"""


@dataclass(frozen=True)
class Wish:
    """A forkserver that should be there: the start of its command, its environment, what it loads, what kernels get."""

    interpreter: tuple[str, ...]
    environment: dict[str, str]
    preload: tuple[str, ...]
    arguments: tuple[str, ...]

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the wish that was written down."""
        fields = json.loads(text)
        lists = {name: tuple(fields[name]) for name in ("interpreter", "preload", "arguments")}
        return cls(environment=fields["environment"], **lists)

    @property
    def name(self) -> str:
        """A short name that differs where anything differs."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def wish_for(
    command: Sequence[str],
    *,
    connection_file: str,
    environment: Mapping[str, str],
    own: Mapping[str, str],
    preload: Sequence[str],
) -> Wish | None:
    """Return which forkserver could fork the kernel of this command, None where a fork would differ from a start.

    ``environment`` is the kernel's; ``own`` what its specification adds to it. A fork has a connection file of its own.
    """
    if not sys.platform.startswith("linux") or _LAUNCHER[1] not in command:
        return None
    at = list(command).index(_LAUNCHER[1])
    if at < 2 or command[at - 1] != _LAUNCHER[0]:
        return None
    shared = {**allowed(environment), **{name: environment[name] for name in own if name in environment}}
    if any(name.startswith(_AT_START_ONLY) for name in environment if name not in shared):
        return None
    arguments = tuple(argument.replace(connection_file, CONNECTION_FILE) for argument in command[at + 1 :])
    return Wish(tuple(command[: at - 1]), shared, tuple(preload), arguments)


def find(folder: Path, wish: Wish) -> Path | None:
    """Return the address of a forkserver; where there is none, None, and the wish for one is left behind."""
    address = folder / f"{wish.name}.sock"
    if address.exists():
        return address
    leave(folder, wish)
    return None


def remember(folder: Path, project_folder: str, name: str) -> None:
    """Note which forkserver the suites of a project use: its next run will probably use it too."""
    os.utime(folder / f"{name}.sock")
    note = _note(folder, project_folder)
    if not note.exists() or note.read_text(encoding="ascii") != name:
        note.write_text(name, encoding="ascii")


def remembered(folder: Path, project_folder: str) -> str:
    """Return the name of the forkserver that a project used last, nothing where it used none."""
    try:
        return _note(folder, project_folder).read_text(encoding="ascii")
    except OSError:
        return ""


def _note(folder: Path, project_folder: str) -> Path:
    return folder / f"{hashlib.sha256(project_folder.encode()).hexdigest()[:16]}.last"


def leave(folder: Path, wish: Wish) -> None:
    """Write a wish down for whoever owns the folder."""
    unfinished = folder / f"{wish.name}.{os.getpid()}"
    unfinished.write_text(json.dumps(asdict(wish)), encoding="utf-8")
    unfinished.replace(folder / f"{wish.name}.wish")


class Forkservers:
    """Owns the folder: starts the forkservers that are wished for, and forgets those that ended."""

    def __init__(
        self,
        folder: Path,
        *,
        spares: int = SPARES,
        idle_seconds: float = IDLE_SECONDS,
        memory_mb: int | None = None,
    ) -> None:
        self._folder = folder
        self._spares = spares
        self._memory_mb = memory_mb
        self._weighed_at = 0.0
        self._idle_seconds = idle_seconds
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._failed: set[str] = set()

    def tend(self) -> None:
        """Grant the wishes, and take the addresses of those away that have ended."""
        for name, process in list(self._running.items()):
            if (code := process.poll()) is not None:
                self._failed |= {name} if code else set()  # a module that it cannot load, for one
                (self._folder / f"{name}.sock").unlink(missing_ok=True)
                del self._running[name]
        for path in self._folder.glob("*.wish"):
            wish = Wish.read(path.read_text(encoding="utf-8"))
            path.unlink()
            if wish.name not in self._running and wish.name not in self._failed:
                self._running[wish.name] = self._start(wish)
        self._keep_within_memory()

    def _keep_within_memory(self) -> None:
        """Let forkservers go, those used least recently first, until the others take no more than is allowed."""
        if self._memory_mb is None or time.monotonic() - self._weighed_at < WEIGH_SECONDS:
            return
        self._weighed_at = time.monotonic()
        weights = {name: memory_of(process.pid) for name, process in self._running.items()}
        for name in sorted(weights, key=self._used_at):
            if sum(weights.values()) <= self._memory_mb * 1e6:
                return
            del weights[name]
            self._dismiss(self._running[name])
            (self._folder / f"{name}.sock").unlink(missing_ok=True)

    def _used_at(self, name: str) -> float:
        try:
            return (self._folder / f"{name}.sock").stat().st_mtime
        except OSError:
            return 0.0

    def close(self) -> None:
        """Let all of them go."""
        for process in self._running.values():
            self._dismiss(process)

    def _dismiss(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdin is not None:
            process.stdin.close()

    def _start(self, wish: Wish) -> subprocess.Popen[bytes]:
        address = self._folder / f"{wish.name}.sock"
        with socket.socket(socket.AF_UNIX) as listener, (self._folder / f"{wish.name}.log").open("wb") as log:
            listener.bind(os.fspath(address))
            listener.listen(64)
            told = {
                "preload": wish.preload,
                "arguments": wish.arguments,
                "spares": self._spares,
                "idle_seconds": self._idle_seconds,
            }
            return subprocess.Popen(
                [*wish.interpreter, "-c", _BOOT, str(_ROOT), str(listener.fileno()), json.dumps(told)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(listener.fileno(),),
                env=wish.environment,
                cwd="/",
                start_new_session=True,
            )
