"""What a feature's tests find around them: variables, folder, interpreter; and what they leave there: nothing."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_deployfeedback.domain.run import Outcome, SuiteResult
from jupyter_deployfeedback.execution.suites.behave.folder_lock import one_at_a_time

RunFeatures = Callable[..., SuiteResult]
Repository = Callable[..., Path]
TELL = """
    import json, os, sys
    from behave import step


    @step("it tells its surroundings")
    def tell(context):
        open("told", "w").write(json.dumps({**os.environ, "cwd": os.getcwd(), "python": sys.version.split()[0]}))
"""
GOOD = "Feature: one\n  Scenario: good\n    Given a thing\n"


@pytest.fixture
def told(repository: Repository, run_features: RunFeatures) -> Callable[..., dict[str, str]]:
    """What a step saw of its environment."""

    def look(options: dict[str, Any], **others: Any) -> dict[str, str]:
        text = "Feature: tell\n  Scenario: tells\n    Given it tells its surroundings\n"
        folder = repository({"tell": text}, **{"features/steps/tell.py": TELL})
        result = run_features(folder, options, **others)
        assert result.outcome is Outcome.PASSED, result
        found: dict[str, str] = json.loads((folder / "told").read_text())
        return found

    return look


def test_c6_test_finds_the_address_without_a_slash_under_every_name_it_may_have(
    told: Callable[..., dict[str, str]], behave: dict[str, Any]
) -> None:
    found = told({**behave, "url_variables": ["OLD_NAME"]})

    assert (found["DEPLOYED_MODEL_URL"], found["OLD_NAME"]) == ("http://127.0.0.1:1", "http://127.0.0.1:1")
    assert found["cwd"].endswith("/repo")
    assert Path(found["STORE_METRICS_PATH"]).is_absolute()
    assert Path(found["STORE_METRICS_PATH"]).parent.is_dir()


def test_c6_only_the_variables_that_are_named_pass_through(told: Callable[..., dict[str, str]]) -> None:
    given = {"TUTORIAL_MAX_REQUESTS_TEST": "25", "SOME_TOKEN": "secret", "OTHER": "x"}

    found = told({}, environment=given, suite={"environment": ("TUTORIAL_MAX_REQUESTS_TEST", "DEBUG_LEVEL")})

    assert found["TUTORIAL_MAX_REQUESTS_TEST"] == "25"
    assert {"SOME_TOKEN", "OTHER", "DEBUG_LEVEL"} & found.keys() == set()


def test_c5_a_run_adds_nothing_to_the_repository(
    repository: Repository, run_features: RunFeatures, behave: dict[str, Any]
) -> None:
    folder = repository({"one": GOOD}, **{"beside.py": "x = 1\n"})
    (folder / "features/environment.py").write_text("import sys\nsys.path.insert(0, '.')\nimport beside\n")
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
        subprocess.run(["git", *command], cwd=folder, check=True)

    result = run_features(folder, behave)

    changed = subprocess.run(["git", "status", "--porcelain"], cwd=folder, check=True, capture_output=True, text=True)
    assert (result.outcome, changed.stdout) == (Outcome.PASSED, "")


def test_c9_interpreter_that_was_chosen_runs_the_tests(
    repository: Repository, run_features: RunFeatures, old_python: Path
) -> None:
    result = run_features(repository({"one": GOOD}), {"python": str(old_python)})

    assert result.environment["behave"] == "1.2.6"


@pytest.mark.parametrize(
    ("packages", "outcome", "said"),
    [
        ('behave = "*"\nrequests = ">=2"', "passed", ""),
        ('behave = "*"\nno-such-package = "==1.0"', "errored", "needs no-such-package==1.0, which"),
        ('behave = {version = "<1.0"}', "errored", "needs behave<1.0, which"),
        ("behave = 1 = 2", "errored", "overlays/test/Pipfile cannot be read"),
    ],
)
def test_c9_own_interpreter_runs_them_only_with_every_package_of_the_pipfile(
    repository: Repository, run_features: RunFeatures, packages: str, outcome: str, said: str
) -> None:
    folder = repository({"one": GOOD})
    (folder / "overlays/test").mkdir(parents=True)
    (folder / "overlays/test/Pipfile").write_text(f"[packages]\n{packages}\n[requires]\npython_version = '3'\n")

    result = run_features(folder, {"packages": "overlays/test"})

    assert result.outcome.value == outcome
    assert said in (result.reason or "")


@pytest.mark.parametrize(
    ("python", "said"), [("nowhere/python", "cannot be run"), ("empty/bin/python", "has no behave")]
)
def test_interpreter_that_cannot_do_it_is_errored_by_name(
    repository: Repository, run_features: RunFeatures, python: str, said: str
) -> None:
    folder = repository({"one": GOOD})
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "empty"], check=True)

    result = run_features(folder, {"python": python})

    assert result.outcome is Outcome.ERRORED
    assert said in (result.reason or "")
    assert python in (result.reason or "")


def test_other_version_of_python_than_asked_for_is_noticed(repository: Repository, run_features: RunFeatures) -> None:
    result = run_features(repository({"one": GOOD}), {"python_version": "3.6"})

    running = ".".join(map(str, sys.version_info[:3]))
    assert f".thoth.yaml asks for Python 3.6; {running} ran the tests." in result.notices


def test_features_whose_time_is_over_while_another_run_has_the_repository_say_so(
    repository: Repository, run_features: RunFeatures
) -> None:
    folder = repository({"one": GOOD})
    with one_at_a_time(folder, deadline=math.inf):
        result = run_features(folder, {}, suite={"timeout_seconds": 6.0})

    said = "The suite's time (6 s) was over. Another run is still executing the features of this repository."
    assert (result.outcome, result.reason) == (Outcome.ERRORED, said)


def test_c7_features_of_one_repository_run_one_after_the_other(
    repository: Repository, run_features: RunFeatures
) -> None:
    code = """
        import os, time
        from behave import step

        @step("it is alone")
        def alone(context):
            descriptor = os.open("alone", os.O_CREAT | os.O_EXCL)
            time.sleep(0.5)
            os.remove("alone")
    """
    folder = repository(
        {"one": "Feature: one\n  Scenario: alone\n    Given it is alone\n"}, **{"features/steps/alone.py": code}
    )
    results: list[SuiteResult] = []

    threads = [threading.Thread(target=lambda: results.append(run_features(folder, {})), daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [result.outcome for result in results] == [Outcome.PASSED, Outcome.PASSED]
