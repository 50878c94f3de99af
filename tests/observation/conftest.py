"""Real counterparts: a deployment in a process of its own, HTTP servers made of a function, a real Prometheus."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest
import requests

from jupyter_deployfeedback.domain.observation import Observation, Window
from jupyter_deployfeedback.domain.project import Platform, Target

INTERVAL_SECONDS = 0.5  # at which the Prometheus of the tests scrapes
Respond = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Deployment:
    """A running deployment.py."""

    process: subprocess.Popen[str]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

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

    def scrape(self, port: int, **labels: str) -> None:
        """Let it scrape a port of this machine, and return once it has done so."""
        self.targets.append({"targets": [f"127.0.0.1:{port}"], "labels": labels})
        written = self.folder / "targets.tmp"
        written.write_text(json.dumps(self.targets))
        written.rename(self.folder / "targets.json")  # a half-written file would be an error in its log
        wait_until(lambda: self.ask(f'up{{instance="127.0.0.1:{port}"}} == 1'), seconds=20)

    def ask(self, query: str) -> list[object]:
        return requests.get(f"{self.url}/api/v1/query", params={"query": query}, timeout=5).json()["data"]["result"]


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


def target(url: str, **platform: object) -> Target:
    return Target(name="candidate", url=url, platform=Platform(**platform))


@pytest.fixture
def deploy() -> Iterator[Callable[[], Deployment]]:
    """Start a deployment; all of them are stopped at the end."""
    started: list[subprocess.Popen[str]] = []

    def start() -> Deployment:
        script = Path(__file__).with_name("deployment.py")
        process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        return Deployment(process, int(process.stdout.readline()))

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture
def serve() -> Iterator[Callable[[Respond], str]]:
    """Serve what a function writes to every GET; returns the server's URL."""
    servers: list[ThreadingHTTPServer] = []

    def start(respond: Respond) -> str:
        class Handler(BaseHTTPRequestHandler):
            do_GET = respond

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.block_on_close = False
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


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
