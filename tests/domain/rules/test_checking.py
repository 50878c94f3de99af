"""Rules refused before the first request, and what the accepted ones ask for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from jupyter_deployfeedback.domain.metric import STANDARD_METRICS
from jupyter_deployfeedback.domain.rules.checking import check_rule, doubts
from jupyter_deployfeedback.domain.rules.language import parse_expression, parse_subject
from jupyter_deployfeedback.domain.rules.rule import Rule, Subject
from jupyter_deployfeedback.errors import RuleSyntaxError
from jupyter_deployfeedback.verdict import estimands
from tests.comparison.evidence import rule

REFUSED = [
    (partial(rule, "latency", "<300ms"), "Say which latency is meant"),
    (partial(rule, "latency", "typical<300ms"), "write typical<=+10%"),
    (partial(rule, "latency", "typical<=+20ms"), "write typical<=+10%"),
    (partial(rule, "latency", "share(>300ms)<=+10%"), "a difference such as +1pp"),
    (partial(rule, "latency", "max<=+10%"), "a limit without a sign"),
    (partial(rule, "latency", "rate<1%"), "Of latency you can ask"),
    (partial(rule, "accuracy", "p(95)>=0.9"), "Of accuracy you can ask"),
    (partial(rule, "memory_max", "avg<=2GiB"), "Of memory_max you can ask"),
    (partial(rule, "restarts", "<=+10%"), "a difference such as"),
    (partial(rule, "failure_rate", "<=+10%"), "a difference such as +1pp"),
    (partial(rule, "memory_max", "<=+15%", slices=["digit"]), "memory_max has no slices"),
    (partial(rule, "throughput{digit:8}", ">=1/s"), "throughput has no slices"),
    (partial(rule, "my_score", ">=1", slices=["digit"]), "my_score has no slices"),
    (partial(rule, "accuracy{digit:8}", ">=0.9", slices=["digit"]), "not both"),
    (partial(rule, "accuracy{digit}", ">=0.9"), "does not name a metric"),
    (partial(rule, "accuracy{digit:8,kind:9}", ">=0.9"), "does not name a metric"),
    (partial(rule, "", ">=0.9"), "does not name a metric"),
    (partial(rule, "accuracy"), "at least one expression"),
    (partial(rule, "acuracy", ">=0.9"), "Did you mean accuracy?"),
    (partial(rule, "latency_p90", "<1s"), "Write metric: latency, pass: [p(90)<300ms]"),
    (partial(rule, "restarts", "<=1", failing=["==3"]), "cannot stand in a fail list"),
    (partial(rule, "accuracy", ">=0.95", "<=0.90"), "contradict each other"),
    (partial(rule, "accuracy", "<=0.90", ">=0.95"), "contradict each other"),
    (partial(rule, "accuracy", ">0.9", "<=0.9"), "contradict each other"),
    (partial(rule, "accuracy", ">=+2pp", "<=+1pp"), "contradict each other"),
    (partial(rule, "restarts", "==0", ">=1"), "contradict each other"),
    (partial(rule, "restarts", "==0", "==1"), "contradict each other"),
    (partial(rule, "restarts", "<0", "==0"), "contradict each other"),
    (partial(rule, "latency", "p(95)<300ms", warning=["p(95)<400"]), "a unit is missing"),
    (partial(rule, "latency", "p(95)<300ms", failing=["p(95)>500"]), "a unit is missing"),
]


@pytest.mark.parametrize(("asking", "said"), REFUSED)
def test_refused_rules_say_what_to_write(asking: Callable[[], Rule], said: str) -> None:
    with pytest.raises(RuleSyntaxError) as caught:
        check_rule(asking(), STANDARD_METRICS)

    assert said in str(caught.value)


@pytest.mark.parametrize(
    "asking",
    [
        rule("latency", "p(95)<300ms", "typical<=+10%", "share(>300ms)<=+1pp"),
        rule("accuracy", ">=0.95", ">=-1pp", slices=["digit"]),
        rule("memory_max", "<=+15%", on_fail="warn"),
        rule("oom_kills", "==0"),
        rule("accuracy{digit:8}", ">=0.9"),
        rule("mean_confidence", ">=0.5"),
        rule("gpu_max", "<=3"),
        rule("latency", "p(95)>=10ms", "p(95)<=300ms"),
        rule("latency", "p(50)>=500ms", "p(95)<=300ms"),
        rule("latency", "typical<=-5%"),
        rule("accuracy", ">=0.9", "<=0.9"),
        rule("restarts", "==0", "<=0", ">=0"),
    ],
)
def test_accepted_rules(asking: Rule) -> None:
    check_rule(asking, STANDARD_METRICS)


@pytest.mark.parametrize(
    ("text", "metric", "within"),
    [
        ("accuracy", "accuracy", None),
        ("accuracy{digit:8}", "accuracy", ("digit", "8")),
        ("f1{ a : b c }", "f1", ("a", "b c")),
    ],
)
def test_a_selector_names_metric_and_slice(text: str, metric: str, within: tuple[str, str] | None) -> None:
    assert parse_subject(text) == Subject(name=metric, slice=within)


@pytest.mark.parametrize(
    ("name", "text", "hint"),
    [
        ("accuracy", ">=-1%", "did you mean pp?"),
        ("memory_max", "<=+0%", "leaves an unchanged system inconclusive"),
        ("accuracy", ">=-1pp", None),
        ("memory_max", "<=+15%", None),
        ("restarts", "<=0", None),
        ("restarts", "<=+0", None),  # a count is compared exactly
        ("requests_failed", "rate<=+0pp", "leaves an unchanged system inconclusive"),
    ],
)
def test_doubts_about_what_is_legal_but_hardly_meant(name: str, text: str, hint: str | None) -> None:
    metric = STANDARD_METRICS[name]

    found = list(doubts(parse_expression(text, metric), metric.unit))

    assert [hint is not None and hint in each for each in found] == ([True] if hint else [])


def asked(*rules: Rule, **slices: tuple[str, ...]) -> list[tuple[str, str, tuple[str, str] | None]]:
    found = estimands(rules, confidence=0.95, slice_values=slices)
    return [(each.metric, each.expression.text, each.slice) for each in found]


def test_each_expression_is_asked_of_all_examples_and_of_each_slice() -> None:
    assert asked(rule("accuracy", ">=0.95", ">=-1pp", slices=["digit"]), digit=("3", "8")) == [
        ("accuracy", ">=0.95", None),
        ("accuracy", ">=-1pp", None),
        ("accuracy", ">=0.95", ("digit", "3")),
        ("accuracy", ">=-1pp", ("digit", "3")),
        ("accuracy", ">=0.95", ("digit", "8")),
        ("accuracy", ">=-1pp", ("digit", "8")),
    ]


def test_the_same_question_is_asked_once() -> None:
    assert asked(rule("accuracy", ">=0.95"), rule("accuracy", ">=0.95", ">=0.90")) == [
        ("accuracy", ">=0.95", None),
        ("accuracy", ">=0.90", None),
    ]


def test_a_selected_slice_is_asked_alone() -> None:
    assert asked(rule("accuracy{digit:8}", ">=0.9")) == [("accuracy", ">=0.9", ("digit", "8"))]


def test_a_fail_expression_is_asked_as_the_condition_it_breaks() -> None:
    (passing, failing) = estimands((rule("accuracy", ">=0.95", failing=["<0.90"]),), confidence=0.95, slice_values={})

    assert (passing.expression.comparator, passing.expression.limit) == (">=", 0.95)
    assert (failing.expression.text, failing.expression.comparator, failing.expression.limit) == (
        "<0.90",
        ">=",
        0.90,
    )


@pytest.mark.parametrize("percent", range(1, 100))
def test_a_share_demands_the_same_in_per_cent(percent: int) -> None:
    one, other = (
        parse_expression(text, STANDARD_METRICS["accuracy"]) for text in (f">={percent}%", f">={percent / 100}")
    )

    assert one.demand == other.demand
