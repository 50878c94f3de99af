"""What a fresh reader of the whole found: each of these opened a gate, showed a value, or lost a run."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat
import pytest

from jupyter_deployfeedback.domain.project import Auth, Target
from jupyter_deployfeedback.domain.run import Run, RunRequest
from jupyter_deployfeedback.errors import WorkingTreeDirty
from jupyter_deployfeedback.observation import Health, ask_target
from jupyter_deployfeedback.pipeline import run as story
from jupyter_deployfeedback.pipeline.plan import open_project
from jupyter_deployfeedback.pipeline.release import release
from jupyter_deployfeedback.probe.trust import allow, uses_of
from jupyter_deployfeedback.release import read_commit
from jupyter_deployfeedback.store import Store, open_store

CELL = """\
import os, urllib.request, jupyter_deployfeedback as jdf
target = jdf.connect(os.environ["DEPLOYED_MODEL_URL"])
assert urllib.request.urlopen(os.environ["DEPLOYED_MODEL_URL"] + "/page").status == 200
jdf.evaluate(target, [[1]] * 3, [1] * 3, ids=["a", "b", "c"], warmup=0)
"""
FILE = """\
version: 1
name: reviewed
targets: {candidate: {url: "http://${HIDDEN_HOST}:%s", health: /ready, platform: {source: none}}}
suites: [suite.ipynb]
"""


class Deployment(BaseHTTPRequestHandler):
    """Answers all pages, refuses all predictions, and fails to tell its version once."""

    def do_GET(self) -> None:
        said = self.server.versions.pop(0) if self.path == "/version" and self.server.versions else None  # type: ignore[attr-defined]
        self.answer(503 if said == "" else 200, {"model_version": said} if said else {})

    def do_POST(self) -> None:
        self.answer(422, {"detail": "no"})

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
    with ThreadingHTTPServer(("127.0.0.1", 0), Deployment) as served:
        served.versions = []  # type: ignore[attr-defined]
        threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield served
        served.shutdown()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(str(tmp_path / "store"), environment={}) as opened:
        yield opened


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


def project(folder: Path, port: int) -> Path:
    folder.mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)]), folder / "suite.ipynb")
    file = folder / "deployfeedback.yaml"
    file.write_text(FILE % port)
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "One")
    return file


def test_a_variable_in_an_address_keeps_no_suite_from_asking_and_its_value_is_not_told(
    tmp_path: Path, server: ThreadingHTTPServer, store: Store
) -> None:
    file = project(tmp_path / "p", server.server_port)
    known = {**os.environ, "HIDDEN_HOST": "127.0.0.1"}
    environment = allow(uses_of(f"http://${{HIDDEN_HOST}}:{server.server_port}"), environment=known)

    run = story.start(RunRequest(project_file=str(file), target="candidate"), store=store, environment=environment)
    (file.parent / "helper.py").write_text("x = 1")
    git(file.parent, "add", ".")
    git(file.parent, "commit", "-qm", "Two")  # between the acknowledgement and the end
    report = story.evaluate(
        run.run_id, store=store, environment=environment, tell=lambda _: None, cancelled=threading.Event()
    )

    (suite,) = store.evidence(run.run_id).suites
    assert (suite.outcome, suite.proof.asked) == ("passed", True)
    (failure,) = report.failures
    assert "422" in failure.text
    assert "POST /predict" in str(failure.sent)
    assert "127.0.0.1" not in str(failure.sent)
    assert store.evidence(run.run_id).written == ("helper.py",), "the commit that was acknowledged was not executed"


def test_a_version_page_that_fails_once_is_asked_again(server: ThreadingHTTPServer) -> None:
    server.versions += ["1", "", "2"]  # type: ignore[attr-defined]
    target = Target.model_validate(
        {"name": "candidate", "url": f"http://127.0.0.1:{server.server_port}", "health": "/ready"}
    )

    with Health(target, environment={}) as health:
        assert [health.ask().model_version for _ in range(3)] == ["1", None, "2"]


def test_a_header_that_cannot_be_sent_is_the_targets_problem_and_raises_nothing() -> None:
    auth = Auth(headers={"X-Kéy": "env:TOKEN_OF_MINE"})
    target = Target(name="candidate", url="http://127.0.0.1:9", auth=auth)
    environment = allow(target.asked_for, environment={"TOKEN_OF_MINE": "a-long-secret"})

    facts = ask_target(target, environment=environment)

    assert (facts.ready, bool(facts.problem)) == (False, True)


def test_a_continued_run_is_not_tagged_where_what_it_continues_tested_other_files(tmp_path: Path, store: Store) -> None:
    file = project(tmp_path / "p", 9)

    def begun(*, dirty: tuple[str, ...], **request: str) -> Run:
        commit = read_commit(file.parent)
        assert commit is not None
        asked = RunRequest(project_file=str(file), target="candidate", **request)
        known = open_project(file, environment={**os.environ, "HIDDEN_HOST": "127.0.0.1"})
        return store.start(asked, project=known, commit=commit.model_copy(update={"dirty": dirty}), baseline=None)

    first = begun(dirty=("helper.py",))
    second = begun(dirty=(), continues=first.run_id)

    with pytest.raises(WorkingTreeDirty, match="did not test exactly this commit"):
        release(second.run_id, version="1.0.0", push=False, store=store, environment=os.environ)
