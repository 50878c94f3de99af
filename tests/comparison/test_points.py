"""Points of a matrix are compared and judged one by one, never pooled with each other."""

from __future__ import annotations

from jupyter_deployfeedback.comparison.comparing import compare
from jupyter_deployfeedback.domain.comparison import Comparison, Estimate
from jupyter_deployfeedback.domain.metric import Observation
from jupyter_deployfeedback.domain.rules.rule import Rule
from jupyter_deployfeedback.domain.run import Evidence, Outcome, SuiteResult
from jupyter_deployfeedback.domain.verdict import Finding, Verdict
from jupyter_deployfeedback.verdict import judge
from tests.comparison.evidence import (
    answers,
    asked,
    evaluation,
    evidence,
    facts,
    observed,
    recorded,
    rule,
    side,
    suite_result,
)

FIRST, SECOND = "quality[seed=1]", "quality[seed=2]"


def measured(name: str, right: int, *more: Observation, wrong_before: int | None = None) -> SuiteResult:
    """A suite that evaluated 100 examples; the live baseline had so many of them wrong."""
    own = answers([row < right for row in range(100)])
    before = None if wrong_before is None else answers([row >= wrong_before for row in range(100)], target="released")
    result = suite_result(evaluation(own, before, suite=name), name=name, observations=more)
    return at_point(result)


def at_point(result: SuiteResult) -> SuiteResult:
    """The same, with the suite whose point it is."""
    name = result.suite.name
    of = name.partition("[")[0] if "[" in name else None
    return result.model_copy(update={"suite": result.suite.model_copy(update={"point_of": of})})


def compared(now: Evidence, *rules: Rule, stored: Evidence | None = None, baseline: str | None = None) -> Comparison:
    return compare(now, stored=stored, baseline=baseline, estimands=asked(*rules))


def by_point(found: Comparison) -> dict[str | None, Estimate]:
    return {each.estimand.point: each for each in found.estimates}


def judged(found: Comparison, now: Evidence, *rules: Rule) -> dict[str, Finding]:
    judgement = judge(
        found,
        rules=rules,
        suites=now.suites,
        expected_suites=tuple(each.suite.name for each in now.suites),
        candidate=facts(),
        expect_version=None,
        confidence=0.95,
    )
    return {each.subject.text: each for each in judgement.findings if each.expression_text}


def test_the_same_examples_at_two_points_count_once_at_each() -> None:
    now = evidence(measured(FIRST, 100), measured(SECOND, 50))

    found = by_point(compared(now, rule("accuracy", ">=0.9")))

    assert {point: (each.n, each.value) for point, each in found.items()} == {FIRST: (100, 1.0), SECOND: (100, 0.5)}


def test_a_rule_holds_only_where_it_holds_at_each_point() -> None:
    now, rules = evidence(measured(FIRST, 100), measured(SECOND, 50)), (rule("accuracy", ">=0.9"),)

    findings = judged(compared(now, *rules), now, *rules)

    assert {name: each.verdict for name, each in findings.items()} == {
        "accuracy{suite:quality[seed=1]}": Verdict.PASS,
        "accuracy{suite:quality[seed=2]}": Verdict.FAIL,
    }


def test_a_point_that_did_not_measure_what_its_sister_did_is_an_error() -> None:
    broken = at_point(suite_result(name=SECOND, outcome=Outcome.ERRORED, reason="The kernel ended."))
    now, rules = evidence(measured(FIRST, 100), broken), (rule("accuracy", ">=0.9"),)

    findings = judged(compared(now, *rules), now, *rules)

    assert findings["accuracy{suite:quality[seed=2]}"].verdict is Verdict.ERROR


def test_suites_without_a_matrix_are_judged_together_beside_the_points() -> None:
    now = evidence(measured("smoke", 90), measured("latency", 100), measured(FIRST, 100))

    found = by_point(compared(now, rule("accuracy", ">=0.9")))

    assert {point: (each.n, each.value) for point, each in found.items()} == {None: (200, 0.95), FIRST: (100, 1.0)}


def test_what_nobody_measured_is_missing_once() -> None:
    now, rules = evidence(measured(FIRST, 100), measured(SECOND, 100)), (rule("f2", ">=0.9"),)

    findings = judged(compared(now, *rules), now, *rules)

    assert {name: each.verdict for name, each in findings.items()} == {"f2": Verdict.ERROR}


def test_a_number_that_points_record_has_one_value_at_each_and_does_not_clash() -> None:
    now = evidence(measured(FIRST, 100, recorded("drift", 0.1)), measured(SECOND, 100, recorded("drift", 0.3)))

    found = by_point(compared(now, rule("drift", "<=0.2")))

    assert {point: each.value for point, each in found.items()} == {FIRST: 0.1, SECOND: 0.3}


def test_platform_metrics_belong_to_the_whole_run() -> None:
    now = evidence(measured(FIRST, 100), candidate=side(platform=(observed("memory_max", 5.0),)))

    found = compared(now, rule("memory_max", "<=9B"))

    assert {point: each.value for point, each in by_point(found).items()} == {None: 5.0}
    assert [row.point for row in found.deltas if row.metric.name == "memory_max"] == [None]


def test_the_table_has_a_row_for_each_point() -> None:
    found = compared(evidence(measured(FIRST, 100), measured(SECOND, 50)))

    rows = [(row.point, row.value) for row in found.deltas if row.metric.name == "accuracy"]
    assert rows == [(FIRST, 1.0), (SECOND, 0.5)]


def test_a_point_is_compared_with_itself_live() -> None:
    now = evidence(
        measured(FIRST, 100, wrong_before=0), measured(SECOND, 100, wrong_before=40), baseline=side("released")
    )

    found = by_point(compared(now, rule("accuracy", ">=-1pp"), baseline="released"))

    assert {point: each.value for point, each in found.items()} == {FIRST: 0.0, SECOND: 0.4}


def test_a_point_is_compared_with_the_same_point_of_an_earlier_run() -> None:
    before = evidence(measured(FIRST, 100), measured(SECOND, 60))
    now = evidence(measured(FIRST, 100), measured(SECOND, 100))

    found = by_point(compared(now, rule("accuracy", ">=-1pp"), stored=before, baseline="v1"))

    assert {point: each.value for point, each in found.items()} == {FIRST: 0.0, SECOND: 0.4}


def test_a_point_is_compared_with_its_suite_before_that_had_a_matrix() -> None:
    before, now = evidence(measured("quality", 80)), evidence(measured(FIRST, 100))

    found = compared(now, rule("accuracy", ">=-1pp"), stored=before, baseline="v1")

    assert {point: round(each.value or 0, 9) for point, each in by_point(found).items()} == {FIRST: 0.2}
    assert {row.point for row in found.deltas} == {FIRST}


def test_a_new_point_has_no_baseline() -> None:
    before = evidence(measured(FIRST, 100))
    now = evidence(measured(FIRST, 100), measured(SECOND, 100))

    found = by_point(compared(now, rule("accuracy", ">=-1pp"), stored=before, baseline="v1"))

    assert {point: each.baseline_missing for point, each in found.items()} == {FIRST: False, SECOND: True}


def test_slices_are_judged_at_each_point() -> None:
    def sliced(name: str, right: int) -> SuiteResult:
        digits = ("8",) * 100
        own = evaluation(answers([row < right for row in range(100)]), suite=name, slices={"digit": digits})
        return at_point(suite_result(own, name=name))

    now, rules = evidence(sliced(FIRST, 100), sliced(SECOND, 0)), (rule("accuracy", ">=0.5", slices=("digit",)),)
    found = compare(now, stored=None, baseline=None, estimands=asked(*rules, slice_values={"digit": ("8",)}))

    assert {name: each.verdict for name, each in judged(found, now, *rules).items()} == {
        "accuracy{suite:quality[seed=1]}": Verdict.PASS,
        "accuracy{digit:8,suite:quality[seed=1]}": Verdict.PASS,
        "accuracy{suite:quality[seed=2]}": Verdict.FAIL,
        "accuracy{digit:8,suite:quality[seed=2]}": Verdict.FAIL,
    }


def drifted(value: float, *, source: str) -> Observation:
    return recorded("drift", value).model_copy(update={"source": source})


def test_a_number_that_a_point_records_is_compared_with_that_of_the_same_point_of_the_last_release() -> None:
    released = side("released").model_copy(
        update={"recorded": (drifted(0.1, source=FIRST), drifted(0.5, source=SECOND))}
    )
    now = evidence(
        measured(FIRST, 100, recorded("drift", 0.2)),
        measured(SECOND, 100, recorded("drift", 0.2)),
        baseline=released,
    )

    found = compared(now, rule("drift", "<=+0.4"), baseline="released")

    assert {point: each.baseline for point, each in by_point(found).items()} == {FIRST: 0.1, SECOND: 0.5}
    assert [row.point for row in found.deltas if row.metric.name == "drift"] == [FIRST, SECOND]


def test_a_recorded_number_is_compared_with_that_of_the_suite_before_it_had_a_matrix() -> None:
    released = side("released").model_copy(update={"recorded": (drifted(0.1, source=f"suites/{FIRST}.ipynb"),)})
    now = evidence(measured(FIRST, 100, recorded("drift", 0.2)), baseline=released)

    found = by_point(compared(now, rule("drift", "<=+0.4"), baseline="released"))

    assert {point: each.baseline for point, each in found.items()} == {FIRST: 0.1}
