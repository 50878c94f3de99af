"""Runs one program in a process group of its own, hears its output line by line, and ends it when it has to end."""

import codecs
import os
import selectors
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

from jupyter_deployfeedback.execution.worker.stopping import Stopped, ignore_stops
from jupyter_deployfeedback.execution.worker.wire import Ending

LOOK_SECONDS = 0.1  # how soon the end of a program is noticed whose children keep its output open
LADDER = ((signal.SIGINT, 2.0), (signal.SIGTERM, 1.0), (signal.SIGKILL, 1.0))  # SIGINT lets behave close its report
MOST_KEPT = 1_000_000  # characters of output
LONGEST_LINE = 100_000
STDERR_LINES = 60
_CHUNK = 1 << 16


@dataclass
class Finished:
    """How a program ended: its exit code (negative: the signal), or by which stop it was ended before."""

    code: int = 0
    stopped: Stopped | None = None
    output: list[str] = field(default_factory=list)
    truncated: bool = False
    errors: deque[str] = field(default_factory=lambda: deque(maxlen=STDERR_LINES))


def run_program(
    command: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    deadline: float,
    hear: Callable[[str], None],
) -> Finished:
    """Run a program to its end or to the ``deadline``; ``hear`` gets each line of its stdout when it is written."""
    finished = Finished()
    kept = 0

    def keep(line: str) -> None:
        nonlocal kept
        kept += len(line)
        finished.truncated = kept > MOST_KEPT
        if not finished.truncated:
            finished.output.append(line)
        hear(line)

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a program started in the background would ignore it
    with subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        process_group=0,
    ) as process:
        with _Pipes(process, {"stdout": keep, "stderr": finished.errors.append}) as pipes:
            try:
                _await(process, pipes, deadline=deadline)
            except Stopped as stopped:
                finished.stopped = stopped
            _end_group(process, pipes)
        finished.code = process.wait()
    return finished


class _Pipes:
    """A program's stdout and stderr, read as they come; never waits for children that keep them open."""

    def __init__(self, process: subprocess.Popen[bytes], readers: Mapping[str, Callable[[str], None]]) -> None:
        self._selector = selectors.DefaultSelector()
        self._rest: dict[int, str] = {}
        self._decoders: dict[int, codecs.IncrementalDecoder] = {}  # a chunk may end within a character
        self._readers: dict[int, Callable[[str], None]] = {}
        for name, reader in readers.items():
            pipe: IO[bytes] = getattr(process, name)
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe.fileno(), selectors.EVENT_READ)
            self._rest[pipe.fileno()], self._readers[pipe.fileno()] = "", reader
            self._decoders[pipe.fileno()] = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.read(within_seconds=0)
        for descriptor, decoder in self._decoders.items():
            if rest := self._rest[descriptor] + decoder.decode(b"", final=True):
                self._readers[descriptor](rest)
        self._selector.close()

    def read(self, *, within_seconds: float) -> None:
        """Pass on the lines that are there, waiting at most this long for the first."""
        if not self._selector.get_map():
            time.sleep(within_seconds)
            return
        for key, _ in self._selector.select(within_seconds):
            self._read_one(key.fd)

    def _read_one(self, descriptor: int) -> None:
        try:
            chunk = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return
        if not chunk:
            self._selector.unregister(descriptor)
            return
        *lines, rest = (self._rest[descriptor] + self._decoders[descriptor].decode(chunk)).split("\n")
        self._rest[descriptor] = rest[-LONGEST_LINE:]
        for line in lines:
            self._readers[descriptor](line)


def _await(process: subprocess.Popen[bytes], pipes: _Pipes, *, deadline: float) -> None:
    while process.poll() is None:
        pipes.read(within_seconds=max(min(LOOK_SECONDS, deadline - time.monotonic()), 0.0))
        if time.monotonic() >= deadline:
            ignore_stops()
            raise Stopped(Ending.TIMED_OUT)


def _end_group(process: subprocess.Popen[bytes], pipes: _Pipes) -> None:
    """End the program politely, then not; what it writes meanwhile is read, lest it wait for us."""
    for number, patience in LADDER:
        give_up_at = time.monotonic() + patience
        if process.poll() is not None:
            return
        os.killpg(process.pid, number)
        while process.poll() is None and time.monotonic() < give_up_at:
            pipes.read(within_seconds=0.02)
