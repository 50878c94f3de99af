"""A last release whose numbers are not here is unknown, and never taken for a first release."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat
import pytest

from jupyter_deployfeedback.domain.feedback import FeedbackReport
from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.run import Run, RunRequest
from jupyter_deployfeedback.pipeline import run as story
from jupyter_deployfeedback.pipeline.history import unknown_baseline
from jupyter_deployfeedback.release import may_lack_tags
from jupyter_deployfeedback.store import open_store

CELL = """\
import urllib.request, jupyter_deployfeedback as jdf
assert urllib.request.urlopen(jdf.connect().url + "/predict").status == 200
jdf.record("share_right", 0.97, better="higher")
"""
FILE = """\
version: 1
name: digits
targets: {candidate: {url: "${MODEL_URL}", health: /ready, platform: {source: none}}}
suites: [suite.ipynb]
rules:
  - {metric: share_right, pass: ["> 0.9", ">= -0.1"]}
"""
HERE = {name: value for name, value in os.environ.items() if name not in {"CI", "BUILD_NUMBER", "TF_BUILD"}}


class Ready(BaseHTTPRequestHandler):
    """A deployment that answers every page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-c", "protocol.file.allow=always", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A repository with a project, of which v1.0.0 was released elsewhere and some work was done since."""
    folder = tmp_path / "origin"
    folder.mkdir()
    git(folder, "init", "-q")
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)]), folder / "suite.ipynb")
    (folder / "deployfeedback.yaml").write_text(FILE)
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "Test the model")
    git(folder, "tag", "-m", "v1.0.0", "v1.0.0")
    git(folder, "commit", "-qm", "Work", "--allow-empty")
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., FeedbackReport]]:
    """Run the project of a clone with a fresh store."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Ready) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        environment = HERE | {"MODEL_URL": f"http://127.0.0.1:{server.server_port}"}

        def ran(clone: Path, *, against: str | None = None) -> FeedbackReport:
            file = str(clone / "deployfeedback.yaml")
            with open_store(str(tmp_path / "store"), environment={}) as store:
                asked = RunRequest(project_file=file, target="candidate", against=against)
                begun = story.start(asked, store=store, environment=environment)
                quiet = threading.Event()
                return story.evaluate(
                    begun.run_id, store=store, environment=environment, tell=lambda _: None, cancelled=quiet
                )

        yield ran
        server.shutdown()


def clone(origin: Path, *options: str) -> Path:
    made = origin.parent / "clone"
    git(origin.parent, "clone", "-q", *options, f"file://{origin}", str(made))
    return made


def test_a_tag_whose_run_is_not_stored_leaves_what_compares_inconclusive(
    run: Callable[..., FeedbackReport], origin: Path
) -> None:
    report = run(clone(origin))

    (finding,) = [each for each in report.findings if each.verdict == "inconclusive"]
    assert (report.verdict, report.gate, finding.rule) == ("inconclusive", "closed", "share_right")
    for said in ("no run of v1.0.0 is stored here", "git fetch --tags", "import", "--against none"):
        assert said in finding.sentence


def test_who_asks_to_compare_with_nothing_opens_the_gate(run: Callable[..., FeedbackReport], origin: Path) -> None:
    report = run(clone(origin), against="none")

    assert report.gate == "open"


def test_a_shallow_clone_is_no_first_release(run: Callable[..., FeedbackReport], origin: Path) -> None:
    report = run(clone(origin, "--depth=1"))

    (finding,) = [each for each in report.findings if each.verdict == "inconclusive"]
    assert (report.verdict, report.gate) == ("inconclusive", "closed")
    assert "this clone may have been made without tags" in finding.sentence


def test_a_clone_without_tags_is_known_by_its_config_or_by_a_pipeline(origin: Path) -> None:
    without = clone(origin, "--no-tags")

    assert may_lack_tags(without, environment={})
    git(without, "config", "--unset", "remote.origin.tagOpt")
    assert may_lack_tags(without, environment={"CI": "true"})
    assert not may_lack_tags(without, environment={})
    assert not may_lack_tags(origin, environment={"CI": "true"}), "without a remote there are no tags elsewhere"


def test_a_checkout_of_which_git_tells_nothing_is_no_first_release(tmp_path: Path) -> None:
    project = Project(
        name="p", folder=str(tmp_path), file="f", targets={}, default_target="candidate", suites=(), rules=()
    )
    asked = Run(
        run_id="20260105-120000-aaaaaa",
        request=RunRequest(project_file="f", target="candidate"),
        state="running",
        project="p",
        created_at=datetime(2026, 1, 5, tzinfo=UTC),
    )

    said = unknown_baseline(asked, project, (), no_commit="git refuses the repository", environment={})

    assert said == "git tells nothing of this checkout, so no release is known here"
    assert unknown_baseline(asked, project, (), no_commit="", environment={}) is None
