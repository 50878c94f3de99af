"""What a run leaves on disk, searched for a secret that the target needs and even sends back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from jupyter_deployfeedback.domain.project import Auth, Target
from jupyter_deployfeedback.domain.run import Outcome, SuiteResult
from jupyter_deployfeedback.probe.trust import allow

TOKEN = "s3cret-that-nobody-may-find"


class _Echo(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = f"you sent {self.headers['Authorization']}".encode()
        self.send_response(500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def echo() -> Iterator[str]:
    """A deployment that answers every request with the token it was sent."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_trap_26_a_secret_stands_in_no_artefact_of_a_run(
    echo: str, tmp_path: Path, run_notebook: Callable[..., SuiteResult]
) -> None:
    target = Target(name="candidate", url=echo, auth=Auth(bearer="env:MODEL_TOKEN"))

    result: Any = run_notebook(
        "import jupyter_deployfeedback as jdf\nresult = jdf.evaluate(jdf.connect(), [[1]] * 5, [1] * 5, warmup=0)",
        "print(result)\nresult.errors",
        "jdf.connect().predict([[1]])",
        target=target,
        environment=allow(target.asked_for, environment={"MODEL_TOKEN": TOKEN}),
    )

    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert result.outcome is Outcome.ERRORED  # the last cell raised what the target answered
    assert len(left) >= 2
    assert [path.name for path in left if TOKEN.encode() in path.read_bytes()] == []
    assert TOKEN not in result.model_dump_json()
