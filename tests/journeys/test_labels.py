"""Labels of slices may hold whatever a data set holds, from the first run to the tag of the second release."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.etree import ElementTree as ET

import nbformat
import pytest

from tests.shell import Shell

LABELS = ("Paris, France", "a:b", "a,suite:b", "{x}", "}", '"quoted"', "two\nlines", "", "b[n=1]", "plain")
EACH = 120
SUITE = f"""\
import jupyter_deployfeedback as jdf

labels = {LABELS!r}
cities = [label for label in labels for _ in range({EACH})]
inputs = [[number % 2] for number in range(len(cities))]
truth = [number % 2 for number in range(len(cities))]
ids = [str(number) for number in range(len(cities))]
jdf.evaluate(jdf.connect(), inputs, truth, ids=ids, slices={{"city": cities}})
"""
FILE = """\
version: 1
name: cities
targets:
  candidate: {url: "%s", health: /, request: {path: /predict}}
suites: [quality.ipynb]
rules:
  - {metric: accuracy, pass: [">=0.8", ">=-20pp"], slices: [city]}
"""


class Echo(BaseHTTPRequestHandler):
    """A model that answers the only feature of each example, which is its truth."""

    def do_GET(self) -> None:
        self._answer({"model_version": "1"})

    def do_POST(self) -> None:
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["inputs"]
        self._answer({"predictions": [row[0] for row in rows]})

    def _answer(self, said: dict[str, object]) -> None:
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "cities"
    folder.mkdir()
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SUITE, id="ask")])
    nbformat.write(notebook, folder / "quality.ipynb")
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (folder / "deployfeedback.yaml").write_text(FILE % f"http://127.0.0.1:{server.server_address[1]}")
        git(folder, "init", "--quiet")
        commit(folder)
        yield folder
        server.shutdown()


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True).stdout


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message=Another version")


@pytest.fixture
def call(shell: Shell, kernels_at_hand: dict[str, str]) -> Callable[..., str]:
    def called(folder: Path, *words: str) -> str:
        ran = shell.call(*words, cwd=folder, env=os.environ | kernels_at_hand)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    return called


def judged(report: dict[str, list[dict[str, object]]]) -> list[tuple[object, str]]:
    """What was judged of which label: the label and the text of the expression."""
    slices = [each["subject"]["slice"] for each in report["findings"]]  # type: ignore[index]
    return [
        (within[1], str(each["expression"]))
        for within, each in zip(slices, report["findings"], strict=True)
        if within is not None
    ]


def test_any_label_goes_from_the_first_run_to_the_second_tag(project: Path, call: Callable[..., str]) -> None:
    first = json.loads(call(project, "run", "--format", "json"))
    call(project, "release", "1.0.0")
    commit(project)
    second = json.loads(call(project, "run", "--format", "json"))
    call(project, "release", "1.1.0")

    every = {(label, text) for label in LABELS for text in (">=0.8", ">=-20pp")}
    assert [first["verdict"], second["verdict"]] == ["pass", "warn"]  # a stored release is weak evidence
    assert set(judged(first)) == set(judged(second)) == every
    assert (
        len({each["rule"] for each in second["findings"]}) == len(LABELS) + 3
    )  # all examples, failures, and the suite
    assert not [each for each in second["changes"] + second["notices"] if "rule" in str(each)]
    names = [f"{each['rule']} {each['expression']}".strip() for each in second["findings"]]
    assert 'accuracy{city:"Paris, France"} >=-20pp' in names
    assert "accuracy{city:plain} >=-20pp" in names
    assert all("\n" not in name for name in names)
    junit = ET.fromstring(call(project, "show", "--format", "junit"))
    assert [case.get("name") for case in junit[0].iter("testcase")] == names
    for rendering in ("text", "markdown", "html"):
        assert "Paris, France" in call(project, "show", "--format", rendering)
    assert [line.split()[1] for line in call(project, "list").splitlines()] == ["warn", "pass"]
    assert git(project, "tag", "--list").split() == ["v1.0.0", "v1.1.0"]
