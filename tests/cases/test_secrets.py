"""Secrets go where their owner sends them: what a repository refers to goes nowhere that user or admin did not allow."""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from tornado.httpclient import HTTPClientError

import jupyter_deployfeedback as jdf
from jupyter_deployfeedback.cli.main import group
from jupyter_deployfeedback.domain.run import RunRequest
from jupyter_deployfeedback.errors import DeployFeedbackError
from jupyter_deployfeedback.execution.environment import kernel_environment
from jupyter_deployfeedback.magics import DeployFeedbackMagics
from jupyter_deployfeedback.pipeline.plan import open_project
from jupyter_deployfeedback.pipeline.run import evaluate, start
from jupyter_deployfeedback.probe.settings import read_settings
from jupyter_deployfeedback.probe.target import Target
from jupyter_deployfeedback.store import open_store

CANARY = "canary-7a1f-of-the-user"
EXAMPLE = Path(__file__).parents[2] / "example-notebooks" / "deployfeedback.yaml"


class Spy:
    """A deployment, and what it was sent: the path and headers of each request."""

    def __init__(self) -> None:
        seen: list[str] = []

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                seen.append(f"{self.path} {dict(self.headers)}")
                body = b'{"predictions": [1], "model_version": "1"}'
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 - the name is http.server's

            def log_message(self, *_: object) -> None:
                pass

        self.seen = seen
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


@pytest.fixture
def spy() -> Iterator[Spy]:
    found = Spy()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write a project with one target and a suite; the user has secrets that the repository knows of."""
    (tmp_path / "id_secret").write_text(CANARY)
    monkeypatch.setenv("MODEL_TOKEN", CANARY)

    def written(target: str, *, file: str = "deployfeedback.yaml") -> Path:
        folder = tmp_path / "hostile"
        folder.mkdir(exist_ok=True)
        cell = nbformat.v4.new_code_cell(
            "import jupyter_deployfeedback as jdf\nassert jdf.connect().predict([[1]]) == [1]"
        )
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=kernel), folder / "suite.ipynb")
        (folder / file).write_text(f"targets: {{candidate: {target}}}\nsuites: [suite.ipynb]\n")
        return folder

    return written


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Call a command as a terminal would; gives its exit code and what it said."""

    def call(*arguments: object) -> tuple[int, str]:
        capsys.readouterr()
        try:
            code = group.main([str(each) for each in arguments], standalone_mode=False)
        except DeployFeedbackError as error:
            return error.exit_code, f"{capsys.readouterr().out}{error}"
        return code if isinstance(code, int) else 0, capsys.readouterr().out

    return call


def hostile(spy: Spy, folder: Path) -> dict[str, str]:
    """Four ways in which a repository asks for a secret."""
    return {
        "a variable as token": f"{{url: '{spy.url}', auth: {{bearer: 'env:MODEL_TOKEN'}}}}",
        "a file in a header": f"{{url: '{spy.url}', auth: {{headers: {{X: 'file:{folder / 'id_secret'}'}}}}}}",
        "a variable in the address": f"{{url: '{spy.url}/${{MODEL_TOKEN}}/x'}}",
        "a token for the metrics": f"{{url: '{spy.url}', platform: {{source: prometheus, url: '{spy.url}',"
        " labels: {job: x}, auth: {bearer: 'env:MODEL_TOKEN'}}}",
    }


WAYS = ("a variable as token", "a file in a header", "a variable in the address", "a token for the metrics")


def allowing_command(said: str) -> list[str]:
    """Return the words of the command that a refusal names."""
    found = re.search(r"jupyter deployfeedback (trust allow .*)", said)
    assert found, said
    return shlex.split(found[1])


# --- refused before anything is sent, at every door ------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_a_run_sends_no_secret_that_nobody_allowed(way: str, spy: Spy, write: Callable, tmp_path: Path) -> None:
    folder = write(hostile(spy, tmp_path)[way])
    request = RunRequest(project_file=str(folder / "deployfeedback.yaml"), target="")
    store = open_store(environment=os.environ)

    with pytest.raises(DeployFeedbackError, match="may not be sent to") as refused:
        start(request, store=store, environment=os.environ)

    assert (refused.value.code, refused.value.exit_code) == ("secret_not_allowed", 2)
    assert spy.seen == []
    assert store.list() == []


@pytest.mark.parametrize("way", WAYS)
def test_doctor_asks_no_target_that_would_be_sent_what_nobody_allowed(
    way: str, spy: Spy, write: Callable, tmp_path: Path, cli: Callable
) -> None:
    folder = write(hostile(spy, tmp_path)[way])

    code, said = cli("doctor", "--project", folder)

    assert code == 4
    assert spy.seen == []
    assert f"may not be sent to {spy.url}" in said
    assert CANARY not in said


def test_the_command_line_ends_with_the_command_that_allows_it(spy: Spy, write: Callable, tmp_path: Path) -> None:
    folder = write(hostile(spy, tmp_path)["a variable as token"])

    command = [sys.executable, "-m", "jupyter_deployfeedback.cli", "run", "--project", str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 2
    assert f"trust allow env:MODEL_TOKEN={spy.url}\n" in ended.stderr
    assert f"--allow-secret env:MODEL_TOKEN={spy.url}" in ended.stderr
    assert spy.seen == []


def test_papermills_command_line_runs_nothing_where_a_secret_is_not_allowed(
    spy: Spy, write: Callable, tmp_path: Path
) -> None:
    folder = write(hostile(spy, tmp_path)["a variable as token"])

    with pytest.raises(DeployFeedbackError, match="trust allow"):
        papermill.execute_notebook(
            folder / "suite.ipynb", tmp_path / "out.ipynb", engine_name="deployfeedback", progress_bar=False
        )

    assert spy.seen == []


def test_the_magic_says_which_command_allows_it(spy: Spy, write: Callable, tmp_path: Path) -> None:
    folder = write(hostile(spy, tmp_path)["a variable as token"])
    magic = DeployFeedbackMagics(InteractiveShell.instance())

    with pytest.raises(UsageError, match="trust allow"):
        magic.deployfeedback(f"run --project {folder}")

    InteractiveShell.clear_instance()
    assert spy.seen == []


def test_in_a_kernel_a_reference_that_is_not_allowed_does_not_resolve(
    spy: Spy, write: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for way in ("a variable as token", "a file in a header"):
        project = open_project(write(hostile(spy, tmp_path)[way]), environment=os.environ)
        target = project.targets["candidate"]
        told = kernel_environment(os.environ, target=target, baseline=None, run_id="r1", suite="suite")
        assert "MODEL_TOKEN" not in told  # a kernel is not given what it may not send
        with monkeypatch.context() as kernel:
            for name, value in told.items():
                kernel.setenv(name, value)
            with pytest.raises(DeployFeedbackError, match="nobody allowed it"):
                jdf.connect().predict([[1]])
            with pytest.raises(DeployFeedbackError, match="nobody allowed it"):  # nor what the suite itself writes
                jdf.connect(auth={"bearer": "env:MODEL_TOKEN"}).predict([[1]])

    assert spy.seen == []


def test_a_target_that_nobody_connected_to_by_hand_sends_nothing_unallowed(spy: Spy, write: Callable) -> None:
    write("{url: 'http://127.0.0.1:9'}")

    with pytest.raises(DeployFeedbackError, match="nobody allowed it"):
        Target(read_settings({"url": spy.url, "auth": {"bearer": "env:MODEL_TOKEN"}})).predict([[1]])

    assert spy.seen == []


def test_by_hand_whoever_writes_the_reference_sends_it(spy: Spy, write: Callable) -> None:
    write("{url: 'http://127.0.0.1:9'}")

    jdf.connect(spy.url, auth={"bearer": "env:MODEL_TOKEN"}).predict([[1]])

    assert f"Bearer {CANARY}" in spy.seen[0]


# --- allowed ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_the_command_of_a_refusal_allows_what_was_refused(
    way: str, spy: Spy, write: Callable, tmp_path: Path, cli: Callable
) -> None:
    folder = write(hostile(spy, tmp_path)[way])

    assert cli(*allowing_command(cli("doctor", "--project", folder)[1]))[0] == 0

    _, said = cli("doctor", "--project", folder)
    assert "target candidate" in said
    assert "may not be sent" not in said
    assert spy.seen
    assert CANARY not in said
    assert (CANARY in str(spy.seen)) == (way != "a token for the metrics")  # which doctor does not read


def test_an_option_allows_it_once(spy: Spy, write: Callable, tmp_path: Path, cli: Callable) -> None:
    folder = write(hostile(spy, tmp_path)["a variable as token"])

    cli("doctor", "--project", folder, "--allow-secret", f"MODEL_TOKEN={spy.url}")
    asked = len(spy.seen)

    assert CANARY in str(spy.seen)
    assert "may not be sent" in cli("doctor", "--project", folder)[1]
    assert len(spy.seen) == asked


def test_a_secret_that_is_allowed_at_one_origin_goes_to_no_other(
    spy: Spy, write: Callable, tmp_path: Path, cli: Callable
) -> None:
    folder = write(hostile(spy, tmp_path)["a variable as token"])
    port = spy.url.rpartition(":")[2]
    others = (f"https://127.0.0.1:{port}", f"http://127.0.0.1:{int(port) % 65000 + 1}", f"http://localhost:{port}")
    cli("trust", "allow", *(f"env:MODEL_TOKEN={origin}" for origin in others), f"env:OTHER={spy.url}")

    assert "may not be sent" in cli("doctor", "--project", folder)[1]
    assert spy.seen == []


def test_what_was_allowed_is_listed_and_can_be_taken_back(
    spy: Spy, write: Callable, tmp_path: Path, cli: Callable
) -> None:
    folder = write(hostile(spy, tmp_path)["a variable as token"])
    use = f"env:MODEL_TOKEN={spy.url}"

    cli("trust", "allow", use)
    assert cli("trust", "list") == (0, f"{use}\n")
    cli("trust", "revoke", use)
    assert cli("trust", "list") == (0, "")
    assert "may not be sent" in cli("doctor", "--project", folder)[1]


def test_what_was_allowed_is_kept_outside_the_repository_and_is_trusted_only_while_nobody_else_can_write_it(
    spy: Spy, write: Callable, tmp_path: Path, cli: Callable
) -> None:
    folder = write(hostile(spy, tmp_path)["a variable as token"])
    cli("trust", "allow", f"env:MODEL_TOKEN={spy.url}")
    (kept,) = Path(os.environ["JUPYTER_CONFIG_DIR"]).iterdir()

    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert CANARY not in kept.read_text()
    kept.chmod(0o622)
    assert "can be written by others" in cli("doctor", "--project", folder)[1]
    kept.chmod(0o600)
    kept.write_text("{")
    assert "cannot be read" in cli("doctor", "--project", folder)[1]
    assert spy.seen == []


def test_an_address_that_is_typed_into_init_is_allowed_for_that_project(
    spy: Spy, write: Callable, tmp_path: Path, cli: Callable
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    cli("init", own, "--url", spy.url)
    file = own / "deployfeedback.yaml"
    file.write_text(file.read_text().replace("    # auth:", "    auth:"))

    cli("doctor", "--project", own)
    asked = len(spy.seen)

    assert f"Bearer {CANARY}" in str(spy.seen)
    other = write(hostile(spy, tmp_path)["a file in a header"])
    assert "may not be sent" in cli("doctor", "--project", other)[1]
    assert len(spy.seen) == asked


# --- nothing is asked where nothing is secret ------------------------------------------------------------------------


def test_the_example_needs_no_consent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITS_RELEASED_URL", "http://127.0.0.1:8001")
    project = open_project(EXAMPLE, environment=os.environ)

    assert [target.asked_for for target in project.targets.values()] == [(), ()]


def test_a_variable_that_is_the_whole_address_needs_no_consent(
    spy: Spy, write: Callable, monkeypatch: pytest.MonkeyPatch, cli: Callable
) -> None:
    monkeypatch.setenv("MODEL_URL", spy.url)
    folder = write("{url: '${MODEL_URL:-http://127.0.0.1:9}'}")

    assert f"target candidate: {spy.url} ready" in cli("doctor", "--project", folder)[1]
    assert f"target  candidate (default): {spy.url}\n" in cli("check", "--project", folder)[1]


def test_an_aicoe_repository_names_no_secret_so_its_users_variables_need_no_consent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jupyter_deployfeedback.pipeline.trust import permitted

    (tmp_path / "features").mkdir()
    (tmp_path / ".aicoe-ci.yaml").write_text("overlays: [{name: inference, deploy: {}, gather: {name: g}}]\n")
    said = {"THANOS_ENDPOINT": "https://thanos.example", "THANOS_ACCESS_TOKEN": CANARY}
    said |= {"PIPELINE_HELPERS_DEPLOYMENT_NAMESPACE": "n", "PIPELINE_HELPERS_POD_NAME": "p"}
    project = open_project(tmp_path, environment={**said, "DEPLOYED_MODEL_URL": "http://127.0.0.1:9"})

    found = permitted(project, project.targets.values(), environment=said)

    assert "env:THANOS_ACCESS_TOKEN=https://thanos.example" in found["DEPLOYFEEDBACK_ALLOWED_SECRETS"]


# --- no value is shown -----------------------------------------------------------------------------------------------


def test_check_shows_what_is_written_and_no_value_of_a_variable(
    spy: Spy, write: Callable, tmp_path: Path, cli: Callable
) -> None:
    folder = write(hostile(spy, tmp_path)["a variable in the address"])

    code, said = cli("check", "--project", folder)

    assert code == 0
    assert f"{spy.url}/${{MODEL_TOKEN}}/x" in said
    assert f"sends env:MODEL_TOKEN to {spy.url}. Not allowed yet" in said
    assert CANARY not in said


def test_an_error_about_an_address_shows_no_value_of_a_variable(write: Callable, cli: Callable) -> None:
    folder = write("{url: 'http://127.0.0.1:9/${MODEL_TOKEN}'}")

    _, said = cli("doctor", "--project", folder, "--allow-secret", "MODEL_TOKEN=http://127.0.0.1:9")

    assert "http://127.0.0.1:9/${MODEL_TOKEN} cannot be reached" in said
    assert CANARY not in said


def test_a_run_sends_what_is_allowed_and_keeps_no_value_of_it(
    spy: Spy, write: Callable, tmp_path: Path, cli: Callable
) -> None:
    folder = write(f"{{url: '{spy.url}/${{MODEL_TOKEN}}', auth: {{headers: {{X-Key: 'env:MODEL_TOKEN'}}}}}}")
    cli("trust", "allow", f"MODEL_TOKEN={spy.url}")
    store = open_store(environment=os.environ)
    run = start(
        RunRequest(project_file=str(folder / "deployfeedback.yaml"), target=""), store=store, environment=os.environ
    )

    report = evaluate(run.run_id, store=store, environment=os.environ, tell=lambda _: None, cancelled=threading.Event())

    (suite,) = report.suites
    assert suite.outcome == "passed", suite
    asked = [each for each in spy.seen if each.startswith(f"/{CANARY}/predict")]
    assert asked
    assert all(f"'X-Key': '{CANARY}'" in each for each in asked)
    assert CANARY not in report.model_dump_json()
    kept = [path for path in (tmp_path / "deployfeedback-store").rglob("*") if path.is_file()]
    assert [path for path in kept if CANARY.encode() in path.read_bytes()] == []


# --- what an origin is -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Model.Example/a/b", "https://model.example"),
        ("HTTPS://model.example:443", "https://model.example"),
        ("http://model.example:443/", "http://model.example:443"),
        ("http://[::1]:8000/x", "http://[::1]:8000"),
        ("http://${HOST}:${PORT}/x", "http://${HOST}:${PORT}"),
        ("${BASE}/x", "${BASE}"),
        ("${SCHEME}://evil.example", None),
        ("http://model.example\\.evil.example", None),
        ("http://model.example@evil.example", None),
        ("http://m\u043edel.example", None),  # a Cyrillic o
        ("http://model.exa\tmple", None),
        ("file:///etc/passwd", None),
        ("model.example", None),
    ],
)
def test_an_origin_is_scheme_host_and_port_or_refused(url: str, origin: str | None) -> None:
    from jupyter_deployfeedback.probe.trust import origin_of

    try:
        found = origin_of(url)
    except DeployFeedbackError as error:
        found, said = None, str(error)
        assert "evil" not in said
    assert found == origin


def test_a_reference_that_could_be_shown_as_another_is_refused(write: Callable, cli: Callable) -> None:
    folder = write('{url: "http://127.0.0.1:9", auth: {bearer: "file:/tmp/\\u202Enekot"}}')

    assert "Write a reference" in cli("check", "--project", folder)[1]


# --- the panel -------------------------------------------------------------------------------------------------------


@pytest.fixture
def jp_server_config(request: pytest.FixtureRequest) -> dict[str, Any]:
    allowed = getattr(request, "param", [])
    return {
        "ServerApp": {"jpserver_extensions": {"jupyter_deployfeedback": True}},
        "DeployFeedbackApp": {"allowed_secrets": allowed, "preload": False},
    }


@pytest.fixture
def ask(jp_fetch: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[tuple[int, Any]]]:
    """Ask a route about the hostile project; gives status and JSON."""

    async def asked(*path: str, **body: Any) -> tuple[int, Any]:
        given = {"params": {"path": "hostile"}} if not body else {"method": "POST", "body": json.dumps(body)}
        try:
            response = await jp_fetch("deployfeedback", "api", "v1", *path, **given)
        except HTTPClientError as error:
            response = error.response
        return response.code, json.loads(response.body)

    return asked


async def test_the_panel_asks_nothing_before_its_user_consented_to_what_goes_where(
    ask: Callable, spy: Spy, write: Callable, tmp_path: Path, jp_root_dir: Path
) -> None:
    write(hostile(spy, tmp_path)["a variable as token"]).rename(jp_root_dir / "hostile")
    consent = {"path": "hostile", "reference": "env:MODEL_TOKEN", "origin": spy.url}

    _, before = await ask("project")
    refused = await ask("targets", "candidate", "health")
    started = await ask("runs", path="hostile")

    wanted = {"reference": "env:MODEL_TOKEN", "origin": spy.url, "allowed": False}
    assert before["project"]["targets"][0]["secrets"] == [wanted]
    assert (refused[0], refused[1]["error"]) == (403, "secret_not_allowed")
    assert (started[0], started[1]["error"]) == (403, "secret_not_allowed")
    assert spy.seen == []

    assert (await ask("secrets", **{**consent, "reference": "env:HOME"}))[0] == 400  # only what the project asks for
    assert (await ask("secrets", **{**consent, "origin": "http://127.0.0.1:9"}))[0] == 400
    assert await ask("secrets", **consent) == (201, {**wanted, "allowed": True})
    assert (await ask("project"))[1]["project"]["targets"][0]["secrets"] == [{**wanted, "allowed": True}]
    assert (await ask("targets", "candidate", "health"))[1]["facts"]["ready"]
    assert f"Bearer {CANARY}" in str(spy.seen)


async def test_an_address_that_is_typed_into_the_panel_is_allowed_for_that_project(
    ask: Callable, spy: Spy, write: Callable, tmp_path: Path, jp_root_dir: Path
) -> None:
    write(hostile(spy, tmp_path)["a variable as token"]).rename(jp_root_dir / "hostile")

    await ask("runs", path="hostile", urls={"candidate": spy.url}, suites=["nothing is run"])

    _, found = await ask("project")
    assert found["project"]["targets"][0]["secrets"][0]["allowed"]


@pytest.mark.parametrize("jp_server_config", [["env:MODEL_TOKEN=http://127.0.0.1:9"]], indirect=True)
async def test_an_admin_allows_secrets_for_all_projects(
    ask: Callable, spy: Spy, write: Callable, jp_root_dir: Path
) -> None:
    target = "{url: 'http://127.0.0.1:9', auth: {bearer: 'env:MODEL_TOKEN', headers: {X: 'env:OTHER'}}}"
    write(target).rename(jp_root_dir / "hostile")

    _, found = await ask("project")

    said = {each["reference"]: each["allowed"] for each in found["project"]["targets"][0]["secrets"]}
    assert said == {"env:MODEL_TOKEN": True, "env:OTHER": False}


async def test_the_panel_shows_no_value_of_a_variable(
    ask: Callable, spy: Spy, write: Callable, tmp_path: Path, jp_root_dir: Path
) -> None:
    write(hostile(spy, tmp_path)["a variable in the address"]).rename(jp_root_dir / "hostile")

    found = [await ask("project"), await ask("targets", "candidate", "health")]

    assert f"{spy.url}/${{MODEL_TOKEN}}/x" in str(found)
    assert CANARY not in str(found)
    assert spy.seen == []
