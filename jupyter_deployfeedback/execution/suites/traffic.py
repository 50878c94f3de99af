"""Whether a suite asked the target: a hook of Python's audit events writes down what its process connects to.

The hook needs nothing of ours where the suite runs: its source is handed over. What does not go through Python's own
sockets (other programs, libraries that bring theirs) cannot be seen, and is told as such.
"""

import inspect
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from jupyter_deployfeedback.execution.worker.wire import Spec
from jupyter_deployfeedback.probe import environment as names

MOST_READ = 1_000_000  # characters


def watch(path: str, host: str, ports: "list[int]") -> None:  # noqa: C901 - its source travels as one
    """Write down from here on, line by line, connections to these ports, look-ups of the host, and what is not seen."""
    import os
    import sys

    unseen = {"os.fork", "os.forkpty", "os.posix_spawn", "os.system", "pty.spawn", "subprocess.Popen"}
    others = {"grpc", "pycurl", "uvloop"}
    told = set()

    def note(*words: str) -> None:
        line = " ".join(words) + "\n"
        if line in told:
            return
        told.add(line)
        try:
            file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            os.write(file, line.encode())
            os.close(file)
        except OSError:  # the run is over
            pass

    def hook(event: str, given: tuple) -> None:  # type: ignore[type-arg]  # any Python 3 has to read it
        if event == "socket.connect" and isinstance(given[1], tuple) and given[1][1] in ports:
            note("connect", str(given[1][1]), str(given[1][0]))
        elif event == "socket.getaddrinfo" and given[0] in (host, host.encode()):
            note("look-up")
        elif event in unseen:
            note("unseen", "started other programs, whose requests cannot be seen")
        elif event == "import" and given[0] in others:
            note("unseen", "uses " + given[0] + ", whose requests cannot be seen")

    if hasattr(sys, "addaudithook"):
        note("watched")
        sys.addaudithook(hook)


_SOURCE = inspect.getsource(watch)  # read once: to find it in this file takes milliseconds


class Place(NamedTuple):
    """Where one connects to."""

    host: str
    port: int


@dataclass(frozen=True)
class Traffic:
    """Where the traffic of one suite is written down, what counts as asking its target, and where a proxy may stand."""

    path: Path
    target: Place
    proxies: tuple[Place, ...] = ()

    @property
    def code(self) -> str:
        """Python that has the process which runs it watched, and leaves no name behind."""
        ports = [each.port for each in (self.target, *self.proxies)]
        called = f"{_SOURCE}\nwatch({str(self.path)!r}, {self.target.host!r}, {ports!r})\n"
        return f"exec({called!r}, {{}})\n"

    def asked(self) -> tuple[bool | None, str]:
        """Return whether the target was asked; None, and why, where that cannot be seen."""
        try:
            with self.path.open(encoding="utf-8", errors="replace") as file:
                lines = file.read(MOST_READ).splitlines()
        except OSError:
            return None, "ran in a Python that does not tell what it connects to"
        if _reached(self.target, lines):
            return True, ""
        if any(_reached(proxy, lines) for proxy in self.proxies):
            return None, "sent its requests through a proxy"
        unseen = [line.removeprefix("unseen ") for line in lines if line.startswith("unseen ")]
        return (None, unseen[0]) if unseen else (False, "")


def traffic_of(spec: Spec) -> Traffic:
    """Return what is to be watched of a suite."""
    path = Path(spec.runtime_folder, f"{Path(spec.artifact).stem}.traffic")
    target, scheme = _origin(spec.environment[names.DEPLOYED_MODEL_URL])  # in it variables are replaced
    proxies = (value for name, value in spec.environment.items() if name.lower() in {f"{scheme}_proxy", "all_proxy"})
    return Traffic(path, target, tuple(_origin(value)[0] for value in proxies if "://" in value))


def _origin(url: str) -> tuple[Place, str]:
    parts = urlsplit(url)
    return Place(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)), parts.scheme


def _reached(place: Place, lines: list[str]) -> bool:
    """Say whether a connection went there; who looked the target's name up meant it, whatever address it got."""
    hosts = {line.partition(f"connect {place.port} ")[2] for line in lines} - {""}
    return bool(hosts) and ("look-up" in lines or place.host in hosts or bool(hosts & _addresses(place)))


def _addresses(place: Place) -> set[str]:
    try:
        return {str(found[4][0]) for found in socket.getaddrinfo(*place, type=socket.SOCK_STREAM)}
    except OSError:
        return set()
