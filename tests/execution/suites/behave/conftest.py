"""Real behave, both lines of it: the one beside this interpreter and 1.2.6, which old lock files name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from jupyter_deployfeedback.domain.run import CaseResult, Suite, SuiteResult

NEW, OLD = "1.3", "1.2.6"
STEPS = """
    import json, os, time
    from behave import step


    @step("a thing")
    def thing(context):
        pass


    @step("it fails: {message}")
    def fail(context, message):
        assert False, message


    @step("it fails without a word")
    def fail_silently(context):
        assert 1 == 2


    @step("it raises")
    def raise_it(context):
        raise ValueError("first line\\nsecond line")


    @step("it skips itself")
    def skip(context):
        context.scenario.skip("for a reason")


    @step("it sleeps")
    def sleep(context):
        time.sleep(300)


    @step("it writes {text} to {name}")
    def write(context, text, name):
        open(os.environ.get(name, name), "w").write(text)
"""


@pytest.fixture(scope="session")
def old_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter of its own with behave 1.2.6 and without this package."""
    home = tmp_path_factory.mktemp("behave") / OLD
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    python = home / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, f"behave=={OLD}"], check=True)
    return python


@pytest.fixture(params=[NEW, pytest.param(OLD, marks=pytest.mark.slow)])
def behave(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The options of a suite that runs on one of both lines of behave; test_outcomes.py runs on both in make test."""
    return options_of(request)


def options_of(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The options that choose the line of behave which a fixture is asked for."""
    if request.param == NEW:
        return {}
    return {"python": str(request.getfixturevalue("old_python"))}


@pytest.fixture
def repository(tmp_path: Path) -> Callable[..., Path]:
    """Write features: name -> Gherkin, with the steps above and what else is given."""

    def write(features: dict[str, str], **files: str) -> Path:
        return write_repository(tmp_path / "repo", features, **files)

    return write


def write_repository(folder: Path, features: dict[str, str], **files: str) -> Path:
    (folder / "features/steps").mkdir(parents=True, exist_ok=True)
    (folder / "features/steps/steps.py").write_text(dedent(STEPS))
    for name, text in features.items():
        (folder / "features" / f"{name}.feature").write_text(dedent(text))
    for path, text in files.items():
        (folder / path).write_text(dedent(text))
    return folder


@pytest.fixture
def run_features(tmp_path: Path, run_suites: Callable[..., tuple[SuiteResult, ...]]) -> Callable[..., SuiteResult]:
    """Run the features of a repository whose path holds the pattern."""

    def run(folder: Path, options: dict[str, Any], *, suite: dict[str, Any] | None = None, **others: Any) -> Any:
        one = Suite(name="features", kind="behave", source="features", options=options, **(suite or {}))
        return run_suites(folder, one, artifacts=tmp_path / "artifacts", **others)[0]

    return run


def outcomes(result: SuiteResult) -> dict[str, str]:
    """The outcome of each case by its title."""
    return {case.title: case.outcome.value for case in result.cases}


def named(result: SuiteResult, title: str) -> CaseResult:
    return next(case for case in result.cases if case.title == title)
