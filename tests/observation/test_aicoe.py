"""What AICoE-CI stored, in each shape it had, becomes numbers or the reason why there is none."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from jupyter_deployfeedback.domain.metric import Observation
from jupyter_deployfeedback.domain.run import Evidence, Outcome
from jupyter_deployfeedback.errors import UsageError
from jupyter_deployfeedback.observation import is_stored_document, read_deployments, stored_evidence

INFO = {"test URL": "https://github.com/org/digits/blob/" + "a" * 40 + "/features", "namespace deployment": "ml"}
MODEL = {"average_latency": 0.04, "number_requests": 10001, "model_version": "pr-12-inference"}
USAGE = {"CPU max usage": 0.1234, "Memory max usage": "212Mi"}
SECTIONS = {"info_metrics": INFO, "model_application_metrics": MODEL, "platform_metrics": USAGE}
NEWER = {"model_version": "pr-12-inference", **SECTIONS}


def documents(*files: dict[str, Any]) -> list[dict[str, Any]]:
    texts = {f"{place}.json": json.dumps(file) for place, file in enumerate(files)}
    return [each.document for each in read_deployments(texts)]


def seen(**sections: Any) -> Evidence:
    (stored,) = read_deployments({"stored": json.dumps({"model_version": "pr-12", **sections})})
    return stored_evidence(stored, target="inference", now=datetime(2026, 11, 20, tzinfo=UTC))


def by_name(observations: tuple[Observation, ...]) -> dict[str, Any]:
    return {each.metric.name: each.missing_because if each.value is None else each.value for each in observations}


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (NEWER, [NEWER]),
        ({"pr-12-inference": SECTIONS}, [NEWER]),
        (
            {"pr-7": {"platform_metrics": USAGE}, "pr-8": {"platform_metrics": USAGE}},
            [{"model_version": name, "platform_metrics": USAGE} for name in ("pr-7", "pr-8")],
        ),
        ({"model_version": "pr-12-inference", "more": 1, "pr-12-inference": SECTIONS}, [{**NEWER, "more": 1}]),
        (
            {"model_version": "pr-7", "model_application_metrics": {"platform_metrics": None}},
            [{"model_version": "pr-7", "model_application_metrics": {"platform_metrics": None}}],
        ),
    ],
    ids=["newer", "older", "older, several", "version beside the older one", "a metric called like a section"],
)
def test_c11_both_shapes_of_a_stored_document_are_read(file: dict[str, Any], expected: list[dict[str, Any]]) -> None:
    assert documents(file) == expected


@pytest.mark.parametrize("own", [{"model_version": "pr-12-inference"}, {}])
def test_c11_of_a_document_that_holds_both_shapes_the_keys_at_the_top_win(own: dict[str, Any]) -> None:
    older = {**SECTIONS, "platform_metrics": {"CPU max usage": 9, "Memory max usage": "9Mi"}}

    (found,) = documents({"pr-12-inference": older, **own, "platform_metrics": USAGE})

    assert found == NEWER


def test_c11_another_deployment_below_the_top_is_one_of_its_own() -> None:
    assert documents({**NEWER, "pr-7": {"platform_metrics": USAGE}}) == [
        NEWER,
        {"model_version": "pr-7", "platform_metrics": USAGE},
    ]


def test_c11_each_row_of_aggregated_metrics_is_a_deployment() -> None:
    model = [{**MODEL, **INFO}, {"average_latency": 0.05, **INFO, "model_version": "pr-13"}]
    usage = [{**USAGE, "model_version": "pr-12-inference"}, {**USAGE, "model_version": "pr-13"}]

    first, second = documents({"info_metrics": [], "model_application_metrics": model, "platform_metrics": usage})

    assert first == NEWER
    assert (second["model_version"], second["info_metrics"]) == ("pr-13", INFO)


def test_c11_metrics_and_platform_metrics_together_are_one_deployment() -> None:
    assert documents({"average_error": 0.1}, USAGE) == [
        {"model_application_metrics": {"average_error": 0.1}, "platform_metrics": USAGE}
    ]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a": "[1]"}, "a holds no object with keys"),
        ({"a": "{}"}, "a holds no object with keys"),
        ({"a": "{"}, "a is not JSON"),
        ({"a": "[" * 100_000}, "a is not JSON"),
        ({"a": '{"name": "\\ud800", "x": 1}'}, "a is not JSON"),
        ({"a": '{"x": 1}', "b": '{"y": 2}'}, "b and a hold the same part of a deployment"),
        ({"a": " " * 5_000_001}, "a is larger than 5 MB"),
        (
            {
                "a": json.dumps(
                    {
                        "model_application_metrics": [{"model_version": "x"}],
                        "platform_metrics": [{"model_version": "y"}],
                    }
                )
            },
            "a: row 1 is of x and y: its lists are not parallel",
        ),
    ],
)
def test_file_that_cannot_be_imported_says_why(files: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_deployments(files)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(NEWER),
        json.dumps({"pr-7": SECTIONS}),
        '{"average_latency": 0.1}',
        '{"CPU max usage": "N/A", "Memory max usage": "N/A"}',
    ],
)
def test_c11_each_file_of_aicoe_is_known_by_its_shape(text: str) -> None:
    assert is_stored_document(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"accuracy": {"threshold": 0.8, "greater_is_better": true}}',
        '{"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "spec": {}}',
        "spec_version: '1.0'",
        "[1]",
    ],
)
def test_thresholds_of_other_tools_are_not_taken_for_stored_numbers(text: str) -> None:
    assert not is_stored_document(text)


def test_c13_no_data_is_never_a_number_and_says_what_was_stored() -> None:
    model = {"average_error": None, "average_latency": "N/A", "zero": 0, "nan": float("nan"), "huge": 10**400}

    found = seen(model_application_metrics=model, platform_metrics={"CPU max usage": "N/A", "Memory max usage": None})

    assert by_name(found.suites[0].observations) == {
        "average_error": "AICoE-CI stored null",
        "average_latency": 'AICoE-CI stored "N/A"',
        "zero": 0.0,
        "nan": 'AICoE-CI stored "NaN"',
        "huge": f"AICoE-CI stored 1{'0' * 400}",
    }
    assert by_name(found.candidate.platform) == {
        "cpu_max": 'AICoE-CI stored "N/A"',
        "memory_max": "AICoE-CI stored null",
    }


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("212Mi", 212e6),
        ("0Mi", 0.0),
        ("212", 'AICoE-CI stored "212"'),
        (212, "AICoE-CI stored 212"),
        ("1Gi", 'AICoE-CI stored "1Gi"'),
    ],
)
def test_c13_memory_is_read_in_the_unit_that_aicoe_meant(written: object, expected: float | str) -> None:
    found = seen(platform_metrics={"Memory max usage": written}).candidate.platform

    assert by_name(found) == {"memory_max": expected}


def test_c13_memory_is_flagged_as_written_upstream() -> None:
    (memory,) = seen(platform_metrics={"Memory max usage": "212Mi"}).candidate.platform

    assert memory.notices[0] == "unit as written upstream: AICoE-CI's 212Mi stands for 212 x 10^6 bytes"


def test_what_is_no_number_is_named_and_what_was_run_is_not_known() -> None:
    (suite,) = seen(
        model_application_metrics={"framework": "tensorflow", "ok": True, "matrix": [[1]], "model_version": "pr-12"}
    ).suites

    assert [notice.split(" is ")[0] for notice in suite.notices] == ["framework", "ok", "matrix"]
    assert (suite.outcome, suite.observations) == (Outcome.NOT_RUN, ())
