"""The numbers that features leave behind, and which of them are believed."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_deployfeedback.domain.run import SuiteResult
from jupyter_deployfeedback.execution.suites.behave.numbers import read_numbers

RunFeatures = Callable[..., SuiteResult]
Repository = Callable[..., Path]
STEP = "Feature: gather\n  Scenario: measures\n    Given it writes {text} to {name}\n"


def values(result: SuiteResult) -> dict[str, float | None]:
    return {each.metric.name: each.value for each in result.observations}


def test_c7_metrics_are_read_from_the_place_that_the_test_is_told(
    repository: Repository, run_features: RunFeatures, behave: dict[str, Any]
) -> None:
    text = '{"average_latency": 0.04, "average_error": 0.0096, "own": 3}'
    folder = repository({"gather": STEP.format(text=text, name="STORE_METRICS_PATH")})

    result = run_features(folder, behave)

    assert values(result) == {"average_latency": 0.04, "average_error": 0.0096, "own": 3.0}
    latency = result.observations[0].metric
    assert (latency.unit, latency.better.value, latency.family.value) == ("s", "lower", "application")
    assert not (folder / "metrics.json").exists()


@pytest.mark.parametrize(("name", "variable"), [("metrics.json", {}), ("own.json", {"path": "own.json"})])
def test_c7_metrics_file_in_the_repository_is_read_if_this_run_wrote_it(
    repository: Repository, run_features: RunFeatures, name: str, variable: dict[str, str]
) -> None:
    folder = repository({"gather": STEP.format(text='{"a": 1}', name=name)})
    (folder / name).write_text('{"a": 1}')  # the same text: only its time tells that it is new

    environment = {"PIPELINE_HELPERS_METRICS_FILE_PATH": variable["path"]} if variable else {}
    suite = {"environment": ("PIPELINE_HELPERS_METRICS_FILE_PATH",)}
    result = run_features(folder, {}, environment=environment, suite=suite)

    assert values(result) == {"a": 1.0}


def test_c7_metrics_file_of_an_earlier_run_is_not_read(repository: Repository, run_features: RunFeatures) -> None:
    folder = repository({"quiet": "Feature: quiet\n  Scenario: good\n    Given a thing\n"})
    (folder / "metrics.json").write_text('{"average_error": 0.01}')

    result = run_features(folder, {})

    assert (result.outcome.value, result.observations) == ("passed", ())
    assert result.notices == (
        "metrics.json was not written during this run, so it was not read.",
        "The test wrote no metrics file, so there are no metrics of it.",
    )


ATTACH = """
    import json
    from behave import step


    @step("it attaches {text}")
    def attach(context, text):
        context.attach("application/json", text.encode())


    @step("a picture and a page are attached")
    def attach_others(context):
        context.attach("image/png", b"\\x89PNG not really")
        context.attach("text/html", b"<script>alert(1)</script>")
"""


def test_attached_json_is_read_and_the_file_wins_a_clash(
    repository: Repository, run_features: RunFeatures, tmp_path: Path
) -> None:
    text = """
        Feature: both
          Scenario: attaches
            Given it attaches {"a": 1, "b": 2}
            And it attaches {"nested": {"c": 3}}
            And it writes {"a": 5} to STORE_METRICS_PATH
            And a picture and a page are attached
    """
    folder = repository({"both": text}, **{"features/steps/attach.py": ATTACH})

    result = run_features(folder, {})

    assert values(result) == {"a": 5.0, "b": 2.0}
    assert "a is 5 in the metrics file and 1 attached." in result.notices
    kept = json.loads((tmp_path / "artifacts" / "features.ipynb").read_text())
    shown = [output["data"] for cell in kept["cells"] for output in cell.get("outputs", []) if "data" in output]
    assert [list(each) for each in shown][-2:] == [["image/png"], ["text/plain"]]  # a page must not run in the viewer


def test_c8_values_that_are_no_numbers_are_named_and_never_become_one(
    repository: Repository, run_features: RunFeatures
) -> None:
    text = '{"nan": NaN, "inf": Infinity, "none": null, "na": "N/A", "list": [1], "word": "x", "flag": true, "ok": 1}'
    folder = repository({"gather": STEP.format(text=text, name="STORE_METRICS_PATH")})

    result = run_features(folder, {})

    assert values(result) == {"nan": None, "inf": None, "none": None, "na": None, "ok": 1.0}
    reasons = {each.metric.name: each.missing_because for each in result.observations if each.value is None}
    assert reasons == {
        "nan": "it was recorded as nan",
        "inf": "it was recorded as inf",
        "none": "the test wrote null",
        "na": 'the test wrote "N/A"',
    }
    assert [notice.split()[0] for notice in result.notices if "not a number" in notice] == ["list", "word", "flag"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not json", "metrics.json is not JSON"),
        ("[1, 2]", "metrics.json holds no object"),
        ('{"average_error": 0}', "average_error is exactly 0"),
        ('{"average_error": 1.0}', "average_error is exactly 1"),
    ],
)
def test_doubtful_file_is_said_to_be(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "metrics.json"
    file.write_text(text)

    numbers = read_numbers(file, {}, environment={"TUTORIAL_MAX_REQUESTS_TEST": "10"})

    assert said in " ".join(numbers.notices)


def test_c8_number_too_large_for_a_float_is_infinite_not_a_crash(tmp_path: Path) -> None:
    file = tmp_path / "metrics.json"
    file.write_text(json.dumps({"huge": 10**400}))

    (record,) = read_numbers(file, {}, environment={}).records

    assert math.isinf(record["value"])
