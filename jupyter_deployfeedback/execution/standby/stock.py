"""The stock of kernels that stand by: what workers ordered is started, what is no longer needed goes."""

import json
import os
import socket
import subprocess
import time
from pathlib import Path

from jupyter_deployfeedback.execution.standby.forkserver import LOADING, READY
from jupyter_deployfeedback.execution.standby.orders import Order, Program, is_refused, refuse
from jupyter_deployfeedback.execution.worker.process_tree import memory_of

IDLE_SECONDS = 900.0  # then what stands by gives its memory back
WEIGH_SECONDS = 5.0
SPARES = 2  # forked kernels of each kind that are ready before anybody asks
MOST_STARTED = 4  # kernels that stand by without being forked: each takes the memory of a whole one
_ROOT = Path(__file__).resolve().parents[3]
_BOOT = """\
import importlib, json, sys
sys.path[:] = [sys.argv[1], *(entry for entry in sys.path if entry)]
importlib.import_module(sys.argv[2]).main(int(sys.argv[3]), **json.loads(sys.argv[4]))
"""


class Stock:
    """Owns the folder: starts what is ordered, and forgets what ended."""

    def __init__(self, folder: Path, *, idle_seconds: float = IDLE_SECONDS, memory_mb: int | None = None) -> None:
        self._folder = folder
        self._memory_mb = memory_mb
        self._weighed_at = 0.0
        self._idle_seconds = idle_seconds
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._started: list[str] = []  # kernels that were not forked, the oldest first

    def tend(self, *, busy: bool = False) -> None:
        """Grant the orders, and take the addresses of those away that have ended.

        While a run is ``busy`` no kernel is started ahead: that would disturb what its suites measure.
        """
        for name, process in list(self._running.items()):
            if (code := process.poll()) is not None:
                if code and not _is_dismissed(process):
                    refuse(self._folder, name)
                self._forget(name)
        orders = [(path, Order.read(path)) for path in sorted(self._folder.glob("*.order"), key=_changed_at)]
        self._grant([(path, order) for path, order in orders if order.program is Program.FORK])
        if not busy:
            starts = [(path, order) for path, order in orders if order.program is Program.START]
            self._grant(starts[:MOST_STARTED])
            for path, _ in starts[MOST_STARTED:]:
                path.unlink()
            for name in self._started[:-MOST_STARTED]:
                self._let_go(name)
        self._keep_within_memory()

    def close(self) -> None:
        """Let all of them go."""
        for process in self._running.values():
            _dismiss(process)

    def _grant(self, orders: list[tuple[Path, Order]]) -> None:
        for path, order in orders:
            path.unlink()
            if order.name in self._running or is_refused(self._folder, order):
                continue
            self._running[order.name] = self._start(order)
            if order.program is Program.START:
                self._started.append(order.name)

    def _keep_within_memory(self) -> None:
        """Let some go, those used least recently first, until the others take no more than is allowed."""
        if self._memory_mb is None or time.monotonic() - self._weighed_at < WEIGH_SECONDS:
            return
        self._weighed_at = time.monotonic()
        weights = {name: memory_of(process.pid) for name, process in self._running.items()}
        for name in sorted(weights, key=self._used_at):
            if sum(weights.values()) <= self._memory_mb * 1e6:
                return
            del weights[name]
            self._let_go(name)

    def _used_at(self, name: str) -> float:
        return _changed_at(self._folder / f"{name}{READY}")

    def _let_go(self, name: str) -> None:
        _dismiss(self._running[name])
        self._hide(name)

    def _forget(self, name: str) -> None:
        self._hide(name)
        del self._running[name]
        if name in self._started:
            self._started.remove(name)

    def _hide(self, name: str) -> None:
        for ending in (LOADING, READY):
            (self._folder / f"{name}{ending}").unlink(missing_ok=True)

    def _start(self, order: Order) -> subprocess.Popen[bytes]:
        address = self._folder / f"{order.name}{LOADING}"
        with socket.socket(socket.AF_UNIX) as listener, (self._folder / f"{order.name}.log").open("wb") as log:
            listener.bind(os.fspath(address))
            listener.listen(64)
            told = json.dumps({**order.told, "spares": SPARES, "idle_seconds": self._idle_seconds})
            return subprocess.Popen(
                [*order.interpreter, "-c", _BOOT, str(_ROOT), order.program, str(listener.fileno()), told],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(listener.fileno(),),
                env=order.environment,
                cwd="/",
                start_new_session=True,
            )


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # it has gone
        return 0.0


def _is_dismissed(process: subprocess.Popen[bytes]) -> bool:
    return process.stdin is None or process.stdin.closed


def _dismiss(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
