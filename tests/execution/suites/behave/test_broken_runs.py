"""Features that cannot be run, or do not end as they should: never passed, and the reason is said."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import psutil
import pytest

from jupyter_deployfeedback.domain.run import Outcome, Step, SuiteResult

GOOD = "Feature: one\n  Scenario: good\n    Given a thing\n"
SLOW = """
    Feature: slowly
      Scenario: before
        Given a thing
      Scenario: hangs
        Given it sleeps
        Then a thing
      Scenario: after
        Given a thing
"""
IN_A_HOOK = """
    import time

    def before_step(context, step):
        if context.scenario.name == "hangs":
            time.sleep(300)
"""
RunFeatures = Callable[..., SuiteResult]
Repository = Callable[..., Path]


def test_c10_no_matching_feature_is_errored(repository: Repository, run_features: RunFeatures) -> None:
    result = run_features(repository({"one": GOOD}), {"pattern": "gather"})

    assert (result.outcome, result.cases) == (Outcome.ERRORED, ())
    assert result.reason == "No feature matches: the path of no feature file holds 'gather'."


def test_name_that_is_no_expression_is_errored(repository: Repository, run_features: RunFeatures) -> None:
    result = run_features(repository({"one": GOOD}), {"pattern": "("})

    assert result.outcome is Outcome.ERRORED
    assert "'(' is not a regular expression" in (result.reason or "")


def test_c10_several_matching_features_are_all_run_with_a_notice(
    repository: Repository, run_features: RunFeatures, behave: dict[str, Any]
) -> None:
    folder = repository({"a_one": GOOD, "a_two": GOOD.replace("one", "two"), "b": GOOD})

    result = run_features(folder, {**behave, "pattern": "a_"})

    assert [case.title for case in result.cases] == ["one: good", "two: good"]
    said = "'a_' matches 2 feature files, and all are run: features/a_one.feature, features/a_two.feature."
    assert said in result.notices


def test_steps_that_cannot_be_imported_leave_the_file_not_run(
    repository: Repository, run_features: RunFeatures, behave: dict[str, Any]
) -> None:
    folder = repository({"one": GOOD}, **{"features/steps/more.py": "import nosuchmodule\n"})

    result = run_features(folder, behave)

    assert [(case.title, case.outcome) for case in result.cases] == [("features/one.feature", Outcome.NOT_RUN)]
    assert result.outcome is Outcome.ERRORED
    assert "ModuleNotFoundError: No module named 'nosuchmodule'" in (result.reason or "")


@pytest.mark.parametrize(
    ("code", "cases", "said"),
    [
        ("def before_all(context):\n    raise RuntimeError('no cluster')\n", ["not_run"], "no cluster"),
        ("def after_all(context):\n    raise RuntimeError('still dirty')\n", ["passed"], "still dirty"),
        ("import os\ndef after_step(context, step):\n    os._exit(0)\n", ["errored"], "exit code 0 before its report"),
        ("import os\ndef after_step(context, step):\n    os.kill(os.getpid(), 9)\n", ["errored"], "signal 9"),
    ],
    ids=["before_all", "after_all", "exit", "killed"],
)
def test_run_that_breaks_is_errored_with_its_last_words(
    repository: Repository,
    run_features: RunFeatures,
    behave: dict[str, Any],
    code: str,
    cases: list[str],
    said: str,
) -> None:
    folder = repository({"one": GOOD})
    (folder / "features/environment.py").write_text(code)

    result = run_features(folder, behave)

    assert (result.outcome, [case.outcome.value for case in result.cases]) == (Outcome.ERRORED, cases)
    assert said in (result.reason or "")


def test_time_that_is_over_stops_the_scenario_that_runs(
    repository: Repository, run_features: RunFeatures, behave: dict[str, Any]
) -> None:
    result = run_features(repository({"slow": SLOW}), behave, suite={"timeout_seconds": 4.0})

    assert [(case.title, case.outcome.value) for case in result.cases] == [
        ("before", "passed"),
        ("hangs", "errored"),
        ("after", "not_run"),
    ]
    assert result.cases[1].error is not None
    assert result.cases[1].error.type == "SuiteTimeout"
    assert result.reason == "The suite's time (4 s) was over. It was at: hangs."


@pytest.mark.parametrize("code", [None, IN_A_HOOK], ids=["in a step", "in a hook"])
def test_cancelled_scenario_says_so_and_the_next_ones_are_not_run(
    repository: Repository, run_features: RunFeatures, behave: dict[str, Any], code: str | None
) -> None:
    cancelled = threading.Event()

    def cancel_at_the_second(step: Step) -> None:
        if step.title == "hangs":
            cancelled.set()

    folder = repository({"slow": SLOW}, **({"features/environment.py": dedent(code)} if code else {}))
    result = run_features(folder, behave, cancelled=cancelled, tell=cancel_at_the_second)

    assert [case.outcome.value for case in result.cases] == ["passed", "errored", "not_run"]
    assert result.cases[1].error is not None
    assert result.cases[1].error.type == "RunCancelled"


DEAF = """
    import os, signal, subprocess, time
    from behave import step


    @step("it will not go")
    def stay(context):
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        children = [
            subprocess.Popen(["sleep", "300"]),
            subprocess.Popen(["sleep", "300"], start_new_session=True),
            subprocess.Popen(["env", "-i", "sleep", "300"], start_new_session=True),
        ]
        open("pids", "w").write(" ".join(str(pid) for pid in [os.getpid(), *(child.pid for child in children)]))
        time.sleep(300)
"""


def test_cancelling_reaches_the_whole_tree_of_a_test_that_ignores_signals(
    repository: Repository, run_features: RunFeatures, behave: dict[str, Any]
) -> None:
    folder = repository({"deaf": "Feature: deaf\n  Scenario: stays\n    Given it will not go\n"})
    (folder / "features/steps/deaf.py").write_text(dedent(DEAF))
    cancelled = threading.Event()

    def cancel_once_it_stays() -> None:
        while not (folder / "pids").exists() or len((folder / "pids").read_text().split()) < 4:
            time.sleep(0.05)
        cancelled.set()

    threading.Thread(target=cancel_once_it_stays, daemon=True).start()
    result = run_features(folder, behave, cancelled=cancelled)

    assert (result.outcome, [case.outcome.value for case in result.cases]) == (Outcome.ERRORED, ["errored"])
    assert result.cases[0].error is not None
    assert result.cases[0].error.type == "RunCancelled"
    pids = [int(pid) for pid in (folder / "pids").read_text().split()]
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []


def test_output_without_end_is_cut_and_the_time_still_holds(
    repository: Repository, run_features: RunFeatures, tmp_path: Path
) -> None:
    endless = "import sys\nfrom behave import step\n\n@step('it talks')\ndef talk(context):\n    while True:\n        sys.__stdout__.write('x' * 1000 + '\\n')\n"
    folder = repository({"loud": "Feature: loud\n  Scenario: talks\n    Given it talks\n"})
    (folder / "features/steps/loud.py").write_text(endless)

    result = run_features(folder, {}, suite={"timeout_seconds": 4.0})

    assert (result.cases[0].outcome, result.cases[0].error and result.cases[0].error.type) == (
        Outcome.ERRORED,
        "SuiteTimeout",
    )
    assert (tmp_path / "artifacts" / "features.ipynb").stat().st_size < 2_000_000
