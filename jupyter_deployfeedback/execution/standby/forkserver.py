"""A process that has loaded what others need and forks children that stand by for those who ask. Standard library only.

It stays single-threaded. Some children are forked before anybody asks: each prepares itself and waits. Between it and
each child stands a keeper, itself a fork: it waits for the client, adopts the child's orphans, says how the child
ended, passes signals on, and when its connection ends it ends everything below it. The words on the wire are JSON, one
object per line::

    keeper -> {"pid": 4711, ...}             and what the child said when it was prepared
    client -> {..., what the child needs}    now or later, with the descriptors for its stdout and stderr
    keeper -> {"serving": true}              unless what was loaded has changed meanwhile: then it hangs up
    client -> {"signal": 2}                  any number of times
    keeper -> {"exit": 0}                    as subprocess counts: negative for a signal
    client -> {"end": true}, or hangs up
    keeper -> {"ended": true}                nothing is left
"""

from __future__ import annotations  # a kernel's own interpreter may be older

import contextlib
import ctypes
import gc
import json
import os
import select
import shutil
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from jupyter_deployfeedback.execution.standby.descendants import end_children

LONGEST_REQUEST = 4 << 20
TICK_SECONDS = 1.0
PREPARE_SECONDS = 30.0  # for a child; one that hangs would have clients wait for it
CALM_SECONDS = 0.5  # after the last client, while another child waits: what works for it may be measuring
MOST_FAILURES = 3  # children in a row that ended while they prepared themselves
REMOVE_TRIES, REMOVE_PAUSE_SECONDS = 20, 0.1
LOADING, READY = ".loading", ".sock"  # how the name of a socket ends
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_POLL_SECONDS = 0.02  # for a child's end, where the system cannot tell it by itself

Word = dict[str, Any]
Child = Callable[["Turn"], None]  # what it raises or exits with is its exit code


class Turn:
    """A child's place in the queue: it prepares itself, then takes its turn."""

    def __init__(self, keeper: socket.socket) -> None:
        self._keeper = keeper

    def take(self, **said: Any) -> tuple[Word, list[int]]:  # noqa: ANN401 - what goes into JSON
        """Say what a client has to know, and wait for one: its request, and the descriptors that came with it.

        Where ``folder`` is said, the keeper removes that folder when nothing is left; where ``pid`` is said, the
        client hears that number instead of this process's.
        """
        try:
            send(self._keeper, said)
            request, descriptors = receive(self._keeper)
        except (OSError, EOFError):
            sys.exit(0)  # nobody came
        self._keeper.close()
        return request, descriptors


def serve(
    listener: socket.socket,
    child: Child,
    *,
    parent_pipe: int,
    spares: int = 0,
    polite_seconds: float = 0.0,
    idle_seconds: float = float("inf"),
    fresh: Callable[[], bool] = lambda: True,
    tend: Callable[[bool], None] = lambda _: None,
) -> None:
    """Fork children for those who connect, ``spares`` of them before anybody does.

    Until the other end of ``parent_pipe`` is closed, nobody was served for ``idle_seconds``, what was loaded is no
    longer ``fresh``, or children fail while they prepare themselves (SystemExit); those that serve a client live on.
    ``polite_seconds``: how long a child whose client hung up has between SIGTERM and its end. ``tend`` is called at
    least every second, and told whether a child serves a client.
    """
    gc.collect()
    gc.freeze()  # a collection in a child would copy every page of ours
    keepers = _Keepers(listener, child, polite_seconds=polite_seconds, fresh=fresh)
    asked_at = refill_at = time.monotonic()
    while time.monotonic() - asked_at < idle_seconds:
        while len(keepers.waiting) < spares and (not keepers.waiting or time.monotonic() >= refill_at):
            keepers.fork()
        pause = TICK_SECONDS if len(keepers.waiting) >= spares else CALM_SECONDS
        ready = _ready([parent_pipe, *(keepers.waiting or [listener.fileno()])], pause)
        if parent_pipe in ready or not fresh():
            return
        came = keepers.note(ready)
        keepers.reap()
        if came or keepers.serving:
            asked_at = time.monotonic()
            refill_at = asked_at + CALM_SECONDS
        tend(keepers.serving)
        if listener.fileno() in ready:
            keepers.fork()


def show(listener: socket.socket) -> Path:
    """Give a socket that was bound as ``name.loading`` the name by which it is looked for; returns its folder.

    So nobody waits for what still loads.
    """
    bound = Path(listener.getsockname())
    bound.rename(bound.with_suffix(READY))
    return bound.parent


def remove(folder: Path) -> None:
    """Remove a folder into which children that were just forked may still write."""
    for _ in range(REMOVE_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(REMOVE_PAUSE_SECONDS)


@contextlib.contextmanager
def leaving_with_parent(parent_pipe: int) -> Iterator[None]:
    """Leave (SystemExit) as soon as the other end of ``parent_pipe`` is closed: who loads libraries sees nothing."""

    def look(*_: object) -> None:
        if _ready([parent_pipe], 0.0):
            sys.exit("The parent has gone.")

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, TICK_SECONDS, TICK_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


class _Keepers:
    """The keepers; those that wait for a client are known by a pipe each, which ends when it waits no more."""

    def __init__(
        self, listener: socket.socket, child: Child, *, polite_seconds: float, fresh: Callable[[], bool]
    ) -> None:
        self.waiting: dict[int, int] = {}  # pipe -> process
        self._listener = listener
        self._child = child
        self._polite_seconds = polite_seconds
        self._fresh = fresh
        self._serving: set[int] = set()
        self._leaving: set[int] = set()
        self._failures = 0
        self._gone, self._held = os.pipe()  # ends with this process: then those who wait go too

    @property
    def serving(self) -> bool:
        """Say whether a child serves a client."""
        return bool(self._serving)

    def fork(self) -> None:
        """Fork one more."""
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(self._held)
            _leave_after(lambda: self._keep(writing))
        os.close(writing)
        self.waiting[reading] = pid

    def reap(self) -> None:
        """Wait for the keepers that have ended, and for nobody else: ``tend`` may have children of its own."""
        self._serving = {pid for pid in self._serving if not _has_ended(pid)}
        self._leaving = {pid for pid in self._leaving if not _has_ended(pid)}

    def note(self, ready: Iterable[int]) -> bool:
        """Forget those that wait no more; say whether a client has come. SystemExit where too many failed."""
        came = False
        for pipe in self.waiting.keys() & set(ready):
            has_client = os.read(pipe, 1) != b""
            (self._serving if has_client else self._leaving).add(self.waiting.pop(pipe))
            os.close(pipe)
            self._failures = 0 if has_client else self._failures + 1
            came = came or has_client
        if self._failures >= MOST_FAILURES:
            sys.exit("What stands by cannot be prepared.")
        return came

    def _keep(self, pipe: int) -> None:
        """Start the child, speak for it while it lives, and end what it left."""
        os.setsid()
        _adopt_orphans()
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            _leave_after(lambda: _be_child(self._child, theirs))
        theirs.close()
        said: Word = {}
        try:
            if ours.fileno() in _ready([ours.fileno(), self._gone], PREPARE_SECONDS):
                said, _ = receive(ours)
                self._serve(pid, pipe, child=ours, said=said)
        except EOFError:  # it ended while it prepared itself, or its client hung up
            pass
        finally:
            end_children()
            if "folder" in said:
                shutil.rmtree(said["folder"], ignore_errors=True)

    def _serve(self, pid: int, pipe: int, *, child: socket.socket, said: Word) -> None:
        connection = _accept(self._listener, unless=[self._gone, child.fileno()])
        if connection is None:
            return
        os.write(pipe, b"c")
        _close_all_but(connection.fileno(), child.fileno())
        _say(connection, {"pid": pid, **said})
        request, descriptors = receive(connection)
        if not self._fresh():
            return
        send(child, request, descriptors)
        for descriptor in (child.detach(), *descriptors):
            os.close(descriptor)
        _say(connection, {"serving": True})
        ended = _speak_for(pid, connection)
        if not ended and self._polite_seconds:
            _end_politely(pid, within_seconds=self._polite_seconds)
        end_children()
        _say(connection, {"ended": True})


def _accept(listener: socket.socket, *, unless: list[int]) -> socket.socket | None:
    """Wait for a client; None where one of these descriptors ends before."""
    listener.settimeout(0)
    while True:
        if _ready([listener.fileno(), *unless], None).intersection(unless):
            return None
        try:
            connection, _ = listener.accept()
        except OSError:  # another keeper has it, or it has gone again
            continue
        connection.settimeout(None)
        return connection


def send(connection: socket.socket, word: Word, descriptors: Iterable[int] = ()) -> None:
    """Send one object, and descriptors with it. Raises OSError where the other side has gone."""
    line = (json.dumps(word) + "\n").encode()
    sent = socket.send_fds(connection, [line], list(descriptors))
    if sent < len(line):
        connection.sendall(line[sent:])


def receive(connection: socket.socket) -> tuple[Word, list[int]]:
    """Read one object, and the descriptors that came with it; EOFError where the other side has gone."""
    try:
        data, descriptors, _, _ = socket.recv_fds(connection, 1 << 16, 2)
        while data and not data.endswith(b"\n") and len(data) < LONGEST_REQUEST:
            more = connection.recv(1 << 16)
            if not more:
                break
            data += more
    except OSError as error:
        raise EOFError("the other side has gone") from error
    if not data.endswith(b"\n"):
        raise EOFError("the other side hung up in the middle of a word")
    return json.loads(data), descriptors


def become_stdio(descriptors: Iterable[int]) -> None:
    """Make what a client sent this process's stdout and stderr."""
    for own, given in enumerate(descriptors, start=1):
        os.dup2(given, own)
        os.close(given)


def die_with_parent() -> None:
    """Have the system kill this process when its parent goes; Linux only."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _be_child(child: Child, keeper: socket.socket) -> None:
    os.setsid()
    die_with_parent()
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a device
        os.dup2(nothing.fileno(), 0)
    _close_all_but(keeper.fileno())
    child(Turn(keeper))


def _speak_for(pid: int, connection: socket.socket) -> bool:
    """Pass signals on and tell the child's end; say whether it has ended when the client wants no more."""
    code: int | None = None
    buffer = b""
    pidfd = _open_pidfd(pid)
    while True:
        watched = [connection.fileno(), *([pidfd] if pidfd is not None and code is None else [])]
        ready = _ready(watched, _POLL_SECONDS if pidfd is None else TICK_SECONDS)
        if code is None and (code := _exit_code(pid)) is not None:
            _say(connection, {"exit": code})
        if connection.fileno() in ready:
            chunk = connection.recv(1 << 16)
            *lines, buffer = (buffer + chunk).split(b"\n")
            words = [json.loads(line) for line in lines]
            if not chunk or {"end": True} in words:
                return code is not None
            if code is None:  # its number is nobody else's before it was waited for
                _signal(pid, words)


def _ready(descriptors: Iterable[int], within_seconds: float | None) -> set[int]:
    """Return which of these can be read, or have ended."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return {found for found, _ in poll.poll(None if within_seconds is None else within_seconds * 1000)}


def _signal(pid: int, words: list[Word]) -> None:
    for word in words:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, word["signal"])


def _open_pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def _exit_code(pid: int) -> int | None:
    """Wait for the child without waiting, and for orphans it left to us."""
    found = None
    with contextlib.suppress(ChildProcessError):
        while True:
            ended, status = os.waitpid(-1, os.WNOHANG)
            if ended == 0:
                break
            if ended == pid:
                found = os.waitstatus_to_exitcode(status)
    return found


def _has_ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] != 0
    except ChildProcessError:  # the system waits for our children where SIGCHLD is ignored
        return True


def _end_politely(pid: int, *, within_seconds: float) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    give_up_at = time.monotonic() + within_seconds
    while _exit_code(pid) is None and time.monotonic() < give_up_at:
        time.sleep(0.02)


def _say(connection: socket.socket, word: dict[str, object]) -> None:
    with contextlib.suppress(OSError):  # the client has gone
        connection.sendall((json.dumps(word) + "\n").encode())


def _adopt_orphans() -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _close_all_but(*kept: int) -> None:
    lowest = 3
    for descriptor in sorted(kept):
        os.closerange(lowest, descriptor)
        lowest = descriptor + 1
    os.closerange(lowest, os.sysconf("SC_OPEN_MAX"))


def _leave_after(work: Callable[[], None]) -> NoReturn:
    """Do the work of a fork and end without what belongs to the process it was forked from."""
    code = 1
    try:
        work()
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:  # noqa: BLE001 - the end of this process
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
