"""Suites that are no notebooks: what the file says of them, and what an inspection finds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jupyter_deployfeedback.domain.run import Suite
from jupyter_deployfeedback.errors import UsageError
from jupyter_deployfeedback.project import SuiteInspection, inspect_suite

if TYPE_CHECKING:
    from tests.project.conftest import Load

TARGETS = "targets: {a: {url: 'http://h'}}\nsuites:\n  - "
SEEN = ("TUTORIAL_MAX_REQUESTS_TEST", "DEBUG_LEVEL", "PIPELINE_HELPERS_METRICS_FILE_PATH")


@pytest.fixture
def features(folder: Path) -> Path:
    """The folder of a repository with two features."""
    (folder / "features/steps").mkdir(parents=True)
    for name in ("gather_metrics", "gather_more"):
        (folder / f"features/{name}.feature").write_text(f"Feature: {name}\n")
    return folder


def test_features_are_a_suite_that_runs_alone_and_is_named_by_its_expression(load: Load, features: Path) -> None:
    project = load(TARGETS + "{features: features/, name: gather_me, timeout: 1min}\n")

    assert project.suites == (
        Suite(
            name="gather_me",
            kind="behave",
            source="features",
            options={"pattern": "gather_me"},
            environment=SEEN,
            timeout_seconds=60.0,
            exclusive=True,
        ),
    )


def test_features_may_name_their_python_and_further_variables(load: Load, features: Path) -> None:
    project = load(TARGETS + "{features: features, python: .venv/bin/python, url_variables: MODEL_URL}\n")

    assert project.suites[0].name == "features"
    assert project.suites[0].options == {"python": ".venv/bin/python", "url_variables": ["MODEL_URL"]}


def test_suite_of_another_kind_hands_its_options_on(load: Load, folder: Path) -> None:
    (folder / "a.words").touch()

    project = load(TARGETS + "{kind: words, source: a.words, options: {depth: 2}, parameters: {n: 1}}\n")

    expected = Suite(name="a", kind="words", source="a.words", options={"depth": 2}, parameters={"n": 1})
    assert project.suites == (expected,)


BOTH = "features/gather_metrics.feature, features/gather_more.feature"
NONE = "features has no feature whose path holds '^features/': the suite will be errored."


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gather_metrics", ()),
        ("gather", (f"'gather' matches 2 feature files, and all are run: {BOTH}.",)),
        ("^features/", (NONE,)),
    ],
)
def test_inspection_says_which_features_a_name_does_not_single_out(
    load: Load, features: Path, name: str, said: tuple[str, ...]
) -> None:
    project = load(TARGETS + f"{{features: features/, name: {name}}}\n")

    assert inspect_suite(project, project.suites[0]) == SuiteInspection({}, None, said)


def test_kind_that_nobody_brings_is_refused_by_name(load: Load, folder: Path) -> None:
    (folder / "a.words").touch()
    project = load(TARGETS + "{kind: words, source: a.words}\n")

    with pytest.raises(UsageError, match=r"kind 'words', which no installed package brings.*Known: notebook, behave"):
        inspect_suite(project, project.suites[0])
