"""The tag is true: of what was executed, of this run, and what prevents it is told in time. With real git."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import nbformat
import pytest
from tornado.httpclient import HTTPClientError

from jupyter_deployfeedback import errors
from jupyter_deployfeedback.cli.screen import empty, hand_over
from jupyter_deployfeedback.domain.feedback import Digest, FeedbackReport
from jupyter_deployfeedback.domain.run import Release, RunRequest
from jupyter_deployfeedback.execution.suites import read_bytes
from jupyter_deployfeedback.execution.worker.wire import Spec
from jupyter_deployfeedback.pipeline.plan import open_project
from jupyter_deployfeedback.pipeline.questions import commit_to_test
from jupyter_deployfeedback.pipeline.release import release
from jupyter_deployfeedback.pipeline.run import evaluate, start
from jupyter_deployfeedback.release import read_commit, release_tags, tag_release
from jupyter_deployfeedback.release.commit import why_no_commit
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
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
        "version": "3.13.1",
    },
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

    with pytest.raises(errors.WorkingTreeDirty, match=r"executed (what an earlier version|other bytes)"):
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


def test_a_tag_of_another_project_is_no_release_of_this_one(tested: Evidenced) -> None:
    tested.tag("1.5.0")

    known = {name: release_tags(tested.checkout, template="v{version}", project=name) for name in ("digits", "b")}
    assert "v1.5.0" in known["digits"]
    assert "v1.5.0" not in known["b"]
    git(tested.checkout, "tag", "v1.6.0")
    assert "v1.6.0" in release_tags(tested.checkout, template="v{version}", project="b")


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


EXAMPLE = Path(__file__).parents[2] / "example-notebooks"


@pytest.mark.parametrize(
    "path", sorted({*EXAMPLE.rglob("*.ipynb")} - {*EXAMPLE.rglob(".ipynb_checkpoints/*")}), ids=lambda path: path.stem
)
def test_the_example_ships_as_lab_saves_it(path: Path) -> None:
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)

    assert path.read_text(encoding="utf-8") == nbformat.writes(notebook, version=nbformat.NO_CONVERT).rstrip() + "\n"
    assert notebook.metadata.kernelspec.display_name == "Python 3 (ipykernel)"
    assert notebook.metadata.language_info.keys() == LABS["language_info"].keys()


def test_running_the_examples_model_notebook_prevents_no_tag(tmp_path: Path) -> None:
    folder = tmp_path / "example"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints", "models"))
    git(folder, "init", "-q")
    commit(folder)
    notebook = nbformat.read(folder / "model.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.update(execution_count=1, outputs=[nbformat.v4.new_output("stream", text="trained\n")])
    notebook.metadata.kernelspec.display_name = "Python of somebody else"
    nbformat.write(notebook, folder / "model.ipynb")

    assert git(folder, "status", "--short") == "M model.ipynb"
    assert commit_to_test(open_project(folder, environment=os.environ)).dirty == ()


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


API = ("deployfeedback", "api", "v1")
Ask = Callable[..., Awaitable[tuple[int, Any]]]


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"jupyter_deployfeedback": True}}}


@pytest.fixture
def served(jp_root_dir: Path, url: str) -> Path:
    """A checkout under the server's root with a change in a committed file and one that git does not have."""
    folder = make_checkout(jp_root_dir / "digits", url=url)
    (folder / "helper.py").write_text("x = 2\n")
    (folder / "new.py").write_text("y = 1\n")
    return folder


@pytest.fixture
def fetch(jp_fetch: Callable[..., Awaitable[Any]]) -> Ask:
    async def ask(*path: str, **options: Any) -> tuple[int, Any]:
        try:
            response = await jp_fetch(*API, *path, **options)
        except HTTPClientError as error:
            response = error.response
        return response.code, json.loads(response.body)

    return ask


async def test_the_panel_is_told_before_a_run_what_prevents_a_tag(fetch: Ask, served: Path) -> None:
    _, answer = await fetch("project", params={"path": "digits/model.ipynb"})
    _, changes = await fetch("changes", params={"path": "digits/model.ipynb"})

    assert answer["project"]["commit"]["dirty"] == ["helper.py", "new.py"]
    told = changes["changes"]
    assert "-x = 1\n+x = 2\n" in told["helper.py"]
    assert "+y = 1\n" in told["new.py"]


async def test_the_panel_commits_exactly_the_named_files(fetch: Ask, served: Path) -> None:
    write_notebook(served / "model.ipynb", "print('staged')")
    git(served, "add", "model.ipynb")
    asked = {"path": "digits", "files": ["helper.py", "new.py"], "message": "Tune\n\nIt was 1."}
    status, answer = await fetch("changes", method="POST", body=json.dumps(asked))

    assert (status, answer["project"]["commit"]["dirty"]) == (201, ["model.ipynb"])
    assert answer["project"]["commit"]["subject"] == "Tune"
    assert git(served, "show", "--name-only", "--format=", "HEAD").split() == ["helper.py", "new.py"]


@pytest.mark.parametrize("file", ["quality.ipynb", "../outside.py", "*.py", ":(top)helper.py", "-a", ""])
async def test_the_panel_commits_nothing_that_has_not_changed_under_the_root(
    fetch: Ask, served: Path, jp_root_dir: Path, file: str
) -> None:
    asked = {"path": "digits", "files": [file], "message": "Steal"}
    status, answer = await fetch("changes", method="POST", body=json.dumps(asked))

    assert (status, answer["error"]) == (400, "usage")
    assert git(served, "log", "-1", "--format=%s") == "Train the model"


async def test_what_lies_outside_the_servers_root_is_not_shown(fetch: Ask, served: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    (served / "new.py").unlink()
    (served / "helper.py").unlink()
    (served / "helper.py").symlink_to(secret)

    assert await fetch("changes", params={"path": "digits"}) == (200, {"changes": {}})


async def test_showing_changes_executes_nothing_of_the_repository(fetch: Ask, served: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    (served / ".gitattributes").write_text("*.py diff=evil filter=evil\n")
    touch = f"sh -c 'touch {canary}'"
    for key in ("diff.evil.command", "diff.evil.textconv", "diff.external", "filter.evil.clean", "core.fsmonitor"):
        git(served, "config", key, touch)

    status, _ = await fetch("changes", params={"path": "digits"})

    assert status == 200
    assert not canary.exists()


async def test_the_panel_is_told_that_git_wants_a_name(
    fetch: Ask, served: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith(("GIT_AUTHOR", "GIT_COMMITTER"))]:
        monkeypatch.delenv(name)
    git(served, "config", "user.useConfigOnly", "true")
    asked = {"path": "digits", "files": ["helper.py"], "message": "Tune"}

    assert (await fetch("changes", method="POST", body=json.dumps(asked)))[1]["error"] == "person_unknown"
    status, _ = await fetch("changes", method="POST", body=json.dumps({**asked, "by": "Ada <ada@example.org>"}))
    assert (status, git(served, "log", "-1", "--format=%an <%ae>")) == (201, "Ada <ada@example.org>")


def test_what_a_folder_of_features_is_read_from_is_its_code(tmp_path: Path) -> None:
    for name in ("a.feature", "steps/s.py", "reports/old.xml", "steps/__pycache__/s.pyc"):
        (tmp_path / "features" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "features" / name).write_text(name)
    spec = Spec(
        source=str(tmp_path / "features"), folder=str(tmp_path), artifact="", runtime_folder="", timeout_seconds=1
    )

    assert read_bytes(spec).keys() == {"features/a.feature", "features/steps/s.py"}
