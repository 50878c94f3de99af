"""The tag is true: of what was executed, of this run, and what prevents it is told in time. With real git."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyter_deployfeedback import errors
from jupyter_deployfeedback.cli.screen import empty, hand_over
from jupyter_deployfeedback.domain.feedback import Digest, FeedbackReport
from jupyter_deployfeedback.domain.run import Release, RunRequest
from jupyter_deployfeedback.pipeline.plan import open_project
from jupyter_deployfeedback.pipeline.release import release
from jupyter_deployfeedback.pipeline.run import evaluate, start
from jupyter_deployfeedback.release import read_commit, tag_release, why_no_commit
from jupyter_deployfeedback.release.gate import refuse_hidden
from jupyter_deployfeedback.release.tag import plain_version
from jupyter_deployfeedback.store import Store, open_store

NOW = datetime(2026, 11, 20, 8, 20, tzinfo=UTC)
SUITE = """\
import jupyter_deployfeedback as jdf
result = jdf.evaluate(jdf.connect(), [[n] for n in range(40)], [0] * 40, ids=[str(n) for n in range(40)])
assert result.accuracy == 1.0
"""
FILE = """\
version: 1
name: NAME
targets:
  candidate: {url: "URL", health: /ready, platform: {source: none}}
suites: [quality.ipynb]
rules: [{metric: accuracy, pass: ">=0.8"}, {metric: latency, pass: "p(95)<1us", info: true}]
"""


class Predicts(BaseHTTPRequestHandler):
    """Answers every batch with zeros."""

    def do_GET(self) -> None:
        self.answer({"ready": True})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer({"predictions": [0] * len(body["inputs"])})

    def answer(self, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "home" / ".gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Predicts) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@dataclass(frozen=True)
class Evidenced:
    """A commit that was really run, with its output written into the project, and may be tagged."""

    checkout: Path
    store: Store
    run: str
    report: FeedbackReport

    def tag(self, version: str, **asked: Any) -> Release:
        return tag(self.run, self.store, version, **asked)

    def message(self, version: str) -> str:
        return git(self.checkout, "tag", "--list", version, "--format=%(contents)")


@pytest.fixture(scope="module")
def tested(tmp_path_factory: pytest.TempPathFactory, url: str) -> Iterator[Evidenced]:
    folder = tmp_path_factory.mktemp("tested")
    checkout, output = make_checkout(folder / "digits", url=url), folder / "digits" / "reports" / "feedback.xml"
    with open_store(str(folder / "store"), environment={}) as opened:
        empty(output)
        report = work(run := ask(checkout, opened), opened)
        hand_over("<testsuites/>", output=output, about="")
        yield Evidenced(checkout, opened, run, report)


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store(None, environment=os.environ) as opened:
        yield opened


@pytest.fixture
def checkout(tmp_path: Path, url: str) -> Path:
    return make_checkout(tmp_path / "digits", url=url)


def make_checkout(folder: Path, *, url: str) -> Path:
    """Return a repository with a project whose one suite asks a target that is really served."""
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    write_project(folder, url=url)
    write_notebook(folder / "model.ipynb", "print('trained')")
    (folder / "helper.py").write_text("x = 1\n")
    commit(folder)
    return folder


def write_project(folder: Path, *, url: str, name: str = "digits") -> None:
    (folder / "deployfeedback.yaml").write_text(FILE.replace("URL", url).replace("NAME", name))
    write_notebook(folder / "quality.ipynb", SUITE)


def write_notebook(path: Path, *cells: str, metadata: dict[str, Any] | None = None, count: int | None = None) -> None:
    made = [nbformat.v4.new_code_cell(each, id=f"c{n}", execution_count=count) for n, each in enumerate(cells)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=made, metadata=metadata or kernel), path)


LABS = {
    "kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"},
    "language_info": {"name": "python", "version": "3.13.1", "nbconvert_exporter": "python"},
}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit(folder: Path) -> None:
    git(folder, "add", ".")
    git(folder, "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "-q", "-m", "Train the model")


def ask(folder: Path, store: Store) -> str:
    return start(RunRequest(project_file=str(folder), target=""), store=store, environment=os.environ).run_id


def work(run_id: str, store: Store) -> FeedbackReport:
    return evaluate(run_id, store=store, environment=os.environ, tell=lambda _: None, cancelled=threading.Event())


def tag(run_id: str, store: Store, version: str = "1.0.0", **asked: Any) -> Release:
    return release(run_id, version=version, push=False, store=store, environment=os.environ, **asked)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_tags_digests_are_of_what_was_executed(tested: Evidenced) -> None:
    assert tested.report.gate == "open", tested.report.findings

    tested.tag("1.0.0")

    executed = {each.name: each.sha256 for each in tested.report.digests if each.in_commit}
    assert executed == {name: sha256(tested.checkout / name) for name in ("deployfeedback.yaml", "quality.ipynb")}
    assert f"\n  {executed['quality.ipynb']}  quality.ipynb\n" in tested.message("v1.0.0")


def test_an_info_finding_is_information_in_the_tag(tested: Evidenced) -> None:
    tested.tag("1.1.0")

    assert "\n  INFORMATION: " in tested.message("v1.1.0")
    assert "FAIL" not in tested.message("v1.1.0"), tested.report.findings


def test_a_suite_that_put_itself_back_after_it_ran_cannot_be_tagged(checkout: Path, store: Store) -> None:
    committed = (checkout / "quality.ipynb").read_bytes()
    run = ask(checkout, store)
    back = f"open('quality.ipynb', 'wb').write({committed!r})"
    write_notebook(checkout / "quality.ipynb", SUITE.replace("range(40)", "range(20)").replace("* 40", "* 20"), back)
    assert work(run, store).gate == "open"
    assert read_commit(checkout).dirty == ()

    with pytest.raises(errors.WorkingTreeDirty, match=r"executed other bytes than commit \w{12} holds: quality\.ipynb"):
        tag(run, store)
    assert git(checkout, "tag", "--list") == ""


@pytest.mark.parametrize("digests", [(), (Digest(name="helper.py", sha256="", in_commit=True),)])
def test_a_run_of_which_nobody_knows_what_it_executed_cannot_be_tagged(
    tested: Evidenced, digests: tuple[Digest, ...]
) -> None:
    project = open_project(tested.checkout, environment=os.environ)
    report = tested.report.model_copy(update={"digests": digests})

    with pytest.raises(errors.WorkingTreeDirty, match=r"executed (nothing known|other bytes)"):
        tag_release(report, version="1.2.0", project=project, run=tested.store.get(tested.run), now=NOW)


def test_a_tag_of_another_project_in_the_repository_is_not_taken_for_this_ones(
    checkout: Path, url: str, store: Store
) -> None:
    (checkout / "b").mkdir()
    write_project(checkout / "b", url=url, name="letters")
    commit(checkout)
    work(run := ask(checkout / "b", store), store)
    git(checkout, "tag", "-a", "v1.0.0", "-m", "digits 1.0.0\n\nDeployfeedback-Run: another")

    with pytest.raises(errors.TagExists, match=f"carries the evidence of run another, not that of run {run}"):
        tag(run, store, "v1.0.0")

    file = checkout / "b" / "deployfeedback.yaml"
    file.write_text(file.read_text() + 'release: {tag: "{project}-v{version}"}\n')
    assert open_project(file, environment=os.environ).release.tag == "letters-v{version}"


@pytest.mark.parametrize("written", ["1.0.0", "v1.0.0"])
def test_a_version_may_be_written_as_its_tag(written: str) -> None:
    assert plain_version("v{version}", written) == "1.0.0"


@pytest.mark.parametrize("flag", ["assume-unchanged", "skip-worktree"])
def test_files_that_git_is_told_not_to_look_at_are_refused_by_name(checkout: Path, flag: str) -> None:
    git(checkout, "update-index", f"--{flag}", "helper.py")
    (checkout / "helper.py").write_text("x = 2\n")

    hidden = read_commit(checkout).hidden
    refused = refusal(lambda: refuse_hidden(hidden))

    assert "git was told not to look at helper.py" in refused.message
    assert f"`git update-index --no-{flag} -- helper.py`" in refused.remedy
    git(checkout, *hidden["helper.py"].split()[1:])
    assert read_commit(checkout).dirty == ("helper.py",)


def test_what_a_sparse_checkout_leaves_out_hides_nothing(checkout: Path) -> None:
    (checkout / "data").mkdir()
    (checkout / "data" / "raw.csv").write_text("1\n")
    commit(checkout)
    git(checkout, "sparse-checkout", "set", "--no-cone", "/*", "!/data/")

    assert not (checkout / "data").exists()
    assert read_commit(checkout).hidden == {}


def test_a_notebook_that_lab_saved_is_no_change(checkout: Path) -> None:
    written = json.loads((checkout / "model.ipynb").read_text())
    written |= {"metadata": LABS, "nbformat_minor": 5}
    written["cells"][0]["source"] = ["print('trained')"]

    (checkout / "model.ipynb").write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n")

    assert git(checkout, "status", "--short") == "M model.ipynb"
    assert read_commit(checkout).dirty == read_commit(checkout, honour_filters=True).dirty == ()


def test_outputs_of_a_notebook_count_unless_the_project_says_otherwise(checkout: Path, store: Store) -> None:
    write_notebook(checkout / "model.ipynb", "print('trained')", count=3)
    assert read_commit(checkout).dirty == ("model.ipynb",)

    (checkout / "deployfeedback.yaml").write_text(
        (checkout / "deployfeedback.yaml").read_text() + "release: {ignore_in_notebooks: [kernelspec, outputs]}\n"
    )
    git(checkout, "commit", "-qm", "Ignore outputs", "deployfeedback.yaml")
    assert store.get(ask(checkout, store)).commit.dirty == ()


@pytest.mark.parametrize("content", ["not json", "[]", '{"nbformat": 4, "cells": 1}', "[" * 100_000])
def test_what_is_no_notebook_counts_by_its_bytes(checkout: Path, content: str) -> None:
    (checkout / "model.ipynb").write_text(content)

    assert read_commit(checkout).dirty == ("model.ipynb",)


def test_a_changed_cell_is_a_change(checkout: Path) -> None:
    write_notebook(checkout / "model.ipynb", "print('trained again')", metadata=LABS)

    assert read_commit(checkout).dirty == ("model.ipynb",)


def test_a_suite_that_writes_into_the_repository_is_told_by_the_run(checkout: Path, store: Store) -> None:
    writes = "open('figure.png', 'w').write('x'); open('helper.py', 'w').write('x = 3\\n')"
    write_notebook(checkout / "quality.ipynb", SUITE, writes)
    commit(checkout)

    report = work(run := ask(checkout, store), store)

    told = "helper.py, figure.png changed while the suites ran, which prevents a tag"
    assert any(notice.startswith(told) for notice in report.notices), report.notices
    assert "figure.png" in report.next_step
    git(checkout, "checkout", "helper.py")
    (checkout / "figure.png").unlink()
    with pytest.raises(errors.WorkingTreeDirty, match=f"while run {run} tested it: helper.py"):
        tag(run, store)


def test_our_own_output_in_the_project_prevents_no_tag(tested: Evidenced) -> None:
    assert git(tested.checkout, "status", "--short") == "?? reports/"
    assert tested.tag("1.3.0").tag == "v1.3.0"


def test_our_output_counts_once_somebody_changed_it(checkout: Path) -> None:
    hand_over("<testsuites/>", output=checkout / "feedback.xml", about="")
    assert read_commit(checkout).dirty == ()

    (checkout / "feedback.xml").write_text("what a suite reads")
    assert read_commit(checkout).dirty == ("feedback.xml",)


def test_our_own_output_over_a_committed_file_is_a_change(checkout: Path) -> None:
    hand_over("x = 5\n", output=checkout / "helper.py", about="")

    assert read_commit(checkout).dirty == ("helper.py",)


def test_a_store_in_the_project_prevents_no_tag(checkout: Path) -> None:
    with open_store(str(checkout / ".runs"), environment={}):
        assert (checkout / ".runs").is_dir()

    assert read_commit(checkout).dirty == ()


@pytest.fixture
def nobody(tested: Evidenced, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Git that knows nobody and must not guess."""
    for name in [name for name in os.environ if name.startswith(("GIT_AUTHOR", "GIT_COMMITTER"))]:
        monkeypatch.delenv(name)
    git(tested.checkout, "config", "user.useConfigOnly", "true")
    yield
    git(tested.checkout, "config", "--unset", "user.useConfigOnly")


@pytest.mark.usefixtures("nobody")
def test_who_tags_is_asked_for_where_git_does_not_know(tested: Evidenced) -> None:
    refused = refusal(lambda: tested.tag("1.4.0"))
    assert (refused.code, refused.message) == ("person_unknown", "git does not know who you are.")
    assert '--tagger "Name <mail>"' in refused.remedy
    assert "Please tell me who you are" not in str(refused)

    with pytest.raises(errors.UsageError, match="'Ada' is not a name and an address"):
        tested.tag("1.4.0", by="Ada")
    tested.tag("1.4.0", by="Ada Byron <ada@example.org>")
    assert git(tested.checkout, "tag", "--list", "v1.4.0", "--format=%(taggername) %(taggeremail)") == (
        "Ada Byron <ada@example.org>"
    )


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_a_checkout_of_another_user_is_told_with_the_command_that_trusts_it(checkout: Path) -> None:
    for path in (checkout, checkout / ".git"):
        os.chown(path, 65534, 65534)

    assert read_commit(checkout) is None
    told = why_no_commit(checkout)
    assert f"git refuses the repository of {checkout}: it belongs to another user" in told
    assert f"`git config --global --add safe.directory {checkout}`" in told
    assert "git init" not in told


def test_a_machine_without_git_is_told_so(checkout: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert read_commit(checkout) is None
    assert why_no_commit(checkout).startswith("There is no git on this machine, or not on its PATH. Install it")


def test_why_there_is_no_commit_reaches_the_report(
    checkout: Path, store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    report = work(run := ask(checkout, store), store)

    assert report.next_step.startswith("There is no git on this machine")
    assert "git init" not in report.next_step
    refused = refusal(lambda: tag(run, store))
    assert "Install it" in refused.remedy


def test_a_folder_outside_git_is_told_to_be_put_under_git(tmp_path: Path) -> None:
    assert why_no_commit(tmp_path) == ""


def refusal(call: Callable[[], object]) -> errors.DeployFeedbackError:
    with pytest.raises(errors.DeployFeedbackError) as refused:
        call()
    return refused.value
