"""A Jupyter server with or without the extension, and a target for its runs: what several benchmarks start."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import nbformat
import websocket

TOKEN = "bench"
START_SECONDS = 120.0
ANSWER_SECONDS = 20.0
POLL_SECONDS = 0.005
API = "deployfeedback/api/v1"


class Server:
    """A running server, started as a user starts it; one that was killed is started again by ``start``."""

    def __init__(self, folder: Path, environment: Mapping[str, str], *, extension: bool = True) -> None:
        self._folder = folder
        self._environment = dict(environment)
        self._extension = extension
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> float:
        """Start it and return the seconds until it answered."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        extensions = {"jupyter_deployfeedback": True} if self._extension else {}
        command = (
            *(sys.executable, "-m", "jupyter_server", f"--ServerApp.root_dir={self._folder}", f"--port={self._port}"),
            *("--no-browser", "--allow-root", f"--IdentityProvider.token={TOKEN}"),
            f"--ServerApp.jpserver_extensions={extensions}",
        )
        environment = {**self._environment, "JUPYTER_NO_CONFIG": "1"}  # no extension but those named above
        began = time.perf_counter()
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        while True:
            try:
                self.ask("api")
            except OSError:
                if (code := self._process.poll()) is not None or time.perf_counter() - began > START_SECONDS:
                    log_end = (self._folder / "server.log").read_text()[-2000:]
                    raise SystemExit(f"The server does not answer (exit code {code}): {log_end}") from None
                time.sleep(POLL_SECONDS)
            else:
                return time.perf_counter() - began

    def ask(self, path: str, body: object = None) -> Any:  # noqa: ANN401 - the answer's JSON
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"token {TOKEN}"}
        request = urllib.request.Request(f"http://127.0.0.1:{self._port}/{path}", data=data, headers=headers)
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as response:
            return json.load(response)

    def begin(self, path: str) -> str:
        """Ask for a run and return its id: it is acknowledged."""
        run_id: str = self.ask(f"{API}/runs", {"path": path})["run_id"]
        return run_id

    def run(self, run_id: str) -> dict[str, Any]:
        """Return a run as it stands."""
        run: dict[str, Any] = self.ask(f"{API}/runs/{run_id}")["run"]
        return run

    def listen(self) -> websocket.WebSocket:
        """Return where the server tells of every run from now on."""
        address = f"ws://127.0.0.1:{self._port}/api/events/subscribe"
        return websocket.create_connection(address, header=[f"Authorization: token {TOKEN}"], timeout=ANSWER_SECONDS)

    def kill(self) -> None:
        """Kill -9, and nothing else."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """Have it stop as a terminal does, and return its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)


class Ready(BaseHTTPRequestHandler):
    """A deployment that is always ready."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def deployment() -> Iterator[str]:
    """Serve a target that is ready."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Ready) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


def write_project(folder: Path, *cells: str, url: str) -> None:
    """Write a project of one suite with these cells for Python."""
    folder.mkdir(parents=True)
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    made = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(nbformat.v4.new_notebook(cells=made, metadata=kernel), folder / "suite.ipynb")
    target = f"targets: {{candidate: {{url: '{url}', health: /ready, platform: {{source: none}}}}}}\n"
    (folder / "deployfeedback.yaml").write_text(f"version: 1\n{target}suites: [suite.ipynb]\n")
