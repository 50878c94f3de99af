"""An inconclusive run, continued at the shell against really deployed models."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.shell import Shell

FILE = """\
version: 1
name: digits
targets:
  released: {url: "${DIGITS_RELEASED_URL}", health: /ready, response: &it {probabilities: $.probabilities, version: $.model_version}}
  candidate: {url: "${DIGITS_CANDIDATE_URL}", health: /ready, response: *it}
baseline: released
suites:
  - {notebook: suites/quality.ipynb, parameters: {n: 60}, more: n}
rules:
  - {metric: accuracy, pass: [">=0.92"]}
"""
Call = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def call(example: Path, deployments: dict[str, str], tmp_path_factory: pytest.TempPathFactory, shell: Shell) -> Call:
    """Call the command line in a copy of the example, with a store of this module's own."""
    folder = tmp_path_factory.mktemp("continue") / "digits"
    shutil.copytree(example, folder, ignore=shutil.ignore_patterns("models", "*.log"))
    suite = folder / "suites" / "quality.ipynb"
    suite.write_text(suite.read_text().replace('pictures=pictures, name=\\"holdout\\"', 'name=\\"holdout\\"'))
    (folder / "deployfeedback.yaml").write_text(FILE)
    subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@localhost", "commit", "-qam", "x"], cwd=folder, check=True)  # fmt: skip
    environment = {**os.environ, **deployments, "DEPLOYFEEDBACK_STORE": str(folder.parent / "store")}

    def called(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return shell.call(*words, cwd=folder, env=environment | more)

    called.folder = folder  # type: ignore[attr-defined]  # the tests that change a file need it
    return called


def run(call: Call, *words: str) -> dict[str, Any]:
    ran = call("run", *words, "--format", "json")
    assert ran.returncode in {0, 3}, ran.stderr
    return dict(json.loads(ran.stdout))


@pytest.fixture(scope="module")
def first(call: Call) -> dict[str, Any]:
    """A run of 60 examples, too few for its rule."""
    return run(call)


@pytest.fixture(scope="module")
def left_open(call: Call) -> str:
    """Such a run that nobody continues."""
    return str(run(call)["run"]["run_id"])


@pytest.fixture
def changed(call: Call) -> Iterator[Callable[[str, str, str], None]]:
    """Replace a text in a file of the project for the length of a test."""
    kept: dict[Path, str] = {}

    def change(name: str, old: str, new: str) -> None:
        path = call.folder / name  # type: ignore[attr-defined]
        kept[path] = path.read_text()
        assert old in kept[path]
        path.write_text(kept[path].replace(old, new))

    yield change
    for path, text in kept.items():
        path.write_text(text)


def test_an_inconclusive_run_says_how_to_send_what_is_missing(first: dict[str, Any]) -> None:
    assert first["run"]["look"] == first["findings"][0]["look"] == [1, 2]
    assert first["findings"][0]["confidence"] == 0.95  # 1 - 2 * 0.05 / 2 looks
    assert first["continuing"]["n_more"] == first["findings"][0]["n_more"] > 0
    assert f"run --continue {first['run']['run_id']}" in first["next_step"]


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("deployfeedback.yaml", '">=0.92"', '">=0.90"', "the rules changed since"),
        ("deployfeedback.yaml", "baseline: released", "baseline: released\nlooks: 3", "the rules changed since"),
        ("deployfeedback.yaml", "response: *it", "response: *it, timeout: 3s", "target candidate changed since"),
        ("deployfeedback.yaml", "n: 60", "n: 61", "suite quality changed since"),
        ("suites/quality.ipynb", "result.accuracy > 0.9", "result.accuracy > 0.8", "suite quality changed since"),
    ],
)
def test_what_changed_since_is_not_continued(
    call: Call, left_open: str, changed: Any, name: str, old: str, new: str, said: str
) -> None:
    changed(name, old, new)

    refused = call("run", "--continue", left_open)

    assert (refused.returncode, refused.stdout) == (2, "")
    assert said in refused.stderr
    assert "Start a new run" in refused.stderr


@pytest.mark.parametrize(
    "choice", [("--target", "released"), ("--matrix", "n=1,2"), ("--url", "candidate=http://127.0.0.1:9")]
)
def test_a_continued_run_makes_no_choices_of_its_own(call: Call, left_open: str, choice: tuple[str, str]) -> None:
    refused = call("run", "--continue", left_open, *choice)

    assert refused.returncode == 2
    assert "Leave out --target" in refused.stderr


@pytest.fixture(scope="module")
def second(call: Call, first: dict[str, Any]) -> dict[str, Any]:
    return run(call, "--continue", first["run"]["run_id"])


def test_both_runs_are_judged_together_and_no_example_twice(first: dict[str, Any], second: dict[str, Any]) -> None:
    finding = next(each for each in second["findings"] if each["rule"] == "accuracy")
    wanted = min(first["findings"][0]["n"] + first["continuing"]["n_more"], 900)  # all images there are

    assert finding["n"] == wanted
    rows = {row["name"]: row for row in second["metrics"]}
    assert rows["requests_attempted"]["value"] == wanted
    assert rows["accuracy"]["value"] == finding["value"]
    ids = [each["example_id"] for each in second["examples"]["broken"]]
    assert len(ids) == len(set(ids)) > 0


def test_a_continued_run_names_what_it_continues_and_takes_the_second_look(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    assert second["run"]["continues"] == first["run"]["run_id"]
    assert second["run"]["look"] == [2, 2]


def test_the_suite_saw_all_its_examples(second: dict[str, Any]) -> None:
    assert [(suite["name"], suite["outcome"]) for suite in second["suites"]] == [("quality", "passed")]


def test_a_continued_run_goes_to_the_address_that_the_run_before_it_was_given(
    call: Call, deployments: dict[str, str]
) -> None:
    elsewhere = {"DIGITS_CANDIDATE_URL": "http://127.0.0.1:9"}
    given = call("run", "--url", f"candidate={deployments['DIGITS_CANDIDATE_URL']}", "--format", "json", **elsewhere)
    before = json.loads(given.stdout)

    continued = call("run", "--continue", before["run"]["run_id"], "--format", "json", **elsewhere)

    answered = {row["name"]: row["value"] for row in json.loads(continued.stdout)["metrics"]}["requests_answered"]
    assert answered > 60


def test_a_run_is_continued_once(call: Call, first: dict[str, Any], second: dict[str, Any]) -> None:
    refused = call("run", "--continue", first["run"]["run_id"])

    assert refused.returncode == 2
    assert f"is continued by run {second['run']['run_id']} already" in refused.stderr


def test_a_continued_run_can_be_compared_with_as_a_whole(
    call: Call, first: dict[str, Any], second: dict[str, Any]
) -> None:
    compared = call("compare", first["run"]["run_id"], second["run"]["run_id"], "--format", "json")

    report = json.loads(compared.stdout)
    assert report["run"]["baseline"] == second["run"]["run_id"]
    accuracy = next(row for row in report["metrics"] if row["name"] == "accuracy")
    assert accuracy["baseline"] == accuracy["value"]  # of the examples that both answered
