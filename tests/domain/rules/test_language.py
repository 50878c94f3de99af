"""The rule language: what is accepted and means what, what is refused and where."""

from __future__ import annotations

import pytest

from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Family, Metric
from jupyter_deployfeedback.domain.rules.language import parse_expression
from jupyter_deployfeedback.domain.rules.rule import Aggregate, Comparator, Expression, Relation
from jupyter_deployfeedback.errors import RuleSyntaxError

QUEUE = Metric(name="queue_depth", family=Family.PLATFORM, unit="requests")
DRIFT = Metric(name="drift", family=Family.MODEL)


def parse(text: str, name: str | None) -> Expression:
    return parse_expression(text, STANDARD_METRICS[name] if name else None)


def meaning(expression: Expression) -> tuple[object, ...]:
    return expression.aggregate, expression.comparator, expression.relation, expression.limit


ACCEPTED = [
    ("p(95)<300ms", "latency", (Aggregate.QUANTILE, Comparator.BELOW, Relation.ABSOLUTE, 0.3)),
    ("p(50)<=+10%", "latency", (Aggregate.QUANTILE, Comparator.AT_MOST, Relation.RATIO, 0.1)),
    (">=-1pp", "accuracy", (Aggregate.VALUE, Comparator.AT_LEAST, Relation.DIFFERENCE, -0.01)),
    (">=0.95", "accuracy", (Aggregate.VALUE, Comparator.AT_LEAST, Relation.ABSOLUTE, 0.95)),
    ("typical<=+10%", "latency", (Aggregate.TYPICAL, Comparator.AT_MOST, Relation.RATIO, 0.1)),
    ("share(>300ms)<=+1pp", "latency", (Aggregate.SHARE, Comparator.AT_MOST, Relation.DIFFERENCE, 0.01)),
    ("rate<1%", "requests_failed", (Aggregate.RATE, Comparator.BELOW, Relation.ABSOLUTE, 0.01)),
    ("p(99.9) < 2s", "latency", (Aggregate.QUANTILE, Comparator.BELOW, Relation.ABSOLUTE, 2.0)),
    ("==0", "oom_kills", (Aggregate.VALUE, Comparator.EQUAL, Relation.ABSOLUTE, 0.0)),
    ("<=+15%", "memory_max", (Aggregate.VALUE, Comparator.AT_MOST, Relation.RATIO, 0.15)),
    ("<+20ms", "latency_mean", (Aggregate.VALUE, Comparator.BELOW, Relation.DIFFERENCE, 0.02)),
    ("<=1.5GiB", "memory_max", (Aggregate.VALUE, Comparator.AT_MOST, Relation.ABSOLUTE, 1.5 * 2**30)),
    (">=50/s", "throughput", (Aggregate.VALUE, Comparator.AT_LEAST, Relation.ABSOLUTE, 50.0)),
    (">=abs(-0.2)", "r2", (Aggregate.VALUE, Comparator.AT_LEAST, Relation.ABSOLUTE, -0.2)),
    ("p(95)<=1e3ms", "latency", (Aggregate.QUANTILE, Comparator.AT_MOST, Relation.ABSOLUTE, 1.0)),
]


@pytest.mark.parametrize(("text", "name", "expected"), ACCEPTED)
def test_accepted_expressions_mean(text: str, name: str, expected: tuple[object, ...]) -> None:
    found = parse(text, name)

    assert meaning(found) == (*expected[:3], pytest.approx(expected[3]))
    assert found.text == text


@pytest.mark.parametrize(("text", "name", "expected"), ACCEPTED)
def test_a_metric_that_is_not_known_yet_takes_units_at_face_value(
    text: str, name: str, expected: tuple[object, ...]
) -> None:
    assert meaning(parse(text, None)) == (*expected[:3], pytest.approx(expected[3]))


REJECTED = [  # expression, metric, position of the offending character, part of what is said
    ("", "latency", 0, "the expression is empty"),
    ("p95<300ms", "latency", 0, "Write p(95)"),
    ("p(95)<", "latency", 6, "a number"),
    ("p(95)<NaN", "latency", 6, "'NaN' is no number"),
    ("<=inf", "accuracy", 2, "'inf' is no number"),
    ("<=+10 percent", "memory_max", 6, "Write %"),
    ("p()<3ms", "latency", 2, "a number"),
    ("=0", "oom_kills", 0, "Write ==."),
    ("p(95)!=3ms", "latency", 5, "a comparator"),
    ("<300ms || <400ms", "latency_mean", 7, "left over"),
    ("<=--1pp", "accuracy", 3, "one sign is enough"),
    ("<=++10%", "memory_max", 3, "one sign is enough"),
    ("p(95)<.5s", "latency", 6, "Write 0.5s."),
    ("p(95)<1,000ms", "latency", 7, "a number has no commas"),
    ("p(95)<300msx", "latency", 9, "Did you mean ms?"),
]


@pytest.mark.parametrize(("text", "name", "position", "said"), REJECTED)
def test_rejected_expressions_point_at_the_character(text: str, name: str, position: int, said: str) -> None:
    with pytest.raises(RuleSyntaxError) as caught:
        parse(text, name)

    assert (caught.value.expression, caught.value.position) == (text, position)
    assert said in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(("text", "name", "position", "said"), REJECTED)
def test_what_is_rejected_is_rejected_of_unknown_metrics_too(text: str, name: str, position: int, said: str) -> None:
    with pytest.raises(RuleSyntaxError):
        parse(text, None)


MEANINGLESS = [
    (">95", "accuracy", 1, "a share lies between 0 and 1, 95 does not"),
    ("<=5", "failure_rate", 2, "Write 5%, or 5pp with a sign"),
    ("<=+10", "accuracy", 3, "Write 10%, or 10pp with a sign"),
    (">=0,95", "accuracy", 3, "a number has no commas"),
    ("≥0.95", "accuracy", 0, "Write >=."),
    ("p(95)=<300ms", "latency", 5, "Write <=."),
    ("0.95", "accuracy", 0, "Write >=0.95 or <=0.95."),
    ("accuracy>=0.95", "accuracy", 0, "The metric stands under metric: write only >=0.95."),
    ("avg(x)<3s", "latency", 3, "nothing belongs in brackets here"),
    ("<300ms and <400ms", "latency_mean", 7, "all expressions of a list must hold"),
    ("p(95)<500", "latency", 9, "Write one of us, ms, s, min"),
    ("<=2", "memory_max", 3, "a unit is missing"),
    ("<=2s", "memory_max", 3, "s is not a unit of this metric"),
    (">=95pp", "accuracy", 4, "needs a sign"),
    (">=abs(-1pp)", "accuracy", 8, "needs a sign"),
    ("<=+1pp", "memory_max", 4, "this is no share"),
    ("<=5%", "latency_mean", 3, "% is not a unit of this metric"),
    ("<=3s", "restarts", 3, "Write the number without a unit"),
    ("p(0)<3ms", "latency", 2, "between 0 and 100"),
    ("p(100)<3ms", "latency", 4, "between 0 and 100"),
    ("==0.95", "accuracy", 0, "whole counts only"),
    ("==0.5", "restarts", 0, "whole counts only"),
    ("==+1", "restarts", 0, "whole counts only"),
    ("p(95)==3ms", "latency", 5, "whole counts only"),
    ("share(>1%)<5%", "latency", 7, "not %"),
    ("share(>300)<5%", "latency", 10, "a unit is missing"),
    ("share>300ms", "latency", 5, "'(' is expected"),
    ("mean<3ms", "latency", 0, "Known are avg"),
    ("value<3ms", "latency", 0, "there is no aggregate 'value'"),
    ("<=1e999", "accuracy", 2, "too large"),
]


@pytest.mark.parametrize(("text", "name", "position", "said"), MEANINGLESS)
def test_meaningless_expressions_are_refused(text: str, name: str, position: int, said: str) -> None:
    with pytest.raises(RuleSyntaxError) as caught:
        parse(text, name)

    assert caught.value.position == position
    assert said in str(caught.value)


@pytest.mark.parametrize(("text", "limit"), [("<=100", 100.0), ("<=+20", 20.0), ("==0", 0.0), ("<=+10%", 0.10)])
def test_a_noun_as_unit_is_a_count_and_needs_no_unit(text: str, limit: float) -> None:
    assert parse_expression(text, QUEUE).limit == pytest.approx(limit)


def test_a_metric_without_dimension_needs_no_unit() -> None:
    assert parse_expression("<=0.1", DRIFT).limit == 0.1


@pytest.mark.parametrize(
    ("unit", "name", "limit"),
    [
        ("us", "latency_mean", 1e-6),
        ("min", "latency_mean", 60.0),
        ("kB", "memory_max", 1e3),
        ("MiB", "memory_max", 2.0**20),
        ("mcores", "cpu_max", 1e-3),
        ("/min", "throughput", 1 / 60),
        ("%", "accuracy", 0.01),
    ],
)
def test_units_become_base_units(unit: str, name: str, limit: float) -> None:
    assert parse(f"<=1{unit}", name).limit == pytest.approx(limit)


def test_the_edge_of_a_share_is_in_base_units() -> None:
    assert parse("share(>=300ms)<=5%", "latency").edge == (Comparator.AT_LEAST, pytest.approx(0.3))


def test_the_quantile_is_a_share_of_one() -> None:
    assert parse("p(99.9)<2s", "latency").quantile == pytest.approx(0.999)


def test_blanks_between_tokens_change_nothing() -> None:
    spaced = parse("  share ( > 300 ms ) <= + 1 pp ", "latency")

    assert meaning(spaced) == meaning(parse("share(>300ms)<=+1pp", "latency"))
