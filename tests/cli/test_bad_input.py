"""Bad input: one clear sentence with the remedy, the right exit code, no traceback."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Edit = Callable[[Path], object]


def replace(file: str, old: str, new: str) -> Edit:
    def edit(project: Path) -> None:
        path = project / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return edit


def kernel(name: str) -> Edit:
    def edit(project: Path) -> None:
        path = project / "suites" / "smoke.ipynb"
        notebook = json.loads(path.read_text())
        notebook["metadata"]["kernelspec"] |= {"name": name, "language": "julia"}
        path.write_text(json.dumps(notebook))

    return edit


def nothing(_: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("edit", "arguments", "code", "said"),
    [
        (lambda folder: (folder / "deployfeedback.yaml").unlink(), ["run"], 2, ["deployfeedback.yaml", "init"]),
        (replace("deployfeedback.yaml", "suites:", "suits:"), ["run"], 2, [":23", "suits", "suites"]),
        (replace("deployfeedback.yaml", "targets:", "targets: ["), ["check"], 2, ["deployfeedback.yaml:"]),
        (replace("deployfeedback.yaml", "p(95)<300ms", "p95<300ms"), ["check"], 2, ["p95<300ms", "p(95)"]),
        (replace("deployfeedback.yaml", "n: 700}", "nn: 700}"), ["check"], 2, ["'quality'", "'nn'", "'n'"]),
        (nothing, ["check", "--project", "nowhere"], 2, ["'nowhere' does not exist"]),
        (nothing, ["list", "--state", "broken"], 2, ["queued", "lost"]),
        (nothing, ["run", "--target", "staging"], 2, ["staging", "released, candidate"]),
        (nothing, ["run", "--suite", "speed"], 2, ["speed", "smoke"]),
        (nothing, ["run", "--against", "v0.9"], 2, ["v0.9"]),
        (nothing, ["run", "-p", "nn", "5"], 2, ["nn"]),
        (nothing, ["run", "-p", "n", "Error: none"], 2, ["Error: none", "'n'", "a number"]),
        (nothing, ["run", "-f", "params.yaml"], 2, ["params.yaml", "n: 100"]),
        (
            lambda folder: (folder / "params.yaml").write_text("a: !!binary aGk="),
            ["run", "-f", "params.yaml"],
            2,
            ["params.yaml:1: a:"],
        ),
        (nothing, ["run", "--matrix", "n"], 2, ["'n' is no matrix", "--matrix n=100,200"]),
        (nothing, ["run", "--matrix", "nn=1,2"], 2, ["nn"]),
        (nothing, ["run", "--matrix", "n=1,2", "-p", "n", "5"], 2, ["value and a matrix"]),
        (nothing, ["run", "--parallel", "0"], 2, ["--parallel"]),
        (nothing, ["run", "--format", "pdf"], 2, ["pdf"]),
        (nothing, ["show"], 2, ["no finished run", "jupyter deployfeedback run"]),
        (nothing, ["show", "20000101-000000-000000"], 2, ["20000101-000000-000000"]),
        (nothing, ["init"], 2, ["exists already", "--force"]),
        (
            lambda folder: (folder / "suites" / "smoke.ipynb").write_text("{"),
            ["run", "--suite", "smoke"],
            2,
            ["smoke.ipynb"],
        ),
        (
            lambda folder: (folder / "suites" / "smoke.ipynb").write_text("[]"),
            ["run", "--suite", "smoke"],
            2,
            ["smoke.ipynb"],
        ),
        (lambda folder: (folder / "suites" / "smoke.ipynb").unlink(), ["run"], 2, ["smoke.ipynb"]),
        (kernel("julia-9.9"), ["run", "--suite", "smoke"], 2, ["julia-9.9", "python3"]),
        (nothing, ["demo", "--ports", "1", "1", "--directory", "/proc/nowhere"], 2, ["/proc/nowhere", "--directory"]),
    ],
)
def test_bad_input_is_refused_with_the_remedy(
    jdf: Callable[..., object], project: Path, edit: Edit, arguments: list[str], code: int, said: list[str]
) -> None:
    edit(project)
    called = jdf(*arguments, cwd=project)
    assert called.returncode == code, called.stderr
    for words in said:
        assert words in called.stderr
    assert "Traceback" not in called.stderr
    assert called.stdout == ""


def test_debug_shows_where_an_error_came_from(jdf: Callable[..., object], project: Path) -> None:
    called = jdf("--debug", "run", "--target", "staging", cwd=project)
    assert called.returncode == 2
    assert "Traceback" in called.stderr


def test_port_in_use_is_named(jdf: Callable[..., object], tmp_path: Path, example: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        called = jdf("demo", "--directory", str(example), "--ports", port, "0")
    assert called.returncode == 2
    assert f"Port {port} is in use" in called.stderr


def test_store_that_cannot_be_written_is_named(jdf: Callable[..., object], project: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "a-file"
    blocked.write_text("not a folder")
    called = jdf("run", cwd=project, env={"DEPLOYFEEDBACK_STORE": str(blocked / "store")})
    assert called.returncode in {2, 4}
    assert "a-file" in called.stderr
    assert "Traceback" not in called.stderr


def test_unreachable_target_is_an_error_with_feedback_and_exit_code_four(
    jdf: Callable[..., object], project: Path
) -> None:
    called = jdf("run", "--format", "json", cwd=project, env={"DIGITS_CANDIDATE_URL": "http://127.0.0.1:9"})
    assert called.returncode == 4
    report = json.loads(called.stdout)
    assert (report["verdict"], report["gate"]) == ("error", "closed")
    assert "127.0.0.1:9" in report["headline"]
    assert {suite["outcome"] for suite in report["suites"]} == {"not_run"}


def test_release_without_a_repository_says_what_to_do(
    jdf: Callable[..., object], quick: Path, deployments: dict[str, str]
) -> None:
    import shutil

    shutil.rmtree(quick / ".git")
    ran = jdf("run", "--against", "none", cwd=quick, env=deployments)
    assert ran.returncode == 0, ran.stdout
    called = jdf("release", "2.1.0", cwd=quick)
    assert called.returncode == 2
    assert "commit the project" in called.stderr.lower()
