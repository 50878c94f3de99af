"""A process that has loaded what others need and forks one child for each connection. Standard library only.

It stays single-threaded. Between it and each child stands a keeper, itself a fork: it adopts the child's orphans, says
how the child ended, passes signals on, and when its connection ends it ends everything below it. The words on the wire
are JSON, one object per line::

    client -> {..., what the child needs}    with the descriptors that become the child's stdout and stderr
    keeper -> {"pid": 4711}
    client -> {"signal": 2}                  any number of times
    keeper -> {"exit": 0}                    as subprocess counts: negative for a signal
    client -> {"end": true}, or hangs up
    keeper -> {"ended": true}                nothing is left
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

LONGEST_REQUEST = 4 << 20
TICK_SECONDS = 1.0
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_POLL_MILLISECONDS = 20  # for a child's end, where the system cannot tell it by itself

Request = dict[str, Any]
Child = Callable[[Request], None]  # what it raises or exits with is its exit code


def serve(
    listener: socket.socket,
    child: Child,
    *,
    parent_pipe: int,
    polite_seconds: float = 0.0,
    idle_seconds: float = float("inf"),
    fresh: Callable[[], bool] = lambda: True,
    tend: Callable[[], None] = lambda: None,
) -> None:
    """Fork a keeper and its child for each connection.

    Until the other end of ``parent_pipe`` is closed, nobody connected for ``idle_seconds``, or what was loaded is no
    longer ``fresh``; children live on. ``polite_seconds``: how long a child whose client hung up has between SIGTERM
    and its end. ``tend`` is called every second.
    """
    gc.collect()
    gc.freeze()  # a collection in a child would copy every page of ours
    poll = _only(listener)
    poll.register(parent_pipe, select.POLLIN)
    asked_at = time.monotonic()
    while time.monotonic() - asked_at < idle_seconds:
        ready = {descriptor for descriptor, _ in poll.poll(TICK_SECONDS * 1000)}
        if parent_pipe in ready or not fresh():
            return
        _reap()
        tend()
        if listener.fileno() in ready:
            asked_at = time.monotonic()
            _fork_keeper(listener, child, polite_seconds=polite_seconds)


def _fork_keeper(listener: socket.socket, child: Child, *, polite_seconds: float) -> None:
    listener.settimeout(0)
    try:
        connection, _ = listener.accept()
    except OSError:  # nobody there, or gone again
        return
    with connection:
        connection.settimeout(None)
        if os.fork() == 0:
            _leave_after(lambda: _keep(connection, child, polite_seconds=polite_seconds))


def receive(connection: socket.socket) -> tuple[Request, list[int]]:
    """Read a request and the descriptors that came with it; EOFError where the client hung up."""
    data, descriptors, _, _ = socket.recv_fds(connection, 1 << 16, 2)
    while data and not data.endswith(b"\n") and len(data) < LONGEST_REQUEST:
        more = connection.recv(1 << 16)
        if not more:
            break
        data += more
    if not data.endswith(b"\n"):
        raise EOFError("the client hung up in the middle of its request")
    return json.loads(data), descriptors


def die_with_parent() -> None:
    """Have the system kill this process when its parent goes; Linux only."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _keep(connection: socket.socket, child: Child, *, polite_seconds: float) -> None:
    """Start the child, speak for it while it lives, and end what it left."""
    os.setsid()
    _adopt_orphans()
    request, descriptors = receive(connection)
    pid = os.fork()
    if pid == 0:
        _leave_after(lambda: _be_child(child, request, descriptors))
    for descriptor in descriptors:
        os.close(descriptor)
    _close_all_but(connection.fileno())
    _say(connection, {"pid": pid})
    ended = _speak_for(pid, connection)
    if not ended and polite_seconds:
        _end_politely(pid, within_seconds=polite_seconds)
    _end_children()
    _say(connection, {"ended": True})


def _be_child(child: Child, request: Request, descriptors: list[int]) -> None:
    os.setsid()
    die_with_parent()
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a device
        os.dup2(nothing.fileno(), 0)
    for own, given in enumerate(descriptors, start=1):
        os.dup2(given, own)
    _close_all_but(-1)
    child(request)


def _speak_for(pid: int, connection: socket.socket) -> bool:
    """Pass signals on and tell the child's end; say whether it has ended when the client wants no more."""
    code: int | None = None
    buffer = b""
    poll = _only(connection)
    pidfd = _open_pidfd(pid)
    if pidfd is not None:
        poll.register(pidfd, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in poll.poll(_POLL_MILLISECONDS if pidfd is None else 1000)}
        if code is None and (code := _exit_code(pid)) is not None:
            _say(connection, {"exit": code})
            poll = _only(connection)
        if connection.fileno() in ready:
            chunk = connection.recv(1 << 16)
            *lines, buffer = (buffer + chunk).split(b"\n")
            words = [json.loads(line) for line in lines]
            if not chunk or {"end": True} in words:
                return code is not None
            if code is None:  # its number is nobody else's before it was waited for
                _signal(pid, words)


def _only(connection: socket.socket) -> select.poll:
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return poll


def _signal(pid: int, words: list[Request]) -> None:
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


def _end_politely(pid: int, *, within_seconds: float) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    give_up_at = time.monotonic() + within_seconds
    while _exit_code(pid) is None and time.monotonic() < give_up_at:
        time.sleep(0.02)


def _end_children() -> None:
    """Kill all children until there are none: whoever loses its parent becomes ours."""
    with contextlib.suppress(ChildProcessError):
        while True:
            ended, _ = os.waitpid(-1, os.WNOHANG)
            if ended == 0:
                alive = _children()
                if not alive:  # the system does not say who they are
                    return
                for pid in alive:
                    with contextlib.suppress(OSError):
                        os.kill(pid, signal.SIGKILL)
                os.waitpid(-1, 0)


def _children() -> list[int]:
    own = os.getpid()
    try:
        with open(f"/proc/{own}/task/{own}/children", encoding="ascii") as file:  # noqa: PTH123 - a file of the kernel
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return []


def _say(connection: socket.socket, word: dict[str, object]) -> None:
    with contextlib.suppress(OSError):  # the client has gone
        connection.sendall((json.dumps(word) + "\n").encode())


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _adopt_orphans() -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _close_all_but(kept: int) -> None:
    highest = os.sysconf("SC_OPEN_MAX")
    if kept < 3:
        os.closerange(3, highest)
        return
    os.closerange(3, kept)
    os.closerange(kept + 1, highest)


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
