"""Thresholds of other tools: what means the same here is taken over, everything else is refused by its name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from jupyter_deployfeedback.errors import UsageError
from jupyter_deployfeedback.project.imports import Imported, import_rules


def imported(document: object, *, arguments: Mapping[str, str] | None = None) -> Imported:
    text = document if isinstance(document, str) else json.dumps(document)
    return import_rules(text, arguments=arguments or {})


def refused(found: Imported) -> list[str]:
    return [str(refusal) for refusal in found.refusals]


MLFLOW = {
    "accuracy_score": {
        "threshold": 0.80,
        "min_absolute_change": 0.05,
        "min_relative_change": 0.05,
        "greater_is_better": True,
    }
}


def analysis(**change: Any) -> dict[str, Any]:
    metric = {
        "name": "success-share",
        "successCondition": "result[0] >= 0.95",
        "failureCondition": "result[0] < 0.90",
        "provider": {"prometheus": {"query": "sum(rate(ok_total[1m]))/sum(rate(all_total[1m]))"}},
        **change,
    }
    kept = {key: value for key, value in metric.items() if value is not None}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "spec": {"metrics": [kept]}}


def asked(query: str, **more: Any) -> dict[str, Any]:
    return analysis(provider={"prometheus": {"query": query, **more}})


# MLflow


def test_mlflows_thresholds_become_a_limit_and_two_improvements() -> None:
    found = imported(MLFLOW)

    assert found.rules == [{"metric": "accuracy", "pass": [">=0.8", ">=+0.05", ">=+5%"]}]
    assert found.refusals == []


def test_where_less_is_better_mlflows_changes_are_reductions() -> None:
    threshold = {"threshold": 12, "min_absolute_change": 0.5, "min_relative_change": 0.1, "greater_is_better": False}

    assert imported({"mean_absolute_error": threshold}).rules == [
        {"metric": "mean_absolute_error", "pass": ["<=12", "<=-0.5", "<=-10%"]}
    ]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"greater_is_better": None}, "greater_is_better: it must be true or false: without it no direction is known"),
        ({"threshold": ".nan"}, "threshold: '.nan' is no finite number"),
        ({"threshold": "0.8"}, "threshold: '0.8' is no finite number"),
        ({"threshold": True}, "threshold: True is no finite number"),
        ({"min_absolute_change": 0}, "min_absolute_change: 0 is no number above 0"),
        ({"min_absolute_change": -0.05}, "min_absolute_change: -0.05 is no number above 0"),
        ({"min_relative_change": 5.0}, "min_relative_change: 5.0 is no share from 0 to 1"),
        ({"min_relative_change": -0.01}, "min_relative_change: -0.01 is no share from 0 to 1"),
        ({"higher_is_better": True}, "higher_is_better: this key is not known here"),
    ],
)
def test_mlflows_threshold_that_is_not_whole_gives_no_rule(change: dict[str, Any], refusal: str) -> None:
    found = imported({"accuracy_score": {**MLFLOW["accuracy_score"], **change}})

    assert found.rules == []
    assert refused(found) == [f"accuracy_score.{refusal}"]


def test_mlflows_relative_change_of_nothing_means_no_worse() -> None:
    threshold = {"min_relative_change": 0.0, "greater_is_better": True}

    assert imported({"recall": threshold}).rules == [{"metric": "recall", "pass": [">=+0%"]}]


@pytest.mark.parametrize("number", [".nan", ".inf", "-.inf"])
def test_mlflows_number_that_is_not_finite_is_refused(number: str) -> None:
    found = imported(f"accuracy_score: {{threshold: {number}, greater_is_better: true}}")

    assert found.rules == []
    assert len(found.refusals) == 1


def test_one_refused_threshold_leaves_the_others() -> None:
    found = imported({**MLFLOW, "roc auc": {"threshold": 0.9, "greater_is_better": True}})

    assert [rule["metric"] for rule in found.rules] == ["accuracy"]
    assert refused(found) == ["roc auc: this is no name of a metric here; use letters, digits, _ . and -"]


# Argo Rollouts


def test_argos_conditions_become_pass_and_fail_of_a_metric_with_its_query() -> None:
    found = imported(analysis())

    assert found.rules == [{"metric": "success-share", "pass": [">=0.95"], "fail": ["<0.90"]}]
    assert found.metrics == {
        "success-share": {"query": "sum(rate(ok_total[1m]))/sum(rate(all_total[1m]))", "better": "higher"}
    }
    assert found.refusals == []


@pytest.mark.parametrize(
    ("success", "failure", "expected"),
    [
        ("result[0] >= 0.95", None, {"pass": [">=0.95"]}),
        ("result < 5", None, {"pass": ["<5"]}),
        ("result[0]<=1e3", None, {"pass": ["<=1e3"]}),
        ("result[0] == 0", None, {"pass": ["==0"]}),
        ("result[0] >= -0.2", None, {"pass": [">=abs(-0.2)"]}),
        (None, "result[0] >= 0.05", {"pass": ["<0.05"]}),
        (None, "result[0] < 0.9", {"pass": [">=0.9"]}),
    ],
)
def test_argos_condition_is_the_limit_it_says(success: str, failure: str, expected: dict[str, Any]) -> None:
    found = imported(analysis(successCondition=success, failureCondition=failure))

    assert found.rules == [{"metric": "success-share", **expected}]
    assert found.refusals == []


@pytest.mark.parametrize(
    "condition",
    [
        "result[0] >= 0.95 && result[0] < 1",
        "len(result) == 0 || result[0] >= 0.95",
        "isNaN(result) || result >= 0.95",
        "default(result, 0) < 1",
        "result[1] >= 0.95",
        "result[0] != 0",
        "result.ok",
        "0.95 <= result[0]",
        "result[0] >= NaN",
        "result[0] >= {{args.limit}}",
        "result[0] == 0.5",
        "true",
        7,
    ],
)
def test_argos_other_conditions_are_refused_by_name(condition: object) -> None:
    found = imported(analysis(successCondition=condition, failureCondition=None))

    assert (found.rules, found.metrics) == ([], {})
    assert refused(found)[0].startswith("success-share")


@pytest.mark.parametrize(
    ("document", "refusal"),
    [
        (
            analysis(successCondition=None, failureCondition=None),
            "success-share: it has no condition: whatever is measured is a success there",
        ),
        (analysis(provider={"web": {"url": "x"}}), "success-share.provider: only prometheus can be asked, not: web"),
        (analysis(provider={"prometheus": {}}), "success-share.provider.prometheus.query: there is none"),
        (
            asked("up", rangeQuery={"step": "1m"}),
            "success-share.provider.prometheus.rangeQuery: this key is not known here",
        ),
        (asked("up", headers=[]), "success-share.provider.prometheus.headers: this key is not known here"),
        (
            asked("up{svc='{{args.svc}}'}"),
            "success-share.provider.prometheus.query: {{args.svc}} has no value; give it: --arg svc VALUE",
        ),
        (asked("up{{inputs.x}}"), "success-share.provider.prometheus.query: it holds {{...}} that is no argument"),
        (analysis(name="p 95"), "metrics[0].name: 'p 95' is no name of a metric here; use letters, digits, _ . and -"),
        (analysis(onError="pass"), "success-share.onError: this key is not known here"),
        ({"kind": "AnalysisTemplate", "spec": {"metrics": []}}, "spec.metrics: there are none"),
        ({"kind": "AnalysisTemplate"}, "spec.metrics: there are none"),
    ],
)
def test_what_argo_can_and_we_cannot_is_refused_by_name(document: dict[str, Any], refusal: str) -> None:
    found = imported(document)

    assert (found.rules, found.metrics) == ([], {})
    assert refused(found) == [refusal]


def test_argos_arguments_are_put_into_the_query() -> None:
    document = asked("up{a='{{args.a}}', b='{{ args.b }}'}")
    document["spec"]["args"] = [{"name": "a", "value": "own"}, {"name": "b"}]

    assert imported(document, arguments={"b": "given"}).metrics["success-share"]["query"] == "up{a='own', b='given'}"


def test_argos_dry_runs_are_shown_and_not_counted() -> None:
    document = analysis()
    document["spec"]["dryRun"] = [{"metricName": "success-share"}]

    assert imported(document).rules[0]["info"] is True


def test_a_query_that_makes_numbers_of_nothing_is_told_of() -> None:
    found = imported(asked("sum(errors) or vector(0)", address="http://prom.example:9090"))

    assert found.notices == [
        "success-share: `or vector(...)` makes a number of no data; without it no data is an error here.",
        "In targets: platform: {source: prometheus, url: http://prom.example:9090}",
    ]


def test_argos_two_metrics_of_one_name_are_not_both_taken() -> None:
    document = analysis()
    document["spec"]["metrics"] *= 2

    found = imported(document)

    assert len(found.rules) == 1
    assert refused(found) == ["success-share: there is another metric of this name"]


# All of them


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "7",
        "a: 1",
        "{}",
        "a: [",
        "a: 1\n---\nb: 2",
        "kind: Rollout",
        "!!python/object:os.system {}",
        "x" * 1_000_001,
    ],
)
def test_files_of_no_known_tool_are_wrong_use(text: str) -> None:
    with pytest.raises(UsageError):
        imported(text)


def test_what_is_printed_is_read_as_it_was_found() -> None:
    found = imported(analysis(onError="x") | {"kind": "AnalysisTemplate"})
    assert (
        found.yaml()
        == "# from Argo AnalysisTemplate\n# not imported: success-share.onError: this key is not known here\n"
    )

    found = imported(analysis())
    assert yaml.safe_load(found.yaml()) == {"metrics": found.metrics, "rules": found.rules}


def test_a_refusals_text_stays_a_comment() -> None:
    found = imported(analysis(**{"x\nrules: [evil]": 1, "y\u2028rules: [evil]": 1}))
    printed = found.yaml()

    assert yaml.safe_load(printed) is None


def test_every_rule_is_one_that_check_accepts() -> None:
    found = imported({"latency_p95": {"threshold": 600, "greater_is_better": False}})

    assert found.rules == []
    assert refused(found)[0].startswith("latency_p95: a unit is missing")
