"""What behave says of a scenario, and what we call it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jupyter_deployfeedback.domain.run import CaseError, Outcome, Step, Suite, SuiteResult
from tests.execution.suites.behave.conftest import NEW, OLD, options_of, write_repository

ALL_KINDS = """
    Feature: everything
      Background:
        Given a thing

      Scenario: good
        Then a thing

      Scenario: false
        Then it fails: one is not two
        Then a thing

      Scenario: silently false
        Then it fails without a word

      Scenario: broken
        Then it raises

      Scenario: unknown
        Then nobody wrote this step

      Scenario: leaves
        Then it skips itself

      Scenario: empty

      Scenario Outline: table
        Then <what>

        Examples: two
          | what                    |
          | a thing                 |
          | it fails without a word |
"""
RunFeatures = Callable[..., SuiteResult]


@dataclass(frozen=True)
class Ran:
    """One run of all kinds, which the tests look at."""

    result: SuiteResult
    told: list[Step]
    artifacts: Path


@pytest.fixture(scope="module", params=[NEW, OLD])
def ran(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, run_suites: Callable[..., Any]
) -> Ran:
    folder, told = tmp_path_factory.mktemp("outcomes"), list[Step]()
    repository = write_repository(folder / "repo", {"all": ALL_KINDS})
    suite = Suite(name="features", kind="behave", source="features", options=options_of(request))
    (result,) = run_suites(repository, suite, artifacts=folder / "artifacts", tell=told.append)
    return Ran(result, told, folder / "artifacts")


@pytest.fixture
def result(ran: Ran) -> SuiteResult:
    return ran.result


def test_every_kind_of_scenario_is_called_what_it_is(result: SuiteResult) -> None:
    expected = {
        "good": "passed",
        "false": "failed",
        "silently false": "failed",
        "broken": "errored",
        "unknown": "errored",
        "leaves": "skipped",
        "table -- @1.1 two": "passed",
        "table -- @1.2 two": "failed",
    }

    found = {case.title: case.outcome.value for case in result.cases}

    assert found == expected | {"empty": "passed"}  # its background is all that it has
    assert result.outcome is Outcome.ERRORED


def test_c17_failures_name_their_exception_and_keep_its_traceback(result: SuiteResult) -> None:
    errors = {case.title: case.error for case in result.cases if case.error}

    assert (errors["false"].type, errors["false"].message) == ("AssertionError", "one is not two")
    assert (errors["broken"].type, errors["broken"].message) == ("ValueError", "first line\nsecond line")
    assert 'raise ValueError("first line\\nsecond line")' in errors["broken"].traceback
    assert errors["unknown"] == CaseError(
        type="UndefinedStep", message="No step is defined for: Then nobody wrote this step"
    )


def test_case_is_known_by_its_file_and_line(result: SuiteResult) -> None:
    assert [case.case_id for case in result.cases][:2] == ["features-all-feature-6", "features-all-feature-9"]


def test_the_interpreter_and_its_packages_are_recorded(result: SuiteResult) -> None:
    assert (result.kernel or "").startswith(f"behave {result.environment['behave']} on Python 3.")


def test_progress_counts_each_scenario_once_and_begins_before_the_end(result: SuiteResult, ran: Ran) -> None:
    outcomes_told = ran.told
    finished = [step for step in outcomes_told if step.kind.value == "case_finished"]
    started = [step.title for step in outcomes_told if step.kind.value == "case_started"]

    assert (finished[-1].done, finished[-1].total) == (len(result.cases), len(result.cases))
    assert started[:2] == ["good", "false"]
    assert outcomes_told.index(finished[0]) < len(outcomes_told) - len(result.cases)


def test_the_kept_notebook_shows_each_scenario_under_its_id(result: SuiteResult, ran: Ran) -> None:
    import nbformat

    kept = nbformat.read(ran.artifacts / (result.artifact or ""), as_version=4)

    nbformat.validate(kept)
    shown = {cell.id: cell for cell in kept.cells}
    assert [case.cell_id for case in result.cases if case.cell_id not in shown] == []
    assert shown["features-all-feature-16"].outputs[-1].ename == "ValueError"


def test_scenario_without_a_step_is_not_passed(
    repository: Callable[..., Path], run_features: RunFeatures, behave: dict[str, Any]
) -> None:
    folder = repository({"bare": "Feature: bare\n  Scenario: nothing\n    Giben a typing error\n"})

    result = run_features(folder, behave)

    assert (result.outcome, [case.outcome for case in result.cases]) == (Outcome.NOT_RUN, [Outcome.NOT_RUN])
    assert "nothing (features/bare.feature:2): it has no step, so nothing was tested." in result.notices


def test_tagged_out_scenario_is_skipped_not_lost(
    repository: Callable[..., Path], run_features: RunFeatures, behave: dict[str, Any]
) -> None:
    text = "Feature: two\n  @slow\n  Scenario: late\n    Given a thing\n\n  Scenario: early\n    Given a thing\n"
    folder = repository({"two": text}, **{"behave.ini": "[behave]\ndefault_tags = -slow\n"})

    result = run_features(folder, behave)

    assert {case.title: case.outcome.value for case in result.cases} == {"late": "skipped", "early": "passed"}
    assert result.outcome is Outcome.PASSED


@pytest.mark.parametrize(("hook", "case"), [("before_scenario", "errored"), ("after_scenario", "errored")])
def test_failed_hook_of_a_scenario_is_an_error_with_its_words(
    repository: Callable[..., Path], run_features: RunFeatures, behave: dict[str, Any], hook: str, case: str
) -> None:
    code = f"def {hook}(context, scenario):\n    raise RuntimeError('no database')\n"
    folder = repository({"one": "Feature: one\n  Scenario: good\n    Given a thing\n"})
    (folder / "features/environment.py").write_text(code)

    result = run_features(folder, behave)

    (found,) = result.cases
    assert (found.outcome.value, found.error and found.error.type) == (case, "RuntimeError")
    assert found.error is not None
    assert f"{hook}" in found.error.message
    assert "no database" in found.error.message
