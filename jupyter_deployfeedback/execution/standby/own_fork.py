"""A child that is a fork of this very process, with the face of ``subprocess.Popen``."""

import os
import signal
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO, NoReturn

_POLL_SECONDS = 0.002


class Fork:
    """Runs ``main`` in a fork of this process, which has to have a single thread.

    The child has a session, an environment and a folder of its own; of the open files it has stdin (a pipe from here),
    the log for stdout and stderr, and the descriptor to ``keep``.
    """

    def __init__(
        self, main: Callable[[], None], *, log: BinaryIO, keep: int, environment: Mapping[str, str], folder: Path
    ) -> None:
        self.returncode: int | None = None
        reading, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            _become(main, files=(reading, log.fileno(), log.fileno()), keep=keep, place=(environment, folder))
        os.close(reading)
        self.stdin = os.fdopen(writing, "wb")

    def poll(self) -> int | None:
        """Return how it ended, None while it lives."""
        if self.returncode is None:
            try:
                ended, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # somebody else waited for it
                ended, status = self.pid, 0
            if ended:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self) -> int:
        """Wait for its end."""
        while (code := self.poll()) is None:
            time.sleep(_POLL_SECONDS)
        return code

    def terminate(self) -> None:
        """Send SIGTERM; one that has ended is left alone."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


def _become(
    main: Callable[[], None], *, files: tuple[int, int, int], keep: int, place: tuple[Mapping[str, str], Path]
) -> NoReturn:
    code = 1
    try:
        os.setsid()
        for own, given in enumerate(files):
            os.dup2(given, own)
        os.closerange(3, keep)
        os.closerange(keep + 1, os.sysconf("SC_OPEN_MAX"))
        environment, folder = place
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        main()
        code = 0
    except BaseException:  # noqa: BLE001 - the end of this process
        traceback.print_exc()
    finally:
        os._exit(code)
