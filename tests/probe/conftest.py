"""Real deployments on 127.0.0.1 whose behaviour each test scripts."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from jupyter_deployfeedback.probe import environment
from jupyter_deployfeedback.probe.records import RECORD_MIME

CERTIFICATE = Path(__file__).with_name("loopback-only.pem")  # self-signed, for 127.0.0.1 only


class Visit(BaseHTTPRequestHandler):
    """One connection; a script answers each of its requests through the methods below."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    body: bytes = b""

    def log_message(self, *arguments: Any) -> None:
        pass

    def do_POST(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.deployment.visits.append((self.command, self.path, dict(self.headers), self.client_address[1]))
        with contextlib.suppress(OSError):  # the probe may have hung up on purpose
            self.deployment.script(self)

    do_GET = do_POST  # noqa: N815 - the name is http.server's

    @property
    def deployment(self) -> Deployment:
        return self.server.deployment

    @property
    def number(self) -> int:
        """How many requests came before this one."""
        return len(self.deployment.visits) - 1

    @property
    def inputs(self) -> list[Any]:
        return json.loads(self.body)["inputs"]

    def answer(self, body: object, *, status: int = 200, **headers: str) -> None:
        """Send a whole answer; whatever is not bytes goes as JSON."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content_Type": "application/json", "Content_Length": str(len(raw)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(raw)

    def raw(self, data: bytes) -> None:
        """Send bytes as they are, now."""
        self.wfile.write(data)
        self.wfile.flush()

    def reset(self) -> None:
        """Tear the connection down with a TCP reset."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RD)
        self.rfile.close()
        self.connection.close()

    def hang(self) -> None:
        """Say nothing more until the test is over."""
        self.close_connection = True
        self.deployment.over.wait(30)


Script = Callable[[Visit], None]


@dataclass
class Deployment:
    """A running server and what it was asked: (method, path, headers, client port) for each request."""

    url: str
    script: Script
    visits: list[tuple[str, str, dict[str, str], int]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def connections(self) -> int:
        return len({port for *_, port in self.visits})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    deployment: Deployment

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # torn connections are what the tests are about


def sums(visit: Visit) -> None:
    """Predict the sum of each example, modulo ten."""
    visit.answer({"predictions": [sum(row) % 10 for row in visit.inputs]})


@pytest.fixture
def deploy() -> Iterator[Callable[..., Deployment]]:
    """Start a deployment that follows a script; without one it predicts each example's sum modulo ten."""
    started: list[_Server] = []

    def start(script: Script = sums, *, tls: bool = False) -> Deployment:
        server = _Server(("127.0.0.1", 0), Visit)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        server.deployment = Deployment(f"http{'s' * tls}://127.0.0.1:{server.server_port}", script)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        started.append(server)
        return server.deployment

    yield start
    for server in started:
        server.deployment.over.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the machine trust the certificate of the TLS deployments."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))


@pytest.fixture
def free_url() -> str:
    """An address nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture(autouse=True)
def outside_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins without a run; those about runs set the variables themselves."""
    for name in ("TARGET", "BASELINE", "RUN_ID", "SUITE", "SEED", "ALLOWED", "DEPLOYED_MODEL_URL"):
        monkeypatch.delenv(getattr(environment, name), raising=False)


@pytest.fixture
def shown() -> Iterator[list[dict[str, Any]]]:
    """What a notebook is told to show: data, transient and update of each display message, in order."""
    from IPython.core.displaypub import CapturingDisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    shell.display_pub = CapturingDisplayPublisher()
    yield shell.display_pub.outputs
    InteractiveShell.clear_instance()


@pytest.fixture
def records(shown: list[dict[str, Any]]) -> Callable[[], list[dict[str, Any]]]:
    """Return the records among what is shown, as JSON would carry them."""

    def read() -> list[dict[str, Any]]:
        return [json.loads(json.dumps(output["data"][RECORD_MIME], allow_nan=False)) for output in shown]

    return read
