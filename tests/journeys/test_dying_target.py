"""A target that dies while it is tested, or answers nothing, is never passed."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.shell import Shell

STOPS_AT_THE_FIRST_FAILURE = """\
import json, urllib.request, jupyter_deployfeedback as jdf
answered = 0
for number in range(50):
    try:
        urllib.request.urlopen(urllib.request.Request(jdf.connect().url + "/predict", b"{}")).read()
    except Exception:
        break
    answered += 1
assert answered
jdf.record("mean_right", 1.0, better="higher")
"""
EVALUATES = """\
import jupyter_deployfeedback as jdf
jdf.evaluate(jdf.connect(), [[0]] * 20, [0] * 20, ids=[str(number) for number in range(20)])
"""
FILE = """\
version: 1
name: dies
targets:
  candidate: {url: "%s", health: /ready, request: {path: /predict}, platform: {source: none}}
suites: [suite.ipynb]
"""


class Mortal(BaseHTTPRequestHandler):
    """Answers as many predictions as its server has left; then it is not ready either."""

    def do_GET(self) -> None:
        self.send_response(200 if self.server.left > 0 else 503)  # type: ignore[attr-defined]
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.left -= 1  # type: ignore[attr-defined]
        body = b'{"predictions": [0]}'
        self.send_response(self.server.status if self.server.left > 0 else 503)  # type: ignore[attr-defined]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def run(tmp_path: Path, shell: Shell, kernels_at_hand: dict[str, str]) -> Iterator[Callable[..., dict[str, Any]]]:
    """Run one cell against a target that answers so many predictions, with this status."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Mortal) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def ran(cell: str, *, answers: int, status: int = 200) -> dict[str, Any]:
            server.left, server.status = answers, status  # type: ignore[attr-defined]
            nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)]), tmp_path / "suite.ipynb")
            (tmp_path / "deployfeedback.yaml").write_text(FILE % f"http://127.0.0.1:{server.server_address[1]}")
            done = shell.call("run", "--format", "json", cwd=tmp_path, env=os.environ | kernels_at_hand)
            return dict(json.loads(done.stdout), returncode=done.returncode)

        yield ran
        server.shutdown()


def test_a_target_that_is_gone_when_the_suites_are_over_is_an_error(run: Callable[..., dict[str, Any]]) -> None:
    report = run(STOPS_AT_THE_FIRST_FAILURE, answers=20)

    (finding,) = [each for each in report["findings"] if each["rule"] == "target candidate"]
    assert (report["returncode"], report["verdict"], report["gate"]) == (4, "error", "closed")
    assert "was ready when the run began and was not any more after suite" in finding["sentence"]


def test_a_target_that_is_there_to_the_end_passes(run: Callable[..., dict[str, Any]]) -> None:
    report = run(STOPS_AT_THE_FIRST_FAILURE, answers=1000)

    assert (report["returncode"], report["verdict"]) == (0, "pass")


def test_an_evaluation_of_which_nothing_was_answered_is_an_error(run: Callable[..., dict[str, Any]]) -> None:
    report = run(EVALUATES, answers=1000, status=404)

    (finding,) = [each for each in report["findings"] if each["rule"] == "target candidate"]
    assert (report["returncode"], report["verdict"], report["gate"]) == (4, "error", "closed")
    assert "none of the 20 requests of evaluation in suite was answered" in finding["sentence"]
