"""The verdict of a run: rules, lists, weak evidence, suites, versions and the gate."""

from __future__ import annotations

import pytest

from jupyter_deployfeedback.comparison.comparing import compare
from jupyter_deployfeedback.domain.comparison import Comparison, Estimand, Estimate
from jupyter_deployfeedback.domain.evaluation import Answers, Evaluation
from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Metric
from jupyter_deployfeedback.domain.rules.language import parse_expression
from jupyter_deployfeedback.domain.rules.rule import Rule, opposite
from jupyter_deployfeedback.domain.run import Evidence, Outcome, SuiteResult, TargetFacts
from jupyter_deployfeedback.domain.verdict import GateState, Judgement, Reason, ReasonKind, Standing, Verdict
from jupyter_deployfeedback.verdict import estimands, judge
from tests.comparison.evidence import (
    a_finding,
    answers,
    asked,
    case,
    evaluation,
    evidence,
    facts,
    observed,
    recorded,
    rule,
    side,
    suite_result,
)

PASS, WARN, INCONCLUSIVE, FAIL, ERROR = Verdict
OPEN, CLOSED = GateState


def estimate(metric: str, text: str, *, failing: bool = False, **more: object) -> Estimate:
    expression = parse_expression(text, STANDARD_METRICS.get(metric))
    estimand = Estimand(metric=metric, expression=opposite(expression) if failing else expression)
    given = {"value": 0.0, "method": "any", "n": 600, **more}
    return Estimate.model_validate({"estimand": estimand, **given})


def within(metric: str, text: str, **more: object) -> Estimate:
    """An interval of width 0.02 around ``value``."""
    value = float(more.pop("value"))  # type: ignore[arg-type]
    return estimate(metric, text, value=value, interval=(value - 0.01, value + 0.01), **more)


def judged(
    rules: list[Rule],
    estimates: list[Estimate],
    *,
    baseline: str | None = "released",
    suites: tuple[SuiteResult, ...] = (),
    expected: tuple[str, ...] = (),
    candidate: TargetFacts | None = None,
    expect_version: str | None = None,
) -> Judgement:
    return judge(
        Comparison(baseline=baseline, deltas=(), estimates=tuple(estimates)),
        rules=tuple(rules),
        suites=suites,
        expected_suites=expected,
        candidate=candidate or facts(),
        expect_version=expect_version,
        confidence=0.95,
    )


def said(found: Judgement) -> list[tuple[str, str, Verdict]]:
    return [(each.subject.text, each.expression_text, each.verdict) for each in found.findings]


def judge_all(
    seen: Evidence, *rules: Rule, baseline: str | None = "released", stored: Evidence | None = None
) -> Judgement:
    slices = {
        name: tuple(sorted(set(column)))
        for suite in seen.suites
        for each in suite.evaluations
        for name, column in each.slices.items()
    }
    asking = asked(*rules, slice_values=slices)
    return judge(
        compare(seen, stored=stored, baseline=baseline, estimands=asking),
        rules=rules,
        suites=seen.suites,
        expected_suites=tuple(suite.suite.name for suite in seen.suites),
        candidate=seen.candidate.facts,
        expect_version=None,
        confidence=0.95,
    )


# one rule


@pytest.mark.parametrize(("value", "expected"), [(0.97, PASS), (0.955, INCONCLUSIVE), (0.93, FAIL)])
def test_one_expression_is_judged_by_its_interval(value: float, expected: Verdict) -> None:
    found = judged([rule("accuracy", ">=0.95")], [within("accuracy", ">=0.95", value=value)])

    assert said(found) == [("accuracy", ">=0.95", expected)]
    assert found.verdict is expected


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"value": None, "missing_because": "no samples"}, "no samples"),
        ({"value": 0.99, "interval": None}, "it has no interval, and a point alone is never judged"),
    ],
)
def test_what_has_no_number_or_no_interval_is_an_error(more: dict[str, object], reason: str) -> None:
    found = judged([rule("accuracy", ">=0.95")], [estimate("accuracy", ">=0.95", **more)])

    assert (found.verdict, found.findings[0].reason.text) == (ERROR, reason)


def test_below_the_floor_is_inconclusive_whatever_the_estimate() -> None:
    low = within("accuracy", ">=0.95", value=0.5, n=99, below_floor="at least 100 are needed", facts={"floor": 100})

    finding = judged([rule("accuracy", ">=0.95")], [low]).findings[0]

    assert (finding.verdict, finding.n_more, finding.reason.text) == (INCONCLUSIVE, 1, "at least 100 are needed")


def test_an_expression_nothing_answered_is_an_error() -> None:
    found = judged([rule("accuracy", ">=0.95")], [])

    assert (found.verdict, found.findings[0].reason.text) == (ERROR, "nothing answered it")


def test_an_expression_answered_twice_is_an_error() -> None:
    twice = [within("accuracy", ">=0.95", value=0.99), within("accuracy", ">=0.95", value=0.5)]

    assert judged([rule("accuracy", ">=0.95")], twice).findings[0].reason.text == "it was answered twice"


def test_an_inconclusive_finding_says_how_many_more_samples_would_settle_it() -> None:
    paired = estimate("accuracy", ">=-2pp", value=-0.01, interval=(-0.023645, 0.002727), n=500)

    assert judged([rule("accuracy", ">=-2pp")], [paired]).findings[0].n_more == 431


def test_a_finding_carries_the_numbers_it_rests_on() -> None:
    paired = estimate(
        "accuracy", ">=-2pp", value=-0.01, interval=(-0.02, 0.0), n=500, unit="pp", candidate=0.96, baseline=0.97,
        metric_unit="share", method="newcombe-paired", facts={"candidate_only": 4.0},
    )  # fmt: skip

    assert judged([rule("accuracy", ">=-2pp")], [paired]).findings == (
        a_finding(
            rule="accuracy", expression=">=-2pp", verdict=PASS, value=-0.01, unit="pp", limit=-0.02,
            interval=(-0.02, 0.0), confidence=0.9, candidate=0.96, baseline=0.97, metric_unit="share", n=500,
            method="newcombe-paired", facts={"candidate_only": 4.0},
        ),
    )  # fmt: skip


# lists


@pytest.mark.parametrize(
    ("value", "expected"), [(0.96, PASS), (0.945, WARN), (0.93, WARN), (0.905, INCONCLUSIVE), (0.88, FAIL)]
)
def test_the_warn_list_is_looser_and_then_decides(value: float, expected: Verdict) -> None:
    asking = rule("accuracy", ">=0.95", warning=[">=0.90"])

    found = judged([asking], [within("accuracy", ">=0.95", value=value), within("accuracy", ">=0.90", value=value)])

    assert found.verdict is expected


def test_a_warning_shows_both_limits() -> None:
    asking = rule("accuracy", ">=0.95", warning=[">=0.90"])

    found = judged([asking], [within("accuracy", ">=0.95", value=0.93), within("accuracy", ">=0.90", value=0.93)])

    assert said(found) == [("accuracy", ">=0.95", WARN), ("accuracy", "warn: >=0.90", PASS)]
    assert found.findings[0].reason.text == "beyond the pass limit, within the warn limit"


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.97, PASS), (0.955, INCONCLUSIVE), (0.92, INCONCLUSIVE), (0.905, INCONCLUSIVE), (0.88, FAIL)],
)
def test_between_pass_and_fail_lists_it_is_inconclusive(value: float, expected: Verdict) -> None:
    asking = rule("accuracy", ">=0.95", failing=["<0.90"])

    found = judged(
        [asking], [within("accuracy", ">=0.95", value=value), within("accuracy", "<0.90", failing=True, value=value)]
    )

    assert found.verdict is expected


@pytest.mark.parametrize(("value", "expected"), [(0.97, PASS), (0.93, WARN), (0.88, INCONCLUSIVE), (0.7, FAIL)])
def test_pass_warn_and_fail_lists_together(value: float, expected: Verdict) -> None:
    asking = rule("accuracy", ">=0.95", warning=[">=0.90"], failing=["<0.80"])
    answers_ = [
        within("accuracy", ">=0.95", value=value),
        within("accuracy", ">=0.90", value=value),
        within("accuracy", "<0.80", failing=True, value=value),
    ]

    assert judged([asking], answers_).verdict is expected


@pytest.mark.parametrize("listed", ["warning", "failing"])
def test_an_error_in_any_list_stays_an_error(listed: str) -> None:
    asking = rule("accuracy", ">=0.95", **{listed: [">=-2pp" if listed == "warning" else "<-2pp"]})
    gone = estimate(
        "accuracy", ">=-2pp" if listed == "warning" else "<-2pp", failing=listed == "failing", value=None,
        missing_because="its data differ",
    )  # fmt: skip

    assert judged([asking], [within("accuracy", ">=0.95", value=0.97), gone]).verdict is ERROR


def test_an_error_in_the_fail_list_stays_an_error_where_the_warn_list_holds() -> None:
    asking = rule("accuracy", ">=0.95", warning=[">=0.90"], failing=["<-2pp"])
    gone = estimate("accuracy", "<-2pp", failing=True, value=None, missing_because="its data differ")
    held = [within("accuracy", text, value=0.93) for text in (">=0.95", ">=0.90")]

    assert judged([asking], [*held, gone]).verdict is ERROR


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (0.97, 0.97, PASS),
        (0.97, 0.95, INCONCLUSIVE),
        (0.95, 0.93, FAIL),
        (0.97, 0.93, FAIL),
    ],
)
def test_all_expressions_of_a_rule_must_hold(first: float, second: float, expected: Verdict) -> None:
    asking = rule("accuracy", ">=0.95", ">=0.950")

    found = judged([asking], [within("accuracy", ">=0.95", value=first), within("accuracy", ">=0.950", value=second)])

    assert found.verdict is expected


@pytest.mark.parametrize(
    ("value", "more", "expected"),
    [
        (0.93, {}, WARN),
        (0.955, {}, INCONCLUSIVE),
        (0.97, {}, PASS),
        (0.93, {"weak": "one window"}, WARN),
        (0.955, {"weak": "one window"}, INCONCLUSIVE),
    ],
)
def test_on_fail_warn_turns_only_fail_into_warn(value: float, more: dict[str, object], expected: Verdict) -> None:
    found = judged([rule("accuracy", ">=0.95", on_fail="warn")], [within("accuracy", ">=0.95", value=value, **more)])

    assert found.verdict is expected


def test_on_fail_warn_never_touches_an_error() -> None:
    gone = estimate("accuracy", ">=0.95", value=None, missing_because="no samples")

    assert judged([rule("accuracy", ">=0.95", on_fail="warn")], [gone]).verdict is ERROR


GONE: dict[str, object] = {"value": None, "missing_because": "no series", "no_data": True}


@pytest.mark.parametrize(
    ("on_no_data", "more", "expected"),
    [
        ("error", {}, ERROR),
        ("fail", {}, FAIL),
        ("fail", {"no_data": False}, ERROR),  # it could not be measured, which is not the same as no data
        ("zero", {}, ERROR),
        ("zero", {"counted_nothing": True}, PASS),
    ],
)
def test_no_data_is_what_the_rule_says_and_never_more_than_is_known(
    on_no_data: str, more: dict[str, object], expected: Verdict
) -> None:
    found = judged([rule("lost", "<=5", on_no_data=on_no_data)], [estimate("lost", "<=5", **GONE | more)])

    assert found.verdict is expected


def test_zero_of_a_counter_can_fail() -> None:
    gone = estimate("seen", ">=5", **GONE, counted_nothing=True)

    assert judged([rule("seen", ">=5", on_no_data="zero")], [gone]).verdict is FAIL


def test_no_data_that_fails_does_not_only_warn() -> None:
    found = judged([rule("lost", "<=5", on_no_data="fail", on_fail="warn")], [estimate("lost", "<=5", **GONE)])

    assert found.verdict is FAIL


@pytest.mark.parametrize(("on_small_slice", "expected"), [("inconclusive", INCONCLUSIVE), ("info", PASS)])
def test_a_slice_too_small_to_be_judged_is_what_the_rule_says(on_small_slice: str, expected: Verdict) -> None:
    slices = {"digit": ("1",) * 400 + ("2",) * 20}
    seen = evidence(suite_result(evaluation(answers([True] * 420), slices=slices)))

    found = judge_all(seen, rule("accuracy", ">=0.95", slices=["digit"], on_small_slice=on_small_slice), baseline=None)

    assert found.verdict is expected
    small = next(each for each in found.findings if each.subject.text == "accuracy{digit:2}")
    assert (small.verdict, small.n_more) == (INCONCLUSIVE, 80)


def test_a_slice_large_enough_counts_though_small_ones_only_inform() -> None:
    slices = {"digit": ("1",) * 400 + ("2",) * 200}
    seen = evidence(suite_result(evaluation(answers([True] * 400 + [False] * 200), slices=slices)))

    found = judge_all(seen, rule("accuracy", ">=0.5", slices=["digit"], on_small_slice="info"), baseline=None)

    assert found.verdict is FAIL


def test_an_informing_rule_is_shown_and_never_counted() -> None:
    rules = [rule("accuracy", ">=0.95", info=True), rule("f1", ">=0.95")]

    found = judged(rules, [within("accuracy", ">=0.95", value=0.5), within("f1", ">=0.95", value=0.99)])

    assert [(each.verdict, each.standing) for each in found.findings] == [
        (FAIL, Standing.INFO),
        (PASS, Standing.COUNTED),
    ]
    assert found.verdict is PASS


# weak evidence


@pytest.mark.parametrize(("value", "expected"), [(0.97, WARN), (0.955, INCONCLUSIVE), (0.93, INCONCLUSIVE)])
def test_weak_evidence_neither_passes_nor_fails(value: float, expected: Verdict) -> None:
    found = judged([rule("accuracy", ">=0.95")], [within("accuracy", ">=0.95", value=value, weak="historical")])

    assert found.verdict is expected
    assert expected is INCONCLUSIVE or found.findings[0].reason.text == "weak evidence: historical"


@pytest.mark.parametrize(
    ("text", "value", "more", "expected"),
    [
        ("<=+15%", -0.05, {}, PASS),
        ("<=+15%", 0.05, {}, WARN),
        ("<=+15%", -0.05, {"doubt": "scrapes are missing"}, WARN),
        (">=-15%", 0.05, {}, PASS),
        ("<=5cores", 2.0, {}, WARN),
    ],
)
def test_an_improvement_on_weak_evidence_is_a_note_and_no_warning(
    text: str, value: float, more: dict[str, str], expected: Verdict
) -> None:
    found = judged([rule("cpu_mean", text)], [estimate("cpu_mean", text, value=value, weak="one window", **more)])

    assert (found.verdict, found.findings[0].reason.kind) == (expected, ReasonKind.WEAK_EVIDENCE)


@pytest.mark.parametrize(("value", "expected"), [(0.97, WARN), (0.93, INCONCLUSIVE)])
def test_a_weak_point_is_compared_without_an_interval(value: float, expected: Verdict) -> None:
    found = judged([rule("accuracy", ">=0.95")], [estimate("accuracy", ">=0.95", value=value, weak="a point")])

    assert found.verdict is expected


@pytest.mark.parametrize(("value", "expected"), [(0, PASS), (1, FAIL)])
def test_an_exact_count_is_never_inconclusive(value: float, expected: Verdict) -> None:
    found = judged([rule("oom_kills", "==0")], [estimate("oom_kills", "==0", value=value, exact=True)])

    assert found.verdict is expected


# the run


@pytest.mark.parametrize(
    ("values", "expected", "gate"),
    [
        ([0.97, 0.97], PASS, OPEN),
        ([0.97, None], ERROR, CLOSED),
        ([0.93, 0.955], FAIL, CLOSED),
        ([0.93, None], ERROR, CLOSED),
        ([0.97, 0.955], INCONCLUSIVE, CLOSED),
    ],
)
def test_the_worst_finding_is_the_verdict(values: list[float | None], expected: Verdict, gate: GateState) -> None:
    rules = [rule("accuracy", ">=0.95"), rule("f1", ">=0.95")]
    found = judged(
        rules,
        [
            estimate(asking.metric, ">=0.95", value=None, missing_because="gone")
            if value is None
            else within(asking.metric, ">=0.95", value=value)
            for asking, value in zip(rules, values, strict=True)
        ],
    )

    assert (found.verdict, found.gate) == (expected, gate)


def test_a_warning_leaves_the_gate_open() -> None:
    found = judged([rule("accuracy", ">=0.95", on_fail="warn")], [within("accuracy", ">=0.95", value=0.93)])

    assert (found.verdict, found.gate) == (WARN, OPEN)


def test_trap_20_one_failure_among_fifty_passes_fails() -> None:
    rules = [rule("accuracy", f">=0.{50 + each}") for each in range(50)] + [rule("f1", ">=0.95")]
    passing = [within("accuracy", f">=0.{50 + each}", value=1.2) for each in range(50)]

    found = judged(rules, [*passing, within("f1", ">=0.95", value=0.5, p_beyond=1e-9)])

    assert found.verdict is FAIL
    assert len(found.findings) == 51


def test_nothing_judged_never_opens_the_gate() -> None:
    found = judged([], [])

    assert (found.verdict, found.gate) == (INCONCLUSIVE, CLOSED)


def test_only_informing_rules_never_open_the_gate() -> None:
    found = judged([rule("accuracy", ">=0.95", info=True)], [within("accuracy", ">=0.95", value=0.99)])

    assert (found.verdict, found.gate) == (INCONCLUSIVE, CLOSED)


def test_what_counts_is_not_said_once_more_by_a_rule_that_informs_of_its_slices() -> None:
    slices = {"digit": ("1", "2") * 150}
    seen = evidence(suite_result(evaluation(answers([True] * 300), slices=slices)))
    rules = [rule("accuracy", ">=0.9", slices=["digit"], info=True), rule("accuracy", ">=0.9")]

    found = judge_all(seen, *rules, baseline=None)

    assert [(each.subject.text, each.standing) for each in found.findings[1:]] == [
        ("accuracy{digit:1}", Standing.INFO),
        ("accuracy{digit:2}", Standing.INFO),
        ("accuracy", Standing.COUNTED),
    ]


# many rules


def many(p_values: list[float]) -> Judgement:
    rules = [rule(f"number_{each}", ">=0.9") for each in range(len(p_values))]
    estimates = [
        within(f"number_{each}", ">=0.9", value=0.5 if p <= 0.05 else 1.5, p_beyond=p if p <= 0.05 else None)
        for each, p in enumerate(p_values)
    ]
    return judged(rules, estimates)


def test_holm_keeps_two_of_three_alarms_among_four() -> None:
    assert [each.verdict for each in many([0.004, 0.012, 0.03, 0.2]).findings] == [FAIL, FAIL, INCONCLUSIVE, PASS]


def test_an_alarm_that_does_not_survive_is_never_a_pass() -> None:
    found = many([0.04, 0.2])

    assert (found.verdict, found.gate) == (INCONCLUSIVE, CLOSED)
    assert found.findings[0].reason.text == "beyond the limit, but not beyond what chance gives among so many rules"


def test_a_single_alarm_of_a_single_rule_stands() -> None:
    assert many([0.04]).verdict is FAIL


@pytest.mark.parametrize("looser", [None, 0.049])
def test_a_second_limit_on_the_same_number_takes_nothing_from_an_alarm(looser: float | None) -> None:
    rules = [rule("accuracy", ">=-0.1pp"), rule("accuracy", ">=-1pp")]
    estimates = [
        within("accuracy", ">=-0.1pp", value=-0.02, p_beyond=0.04),
        within("accuracy", ">=-1pp", value=0.0 if looser is None else -0.021, p_beyond=looser),
    ]

    found = judged(rules, estimates)

    assert [each.verdict for each in found.findings] == [FAIL, PASS if looser is None else FAIL]


def test_the_loosest_limit_of_another_number_is_what_an_alarm_shares_with() -> None:
    rules = [rule("f1", ">=0.9"), rule("accuracy", ">=0.99"), rule("accuracy", ">=0.9")]
    alarm = within("f1", ">=0.9", value=0.5, p_beyond=0.04)
    strict = within("accuracy", ">=0.99", value=0.5, p_beyond=0.001)

    shares = judged(rules, [alarm, strict, within("accuracy", ">=0.9", value=1.5)])
    stands = judged(rules, [alarm, strict, within("accuracy", ">=0.9", value=0.5, p_beyond=0.045)])

    assert [each.verdict for each in shares.findings] == [INCONCLUSIVE, FAIL, PASS]
    assert [each.verdict for each in stands.findings] == [INCONCLUSIVE, FAIL, INCONCLUSIVE]


def test_exact_and_weak_and_informing_and_warning_rules_do_not_dilute_an_alarm() -> None:
    rules = [
        rule("accuracy", ">=0.95"),
        rule("oom_kills", "==0"),
        rule("f1", ">=0.5"),
        rule("error_rate", "<=0.9", info=True),
        rule("r2", ">=0.1", on_fail="warn"),
    ]
    estimates = [
        within("accuracy", ">=0.95", value=0.9, p_beyond=0.04),
        estimate("oom_kills", "==0", value=0, exact=True),
        within("f1", ">=0.5", value=0.9, weak="historical"),
        within("error_rate", "<=0.9", value=0.1),
        within("r2", ">=0.1", value=0.9),
    ]

    assert judged(rules, estimates).verdict is FAIL


# suites, target and version


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (suite_result(), PASS),
        (suite_result(outcome=Outcome.FAILED), FAIL),
        (suite_result(outcome=Outcome.ERRORED), ERROR),
        (suite_result(outcome=Outcome.NOT_RUN), ERROR),
        (suite_result(outcome=Outcome.SKIPPED), ERROR),
        (suite_result(cases=()), ERROR),
        (suite_result(cases=(case(Outcome.PASSED), case(Outcome.FAILED))), FAIL),
        (suite_result(cases=(case(Outcome.PASSED), case(Outcome.NOT_RUN))), ERROR),
        (suite_result(cases=(case(Outcome.FAILED), case(Outcome.NOT_RUN)), outcome=Outcome.FAILED), ERROR),
        (suite_result(cases=(case(Outcome.PASSED), case(Outcome.SKIPPED))), PASS),
        (suite_result(cases=(case(Outcome.SKIPPED),)), ERROR),
    ],
)
def test_a_suite_is_judged_by_its_cases(result: SuiteResult, expected: Verdict) -> None:
    found = judged([], [], suites=(result,), expected=("quality",))

    assert said(found) == [("suite quality", "", expected)]
    assert found.gate is (OPEN if expected is PASS else CLOSED)


def test_a_failed_case_is_the_reason() -> None:
    cases = (
        case(Outcome.PASSED),
        case(Outcome.FAILED, title="answers like the trained one", message="0.88 < 0.9"),
        case(Outcome.FAILED),
    )

    found = judged([], [], suites=(suite_result(cases=cases, outcome=Outcome.FAILED),))

    assert found.findings[0].reason.text == "answers like the trained one: 0.88 < 0.9 (and 1 more)"


def test_an_expected_suite_without_a_result_is_an_error() -> None:
    found = judged([], [], suites=(suite_result(),), expected=("quality", "latency"))

    assert said(found) == [("suite quality", "", PASS), ("suite latency", "", ERROR)]


def test_two_results_of_one_suite_are_an_error() -> None:
    assert judged([], [], suites=(suite_result(), suite_result()), expected=("quality",)).verdict is ERROR


def test_a_target_that_was_not_ready_is_an_error() -> None:
    found = judged([], [], suites=(suite_result(),), candidate=facts(ready=False, problem="connection refused"))

    assert found.findings[0].subject.text == "target candidate"
    assert (found.verdict, found.findings[0].reason.text) == (ERROR, "connection refused")


def one_evaluation(candidate: Answers, baseline: Answers | None = None) -> SuiteResult:
    seen: Evaluation = evaluation(candidate, baseline)
    return suite_result(seen)


@pytest.mark.parametrize(
    ("said_version", "answered", "expected_version", "problem"),
    [
        ("2.1", ("2.1",), None, None),
        ("2.1", ("2.1",), "2.1", None),
        (None, ("2.1",), "2.1", None),
        ("2.1", (), "2.1", None),
        (None, (), None, None),
        ("2.1", ("2.1",), "2.2", "version 2.2 is expected, 2.1 answered"),
        (None, (), "2.1", "version 2.1 is expected, a target that does not say its version answered"),
        ("2.1", ("2.1", "2.2"), None, "candidate changed its version during the run: 2.1, 2.2"),
        ("2.0", ("2.1",), None, "candidate changed its version during the run: 2.0, 2.1"),
    ],
)
def test_another_version_than_expected_or_a_change_of_it_is_an_error(
    said_version: str | None, answered: tuple[str, ...], expected_version: str | None, problem: str | None
) -> None:
    found = judged(
        [],
        [],
        suites=(one_evaluation(answers([True], versions=answered)),),
        candidate=facts(version=said_version),
        expect_version=expected_version,
    )

    reasons = [each.reason.text for each in found.findings if each.subject.text == "model version"]
    assert reasons == ([problem] if problem else [])
    assert found.verdict is (ERROR if problem else PASS)


def test_a_baseline_that_changed_its_version_is_an_error() -> None:
    changed = answers([True], target="released", versions=("1.0", "1.1"))

    found = judged([], [], suites=(one_evaluation(answers([True]), changed),))

    assert found.findings[0].reason.text == "the baseline changed its version during the run: 1.0, 1.1"


# first release and new metrics


def test_a_first_release_is_judged_by_its_absolute_rules() -> None:
    seen = evidence(suite_result(evaluation(answers([True] * 300))))

    found = judge_all(seen, rule("accuracy", ">=0.95", ">=-1pp"), baseline=None)

    assert [(each.expression_text, each.verdict, each.standing, each.reason) for each in found.findings[1:]] == [
        (">=0.95", PASS, Standing.COUNTED, None),
        (">=-1pp", INCONCLUSIVE, Standing.NOT_JUDGED, Reason(kind=ReasonKind.FIRST_RELEASE)),
    ]
    assert (found.first_release, found.verdict, found.gate) == (True, PASS, OPEN)


def test_a_first_release_with_only_relative_rules_is_inconclusive() -> None:
    seen = evidence(suite_result(evaluation(answers([True] * 300))))

    found = judge_all(seen, rule("accuracy", ">=-1pp"), baseline=None)

    assert (found.verdict, found.gate) == (INCONCLUSIVE, CLOSED)
    assert found.findings[-1].reason.text == "nothing to compare with; add a rule with an absolute limit"


def test_a_first_release_without_rules_is_judged_by_its_suites() -> None:
    assert judge_all(evidence(suite_result()), baseline=None).gate is OPEN


def test_a_metric_new_since_the_baseline_needs_an_absolute_rule() -> None:
    seen = evidence(suite_result(observations=(recorded("drift", 0.1),)))

    alone = judge_all(seen, rule("drift", "<=+10%"), baseline="v1.0", stored=evidence(suite_result()))
    bounded = judge_all(seen, rule("drift", "<=+10%", "<=0.5"), baseline="v1.0", stored=evidence(suite_result()))

    assert alone.findings[1].reason.text == "new metric"
    assert (alone.verdict, bounded.verdict) == (INCONCLUSIVE, WARN)


@pytest.mark.parametrize("stored", [None, evidence(suite_result(evaluation(answers([True] * 300), digest="e" * 64)))])
def test_a_baseline_without_usable_data_is_an_error_and_no_first_release(stored: Evidence | None) -> None:
    seen = evidence(suite_result(evaluation(answers([True] * 300))))

    found = judge_all(seen, rule("accuracy", ">=0.5", ">=-1pp"), baseline="v1.0", stored=stored)

    assert (found.verdict, found.first_release) == (ERROR, False)


def test_a_live_baseline_that_is_down_is_an_error_and_no_first_release() -> None:
    idle = suite_result(outcome=Outcome.NOT_RUN, reason="released is not ready: connection refused", cases=())
    seen = evidence(idle, baseline=side("released", ready=False))

    found = judge_all(seen, rule("accuracy", ">=-1pp"))

    assert said(found) == [("suite quality", "", ERROR), ("accuracy", ">=-1pp", ERROR)]
    assert (found.verdict, found.gate, found.first_release) == (ERROR, CLOSED, False)


# through the whole of comparison and verdict


def test_a_value_of_a_slice_that_nothing_answered_is_an_error() -> None:
    only_three = estimate("accuracy", ">=0.5", value=0.9, interval=(0.88, 0.92))
    only_three = only_three.model_copy(
        update={"estimand": only_three.estimand.model_copy(update={"slice": ("digit", "3")})}
    )
    whole = within("accuracy", ">=0.5", value=0.9)

    found = judge(
        Comparison(baseline="released", deltas=(), estimates=(whole, only_three)),
        rules=(rule("accuracy", ">=0.5", slices=["digit"]),),
        suites=(),
        expected_suites=(),
        candidate=facts(),
        expect_version=None,
        confidence=0.95,
        slice_values={"digit": ("3", "8")},
    )

    assert said(found) == [
        ("accuracy", ">=0.5", PASS),
        ("accuracy{digit:3}", ">=0.5", PASS),
        ("accuracy{digit:8}", ">=0.5", ERROR),
    ]


def test_a_slice_no_suite_has_is_an_error() -> None:
    seen = evidence(suite_result(evaluation(answers([True] * 300))))

    found = judge_all(seen, rule("accuracy", ">=0.5", slices=["digit"]), baseline=None)

    assert said(found)[1:] == [("accuracy", ">=0.5", PASS), ("accuracy{digit}", ">=0.5", ERROR)]


def test_each_slice_is_a_finding_of_its_own() -> None:
    slices = {"digit": ("3",) * 150 + ("8",) * 150}
    seen = evidence(suite_result(evaluation(answers([True] * 150 + [False] * 150), slices=slices)))

    found = judge_all(seen, rule("accuracy", ">=0.4", slices=["digit"]), baseline=None)

    assert said(found)[1:] == [
        ("accuracy", ">=0.4", PASS),
        ("accuracy{digit:3}", ">=0.4", PASS),
        ("accuracy{digit:8}", ">=0.4", FAIL),
    ]


def test_a_broken_suite_makes_its_rules_errors_too() -> None:
    broken = suite_result(evaluation(answers([True] * 300)), outcome=Outcome.ERRORED, reason="the kernel died")

    found = judge_all(evidence(broken), rule("accuracy", ">=0.5"), baseline=None)

    assert said(found) == [("suite quality", "", ERROR), ("accuracy", ">=0.5", ERROR)]


def test_a_misspelt_recorded_metric_is_an_error_that_names_the_nearest() -> None:
    seen = evidence(suite_result(observations=(recorded("mean_confidence", 0.9),)))

    found = judge_all(seen, rule("mean_confidance", ">=0.5"), baseline=None)

    assert found.verdict is ERROR
    assert "did you mean mean_confidence?" in found.findings[1].reason.text


def test_a_recorded_number_whose_unit_does_not_fit_its_rule_is_an_error() -> None:
    seen = evidence(suite_result(observations=(recorded("first_token", 0.1, unit="s"),)))

    found = judge_all(seen, rule("first_token", "<300"), baseline=None)

    assert found.verdict is ERROR
    assert "a unit is missing" in found.findings[1].reason.text


def test_a_memory_cap_that_was_exceeded_fails() -> None:
    seen = evidence(suite_result(), candidate=side(platform=(observed("memory_max", 3e9),)))

    assert judge_all(seen, rule("memory_max", "<=2GiB"), baseline=None).verdict is FAIL


def test_legal_but_doubtful_rules_are_mentioned() -> None:
    seen = evidence(suite_result(evaluation(answers([True] * 300), answers([True] * 300))), baseline=side("released"))

    assert judge_all(seen, rule("accuracy", ">=-5%")).notices == (">=-5%: % of a share is a ratio; did you mean pp?",)


def test_metrics_of_the_project_keep_their_units() -> None:
    queue: dict[str, Metric] = {
        "queue_seconds": STANDARD_METRICS["latency_mean"].model_copy(update={"name": "queue_seconds"})
    }

    found = estimands((rule("queue_seconds", "<300ms", metrics=queue),), confidence=0.95, slice_values={})

    assert found[0].expression.limit == pytest.approx(0.3)
