"""Real counterparts: a deployment in a process of its own, HTTP servers made of a function, a real Prometheus."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

import psutil
import pytest
import requests

from jupyter_deployfeedback.domain.metric import Observation, Window
from jupyter_deployfeedback.domain.project import Platform, Target

INTERVAL_SECONDS = 0.5  # at which the Prometheus of the tests scrapes
Respond = Callable[[BaseHTTPRequestHandler], None]
Deploy = Callable[..., "Deployment"]
Serve = Callable[..., str]


@dataclass
class Deployment:
    """A running deployment.py."""

    process: subprocess.Popen[str]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def predict(self, **wish: float) -> int:
        return requests.post(f"{self.url}/predict", json=wish, timeout=30).status_code

    def cpu_seconds(self) -> float:
        times = psutil.Process(self.process.pid).cpu_times()
        return times.user + times.system

    def memory(self) -> int:
        return psutil.Process(self.process.pid).memory_info().rss


@dataclass
class PrometheusServer:
    """A running Prometheus to which targets can be added."""

    url: str
    folder: Path
    targets: list[dict[str, object]] = field(default_factory=list)

    def scrape(self, *added: dict[str, object]) -> None:
        """Let it scrape more ports of this machine: ``{"port": 8000, label: value, ...}``; returns once it has done so.

        It looks for new targets every 5 s only, so add several at once.
        """
        self.targets += [
            {"targets": [f"127.0.0.1:{each['port']}"], "labels": {k: v for k, v in each.items() if k != "port"}}
            for each in added
        ]
        written = self.folder / "targets.tmp"
        written.write_text(json.dumps(self.targets))
        written.rename(self.folder / "targets.json")  # a half-written file would be an error in its log
        ports = "|".join(f"127.0.0.1:{each['port']}" for each in added)  # of an earlier test's some may be gone
        wait_until(lambda: len(self.ask(f'up{{instance=~"{ports}"}} == 1')) >= len(added), seconds=20)

    def ask(self, query: str) -> list[object]:
        return requests.get(f"{self.url}/api/v1/query", params={"query": query}, timeout=5).json()["data"]["result"]


class TrueCpu:
    """What the operating system says of a process's CPU, looked at ten times a second while inside."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._stop = threading.Event()
        self._looks: list[tuple[float, float]] = []
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def highest(self, *, seconds: float) -> float:
        """Return the most cores used over any stretch of so many seconds."""
        pairs = [(a, next((b for b in self._looks if b[0] - a[0] >= seconds), None)) for a in self._looks]
        return max((b[1] - a[1]) / (b[0] - a[0]) for a, b in pairs if b is not None)

    def used(self) -> float:
        """Return the seconds of one core used while inside."""
        return self._looks[-1][1] - self._looks[0][1]

    def _look(self) -> None:
        self._looks.append((time.monotonic(), self._deployment.cpu_seconds()))
        while not self._stop.wait(0.1):
            self._looks.append((time.monotonic(), self._deployment.cpu_seconds()))


def wait_until(condition: Callable[[], object], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{condition} did not come true within {seconds} s")
        time.sleep(0.05)


def now() -> datetime:
    return datetime.now(UTC)


def span(start: datetime, end: datetime) -> Window:
    return Window(start=start, end=end)


def by_name(observations: tuple[Observation, ...]) -> dict[str, Observation]:
    return {observation.metric.name: observation for observation in observations}


def target(address: str, **platform: object) -> Target:
    return Target(name="candidate", url=address, platform=Platform(**platform))


@contextmanager
def deploying() -> Iterator[Deploy]:
    """Start deployments, where wanted on the port of an earlier one; all of them are stopped at the end."""
    started: list[Deployment] = []

    def start(*, port: int = 0) -> Deployment:
        script = Path(__file__).with_name("deployment.py")
        process = subprocess.Popen([sys.executable, str(script), str(port)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        started.append(Deployment(process, int(process.stdout.readline())))
        return started[-1]

    yield start
    for deployment in started:
        deployment.kill()
        deployment.process.stdout.close()


@contextmanager
def serving() -> Iterator[Serve]:
    """Serve what a function writes to every GET, with TLS where a certificate is given; returns the server's URL."""
    servers: list[ThreadingHTTPServer] = []

    def start(respond: Respond, *, certificate: Path | None = None) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(respond))
        server.daemon_threads = True
        server.block_on_close = False
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return f"http{'s' if certificate else ''}://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def _handler(respond: Respond) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(ConnectionError):  # who asked may have gone: that is the claim of some tests
                respond(self)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    return Handler


@pytest.fixture
def deploy() -> Iterator[Deploy]:
    with deploying() as start:
        yield start


@pytest.fixture
def serve() -> Iterator[Serve]:
    with serving() as start:
        yield start


def page(text: str | bytes, *, status: int = 200, content_type: str = "text/plain", **headers: str) -> Respond:
    """Make a function that always answers the same."""
    body = text.encode() if isinstance(text, str) else text

    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Type": content_type, "Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return respond


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    """Start a real Prometheus that scrapes twice a second."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.fail(
            "There is no prometheus on PATH. On Debian: apt-get install prometheus (RUNLEVEL=1 keeps it stopped)."
        )
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "targets.json").write_text("[]")
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 500ms, scrape_timeout: 450ms}\n"
        "scrape_configs:\n"
        "- {job_name: model, file_sd_configs: [{files: [targets.json], refresh_interval: 1s}]}\n"
    )
    port = _free_port()
    process = subprocess.Popen(
        [
            program,
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=data",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=error",
        ],
        cwd=folder,
    )
    server = PrometheusServer(f"http://127.0.0.1:{port}", folder)
    wait_until(lambda: _answers(f"{server.url}/-/ready"), seconds=30)
    yield server
    os.kill(process.pid, signal.SIGTERM)
    process.wait(10)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=1).ok
    except requests.RequestException:
        return False
