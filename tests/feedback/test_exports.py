"""What other tools read: github-action-benchmark's custom JSON and in-toto statements, by their own rules."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from jupyter_deployfeedback.domain.feedback import FeedbackReport
from jupyter_deployfeedback.domain.verdict import Standing, Verdict
from jupyter_deployfeedback.errors import UsageError
from jupyter_deployfeedback.feedback import Export, export
from tests.feedback.runs import PAGE, REPORTS, failing, passing_with_a_warning, target_is_down

BENCHMARK = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name", "unit", "value"],
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string", "minLength": 1},
            "unit": {"type": "string"},
            "value": {"type": "number"},
            "range": {"type": "string"},
            "extra": {"type": "string"},
        },
    },
}
TESTS = {"type": "array", "items": {"type": "string", "minLength": 1}, "uniqueItems": True}
RESOURCE = {
    "type": "object",
    "properties": {"digest": {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1}},
    "anyOf": [{"required": ["uri"]}, {"required": ["digest"]}, {"required": ["content"]}],
}
STATEMENT = {
    "type": "object",
    "required": ["_type", "subject", "predicateType", "predicate"],
    "properties": {
        "_type": {"const": "https://in-toto.io/Statement/v1"},
        "subject": {"type": "array", "minItems": 1, "items": RESOURCE | {"required": ["digest"]}},
        "predicateType": {"const": "https://in-toto.io/attestation/test-result/v0.1"},
        "predicate": {
            "type": "object",
            "required": ["result", "configuration"],
            "additionalProperties": False,
            "properties": {
                "result": {"enum": ["PASSED", "WARNED", "FAILED"]},
                "configuration": {"type": "array", "items": RESOURCE},
                "url": {"type": "string"},
                "passedTests": TESTS,
                "warnedTests": TESTS,
                "failedTests": TESTS,
            },
        },
    },
}


def read(report: FeedbackReport, form: Export) -> Any:
    return json.loads(export([report], form), parse_constant=pytest.fail)


def with_run(report: FeedbackReport, **change: object) -> FeedbackReport:
    return report.model_copy(update={"run": report.run.model_copy(update=change)})


@pytest.mark.parametrize("form", [Export.BENCHMARK_SMALLER, Export.BENCHMARK_BIGGER])
@pytest.mark.parametrize("name", REPORTS)
def test_benchmark_is_what_the_action_reads(name: str, form: Export) -> None:
    Draft202012Validator(BENCHMARK).validate(read(REPORTS[name](), form))


def test_benchmark_of_what_should_be_small_holds_nothing_that_should_be_big() -> None:
    report = passing_with_a_warning()
    smaller = {each["name"] for each in read(report, Export.BENCHMARK_SMALLER)}
    bigger = {each["name"] for each in read(report, Export.BENCHMARK_BIGGER)}

    assert {"latency p95", "error rate", "memory max"} <= smaller
    assert bigger == {"accuracy", "throughput", "requests answered"}
    assert smaller & bigger == set()
    assert "requests attempted" not in smaller


def test_benchmark_keeps_one_unit_for_each_metric() -> None:
    found = {each["name"]: each for each in read(passing_with_a_warning(), Export.BENCHMARK_SMALLER)}

    assert (found["latency p95"]["value"], found["latency p95"]["unit"]) == (pytest.approx(18.2), "ms")
    assert (found["memory max"]["value"], found["memory max"]["unit"]) == (pytest.approx(239.372253418), "MiB")
    assert (found["error rate"]["value"], found["error rate"]["unit"]) == (pytest.approx(2.6), "%")
    assert found["latency p95"]["extra"].splitlines()[1] == "baseline=released 20.1 ms"


def test_benchmark_leaves_out_what_has_no_number() -> None:
    report = target_is_down()
    assert any(row.value is None for row in report.metrics)

    assert read(report, Export.BENCHMARK_SMALLER) == []


@pytest.mark.parametrize("form", Export)
def test_exports_are_as_reviewed(form: Export, assert_golden: Callable[[str, str], None]) -> None:
    assert_golden(f"warn.{form}", export([passing_with_a_warning()], form))


@pytest.mark.parametrize("name", REPORTS)
def test_statement_is_one_of_in_toto(name: str) -> None:
    Draft202012Validator(STATEMENT).validate(read(with_run(REPORTS[name](), commit="a" * 40), Export.IN_TOTO))


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (Verdict.PASS, "PASSED"),
        (Verdict.WARN, "WARNED"),
        (Verdict.FAIL, "FAILED"),
        (Verdict.INCONCLUSIVE, "FAILED"),
        (Verdict.ERROR, "FAILED"),
    ],
)
def test_no_verifier_takes_an_unclear_verdict_for_good(verdict: Verdict, expected: str) -> None:
    report = failing().model_copy(update={"verdict": verdict, "findings": ()})
    predicate = read(report, Export.IN_TOTO)["predicate"]

    assert predicate["result"] == expected
    assert predicate["failedTests"] == ([] if expected != "FAILED" else [f"{verdict.upper()} the run"])


def test_statement_lists_what_counted_and_nothing_else() -> None:
    report = passing_with_a_warning()
    predicate = read(report, Export.IN_TOTO)["predicate"]
    counted = [each for each in report.findings if each.standing is Standing.COUNTED]

    assert len(counted) < len(report.findings)
    assert sum(len(predicate[name]) for name in ("passedTests", "warnedTests", "failedTests")) == len(counted)


def test_statement_says_which_tests_are_unclear() -> None:
    predicate = read(failing(), Export.IN_TOTO)["predicate"]

    assert "accuracy{digit:8} >=-5pp" in predicate["failedTests"]
    assert "INCONCLUSIVE latency typical<=+10%" in predicate["failedTests"]
    assert "suite smoke" in predicate["passedTests"]


def test_statement_carries_the_rules_it_was_judged_by() -> None:
    rules = read(failing(), Export.IN_TOTO)["predicate"]["configuration"][0]
    content = b64decode(rules["content"])

    assert rules["digest"] == {"sha256": hashlib.sha256(content).hexdigest()}
    assert {"rule": "accuracy", "expression": ">=-2pp"} in json.loads(content)["judged"]


def test_statement_names_the_project_file_the_suites_and_the_data_by_their_digests() -> None:
    configuration = read(passing_with_a_warning(), Export.IN_TOTO)["predicate"]["configuration"]

    assert configuration[1:] == [
        {"name": "deployfeedback.yaml", "digest": {"sha256": "f" * 64}},
        *({"name": f"suites/{name}.ipynb", "digest": {"sha256": "c" * 64}} for name in ("smoke", "quality")),
        {"name": "data of quality/holdout", "digest": {"sha256": "d" * 64}},
    ]


def test_statement_is_about_the_tested_commit() -> None:
    assert read(failing(), Export.IN_TOTO)["subject"] == [
        {"name": "git", "digest": {"gitCommit": "4f1c2d9e8b7a65f4e3d2c1b0a99887766554433f"}}
    ]


@pytest.mark.parametrize("change", [{"commit": None}, {"dirty": True}])
def test_nothing_is_attested_of_a_commit_that_was_not_tested(change: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        export([with_run(failing(), **change)], Export.IN_TOTO)


def test_aicoe_document_has_the_keys_and_units_of_the_stored_ones() -> None:
    document = read(passing_with_a_warning(), Export.AICOE)

    metrics = document["model_application_metrics"]
    assert document["model_version"] == metrics["model_version"] == "candidate 2.1.0"
    assert document["info_metrics"] == {
        "test URL": f"{PAGE}suites/smoke.ipynb, {PAGE}suites/quality.ipynb",
        "namespace deployment": "ml",
    }
    assert document["platform_metrics"] == {"CPU max usage": 0.71, "Memory max usage": "251Mi"}
    assert read(passing_with_a_warning(), Export.AICOE_PLATFORM) == document["platform_metrics"]
    assert {**read(passing_with_a_warning(), Export.AICOE_METRICS), "model_version": "candidate 2.1.0"} == metrics
    assert (metrics["average_error"], metrics["number_requests"]) == (0.026, 500)


def test_aggregated_document_has_parallel_lists_with_a_row_for_each_report() -> None:
    document = json.loads(export([passing_with_a_warning(), target_is_down()], Export.AICOE_AGGREGATED))

    model, usage = document["model_application_metrics"], document["platform_metrics"]
    assert (list(document), document["info_metrics"]) == (
        ["info_metrics", "model_application_metrics", "platform_metrics"],
        [],
    )
    assert [row["model_version"] for row in model] == [row["model_version"] for row in usage]
    assert usage[1] == {"CPU max usage": "N/A", "Memory max usage": "N/A", "model_version": "candidate"}
    assert (model[0]["namespace deployment"], model[0]["test URL"][: len(PAGE)]) == ("ml", PAGE)


def test_aicoe_document_says_of_what_was_not_measured_that_there_is_no_data() -> None:
    document = read(target_is_down(), Export.AICOE)

    assert document["platform_metrics"] == {"CPU max usage": "N/A", "Memory max usage": "N/A"}
    assert set(document["model_application_metrics"].values()) == {"N/A", document["model_version"]}


def test_aicoe_document_tells_the_tests_own_figure_under_a_name_that_ours_has_too() -> None:
    report = passing_with_a_warning()
    latency = next(row for row in report.metrics if row.name == "latency_mean")
    own = latency.model_copy(update={"name": "average_latency", "value": 0.5})

    for metrics in ((own, latency), (latency, own)):
        document = read(report.model_copy(update={"metrics": metrics}), Export.AICOE)
        assert document["model_application_metrics"]["average_latency"] == 0.5
