"""Time limits: of a cell, of a suite, of a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from jupyter_deployfeedback.domain.run import Outcome, Suite, SuiteResult

LONG = "import time; time.sleep(60)"
STUBBORN = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
time.sleep(60)
"""
SWALLOWS = """
try:
    import time; time.sleep(60)
except KeyboardInterrupt:
    print("never mind")
"""


@pytest.mark.parametrize("cell", [LONG, SWALLOWS])
def test_a_cell_that_takes_too_long_is_interrupted_and_errored(
    run_notebook: Callable[..., SuiteResult], cell: str
) -> None:
    result = run_notebook("1", cell, suite={"cell_timeout_seconds": 1.0})

    case = result.cases[1]
    assert case.error is not None
    assert (case.outcome, case.error.type, case.error.message) == (
        Outcome.ERRORED,
        "CellTimeout",
        "The cell's time (1 s) was over.",
    )
    assert (result.outcome, result.cases[0].outcome) == (Outcome.ERRORED, Outcome.PASSED)


def test_what_comes_after_a_cell_that_was_interrupted_is_not_run(run_notebook: Callable[..., SuiteResult]) -> None:
    result = run_notebook(LONG, "1", suite={"cell_timeout_seconds": 1.0})

    assert [case.outcome for case in result.cases] == [Outcome.ERRORED, Outcome.NOT_RUN]
    assert result.reason is not None
    assert result.reason.endswith("CellTimeout: The cell's time (1 s) was over.")


def test_a_cell_that_may_raise_leaves_the_suite_its_time(run_notebook: Callable[..., SuiteResult]) -> None:
    may_raise = {"source": LONG, "tags": ["raises-exception"]}

    result = run_notebook(may_raise, *["import time; time.sleep(0.9)"] * 4, suite={"cell_timeout_seconds": 1.0})

    assert [case.outcome for case in result.cases] == [Outcome.ERRORED, *[Outcome.PASSED] * 4]


def test_a_cell_that_heeds_no_interrupt_is_stopped(run_notebook: Callable[..., SuiteResult], tmp_path: Path) -> None:
    result = run_notebook(STUBBORN, "1", suite={"cell_timeout_seconds": 1.0})

    assert [case.outcome for case in result.cases] == [Outcome.ERRORED, Outcome.NOT_RUN]
    assert result.cases[0].error is not None
    assert result.cases[0].error.type == "CellTimeout"
    assert result.reason is not None
    assert result.reason.startswith("A cell's time (1 s) was over.")
    copy = nbformat.read(tmp_path / "artifacts" / "suite.ipynb", as_version=4)
    assert [output["ename"] for output in copy.cells[0].outputs] == ["CellTimeout"]


def test_when_the_time_of_the_run_is_over_suites_are_stopped_and_others_never_begin(
    tmp_path: Path, write_notebook: Callable[..., Path], run_suites: Callable[..., tuple[SuiteResult, ...]]
) -> None:
    for name in ("long", "next"):
        write_notebook(tmp_path / f"{name}.ipynb", LONG)
    suites = [Suite(name=name, source=f"{name}.ipynb", timeout_seconds=50.0) for name in ("long", "next")]

    stopped, never = run_suites(tmp_path, *suites, timeout_seconds=4.0)

    assert (stopped.outcome, never.outcome) == (Outcome.ERRORED, Outcome.NOT_RUN)
    assert stopped.reason is not None
    assert stopped.reason.startswith("The run's time (4 s) was over.")
    assert never.reason == "The run's time (4 s) was over before this suite began."
