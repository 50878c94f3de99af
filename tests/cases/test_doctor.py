"""``doctor`` says of a target only what it tried, and ``check`` sends nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner

from jupyter_deployfeedback.cli.main import group

FILE = """\
version: 1
targets: {candidate: {url: "%s", health: /ready, platform: {source: none}%s}}
suites: [suite.ipynb]
"""
Doctor = Callable[..., tuple[int, str]]


class Flower(BaseHTTPRequestHandler):
    """A model that takes four numbers, and says what is wrong with anything else."""

    def do_GET(self) -> None:
        self.answer(200, {"model_version": "2.0.0"})

    def do_POST(self) -> None:
        self.server.asked += 1  # type: ignore[attr-defined]
        (example,) = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["inputs"]
        fits = isinstance(example, list) and len(example) == 4
        self.answer(*((200, {"predictions": [1]}) if fits else (422, {"detail": "four numbers are expected"})))

    def parse_request(self) -> bool:
        self.server.visits += 1  # type: ignore[attr-defined]
        return super().parse_request()

    def answer(self, status: int, page: object) -> None:
        body = json.dumps(page).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Flower) as served:
        served.asked = served.visits = 0  # type: ignore[attr-defined]
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield served
        served.shutdown()


@pytest.fixture
def call(tmp_path: Path, server: ThreadingHTTPServer) -> Doctor:
    """Call a command on a project whose target is really served; ``settings`` are more of its keys."""

    def called(*arguments: str, settings: str = "") -> tuple[int, str]:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("assert True")])
        nbformat.write(notebook, tmp_path / "suite.ipynb")
        url = f"http://127.0.0.1:{server.server_port}"
        (tmp_path / "deployfeedback.yaml").write_text(FILE % (url, settings))
        done = CliRunner().invoke(group, [*arguments, "--project", str(tmp_path)], standalone_mode=False)
        return done.return_value, done.output

    return called


def test_without_an_example_predict_is_not_tried_and_not_all_is_well(call: Doctor, server: ThreadingHTTPServer) -> None:
    _, said = call("doctor")

    assert "? predict of candidate: not tried" in said
    assert "doctor --try" in said
    assert "All is well" not in said
    assert server.asked == 0  # type: ignore[attr-defined]


def test_an_example_is_sent_once_and_its_answer_shown(call: Doctor, server: ThreadingHTTPServer) -> None:
    _, said = call("doctor", "--try", "[5.1, 3.5, 1.4, 0.2]")

    assert "✓ predict of candidate: [5.1, 3.5, 1.4, 0.2] answered 1 in" in said
    assert server.asked == 1  # type: ignore[attr-defined]


def test_an_example_that_is_refused_shows_what_was_sent_and_what_came_back(call: Doctor) -> None:
    code, said = call("doctor", "--try")

    assert code == 4
    for part in ("✗ predict of candidate: [0] was not answered", "422", "four numbers are expected", "--try '[5.1"):
        assert part in said


def test_another_version_than_expected_is_not_well(call: Doctor) -> None:
    code, said = call("doctor", "--try", "[1, 2, 3, 4]", settings=', expect_version: "3.0.0"')

    assert code == 4
    assert "model version 2.0.0, but version 3.0.0 is expected" in said


def test_check_sends_nothing(call: Doctor, server: ThreadingHTTPServer) -> None:
    _, said = call("check")

    assert "is fine" in said
    assert server.visits == 0  # type: ignore[attr-defined]
