"""The client's end of a forkserver's child: a process that is not ours to wait for, and answers as ``Popen`` does."""

import json
import os
import signal
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_deployfeedback.execution.standby.forkserver import send

_ANSWER_SECONDS = 10.0  # for a keeper to be forked and to say the child's number


class NoFork(Exception):
    """The forkserver is not there, or did not fork."""


class Forked:
    """A child of a forkserver. ``poll``, ``wait``, ``send_signal`` ... are those of ``subprocess.Popen``."""

    stdin = stdout = stderr = None

    def __init__(self, address: Path) -> None:
        """Get a child that waits for its request; NoFork where that is not possible."""
        self._buffer = b""
        self._words: list[dict[str, Any]] = []
        self.returncode: int | None = None
        self._connection = connect(address)
        self.said = self._await("pid", within_seconds=_ANSWER_SECONDS)  # and what the child said when it was prepared
        self.pid: int = self.said["pid"]

    def serve(self, request: dict[str, Any], *, descriptors: Sequence[int]) -> None:
        """Have it work; NoFork where it cannot any more."""
        try:
            send(self._connection, request, descriptors)
        except OSError as error:
            raise NoFork(str(error)) from error
        self._await("serving", within_seconds=_ANSWER_SECONDS)

    def poll(self) -> int | None:
        """Return how it ended, None while it lives."""
        self._hear(within_seconds=0.0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for its end."""
        while self.returncode is None and self._hear(within_seconds=timeout):
            pass
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal; one that has ended is left alone."""
        if self.poll() is None:
            self._connection.sendall((json.dumps({"signal": number}) + "\n").encode())

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def close(self, *, within_seconds: float) -> None:
        """End everything below its keeper, and wait until that has happened."""
        try:
            self._connection.sendall(b'{"end": true}\n')
            self._await("ended", within_seconds=within_seconds)
        except (OSError, NoFork):
            pass  # the keeper has gone, and the child with it
        finally:
            self._connection.close()
            self.returncode = -signal.SIGKILL if self.returncode is None else self.returncode

    def _await(self, word: str, *, within_seconds: float) -> dict[str, Any]:
        while True:
            for said in self._words:
                if word in said:
                    return said
            if not self._hear(within_seconds=within_seconds):
                raise NoFork(f"no word of {word!r}")

    def _hear(self, *, within_seconds: float | None) -> bool:
        """Read what the keeper says; False where it said nothing, or has gone: then the child was killed."""
        if self._connection.fileno() < 0:
            return False
        self._connection.settimeout(within_seconds)
        try:
            chunk = self._connection.recv(4096)
        except (BlockingIOError, TimeoutError):
            return False
        except OSError:
            chunk = b""
        finally:
            self._connection.settimeout(None)
        if not chunk:
            self.returncode = -signal.SIGKILL if self.returncode is None else self.returncode
            return False
        *lines, self._buffer = (self._buffer + chunk).split(b"\n")
        self._words += [json.loads(line) for line in lines]
        self.returncode = next((word["exit"] for word in self._words if "exit" in word), self.returncode)
        return True


def connect(address: Path) -> socket.socket:
    """Connect to a forkserver's child, or rather its keeper; NoFork where nobody listens."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(os.fspath(address))
    except OSError as error:
        connection.close()
        raise NoFork(str(error)) from error
    return connection
