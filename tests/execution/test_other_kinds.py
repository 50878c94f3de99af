"""Suites of kinds that other packages bring."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from jupyter_deployfeedback.domain.run import CaseError, Outcome, Step, Suite, SuiteResult

ADAPTER = """
    from jupyter_deployfeedback.execution.worker.wire import Cell, CellEnded, CellStarted, Opened, Recorded

    RECORD = "application/vnd.deployfeedback.observation+json"


    def run(spec, *, tell, deadline, account):
        lines = open(spec.source).read().split()
        tell(Opened(tuple(Cell(line, "line", line, title=f"The word {line}") for line in lines)))
        account.kernel, account.packages["wordy"] = "made up", "1.0"
        account.notices.append(f"depth {spec.options['depth']}")
        for position, line in enumerate(lines, start=1):
            tell(CellStarted(line))
            if line == "late":
                raise ZeroDivisionError("the adapter broke")
            error = ("AssertionError", "a false word", "") if line == "false" else None
            tell(CellEnded(line, "error" if error else "ok", position, error))
        value = {"kind": "metric", "schema_version": 1, "name": "words", "value": float(len(lines))}
        tell(Recorded(lines[0], RECORD, value))
"""


@pytest.fixture(scope="module")
def wordy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The place of a package that brings suites of the kind ``words``: each word is a case."""
    folder = tmp_path_factory.mktemp("wordy")
    (folder / "wordy.py").write_text(dedent(ADAPTER))
    facts = folder / "wordy-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: wordy\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[jupyter_deployfeedback.suites]\nwords = wordy:run\n")
    return str(folder)


@pytest.fixture
def run_words(
    tmp_path: Path, wordy: str, run_suites: Callable[..., tuple[SuiteResult, ...]]
) -> Callable[..., SuiteResult]:
    """Run one suite of these words."""

    def run(words: str, **others: Any) -> SuiteResult:
        (tmp_path / "a.words").write_text(words)
        suite = Suite(name="talk", kind="words", source="a.words", options={"depth": 2})
        path = f"{Path(__file__).resolve().parents[2]}:{wordy}"
        return run_suites(tmp_path, suite, environment={"PYTHONPATH": path}, **others)[0]

    return run


def test_kind_that_another_package_brings_is_run_by_it(run_words: Callable[..., SuiteResult]) -> None:
    result = run_words("true false")

    assert [(case.title, case.outcome) for case in result.cases] == [
        ("The word true", Outcome.PASSED),
        ("The word false", Outcome.FAILED),
    ]
    assert (result.outcome, result.kernel, result.environment) == (Outcome.FAILED, "made up", {"wordy": "1.0"})
    assert result.notices == ("depth 2",)
    assert [(each.metric.name, each.value) for each in result.observations] == [("words", 2.0)]


def test_adapter_that_raises_leaves_an_errored_suite_with_its_words(run_words: Callable[..., SuiteResult]) -> None:
    result = run_words("true late")

    said = "ZeroDivisionError: the adapter broke"
    assert (result.outcome, result.reason) == (Outcome.ERRORED, f"{said} It was at: The word late.")
    assert result.cases[1].error == CaseError(type="HarnessError", message=said)


def test_progress_of_another_kind_is_told_case_by_case(run_words: Callable[..., SuiteResult]) -> None:
    told: list[Step] = []

    run_words("true false", tell=told.append)

    assert [(step.kind.value, step.title, step.done) for step in told if step.case_id] == [
        ("case_started", "The word true", 0),
        ("case_finished", "The word true", 1),
        ("case_started", "The word false", 1),
        ("case_finished", "The word false", 2),
    ]


def test_kind_that_nobody_brings_is_errored_and_named(tmp_path: Path, run_suites: Callable[..., Any]) -> None:
    (result,) = run_suites(tmp_path, Suite(name="talk", kind="words", source="a.words"))

    assert result.outcome is Outcome.ERRORED
    assert "no package that is installed runs suites of the kind 'words'" in (result.reason or "")
