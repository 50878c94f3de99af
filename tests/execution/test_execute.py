"""Suites with real workers and real kernels: what became of them is what really happened."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyter_deployfeedback.domain.run import EventKind, Outcome, Step, Suite, SuiteResult
from jupyter_deployfeedback.execution.standby.orders import FOLDER_VARIABLE

RunNotebook = Callable[..., SuiteResult]
PASSED, FAILED, ERRORED, NOT_RUN = Outcome.PASSED, Outcome.FAILED, Outcome.ERRORED, Outcome.NOT_RUN
BEFORE, AFTER = "before = 1", "after = 1"
RECORD = """
from IPython.display import display
def show(**record):
    mime = "application/vnd.deployfeedback.observation+json"
    display({mime: {"schema_version": 1, **record}, "text/plain": str(record)}, raw=True)
"""
SCRAP = """
from IPython.display import display
scrap = {"name": "spread", "data": 0.25, "encoder": "json", "version": 1}
display({"application/scrapbook.scrap.json+json": scrap}, metadata={"scrapbook": {"name": "spread"}}, raw=True)
"""
TAGGED = {"source": "assert False, 'broken'", "tags": ["raises-exception"]}

# name -> cells, the suite's outcome, its cases' outcomes, a fragment of what is said of it
TABLE: dict[str, tuple[list[Any], Outcome, list[Outcome], str]] = {
    "passes": ([BEFORE, AFTER], PASSED, [PASSED, PASSED], ""),
    "assertion": ([BEFORE, "assert before == 2", AFTER], FAILED, [PASSED, FAILED, NOT_RUN], ""),
    "exception": ([BEFORE, "{}['x']", AFTER], ERRORED, [PASSED, ERRORED, NOT_RUN], "KeyError: 'x'"),
    "sys-exit": ([BEFORE, "import sys; sys.exit(0)", AFTER], ERRORED, [PASSED, ERRORED, NOT_RUN], "SystemExit"),
    "os-exit": ([BEFORE, "import os; os._exit(0)", AFTER], ERRORED, [PASSED, ERRORED, NOT_RUN], "exited with code 0"),
    "ask-exit": ([BEFORE, "get_ipython().ask_exit()"], ERRORED, [PASSED, ERRORED], "told the kernel to exit"),
    "kill": ([BEFORE, "import os; os.kill(os.getpid(), 9)"], ERRORED, [PASSED, ERRORED], "killed by signal 9"),
    "timeout": ([BEFORE, "import time\ntime.sleep(60)", AFTER], ERRORED, [PASSED, ERRORED, NOT_RUN], "time (5 s) was over"),
    "raises-tag": ([TAGGED, AFTER], FAILED, [FAILED, PASSED], ""),
    "skip-tag": ([BEFORE, {"source": "1 / 0", "tags": ["skip-execution"]}], PASSED, [PASSED, Outcome.SKIPPED], ""),
    "input": (["input()", AFTER], ERRORED, [ERRORED, NOT_RUN], "StdinNotImplementedError"),
    "thread": (["from threading import Thread\nthread = Thread(target=lambda: 1 / 0)\nthread.start(); thread.join()"], PASSED, [PASSED], "a thread or a task reached only stderr"),
    "flood": (["print('x' * 50_000_000)", AFTER], PASSED, [PASSED, PASSED], "its output was cut"),
    "markdown": ([{"source": "# Title", "markdown": True}], NOT_RUN, [], "no code cell"),
    "empty": ([], NOT_RUN, [], "no code cell"),
    "checks": ([RECORD + "show(kind='check', title='right', passed=True); show(kind='check', title='fast', passed=False)", AFTER], FAILED, [PASSED, PASSED, FAILED, PASSED], ""),
    "cleared-check": ([RECORD + "from IPython.display import clear_output\nshow(kind='check', title='fast', passed=False); clear_output()"], FAILED, [PASSED, FAILED], ""),
    "br{x}": ([BEFORE], PASSED, [PASSED], ""),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, write_notebook: Callable[..., Path]) -> Path:
    """The notebooks of the table, in a folder of their own."""
    folder = tmp_path_factory.mktemp("table")
    for name, (cells, *_) in TABLE.items():
        write_notebook(folder / f"{name}.ipynb", *cells)
    return folder


@pytest.fixture(scope="module")
def sources(folder: Path) -> dict[str, bytes]:
    """The notebooks as they were before anything ran."""
    return {path.name: path.read_bytes() for path in folder.glob("*.ipynb")}


@pytest.fixture(scope="module")
def results(folder: Path, sources: dict[str, bytes], run_suites: Callable[..., Any]) -> dict[str, SuiteResult]:
    """All suites of the table, executed as one run."""
    assert sources
    suites = [
        Suite(name=name, source=f"{name}.ipynb", timeout_seconds=5.0 if name == "timeout" else 60.0) for name in TABLE
    ]
    return {result.suite.name: result for result in run_suites(folder, *suites)}


@pytest.mark.parametrize("name", TABLE)
def test_a_suite_is_called_what_it_was(name: str, results: dict[str, SuiteResult]) -> None:
    _, expected, cases, said = TABLE[name]

    result = results[name]

    assert (result.outcome, [case.outcome for case in result.cases]) == (expected, cases)
    assert said in " ".join([result.reason or "", *result.notices, *result.warnings])
    assert (result.reason is not None) is (expected in {ERRORED, NOT_RUN})


@pytest.mark.parametrize("name", TABLE)
def test_the_executed_copy_is_kept_for_this_user_alone(
    name: str, results: dict[str, SuiteResult], folder: Path
) -> None:
    copy = folder / "artifacts" / str(results[name].artifact)

    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
    nbformat.validate(nbformat.read(copy, as_version=4))


def test_c16_no_source_was_written(results: dict[str, SuiteResult], sources: dict[str, bytes], folder: Path) -> None:
    assert results
    assert {path.name: path.read_bytes() for path in folder.glob("*.ipynb")} == sources


def test_only_executed_copies_are_left_behind(results: dict[str, SuiteResult], folder: Path) -> None:
    assert results
    assert {path.suffix for path in (folder / "artifacts").iterdir()} == {".ipynb"}


def test_the_copy_of_a_flood_is_small_and_says_where_it_was_cut(results: dict[str, SuiteResult], folder: Path) -> None:
    copy = folder / "artifacts" / str(results["flood"].artifact)

    assert copy.stat().st_size < 11_000_000
    assert "[output cut: this cell printed more than 10 MB]" in copy.read_text()


def test_the_copy_shows_where_a_dead_kernel_stopped(results: dict[str, SuiteResult], folder: Path) -> None:
    copy = nbformat.read(folder / "artifacts" / str(results["os-exit"].artifact), as_version=4)

    assert [cell.metadata.papermill.status for cell in copy.cells] == ["completed", "running", "pending"]
    assert copy.cells[1].outputs[-1].ename == "KernelDied"


def test_a_timeout_shows_the_line_at_which_it_hung(results: dict[str, SuiteResult]) -> None:
    error = results["timeout"].cases[1].error

    assert error is not None
    assert error.type == "SuiteTimeout"
    assert "time.sleep(60)" in error.traceback


def test_a_timeout_is_kept(results: dict[str, SuiteResult]) -> None:
    assert 5.0 <= results["timeout"].duration_seconds < 60.0


def test_c17_an_error_of_a_case_is_kept_with_type_message_and_traceback(results: dict[str, SuiteResult]) -> None:
    error = results["assertion"].cases[1].error

    assert error is not None
    assert (error.type, error.message) == ("AssertionError", "")
    assert "assert before == 2" in error.traceback


def test_a_failed_check_fails_the_suite_though_its_cell_passed(results: dict[str, SuiteResult]) -> None:
    assert [(case.case_id, case.title, case.outcome) for case in results["checks"].cases[1:3]] == [
        ("c1#1", "right", PASSED),
        ("c1#2", "fast", FAILED),
    ]


def test_the_kernels_packages_are_known(results: dict[str, SuiteResult]) -> None:
    environment = results["passes"].environment

    assert environment["papermill"].startswith("2.")
    assert environment["python"].startswith("3.")


def test_times_of_a_suite_are_aware_and_in_order(results: dict[str, SuiteResult]) -> None:
    result = results["passes"]

    assert result.started_at < result.finished_at
    assert 0 < result.duration_seconds < 60
    assert all(case.duration_seconds is not None for case in result.cases)


def test_metrics_checks_and_evaluations_reach_the_result(run_notebook: RunNotebook) -> None:
    evaluation = {
        "kind": "evaluation",
        "name": "holdout",
        "ids": ["1"],
        "truth": [3],
        "candidate": {
            "target": "candidate",
            "predictions": [3],
            "latency_seconds": [0.01],
            "sent_at": [1.0],
            "states": ["answered"],
        },
        "window": {"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T00:00:01Z"},
        "dataset_digest": "ab",
    }
    told: list[Step] = []

    result = run_notebook(
        RECORD + "show(kind='progress', done=1, total=4)",
        f"show(**{evaluation!r})",
        "show(kind='metric', name='confidence', value=0.5)",
        SCRAP,
        tell=told.append,
    )

    assert result.outcome is PASSED
    assert {name.metric.name: name.value for name in result.observations} == {"confidence": 0.5, "spread": 0.25}
    assert [(each.name, each.suite) for each in result.evaluations] == [("holdout", "suite")]
    assert [(step.case_id, step.done, step.total) for step in told if step.kind is EventKind.PROGRESS] == [("c1", 1, 4)]


def test_what_the_probe_shows_is_what_is_read(run_notebook: RunNotebook) -> None:
    result = run_notebook(
        "import jupyter_deployfeedback as jdf",
        "jdf.record('spread', 0.25, better='lower'); jdf.record('ratio', float('nan'))",
        "jdf.check(True, 'right'); jdf.check(False, 'fast')",
    )

    values = {each.metric.name: (each.value, each.metric.better.value) for each in result.observations}
    assert values == {"spread": (0.25, "lower"), "ratio": (None, "neither")}
    assert [(case.title, case.outcome) for case in result.cases[3:]] == [("right", PASSED), ("fast", FAILED)]


def test_a_run_tells_each_step_in_order(run_notebook: RunNotebook) -> None:
    told: list[Step] = []

    run_notebook("# first\n1", "assert False, 'no'", "3", tell=told.append)

    assert [step.model_dump(exclude_none=True) for step in told] == [
        {"kind": "suite_started", "suite": "suite"},
        {"kind": "case_started", "suite": "suite", "case_id": "c1", "title": "first", "done": 0, "total": 3},
        {"kind": "case_finished", "suite": "suite", "case_id": "c1", "title": "first", "done": 1, "total": 3, "outcome": "passed"},
        {"kind": "case_started", "suite": "suite", "case_id": "c2", "title": "assert False, 'no'", "done": 1, "total": 3},
        {"kind": "case_finished", "suite": "suite", "case_id": "c2", "title": "assert False, 'no'", "done": 2, "total": 3, "outcome": "failed", "message": "AssertionError: no"},
        {"kind": "suite_finished", "suite": "suite", "outcome": "failed"},
    ]  # fmt: skip


def test_parameters_are_injected_behind_the_parameters_cell(run_notebook: RunNotebook) -> None:
    defaults = {"source": "n = 1\nnames = []", "tags": ["parameters"]}
    given = {"n": 7, "names": ["a"]}

    result = run_notebook(defaults, "assert (n, names) == (7, ['a'])", suite={"parameters": given})

    assert [(case.case_id, case.outcome) for case in result.cases] == [("c1", PASSED), ("c2", PASSED)]


def test_c16_a_suite_runs_in_its_notebooks_folder_with_this_runs_environment(
    run_notebook: RunNotebook, tmp_path: Path
) -> None:
    seen = tmp_path / "seen.json"
    code = (
        f"import json, os, pathlib; pathlib.Path({str(seen)!r}).write_text(json.dumps([os.getcwd(), dict(os.environ)]))"
    )

    run_notebook(
        code, environment={"GITHUB_TOKEN": "canary", "DECLARED": "yes"}, kernels={"environment": ("DECLARED",)}
    )

    folder, environment = json.loads(seen.read_text())
    assert folder == str(tmp_path)
    assert "GITHUB_TOKEN" not in environment
    assert environment["DECLARED"] == "yes"
    assert environment["DEPLOYED_MODEL_URL"] == "http://127.0.0.1:1"
    assert environment["DEPLOYFEEDBACK_RUN_ID"].startswith("run-")


def test_only_this_user_can_reach_a_kernel_and_its_folder_is_gone_afterwards(
    run_notebook: RunNotebook, tmp_path: Path
) -> None:
    seen = tmp_path / "seen.json"
    code = (
        "import json, os, pathlib, stat\n"
        "folder = pathlib.Path(os.environ['JUPYTER_RUNTIME_DIR'])\n"
        "connection = json.loads((folder / 'kernel.json').read_text())\n"
        "sockets = [str(path) for path in folder.iterdir() if path.is_socket()]\n"
        f"pathlib.Path({str(seen)!r}).write_text(json.dumps([str(folder), folder.stat().st_mode, connection, sockets]))"
    )

    run_notebook(code, environment={FOLDER_VARIABLE: ""})

    folder, mode, connection, sockets = json.loads(seen.read_text())
    assert connection["transport"] == "ipc"
    assert len(sockets) == 5
    assert mode & 0o777 == 0o700
    assert not Path(folder).exists()


def test_a_notebook_that_names_no_kernel_runs_in_python_with_a_notice(
    tmp_path: Path, write_notebook: Callable[..., Path], run_suites: Callable[..., Any]
) -> None:
    write_notebook(tmp_path / "plain.ipynb", "1 + 1", metadata={})

    (result,) = run_suites(tmp_path, Suite(name="plain", source="plain.ipynb"))

    assert (result.outcome, result.notices) == (PASSED, ("The notebook names no kernel; python3 ran it.",))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"cells": [], "metadata": {"kernelspec": {"name": "cobol", "display_name": "C"}}, "nbformat": 4, "nbformat_minor": 5}', "This machine has no kernel named 'cobol'."),
        ("[]", "broken.ipynb is JSON but not a notebook. Restore it"),
        ("{", "broken.ipynb is not JSON. It may have been cut off"),
    ],
)  # fmt: skip
def test_a_suite_that_cannot_be_run_is_errored_with_the_reason(
    tmp_path: Path, run_suites: Callable[..., Any], text: str, said: str
) -> None:
    (tmp_path / "broken.ipynb").write_text(text)

    (result,) = run_suites(tmp_path, Suite(name="broken", source="broken.ipynb"))

    assert result.outcome is ERRORED
    assert said in result.reason


def test_after_a_cancellation_the_other_suites_are_not_run(
    tmp_path: Path, write_notebook: Callable[..., Path], run_suites: Callable[..., Any]
) -> None:
    write_notebook(tmp_path / "slow.ipynb", "import time; time.sleep(60)")
    cancelled = threading.Event()

    def cancel_at_first_case(step: Step) -> None:
        if step.kind is EventKind.CASE_STARTED:
            cancelled.set()

    slow, next_one = run_suites(
        tmp_path,
        Suite(name="slow", source="slow.ipynb"),
        Suite(name="next", source="slow.ipynb"),
        tell=cancel_at_first_case,
        cancelled=cancelled,
    )

    assert (slow.outcome, slow.reason) == (
        ERRORED,
        "The run was cancelled. It was at: import time; time.sleep(60).",
    )
    assert slow.duration_seconds < 10
    assert (next_one.outcome, next_one.reason) == (NOT_RUN, "The run was cancelled before this suite began.")


def test_a_check_that_comes_when_its_cell_is_over_still_counts(run_notebook: RunNotebook) -> None:
    keep_parent = "publisher = get_ipython().display_pub; earlier = {'header': publisher.parent_header}"
    show_late = "publisher.set_parent(earlier); show(kind='check', title='late', passed=False)"

    result = run_notebook(RECORD + keep_parent, show_late)

    assert [(case.case_id, case.outcome) for case in result.cases] == [("c1", PASSED), ("c1#1", FAILED), ("c2", PASSED)]
    assert result.outcome is FAILED


def test_no_message_of_a_flood_is_lost_without_a_word(run_notebook: RunNotebook, tmp_path: Path) -> None:
    result = run_notebook("from IPython.display import display\nfor number in range(3000): display(number)")

    copy = nbformat.read(tmp_path / "artifacts" / "suite.ipynb", as_version=4)
    (case,) = result.cases
    kept = (case.outcome, len(copy.cells[0].outputs)) == (PASSED, 3000)
    told = case.error is not None and case.error.type == "MessagesLost"
    assert kept is not told, (case, len(copy.cells[0].outputs), result.reason, result.notices)
