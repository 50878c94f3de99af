"""Notebooks in another language: bash, with its real kernel."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

from jupyter_deployfeedback.domain.run import Outcome, Step, Suite, SuiteResult

BASH = {"kernelspec": {"name": "deployfeedback-bash", "display_name": "Bash", "language": "bash"}}
RECORDS = """
echo '{"name": "answers", "value": 3, "unit": "requests"}' >> "$DEPLOYFEEDBACK_RECORDS"
echo '{"kind": "check", "title": "it answers", "passed": true}' >> "$DEPLOYFEEDBACK_RECORDS"
"""


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Jupyter path with a kernel for bash."""
    folder = tmp_path_factory.mktemp("jupyter")
    (folder / "kernels/deployfeedback-bash").mkdir(parents=True)
    command = [sys.executable, "-m", "bash_kernel", "-f", "{connection_file}"]
    specification = {"argv": command, "display_name": "Bash", "language": "bash"}
    (folder / "kernels/deployfeedback-bash/kernel.json").write_text(json.dumps(specification))
    return str(folder)


@pytest.fixture
def run_bash(
    tmp_path: Path,
    kernels: str,
    write_notebook: Callable[..., Path],
    run_suites: Callable[..., tuple[SuiteResult, ...]],
) -> Callable[..., SuiteResult]:
    """Execute one suite of these cells in bash."""

    def run(*cells: str | dict[str, Any], suite: dict[str, Any] | None = None, **others: Any) -> SuiteResult:
        write_notebook(tmp_path / "suite.ipynb", *cells, metadata=BASH)
        one = Suite(**{"name": "suite", "source": "suite.ipynb", "timeout_seconds": 60.0, **(suite or {})})
        # nobody's .bashrc is read: what it starts may hold locks that a killed shell leaves behind
        environment = {"JUPYTER_PATH": kernels, "HOME": str(tmp_path)}
        return run_suites(tmp_path, one, environment=environment, **others)[0]

    return run


def test_cells_pass_fail_or_err_as_their_last_command_says(run_bash: Callable[..., SuiteResult]) -> None:
    result = run_bash("echo fine", "false; true", "[ 1 = 2 ]", "echo never")

    assert [case.outcome.value for case in result.cases] == ["passed", "passed", "failed", "not_run"]
    assert result.cases[2].error is not None
    assert result.cases[2].error.message == "The last command of the cell ended with exit code 1."
    assert (result.kernel, result.environment) == ("started", {})


@pytest.mark.parametrize(
    ("cell", "name", "said"),
    [
        ("no-such-command", "ExitCode", "exit code 127"),
        pytest.param("set -e\nfalse\necho never", "EarlyExit", "told the kernel to exit", marks=pytest.mark.slow),
        pytest.param("exec true", "EarlyExit", "told the kernel to exit", marks=pytest.mark.slow),
    ],
)
def test_command_that_broke_and_shell_that_was_left_are_errors(
    run_bash: Callable[..., SuiteResult], cell: str, name: str, said: str
) -> None:
    result = run_bash(cell)

    (case,) = result.cases
    assert (case.outcome, case.error and case.error.type) == (Outcome.ERRORED, name)
    assert case.error is not None
    assert said in case.error.message


def test_cell_after_the_one_that_left_the_shell_is_judged_by_itself(run_bash: Callable[..., SuiteResult]) -> None:
    result = run_bash("exit 0", "true")

    assert [case.outcome.value for case in result.cases] == ["errored", "passed"]
    assert result.cases[0].error is not None
    assert result.cases[0].error.type == "EarlyExit"
    assert "told the kernel to exit" in result.cases[0].error.message


def test_parameters_replace_those_of_the_parameters_cell(run_bash: Callable[..., SuiteResult], tmp_path: Path) -> None:
    tagged = {"source": "n=5\nname=none", "tags": ["parameters"]}

    result = run_bash(tagged, 'echo "$n $name"; [ "$n" = 7 ]', suite={"parameters": {"n": 7, "name": "a b"}})

    copy = nbformat.read(tmp_path / "artifacts" / (result.artifact or ""), as_version=4)
    assert (result.outcome, copy.cells[-1].outputs[0].text.strip()) == (Outcome.PASSED, "7 a b")


def test_lines_of_json_are_metrics_and_checks_of_the_cell_that_wrote_them(
    run_bash: Callable[..., SuiteResult],
) -> None:
    result = run_bash("true", RECORDS)

    assert [(each.metric.name, each.value, each.metric.unit) for each in result.observations] == [
        ("answers", 3.0, "requests")
    ]
    assert [(case.title, case.cell_id) for case in result.cases][-1] == ("it answers", "c2")


def test_line_that_is_no_record_is_an_error(run_bash: Callable[..., SuiteResult]) -> None:
    result = run_bash('echo "3 answers" >> "$DEPLOYFEEDBACK_RECORDS"')

    assert result.outcome is Outcome.ERRORED
    assert "of a line that is no JSON object" in (result.reason or "")


CHILDREN = "sleep 300 & a=$!; setsid sleep 300 & echo $a $! $$ > pids; wait"


@pytest.mark.parametrize("cancels", [pytest.param(False, marks=pytest.mark.slow), True], ids=["time", "cancel"])
def test_cell_that_hangs_is_stopped_with_its_children(
    run_bash: Callable[..., SuiteResult], tmp_path: Path, *, cancels: bool
) -> None:
    cancelled = threading.Event()

    def cancel_when_it_runs(step: Step) -> None:
        if cancels and step.kind.value == "case_started":
            threading.Timer(1.0, cancelled.set).start()

    result = run_bash(
        CHILDREN, suite={"timeout_seconds": 60.0 if cancels else 5.0}, cancelled=cancelled, tell=cancel_when_it_runs
    )

    (case,) = result.cases
    assert case.error is not None
    assert (case.outcome, case.error.type) == (Outcome.ERRORED, "RunCancelled" if cancels else "SuiteTimeout")
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []
    assert os.getpid() not in pids
