"""The server never loses its footing: whatever a client or a repository sends, it answers, and forgets no run."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse

from jupyter_deployfeedback.domain.feedback import FeedbackReport
from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.run import RunRequest, RunState
from jupyter_deployfeedback.execution import remove_left_folders
from jupyter_deployfeedback.pipeline.run import reap
from jupyter_deployfeedback.store import open_store
from tests.faults.conftest import running, target  # noqa: F401
from tests.faults.scene import ENDS, until_said
from tests.feedback.runs import failing
from tests.server.conftest import jp_server_config  # noqa: F401
from tests.store.conftest import make_evidence

DEEP = "[" * 100_000 + "]" * 100_000
UNKNOWN = "20000101-000000-000000"
PROJECT = """version: 1
targets: {candidate: {url: "http://127.0.0.1:9", platform: {source: none}}}
suites: [suite.ipynb]
"""
CELL = {"cell_type": "code", "id": "a", "metadata": {"tags": ["parameters"]}, "outputs": [], "execution_count": None}
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python", "language": "python"}}


def notebook(source: str = "n = 1") -> str:
    cells = [{**CELL, "source": source}]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": KERNEL, "cells": cells})


@pytest.fixture
def small(jp_root_dir: Path) -> Path:
    """A project with one suite, whose target nobody serves."""
    folder = jp_root_dir / "small"
    folder.mkdir()
    (folder / "deployfeedback.yaml").write_text(PROJECT)
    (folder / "suite.ipynb").write_text(notebook())
    return folder


@pytest.fixture
def ask(jp_fetch: Any, jp_http_port: int, jp_base_url: str, jp_auth_header: dict[str, str]) -> Callable[..., Any]:
    """Send a request as it is written, nothing encoded or mended."""
    base = f"http://127.0.0.1:{jp_http_port}{jp_base_url}deployfeedback"
    client = AsyncHTTPClient(force_instance=True)

    async def send(verb: str, path: str, body: str | bytes | None = None, **headers: str) -> HTTPResponse:
        request = HTTPRequest(
            base + path, verb, headers=jp_auth_header | headers, body=body, allow_nonstandard_methods=True
        )
        return await client.fetch(request, raise_error=False)

    return send


def store_run(file: Path, report: FeedbackReport | None = None, **request: Any) -> str:
    """Put a run into the server's store, finished where there is a report; gives its id."""
    project = Project(
        name="small", folder=str(file.parent), file=str(file), targets={}, default_target="candidate", suites=()
    )
    asked = RunRequest(project_file=str(file), target="candidate", **request)
    with open_store(environment=os.environ) as store:
        run_id = store.start(asked, project=project, commit=None, baseline=None).run_id
        if report is not None:
            store.claim(run_id)
            store.finish(run_id, make_evidence(), report)
    return run_id


def refused(answer: HTTPResponse) -> str:
    """Assert that this is a refusal in the one form, with what to do next; gives its ``error``."""
    assert 400 <= answer.code < 500, (answer.code, answer.effective_url[:200], answer.body[:300])
    body = json.loads(answer.body)
    assert body["error"] not in {"", "internal", "http"}
    assert body["message"]
    assert body["remedy"], body
    return str(body["error"])


BODIES = [
    "", "[]", "null", "NaN", "{", "[" * 100_000, '{"path": NaN}', '{"path": 1e400}', b"\xff", b'{"path": "\xed\xa0\x80"}',
    '{"path": "small", "parameters": {"n": NaN}}',
    '{"path": "small", "parameters": {"n": [1, Infinity]}}',
    '{"path": "small", "parameters": {"n": 1e999}}',
    '{"path": "small", "matrix": {"n": [NaN, 1]}}',
    '{"path": "small", "parameters": {"n": ' + "9" * 900_000 + "}}",
    '{"path": "small", "parameters": {"n": ' + DEEP + "}}",
    '{"path": "small", "parameters": {"n": "' + r"\ud800" + '"}}',
    r'{"path": "small", "suites": ["\u0000"]}', r'{"path": "small", "target": "\u0000"}',
    r'{"path": "small\u0000"}', '{"path": "loop"}', '{"path": "loop/x"}', '{"path": "' + "x/" * 3000 + '"}',
    '{"path": "small", "urls": {"candidate": "http://[::1"}}', '{"path": "small", "against": "--help"}',
    '{"run_id": 1, "version": "1"}', r'{"run_id": "\u0000", "version": "1"}',
    '{"finding": "x", "by": "a", "reason": "b", "until": 1e30}',
    '{"finding": "x", "by": "a", "reason": "b", "until": ' + "9" * 900_000 + "}",
]  # fmt: skip


async def test_no_body_is_answered_with_500(ask: Any, small: Path) -> None:
    (small.parent / "loop").symlink_to(small.parent / "loop")
    run_id = store_run(small / "deployfeedback.yaml", failing())

    answers = [
        await ask("POST", f"/api/v1{path}", body)
        for body in BODIES
        for path in ("/runs", "/releases", f"/runs/{run_id}/waivers")
    ]

    assert {refused(each) for each in answers} <= {
        "usage", "project_not_found", "unknown_target", "unknown_suite", "unknown_parameter", "run_not_found", "rule_invalid",
    }  # fmt: skip


VALUES = [
    "%00", "%ff", "%ed%a0%80", "-1", "1e9", "%D9%A3", "9" * 900, "9" * 30_000, "NaN", "..", "%2e%2e", "%0a", "loop",
    "loop/x", "looped", "a" * 5000, "%25", "%E2%80%AE", "%2B1", "0x10", "nothing%5Chere",
]  # fmt: skip
PARTS = [
    "x",
    UNKNOWN,
    "%00",
    "%ff",
    "%ed%a0%80",
    "..",
    "%2F",
    "a" * 65,
    "--help",
    "'",
    "%22",
    "%3Cscript%3E",
    ";",
    "a%20b",
]


async def test_no_path_or_query_is_answered_with_500(ask: Any, small: Path) -> None:
    root = small.parent
    (root / "loop").symlink_to(root / "loop")
    (root / "looped").mkdir()
    (root / "looped" / "deployfeedback.yaml").symlink_to("deployfeedback.yaml")
    run_id = store_run(small / "deployfeedback.yaml", failing())
    queries = (
        "/project?path=", "/targets/candidate/health?path=", "/runs?path=", "/runs?after=", "/runs?limit=", "/runs?state=",
        "/runs?verdict=", "/releases?path=", f"/runs/{run_id}/events?after=", f"/runs/{run_id}/feedback?format=",
        f"/runs/{run_id}/charts?width=",
    )  # fmt: skip
    asked = [("GET", query + value) for query in queries for value in VALUES]
    asked += [("GET", f"/runs/{part}{end}") for part in PARTS for end in ("", "/events", "/feedback", "/artifacts/x")]
    asked += [("POST", f"/runs/{part}{end}") for part in PARTS for end in ("/cancel", "/continue", "/waivers")]
    asked += [("GET", f"/targets/{part}/health?path=small") for part in PARTS]
    asked += [("GET", f"/runs/{run_id}/artifacts/{part}") for part in PARTS]
    asked += [("GET", "/project"), ("GET", "/nothing"), ("PUT", "/runs"), ("FOO", "/runs"), ("PUT", "/nothing")]
    asked += [("GET", f"{path}no_track_activity=%ff") for path in ("/project?", "/runs?path=none&")]

    errors = [refused(await ask(verb, f"/api/v1{path}", "{}" if verb != "GET" else None)) for verb, path in asked]

    assert {"usage", "project_not_found", "run_not_found", "not_found", "bad_request", "method_not_allowed"} <= {
        *errors
    }


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=x", "image/png", ""])
async def test_a_body_of_another_content_type_is_no_500(ask: Any, kind: str) -> None:
    refused(await ask("POST", "/api/v1/runs", "%ff=%ff&a=b", **{"Content-Type": kind}))


def linked(name: str, to: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(to)

    return make


def suite(source: str) -> Callable[[Path], None]:
    return lambda folder: (folder / "suite.ipynb").write_text(notebook(source)) and None


def yaml(old: str, new: str) -> Callable[[Path], None]:
    return lambda folder: (folder / "deployfeedback.yaml").write_text(PROJECT.replace(old, new)) and None


def committed(command: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        script = f"git init -q . && git add -A && git commit -qm x && {command}"
        subprocess.run(script, shell=True, cwd=folder, check=True)

    return make


REPOSITORIES = {
    "a suite that links to itself": linked("suite.ipynb", "suite.ipynb"),
    "a folder of suites that links to itself": lambda folder: (
        linked("l", "l")(folder),
        yaml("suite.ipynb", "l/suite.ipynb")(folder),
    ),
    "features that link to themselves": lambda folder: (
        linked("l", "l")(folder),
        yaml("[suite.ipynb]", "[{features: l}]")(folder),
    ),
    "a suite that is /dev/zero": linked("suite.ipynb", "/dev/zero"),
    "half a character in a parameter": lambda folder: (folder / "suite.ipynb").write_text(
        notebook().replace("n = 1", r"n = '\ud800'")
    ),
    "a parameter that no parser can hold": suite("n = " + "-" * 50_000 + "1"),
    "a parameter of 50,000 attributes": suite("n = a" + ".a" * 50_000),
    "a parameter of 50,000 terms": suite("n = 1" + "+1" * 50_000),
    "a parameter of 900,000 digits": suite("n = " + "9" * 900_000),
    "a timeout of 5,000 digits": yaml("[suite.ipynb]", "[{notebook: suite.ipynb, timeout: " + "9" * 5000 + "}]"),
    "a version of 50,000 digits": yaml("version: 1", "version: 0x" + "f" * 50_000),
    "no whole number": yaml("version: 1", "version: !!int x"),
    "no number": yaml("version: 1", "version: !!float x"),
    "no yes or no": yaml("version: 1", "version: !!bool x"),
    "half a character in YAML": yaml("[suite.ipynb]", r'[{notebook: suite.ipynb, matrix: {n: ["\uD800"]}}]'),
    "half a character as a key": yaml("version: 1", r'"\uD800": 1'),
    "a header that HTTP does not allow": yaml("platform", r'auth: {headers: {"\u0100": "env:HOME"}}, platform'),
    "a count of 5,000 digits": yaml(
        "[suite.ipynb]", "[{notebook: suite.ipynb, more: n, parameters: {n: '" + "9" * 5000 + "'}}]"
    ),
    "a repository that links to itself": linked(".git", ".git"),
    "a repository that is none": lambda folder: (
        (folder / ".git").mkdir(),
        (folder / ".git" / "HEAD").write_bytes(b"\0\xff"),
    ),
    "a submodule that is the repository": committed(
        r"ln -s loop loop; printf '[submodule \"x\"]\npath=.\n[submodule \"y\"]\npath=loop\n' > .gitmodules"
    ),
    "a submodule without a repository": committed(
        r"mkdir -p sub/.git; printf '[submodule \"x\"]\npath=sub\n' > .gitmodules"
    ),
    "a name that is no text": committed(r"touch \"$(printf 'a\377b')\""),
}


async def test_no_repository_is_answered_with_500(ask: Any, jp_root_dir: Path) -> None:
    for number, (name, spoil) in enumerate(REPOSITORIES.items()):
        folder = jp_root_dir / f"p{number}"
        folder.mkdir()
        (folder / "deployfeedback.yaml").write_text(PROJECT)
        (folder / "suite.ipynb").write_text(notebook())
        spoil(folder)
        project = await ask("GET", f"/api/v1/project?path={folder.name}")
        health = await ask("GET", f"/api/v1/targets/candidate/health?path={folder.name}")
        run = await ask("POST", "/api/v1/runs", json.dumps({"path": folder.name}))
        if run.code == 202:
            await ask("POST", f"/api/v1/runs/{json.loads(run.body)['run_id']}/cancel", "{}")

        assert [each.code < 500 or refused(each) for each in (project, health, run)] == [True] * 3, name
        assert all(each.code < 400 or refused(each) for each in (project, health, run))


async def test_a_rendering_has_its_own_type_and_runs_nothing(ask: Any, small: Path) -> None:
    run_id = store_run(small / "deployfeedback.yaml", failing())

    answers = {form: await ask("GET", f"/api/v1/runs/{run_id}/feedback?format={form}") for form in FORMS}

    assert {form: each.headers["Content-Type"] for form, each in answers.items()} == FORMS
    assert {each.headers["X-Content-Type-Options"] for each in answers.values()} == {"nosniff"}
    policies = {each.headers["Content-Security-Policy"] for each in answers.values()}
    assert all("default-src 'none'" in policy and policy.endswith("; sandbox") for policy in policies)
    assert answers["html"].headers["Content-Disposition"].startswith("attachment; filename=")
    assert json.loads(answers["json"].body)["verdict"] == "fail"


FORMS = {
    "json": "application/json",
    "markdown": "text/markdown; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "junit": "application/xml; charset=utf-8",
}


async def test_an_artifact_is_no_json(ask: Any, small: Path) -> None:
    run_id = store_run(small / "deployfeedback.yaml", failing())
    with open_store(environment=os.environ) as store:
        (store.artifacts(run_id) / "page.html").write_text("<script>")

    answer = await ask("GET", f"/api/v1/runs/{run_id}/artifacts/page.html")

    assert (answer.headers["Content-Type"], answer.body) == ("application/octet-stream", b"<script>")


async def test_preflights_are_answered_alike_for_what_is_there_and_what_is_not(ask: Any, small: Path) -> None:
    run_id = store_run(small / "deployfeedback.yaml", failing())
    paths = (
        f"/runs/{run_id}", f"/runs/{UNKNOWN}", f"/runs/{run_id}/feedback", "/project?path=small", "/project?path=none",
        "/targets/candidate/health?path=small", "/targets/%ff/health", "/nothing", "/runs?no_track_activity=%ff",
    )  # fmt: skip
    preflight = {"Authorization": "", "Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}

    answers = [await ask("OPTIONS", f"/api/v1{path}", **preflight) for path in paths]

    assert {(each.code, each.body) for each in answers} == {(200, b"")}
    told = [
        {name: value for name, value in each.headers.get_all() if name not in {"Date", "Connection"}}
        for each in answers
    ]
    assert [each for each in told if each != told[0]] == [], told[0]
    assert {name for name in told[0] if name not in ALWAYS} == {
        "Access-Control-Allow-Headers", "Access-Control-Allow-Methods",
    }  # fmt: skip


ALWAYS = {"Server", "Connection", "Content-Type", "X-Content-Type-Options", "Content-Security-Policy", "Content-Length"}


async def test_a_body_that_is_too_large_is_refused_whatever_the_route(ask: Any, small: Path) -> None:
    run_id = store_run(small / "deployfeedback.yaml")
    paths = ("/runs", "/releases", f"/runs/{run_id}/cancel", f"/runs/{run_id}/waivers", "/nothing")

    answers = [await ask("POST", f"/api/v1{path}", '{"path": "' + "x" * 1_000_000 + '"}') for path in paths]

    assert {(each.code, refused(each)) for each in answers} == {(413, "body_too_large")}
    with open_store(environment=os.environ) as store:
        assert store.get(run_id).state is not RunState.CANCELLED


class TestOfTwoRoots:
    """One store, two servers: this one's root holds ``small``, another's root lies beside it."""

    @pytest.fixture
    def foreign(self, jp_root_dir: Path) -> str:
        """A run of a project below a folder whose name begins as this root's does."""
        return store_run(jp_root_dir.with_name(jp_root_dir.name + "-evil") / "deployfeedback.yaml", failing())

    async def test_a_run_of_another_root_is_as_one_that_is_not_there(self, ask: Any, small: Path, foreign: str) -> None:
        waiver = json.dumps({"finding": "x", "by": "a", "reason": "b", "until": "2099-12-31"})
        asked = [("GET", end, None) for end in ("", "/events", "/feedback", "/charts", "/artifacts/run.log")]
        asked += [("POST", "/cancel", "{}"), ("POST", "/continue", "{}"), ("POST", "/waivers", waiver)]

        pairs = [
            [await ask(verb, f"/api/v1/runs/{run_id}{end}", body) for run_id in (foreign, UNKNOWN)]
            for verb, end, body in asked
        ]
        pairs.append([await ask("GET", f"/api/v1/runs?after={run_id}") for run_id in (foreign, UNKNOWN)])
        release = {run_id: json.dumps({"run_id": run_id, "version": "1.0.0"}) for run_id in (foreign, UNKNOWN)}
        pairs.append([await ask("POST", "/api/v1/releases", body) for body in release.values()])

        for there, nowhere in pairs:
            assert (there.code, refused(there)) == (404, "run_not_found")
            assert there.body.replace(foreign.encode(), UNKNOWN.encode()) == nowhere.body

    async def test_only_runs_of_the_own_root_are_listed(self, ask: Any, small: Path, foreign: str) -> None:
        own = store_run(small / "deployfeedback.yaml", failing())

        listed = json.loads((await ask("GET", "/api/v1/runs")).body)["runs"]

        assert [run["run_id"] for run in listed] == [own]


@pytest.fixture
def desk(jp_serverapp: Any) -> Any:
    return jp_serverapp.web_app.settings["deployfeedback_desk"]()


class TestTheQueue:
    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:  # noqa: F811 - what it adds to
        return {**jp_server_config, "DeployFeedbackApp": {"max_queued_runs": 2, "preload": False}}

    @pytest.fixture
    def begin(self, ask: Any, desk: Any, small: Path) -> Callable[[], Any]:
        """Ask for a run, while another one has the only slot."""

        async def begun() -> HTTPResponse:
            if not desk._processes._slots.locked():
                await desk._processes._slots.acquire()
            return await ask("POST", "/api/v1/runs", '{"path": "small"}')

        return begun

    async def test_a_full_queue_is_told_and_a_cancelled_run_makes_room(self, ask: Any, begin: Any) -> None:
        acknowledged = [json.loads((await begin()).body)["run_id"] for _ in range(3)]

        full = await begin()
        await ask("POST", f"/api/v1/runs/{acknowledged[1]}/cancel", "{}")
        again = await begin()

        assert (full.code, refused(full)) == (429, "queue_full")
        assert again.code == 202
        listed = json.loads((await ask("GET", "/api/v1/runs")).body)["runs"]
        assert [run["state"] for run in listed] == ["queued", "queued", "cancelled", "queued"]

    async def test_a_run_that_waits_when_its_server_stops_stays_queued(self, desk: Any, begin: Any) -> None:
        run_id = json.loads((await begin()).body)["run_id"]

        await desk.close()

        with open_store(environment=os.environ) as store:
            assert store.get(run_id).state is RunState.QUEUED


def test_only_what_waits_for_a_server_of_this_root_is_taken_over(jp_root_dir: Path) -> None:
    here, elsewhere = jp_root_dir / "deployfeedback.yaml", jp_root_dir.with_name("elsewhere") / "deployfeedback.yaml"
    code = "import sys, tests.cases.test_server as here; here.acknowledge_runs(*sys.argv[1:])"
    ended = subprocess.run(
        [sys.executable, "-c", code, here, elsewhere], check=True, capture_output=True, text=True
    )  # a process that has gone before it worked them off
    own, others, by_hand = ended.stdout.split()
    of_one_that_lives = store_run(here, by_server=True)

    with open_store(environment=os.environ) as store:
        taken = [run.run_id for run in store.adopt(under=f"{jp_root_dir}/")]
        again = store.adopt(under=f"{jp_root_dir}/")

        assert (taken, again) == ([own], [])
        states = [store.get(run_id).state for run_id in (own, others, by_hand, of_one_that_lives)]
        assert states == ["queued", "queued", "lost", "queued"]


def acknowledge_runs(here: str, elsewhere: str) -> None:
    print(*[store_run(Path(file), by_server=True) for file in (here, elsewhere)], store_run(Path(here)))


def test_a_run_that_waited_is_worked_off_by_the_next_server(target: str) -> None:  # noqa: F811
    with running(target, arguments=("--DeployFeedbackApp.preload=False",)) as scene:
        hanging = scene.project("hanging", "open('here', 'w').write('x\\n')\nimport time\ntime.sleep(100)")
        working, waiting = scene.begin(hanging), scene.begin(scene.project("waiting", "1"))
        until_said(hanging)
        scene.process.kill()
        scene.process.wait()

        scene.start()  # nobody asks it for anything

        give_up_at = time.monotonic() + 60.0
        while (states := stored_states(scene.store))[waiting] not in ENDS and time.monotonic() < give_up_at:
            time.sleep(0.1)
        assert states[waiting] == "finished"
        assert states[working] in {"cancelled", "lost"}


def stored_states(store: Path) -> dict[str, str]:
    with closing(sqlite3.connect(store / "store.sqlite", timeout=30.0)) as connection:
        return dict(connection.execute("SELECT run_id, state FROM runs").fetchall())


FOLDER = "import time; from jupyter_deployfeedback.execution import own_folder; print(own_folder(), flush=True); time.sleep(60)"


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files, with a short path."""
    with tempfile.TemporaryDirectory(prefix="left-") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


@pytest.mark.skipif(os.name != "posix", reason="there are no such locks")
def test_folders_of_killed_processes_are_removed_and_nobody_elses(temporary: Path) -> None:
    owners = [subprocess.Popen([sys.executable, "-c", FOLDER], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    killed, alive = (Path(each.stdout.readline().strip()) for each in owners)
    strangers = temporary / "deployfb-stranger"
    strangers.mkdir()
    elsewhere = temporary / "target"
    elsewhere.mkdir()
    (elsewhere / "owner").touch()
    (temporary / "deployfb-link").symlink_to(elsewhere)
    try:
        owners[0].kill()
        owners[0].wait()
        with open_store(environment=os.environ) as store:
            reap(store)

        assert not killed.exists()
        assert {alive, strangers, elsewhere} <= {*temporary.iterdir()}
    finally:
        owners[1].kill()
        for each in owners:
            each.wait()
            each.stdout.close()


@pytest.mark.skipif(os.name != "posix", reason="there are no such locks")
def test_a_folder_lives_as_long_as_who_inherited_its_lock(temporary: Path) -> None:
    code = FOLDER.replace("; print", ", lock_of; folder = own_folder(); print").replace(
        "print(own_folder(),", "print(folder,"
    )
    heir = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'input()'], pass_fds=[lock_of(folder)]); "
    owner = subprocess.Popen(
        [sys.executable, "-c", code.replace("print(", heir + "print(", 1)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    folder = Path(owner.stdout.readline().strip())
    owner.kill()
    owner.wait()

    remove_left_folders()
    assert folder.exists()

    owner.stdin.close()  # the heir reads its end, and ends
    owner.stdout.read()
    remove_left_folders()
    assert not folder.exists()
    owner.stdout.close()
