"""The gate tests itself: every rule that can be written must be able to go red, to go green and to refuse a NaN."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_deployfeedback.comparison.comparing import compare
from jupyter_deployfeedback.comparison.self_test.made_up import estimates_made_up
from jupyter_deployfeedback.domain.comparison import Estimate
from jupyter_deployfeedback.domain.metric import STANDARD_METRICS
from jupyter_deployfeedback.domain.rules.rule import Aggregate, OnFail, Relation, Rule
from jupyter_deployfeedback.domain.rules.support import support
from jupyter_deployfeedback.domain.run import Evidence
from jupyter_deployfeedback.domain.verdict import GateState, SelfTest, Verdict
from jupyter_deployfeedback.verdict import estimands_to_try, judge, self_test
from tests.comparison.evidence import answers, asked, evaluation, evidence, facts, rule, suite_result
from tests.comparison.load.loads import watched
from tests.property_cases import SELF_TESTS

TEN = (
    rule("latency", "p(95)<300ms", "typical<=+10%", "share(>300ms)<=+1pp"),
    rule("latency", "p(50)<=+10%", "p(95)<=+25%", "avg<=+10%"),
    rule("accuracy", ">=0.95", ">=-1pp", slices=("digit",)),
    rule("f1", ">=0.9", ">=-2pp"),
    rule("failure_rate", "<=1%", "<=+1pp"),
    rule("memory_max", "<=+15%", on_fail="warn"),
    rule("cpu_max", "<=2cores"),
    rule("oom_kills", "==0"),
    rule("throughput", ">=-10%", info=True),
    rule("calibration", ">=0.5"),
)
DIGITS = {"digit": tuple("0123456789")}


LOADED = watched("cpu_mean", [1.0, 1.1, 1.0], [1.0, 1.0, 1.0])
"""A run with a load: what it was asked goes through its windows, and so does the gate's test of itself."""


def named(given_rule: Rule) -> str:
    return f"{given_rule.subject.text} {' '.join(each.text for each in given_rule.passing)}"


def made_up(
    *rules: Rule, slice_values: dict[str, tuple[str, ...]] | None = None, like: Evidence | None = None
) -> list[tuple[Estimate, ...]]:
    tried = estimands_to_try(asked(*rules, slice_values=slice_values))
    return [estimates_made_up(tried, beyond=True, like=like), estimates_made_up(tried, beyond=False, like=like)]


def tried(
    *rules: Rule, slice_values: dict[str, tuple[str, ...]] | None = None, like: Evidence | None = None
) -> SelfTest:
    beyond, inside = made_up(*rules, slice_values=slice_values, like=like)
    found = self_test(rules, beyond=beyond, inside=inside, confidence=0.95)
    return found.model_copy(update={"told": ""})


@pytest.mark.parametrize(
    ("passing", "expected"),
    [
        ([">=0.9", ">=-1pp"], "2 of 2 limits"),
        ([">=0%"], "0 of 1 limits"),  # nothing lies below it
        ([">=1", ">=-1pp"], "0 of 2 limits"),  # where nothing passes the one, nothing can pass both
    ],
)
def test_only_limits_that_were_tried_both_ways_are_said_to_be_tried(passing: list[str], expected: str) -> None:
    asking = rule("accuracy", *passing)
    beyond, inside = made_up(asking)

    found = self_test((asking,), beyond=beyond, inside=inside, confidence=0.95)

    assert found.told == f"{expected} and 0 known examples tried, none came out wrong"


def askable() -> Iterator[tuple[str, Aggregate, Relation]]:
    for name in STANDARD_METRICS:
        for aggregate, relations in support(name).items():
            yield from ((name, aggregate, relation) for relation in sorted(relations))


def written(name: str, aggregate: Aggregate, relation: Relation, *, comparator: str, number: float) -> str:
    unit = {"s": "ms", "B": "MiB", "cores": "cores", "/s": "/s"}.get(STANDARD_METRICS[name].unit, "")
    share = aggregate in {Aggregate.SHARE, Aggregate.RATE} or STANDARD_METRICS[name].unit == "share"
    if share or relation is Relation.RATIO:
        unit = "pp" if relation is Relation.DIFFERENCE else "%"
    elif aggregate is Aggregate.COUNT:
        unit = ""
    what = {Aggregate.VALUE: "", Aggregate.QUANTILE: "p(95)", Aggregate.SHARE: "share(>300ms)"}
    sign = "" if relation is Relation.ABSOLUTE else "-" if number < 0 else "+"
    return f"{what.get(aggregate, aggregate.value)}{comparator}{sign}{abs(number)}{unit}"


@pytest.mark.parametrize(("name", "aggregate", "relation"), list(askable()))
@pytest.mark.parametrize("comparator", ["<=", ">="])
@pytest.mark.parametrize("like", [None, LOADED], ids=["alone", "loaded"])
def test_every_kind_of_rule_can_go_red_and_green(
    name: str, aggregate: Aggregate, relation: Relation, comparator: str, like: Evidence | None
) -> None:
    number = 3.0 if name != "r2" else 0.5
    text = written(name, aggregate, relation, comparator=comparator, number=number)

    assert tried(rule(name, text), like=like) == SelfTest()


@pytest.mark.parametrize(
    ("name", "text"),
    [("cpu_mean", "<=+15%"), ("throughput", ">=-10%"), ("latency", "typical<=+10%"), ("queue_depth", "<=+10%")],
)
def test_a_loaded_run_is_tested_by_windows(name: str, text: str) -> None:
    seen = LOADED
    if name == "queue_depth":  # a query of the user's own
        seen = watched("cpu_mean", [1.0, 1.1, 1.0], [1.0, 1.0, 1.0], called=name)

    for estimates in made_up(rule(name, text), like=seen):
        assert {(each.weak, "windows" in each.method) for each in estimates} == {(None, True)}


@pytest.mark.property
@settings(max_examples=SELF_TESTS, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(list(askable())),
    st.sampled_from(["<", "<=", ">", ">="]),
    st.floats(0.0, 99.0).map(lambda number: round(number, 2)),
    st.sampled_from([1, -1]),
    st.sampled_from([None, LOADED]),
)
def test_whatever_the_limit_no_rule_is_called_broken(
    kind: tuple[str, Aggregate, Relation], comparator: str, number: float, sign: int, like: Evidence | None
) -> None:
    name, aggregate, relation = kind
    text = written(name, aggregate, relation, comparator=comparator, number=number * sign)

    assert tried(rule(name, text), like=like).misses == ()


def test_ten_rules_of_every_kind_come_out_right() -> None:
    assert tried(*TEN, slice_values=DIGITS) == SelfTest()


@pytest.mark.parametrize("slices", [(), ("digit",)])
@pytest.mark.parametrize(
    "given_rule",
    [
        rule("accuracy", ">=0.95", warning=[">=0.90"]),
        rule("accuracy", ">=0.95", failing=["<0.90"]),
        rule("accuracy", ">=0.95", ">=-1pp", warning=[">=0.90", ">=-3pp"], failing=["<0.85", "<-5pp"]),
        rule("accuracy", ">=0.95", on_fail="warn"),
        rule("accuracy", ">=0.95", info=True),
    ],
)
def test_lists_and_exceptions_of_a_rule_go_through_the_test(given_rule: Rule, slices: tuple[str, ...]) -> None:
    assert tried(given_rule.model_copy(update={"slices": slices}), slice_values=DIGITS) == SelfTest()


@pytest.mark.parametrize("name", ["memory_max", "calibration"])
def test_a_weak_rule_need_not_fail_and_is_not_called_broken(name: str) -> None:
    assert tried(rule(name, "<=+15%")) == SelfTest()


def test_a_rule_of_one_slice_is_tested() -> None:
    assert tried(rule("accuracy{digit:8}", ">=0.9")) == SelfTest()


# a weak rule that only warns says WARN either way: weak evidence of a pass is a warning too
@pytest.mark.parametrize("given_rule", [each for each in TEN if each.on_fail is not OnFail.WARN], ids=named)
def test_a_gate_that_cannot_go_red_is_found(given_rule: Rule) -> None:
    _, inside = made_up(given_rule)

    found = self_test((given_rule,), beyond=inside, inside=inside, confidence=0.95)

    first = f"{given_rule.metric} {given_rule.passing[0].text} judged samples well beyond its limit as "
    assert first in found.misses[0].reason.text
    assert {each.verdict for each in found.misses} == {Verdict.ERROR}


def test_a_gate_that_cannot_go_green_is_found() -> None:
    beyond, _ = made_up(rule("accuracy", ">=0.95"))

    found = self_test((rule("accuracy", ">=0.95"),), beyond=beyond, inside=beyond, confidence=0.95)

    missed = (
        "the gate's self-test missed: accuracy >=0.95 judged samples well inside its limit as fail, which must be pass"
    )
    assert [each.reason.text for each in found.misses] == [missed]


def test_a_limit_nothing_can_break_is_mentioned_and_no_error() -> None:
    found = tried(rule("accuracy", ">=0%"), rule("failure_rate", "<=0%"))

    assert found.misses == ()
    assert found.notices == (
        "accuracy >=0% can hardly ever fail: no sample lies well beyond its limit",
        "failure_rate <=0% can hardly ever pass: no sample lies well inside its limit",
    )


def test_a_run_whose_self_test_missed_is_an_error_whatever_else_holds() -> None:
    seen = evidence(suite_result(evaluation(answers([True] * 500))))
    rules = (rule("accuracy", ">=0.95"),)
    _, inside = made_up(*rules)
    broken = self_test(rules, beyond=inside, inside=inside, confidence=0.95)

    found = judge(
        compare(seen, stored=None, baseline=None, estimands=asked(*rules)),
        rules=rules,
        suites=seen.suites,
        expected_suites=("quality",),
        candidate=facts(),
        expect_version=None,
        confidence=0.95,
        tested=broken,
    )

    assert (found.verdict, found.gate, found.findings[0].subject.text) == (Verdict.ERROR, GateState.CLOSED, "self-test")
