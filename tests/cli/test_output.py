"""Where feedback is written to: files, pipes, closed streams, terminals without colour or without our characters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_deployfeedback.cli.history import STATES, VERDICTS
from jupyter_deployfeedback.cli.options import EXPORTS, FORMATS
from jupyter_deployfeedback.domain.run import RunState
from jupyter_deployfeedback.domain.verdict import Verdict
from jupyter_deployfeedback.feedback import Export, Format

Jdf = Callable[..., subprocess.CompletedProcess[str]]
DOWN = {"DIGITS_CANDIDATE_URL": "http://127.0.0.1:9", "DIGITS_RELEASED_URL": "http://127.0.0.1:9"}
CLI = (sys.executable, "-m", "jupyter_deployfeedback.cli")


@pytest.fixture
def judged(jdf: Jdf, quick: Path) -> Path:
    """A project with a run that is an error, because nothing is deployed."""
    assert jdf("run", cwd=quick, env=DOWN).returncode == 4
    return quick


def test_a_run_that_is_refused_leaves_no_feedback_of_an_earlier_one(jdf: Jdf, quick: Path) -> None:
    feedback = quick / "feedback.xml"
    feedback.write_text("<testsuites failures='0'/>")

    called = jdf("run", "--suite", "speed", "--format", "junit", "--output", "feedback.xml", cwd=quick)

    assert called.returncode == 2
    assert feedback.read_text() == ""


def test_output_that_cannot_be_written_is_refused_before_the_run(jdf: Jdf, quick: Path) -> None:
    called = jdf("run", "--output", "/proc/nowhere/feedback.xml", cwd=quick, env=DOWN)

    assert called.returncode == 2
    assert "/proc/nowhere/feedback.xml cannot be written" in called.stderr
    assert jdf("list", cwd=quick).stdout.startswith("No runs yet.")


def test_feedback_goes_through_a_named_pipe(jdf: Jdf, quick: Path) -> None:
    os.mkfifo(quick / "pipe")
    with subprocess.Popen(["cat", "pipe"], cwd=quick, stdout=subprocess.PIPE, text=True) as reader:
        called = jdf("run", "--format", "json", "--output", "pipe", cwd=quick, env=DOWN)
        read, _ = reader.communicate(timeout=10)

    assert (called.returncode, json.loads(read)["verdict"]) == (4, "error")


def test_a_reader_that_leaves_early_changes_no_exit_code(judged: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    called = subprocess.run(
        [*CLI, "run", "--format", "html"],
        cwd=judged,
        env={**os.environ, **DOWN},
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)

    assert called.returncode == 4
    assert called.stderr.splitlines()[-1] == "Judging ..."


def test_a_closed_stdout_changes_no_exit_code(judged: Path) -> None:
    command = f"exec {' '.join(CLI)} run >&-"

    called = subprocess.run(
        ["sh", "-c", command],
        cwd=judged,
        env={**os.environ, **DOWN},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )

    assert called.returncode == 4
    assert called.stderr.splitlines()[-1] == "Judging ..."


def test_a_full_disk_behind_stdout_is_named(judged: Path) -> None:
    with Path("/dev/full").open("w") as full:
        called = subprocess.run([*CLI, "show"], cwd=judged, stdout=full, stderr=subprocess.PIPE, text=True, check=False)

    assert called.returncode == 2
    assert called.stderr == (
        "Error: The feedback cannot be written: No space left on device. Show it again: jupyter deployfeedback show.\n"
    )


def test_what_a_terminal_cannot_write_is_an_escape(judged: Path) -> None:
    called = subprocess.run(
        [*CLI, "show"], cwd=judged, env={**os.environ, "PYTHONIOENCODING": "latin-1"}, capture_output=True, check=False
    )

    assert called.returncode == 0
    assert "\\u2298 ERROR" in called.stdout.decode("latin-1")


def test_formats_for_programs_are_utf8_in_any_locale(judged: Path) -> None:
    called = subprocess.run(
        [*CLI, "show", "--format", "junit"],
        cwd=judged,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=False,
    )

    assert "≥ 80 %" in called.stdout.decode()


@pytest.mark.parametrize("command", [("run",), ("show",), ("list",), ("compare", "a", "b")])
def test_a_format_for_other_programs_is_refused_with_the_command_that_writes_it(
    jdf: Jdf, tmp_path: Path, command: tuple[str, ...]
) -> None:
    called = jdf(*command, "--format", "in-toto", cwd=tmp_path)

    assert (called.returncode, called.stdout) == (2, "")
    assert called.stderr == (
        "Error: in-toto is read by other programs, and is exported when a run is over."
        " Afterwards: jupyter deployfeedback export --format in-toto.\n"
    )


def test_export_writes_the_newest_run_or_the_one_that_is_named(jdf: Jdf, judged: Path) -> None:
    (judged / "numbers.json").write_text("of an earlier run")
    listed = json.loads(jdf("list", "--format", "json", cwd=judged).stdout)

    newest = jdf("export", "--format", "aicoe", cwd=judged)
    named = jdf("export", listed[0]["run_id"], "--format", "aicoe", "--output", "numbers.json", cwd=judged)

    assert (newest.returncode, named.returncode, named.stdout) == (0, 0, ""), named.stderr
    assert json.loads((judged / "numbers.json").read_text()) == json.loads(newest.stdout)
    assert json.loads(newest.stdout)["model_version"] == "candidate"
    assert named.stderr.endswith("\nWritten to numbers.json\n")


def test_an_export_that_is_refused_leaves_none_of_an_earlier_run(jdf: Jdf, tmp_path: Path) -> None:
    (tmp_path / "statement.json").write_text("of an earlier run")

    called = jdf("export", "nothing", "--format", "in-toto", "--output", "statement.json")

    assert (called.returncode, (tmp_path / "statement.json").read_text()) == (2, "")
    assert "There is no run 'nothing'." in called.stderr


def test_the_choices_of_options_are_all_there_are() -> None:
    assert tuple(Format) == FORMATS
    assert tuple(Export) == EXPORTS
    assert tuple(RunState) == STATES
    assert set(VERDICTS) == set(Verdict)


@pytest.mark.parametrize(("variables", "expected"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_colour_is_for_terminals_that_want_it(judged: Path, variables: dict[str, str], *, expected: bool) -> None:
    plain = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | {"TERM": "xterm"}
    master, terminal = os.openpty()
    subprocess.run([*CLI, "show"], cwd=judged, env=plain | variables, stdout=terminal, check=True)
    os.close(terminal)
    said = os.read(master, 4096).decode(errors="replace")
    os.close(master)

    assert "ERROR" in said
    assert ("\x1b[" in said) is expected


def test_a_list_without_a_match_does_not_say_that_there_are_no_runs(jdf: Jdf, judged: Path) -> None:
    assert jdf("list", "--verdict", "pass", cwd=judged).stdout == "No such runs.\n"


def test_a_closed_gate_names_what_keeps_it_closed(jdf: Jdf, judged: Path) -> None:
    called = jdf("release", "2.1.0", cwd=judged)

    assert called.returncode == 1
    assert "the gate is closed.\n  Target candidate: http://127.0.0.1:9" in called.stderr
