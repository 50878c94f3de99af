"""The watcher's hold on one worker: start it, send it suites, hear its events, stop it, end it."""

import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Self

from jupyter_deployfeedback.execution.environment import allowed
from jupyter_deployfeedback.execution.folders import own_folder, remove_folder
from jupyter_deployfeedback.execution.standby.own_fork import Fork
from jupyter_deployfeedback.execution.worker.process_tree import descendants, end
from jupyter_deployfeedback.execution.worker.wire import Event, Request, Settle, Settled, decode

# -P, and the package's place at the very end of the path: nothing in a project's folder takes the place of a module.
_BOOT = """\
import sys
sys.path.append(sys.argv[1])
from jupyter_deployfeedback.execution.worker import skip_iri_grammar
skip_iri_grammar()
from jupyter_deployfeedback.execution.worker.main import main
main(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
"""
_PACKAGE_ROOT = Path(__file__).resolve().parents[3]
LEAVE_SECONDS = 5.0  # for a worker that was dismissed: its kernel may take some to end
_POLL_SECONDS = 0.005
_CHUNK = 1 << 20
_LOG_TAIL = 2000


class WorkerProcess:
    """One worker: a child in a session of its own, with a folder (0700) for sockets and log that goes with it."""

    def __init__(self, environment: Mapping[str, str], *, fork: bool = False) -> None:
        self.folder = own_folder()
        self._log = self.folder / "worker.log"
        self._unread = bytearray()
        self._events, told = os.pipe()
        start = self._fork if fork else self._spawn
        try:
            with self._log.open("wb") as log:
                self._process = start(told, log, allowed(environment))
        finally:
            os.close(told)

    def _spawn(self, told: int, log: BinaryIO, environment: dict[str, str]) -> subprocess.Popen[bytes] | Fork:
        return subprocess.Popen(
            [sys.executable, "-P", "-c", _BOOT, str(_PACKAGE_ROOT), str(told), str(os.getpid()), str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(told,),
            env=environment,
            start_new_session=True,
            cwd=self.folder,
        )

    def _fork(self, told: int, log: BinaryIO, environment: dict[str, str]) -> subprocess.Popen[bytes] | Fork:
        from jupyter_deployfeedback.execution.worker.main import main

        parent = os.getpid()
        return Fork(
            lambda: main(told, parent, str(self.folder), ahead=True),
            log=log,
            keep=told,
            environment=environment,
            folder=self.folder,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self._process.pid

    def send(self, request: Request) -> None:
        """Ask the worker for something; that the worker is gone is noticed by ``hear``."""
        stdin = self._process.stdin
        try:
            if stdin is not None:
                stdin.write(request.to_line().encode())
                stdin.flush()
        except BrokenPipeError:
            return

    def hear(self, *, within_seconds: float) -> list[Event] | None:
        """Return the next events, none if nothing happened in time, None when the worker is gone."""
        poll = select.poll()
        poll.register(self._events, select.POLLIN)
        if not poll.poll(within_seconds * 1000):
            return []
        chunk = os.read(self._events, _CHUNK)
        if not chunk:
            return None
        self._unread += chunk
        if b"\n" not in chunk:
            return []
        *lines, rest = self._unread.split(b"\n")
        self._unread = rest
        return [decode(bytes(line)) for line in lines]

    def settle(self) -> bool:
        """Wait until the last suite's kernel has ended; say whether it did, in time."""
        self.send(Settle())
        give_up_at = time.monotonic() + LEAVE_SECONDS
        while time.monotonic() < give_up_at:
            events = self.hear(within_seconds=LEAVE_SECONDS)
            if events is None:
                return False
            if Settled() in events:
                return True
        return False

    def stop(self) -> None:
        """Ask the worker to end its suite and to tell so."""
        if self._process.poll() is None:
            self._process.terminate()

    def last_words(self) -> str:
        """Return the end of what the worker wrote on stdout and stderr."""
        try:
            return self._log.read_bytes()[-_LOG_TAIL:].decode(errors="replace").strip()
        except OSError:
            return ""

    def dismiss(self) -> None:
        """Let the worker go as soon as its last kernel has ended; nothing more is heard of it."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            with suppress(BrokenPipeError):  # it died before it read what it was sent
                self._process.stdin.close()
            os.close(self._events)

    def close(self) -> None:
        """Dismiss the worker, end it where it does not go, and remove its folder; twice does nothing more."""
        self.dismiss()
        give_up_at = time.monotonic() + LEAVE_SECONDS
        while self._process.poll() is None and time.monotonic() < give_up_at:
            time.sleep(_POLL_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End the worker and everything below it, and remove its folder."""
        if self._process.poll() is None:
            below = descendants(self.pid)
            self._process.kill()
            self._process.wait()
            end(below)
        self.dismiss()
        remove_folder(self.folder)


def prepare(environment: Mapping[str, str] | None = None, *, fork: bool = False) -> WorkerProcess:
    """Start a worker that loads papermill while the caller goes on; hand it to ``execute``, or close it.

    ``fork``: as a fork of this process, which must have a single thread and is quickest after ``load_worker``.
    """
    return WorkerProcess(os.environ if environment is None else environment, fork=fork)


def load_worker() -> None:
    """Load all that a worker needs, so that workers forked from this process have it at once."""
    from jupyter_deployfeedback.execution.kernels.manager import find_provisioners
    from jupyter_deployfeedback.execution.worker import main as worker

    find_provisioners()
    del worker
