"""Which number answers which question, and when there is none."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jupyter_deployfeedback.comparison.comparing import compare
from jupyter_deployfeedback.domain.comparison import Estimate
from jupyter_deployfeedback.domain.evaluation import Task
from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Window
from jupyter_deployfeedback.domain.rules.checking import check_rule
from jupyter_deployfeedback.domain.rules.rule import Aggregate, Relation, Rule
from jupyter_deployfeedback.domain.rules.support import SUPPORTED, support
from jupyter_deployfeedback.domain.run import Evidence, Outcome
from tests.comparison.evidence import (
    ANSWERED,
    FAILED,
    NOT_SENT,
    TIMED_OUT,
    WINDOW,
    answers,
    asked,
    evaluation,
    evidence,
    observed,
    recorded,
    rule,
    side,
    suite_result,
)

RIGHT = [True] * 285 + [False] * 15
SPREAD = [0.1 + row / 3000 for row in range(300)]


def full_evidence() -> Evidence:
    """A live, paired run with numbers for every standard metric."""
    numbers = [float(row) for row in range(300)]
    probable = [0.5 + row / 1000 for row in range(300)]
    classes = evaluation(
        answers(RIGHT, latency=SPREAD, probabilities=probable),
        answers([False] * 5 + [True] * 295, latency=SPREAD, probabilities=probable, target="released"),
        slices={"digit": ("8",) * 300},
    )
    regression = evaluation(
        answers(predictions=[each + 0.5 - each % 2 for each in numbers], latency=SPREAD),
        answers(predictions=[each + 1 for each in numbers], latency=SPREAD, target="released"),
        truth=numbers,
        task=Task.REGRESSION,
        name="regression",
        digest="r" * 64,
    )
    platform = tuple(
        observed(name, 4.0) for name, metric in STANDARD_METRICS.items() if metric.family.value == "platform"
    )
    return evidence(
        suite_result(classes, regression, observations=(recorded("mean_confidence", 0.9),)),
        candidate=side(platform=platform),
        baseline=side("released", platform=platform),
    )


def answer(
    asking: Rule, seen: Evidence, *, baseline: str | None = "released", stored: Evidence | None = None
) -> Estimate:
    return compare(seen, stored=stored, baseline=baseline, estimands=asked(asking)).estimates[0]


def one(*, candidate: list[bool] = RIGHT, states: list[object] | None = None, **more: object) -> Evidence:
    given = answers(candidate, states=states, **more)  # type: ignore[arg-type]
    return evidence(suite_result(evaluation(given)))


WRITTEN = {
    Aggregate.VALUE: "",
    Aggregate.QUANTILE: "p(95)",
    Aggregate.SHARE: "share(>300ms)",
}
LIMITS = {
    Relation.ABSOLUTE: {"s": "1s", "B": "1GiB", "cores": "2cores", "/s": "1/s"},
    Relation.DIFFERENCE: {"s": "+1s", "B": "+1GiB", "cores": "+2cores", "/s": "+1/s"},
}


def write(name: str, aggregate: Aggregate, relation: Relation) -> str:
    plain = aggregate in {Aggregate.SHARE, Aggregate.RATE, Aggregate.COUNT}
    unit = "" if plain else STANDARD_METRICS[name].unit
    limit = "+10%" if relation is Relation.RATIO else LIMITS[relation].get(unit, "1")
    limit = f"+{limit.lstrip('+')}" if relation is Relation.DIFFERENCE else limit
    return f"{WRITTEN.get(aggregate, aggregate.value)}<={limit}"


ASKABLE = [
    (name, aggregate, relation)
    for name in STANDARD_METRICS
    for aggregate, relations in support(name).items()
    for relation in sorted(relations)
]


@pytest.fixture(scope="module")
def everything() -> dict[tuple[str, str], Estimate]:
    """The answers to all that a rule may ask, of one run that has it all."""
    rules = [rule(name, write(name, aggregate, relation)) for name, aggregate, relation in ASKABLE]
    found = compare(full_evidence(), stored=None, baseline="released", estimands=asked(*rules))
    return {(each.estimand.metric, each.estimand.expression.text): each for each in found.estimates}


@pytest.mark.parametrize(("name", "aggregate", "relation"), ASKABLE)
def test_everything_a_rule_may_ask_has_a_method(
    everything: dict[tuple[str, str], Estimate], name: str, aggregate: Aggregate, relation: Relation
) -> None:
    text = write(name, aggregate, relation)
    check_rule(rule(name, text), STANDARD_METRICS)

    found = everything[name, text]

    assert found.missing_because is None
    assert found.value is not None
    assert found.interval or found.exact or found.weak or found.below_floor


def test_every_aggregate_is_asked_somewhere() -> None:
    assert {aggregate for known in SUPPORTED.values() for aggregate in known} == set(Aggregate)


def test_accuracy_counts_unanswered_examples_as_wrong() -> None:
    seen = one(candidate=[True] * 300, states=[FAILED] * 6 + [ANSWERED] * 294)

    found = answer(rule("accuracy", ">=0.95"), seen)

    assert (found.value, found.n) == (0.98, 300)


def test_a_prediction_beside_a_failed_request_is_not_right() -> None:
    given = answers([True] * 300).model_copy(update={"states": (FAILED,) * 6 + (ANSWERED,) * 294})

    assert answer(rule("accuracy", ">=0.95"), evidence(suite_result(evaluation(given)))).value == 0.98


@pytest.mark.parametrize("lost", [FAILED, TIMED_OUT, NOT_SENT])
def test_failure_rate_counts_every_request_without_an_answer(lost: object) -> None:
    seen = one(candidate=[True] * 300, states=[lost] * 6 + [ANSWERED] * 294)

    assert answer(rule("failure_rate", "<=5%"), seen).value == 0.02


def test_fewer_than_95_percent_answered_are_an_error() -> None:
    seen = one(candidate=[True] * 300, states=[FAILED] * 16 + [ANSWERED] * 284)

    assert answer(rule("accuracy", ">=0.5"), seen).missing_because == "the candidate answered only 284 of 300 requests"


def test_a_rule_on_failures_covers_unanswered_examples() -> None:
    seen = one(candidate=[True] * 300, states=[FAILED] * 16 + [ANSWERED] * 284)
    both = asked(rule("accuracy", ">=0.5"), rule("failure_rate", "<=10%"))

    found = compare(seen, stored=None, baseline=None, estimands=both).estimates[0]

    assert found.value == pytest.approx(284 / 300)


@pytest.mark.parametrize(
    "covering",
    [
        rule("failure_rate", "<=10%", info=True),
        rule("failure_rate", "<=+1pp"),  # there is no baseline, so it is not judged
        rule("requests_timed_out", "==0"),
        rule("requests_failed", "<=1000"),
    ],
)
def test_a_rule_that_does_not_judge_all_failures_covers_none(covering: Rule) -> None:
    seen = one(candidate=[True] * 300, states=[FAILED] * 16 + [ANSWERED] * 284)
    both = asked(covering, rule("latency", "avg<1s"))

    found = {each.estimand.metric: each for each in compare(seen, stored=None, baseline=None, estimands=both).estimates}

    assert found["latency"].missing_because == "the candidate answered only 284 of 300 requests"


def test_a_rule_that_counts_covers_failures_whatever_another_one_informs_of() -> None:
    seen = one(candidate=[True] * 300, states=[FAILED] * 16 + [ANSWERED] * 284)
    both = asked(rule("failure_rate", "<=10%", info=True), rule("failure_rate", "<=10%"), rule("latency", "avg<1s"))

    found = compare(seen, stored=None, baseline=None, estimands=both).estimates

    assert [each.missing_because for each in found] == [None, None]


def test_trap_4_time_outs_count_with_their_latency() -> None:
    latency = [0.5] * 294 + [5.0] * 6
    seen = one(candidate=[True] * 300, latency=latency, states=[ANSWERED] * 294 + [TIMED_OUT] * 6)

    assert answer(rule("latency", "p(99)<1s"), seen).value == 5.0


def test_throughput_is_each_sides_own_although_they_take_turns() -> None:
    both = evaluation(answers([True] * 100, latency=0.1), answers([True] * 100, latency=0.2, target="released"))
    seen = evidence(suite_result(both), baseline=side("released"))

    found = answer(rule("throughput", ">=+10%"), seen)

    assert (found.candidate, found.baseline) == (pytest.approx(10.0), pytest.approx(5.0))
    assert found.weak == "one window, not repeated"


def test_examples_of_one_batch_are_one_latency() -> None:
    batched = answers([True] * 300, latency=[0.1 + row // 10 / 100 for row in range(300)])
    batched = batched.model_copy(update={"sent_at": tuple(float(row // 10) for row in range(300))})
    seen = evidence(suite_result(evaluation(batched)))

    found = compare(
        seen,
        stored=None,
        baseline=None,
        estimands=asked(rule("latency", "count>=1"), rule("requests_attempted", ">=1"), rule("accuracy", ">=0.5")),
    )

    assert [each.value for each in found.estimates] == [30, 30, 1.0]
    assert found.estimates[2].n == 300


def test_what_a_notebook_says_of_a_standard_metric_is_not_believed() -> None:
    seen = evidence(suite_result(evaluation(answers(RIGHT)), observations=(recorded("accuracy", 1.0, unit="share"),)))

    found = compare(seen, stored=None, baseline=None, estimands=asked(rule("accuracy", ">=0.90")))

    assert found.estimates[0].value == 0.95
    assert "accuracy is computed from the stored answers; the recorded number is ignored" in found.notices


def test_a_recorded_number_is_weak_evidence() -> None:
    seen = evidence(suite_result(observations=(recorded("mean_confidence", 0.9),)))

    found = answer(rule("mean_confidence", ">=0.8"), seen)

    assert (found.value, found.interval, found.weak) == (0.9, None, "a single number without its samples")


def test_a_number_that_is_not_whole_was_not_counted_whatever_its_unit() -> None:
    seen = evidence(suite_result(observations=(recorded("speed", 41.7, unit="tokens/s"),)))

    found = answer(rule("speed", ">=40"), seen)

    assert (found.exact, found.weak) == (False, "a single number without its samples")


def test_a_recorded_whole_count_is_compared_exactly() -> None:
    seen = evidence(suite_result(observations=(recorded("schema_errors", 0),)))

    found = answer(rule("schema_errors", "==0"), seen)

    assert (found.exact, found.weak) == (True, None)


def test_recorded_percentage_points_are_a_share_and_no_count() -> None:
    found = answer(rule("lift", "<=5%"), evidence(suite_result(observations=(recorded("lift", 2.0, unit="pp"),))))

    assert (found.value, found.unit, found.exact) == (0.02, "share", False)


def test_a_recorded_number_is_brought_to_base_units() -> None:
    seen = evidence(suite_result(observations=(recorded("first_token", 120, unit="ms"),)))

    found = answer(rule("first_token", "<200ms"), seen)

    assert (found.value, found.unit) == (0.12, "s")


def test_a_number_recorded_by_two_suites_is_ambiguous() -> None:
    seen = evidence(
        suite_result(name="a", observations=(recorded("drift", 0.1),)),
        suite_result(name="b", observations=(recorded("drift", 0.2),)),
    )

    assert (
        answer(rule("drift", "<1"), seen).missing_because
        == "suites a, b recorded drift; give each number a name of its own"
    )


def test_a_number_nobody_recorded_names_the_nearest() -> None:
    seen = evidence(suite_result(observations=(recorded("mean_confidence", 0.9),)))

    reason = answer(rule("mean_confidance", ">=0.8"), seen).missing_because

    assert reason is not None
    assert reason.endswith("(did you mean mean_confidence?)")


def test_a_missing_platform_metric_keeps_its_reason() -> None:
    seen = evidence(
        suite_result(), candidate=side(platform=(observed("cpu_max", None, because="no samples in window"),))
    )

    assert answer(rule("cpu_max", "<2cores"), seen).missing_because == "no samples in window"


@pytest.mark.parametrize(
    ("name", "expression", "exact"),
    [
        ("restarts", "==0", True),
        ("restarts", "<=+1", True),
        ("oom_kills", "==0", True),
        ("memory_max", "<=2GiB", True),
        ("cpu_max", "<2cores", True),
        ("memory_max", ">=1B", False),
        ("memory_max", "<=+15%", False),
        ("memory_mean", "<=2GiB", False),
        ("memory_growth", "<=20MB", False),
        ("cpu_mean", "<=+100mcores", False),
    ],
)
def test_platform_numbers_are_exact_only_where_a_window_proves_them(name: str, expression: str, *, exact: bool) -> None:
    platform = (observed(name, 4.0),)
    seen = evidence(suite_result(), candidate=side(platform=platform), baseline=side("released", platform=platform))

    found = answer(rule(name, expression), seen)

    assert (found.exact, found.weak) == ((True, None) if exact else (False, "one window, not repeated"))


def test_a_slice_is_judged_on_its_own_examples() -> None:
    slices = {"digit": ("8",) * 150 + ("3",) * 150}
    seen = evidence(suite_result(evaluation(answers([True] * 150 + [False] * 150), slices=slices)))
    asking = asked(rule("accuracy", ">=0.5", slices=["digit"]), slice_values={"digit": ("3", "8")})

    found = compare(seen, stored=None, baseline=None, estimands=asking).estimates

    assert [(each.estimand.slice, each.value, each.n) for each in found] == [
        (None, 0.5, 300),
        (("digit", "3"), 0.0, 150),
        (("digit", "8"), 1.0, 150),
    ]


def test_a_slice_below_100_examples_is_below_the_floor() -> None:
    seen = evidence(suite_result(evaluation(answers([True] * 99), slices={"digit": ("8",) * 99})))

    assert answer(rule("accuracy{digit:8}", ">=0.5"), seen).below_floor == "at least 100 are needed"


def test_a_slice_without_examples_is_missing() -> None:
    seen = evidence(suite_result(evaluation(answers([True] * 99), slices={"digit": ("8",) * 99})))

    assert answer(rule("accuracy{digit:7}", ">=0.5"), seen).missing_because == "no example is in the slice digit:7"


def test_partial_samples_of_a_broken_suite_are_not_judged() -> None:
    seen = evidence(suite_result(evaluation(answers(RIGHT)), outcome=Outcome.ERRORED, reason="the kernel died"))

    found = compare(seen, stored=None, baseline=None, estimands=asked(rule("accuracy", ">=0.5")))

    assert found.estimates[0].missing_because == (
        "suite 'quality' broke off, and partial data are not judged: the kernel died"
    )
    assert {each.metric.name: each.value for each in found.deltas}["accuracy"] == 0.95


def test_numbers_recorded_by_a_broken_suite_are_not_judged() -> None:
    seen = evidence(suite_result(observations=(recorded("drift", 0.1),), outcome=Outcome.ERRORED, reason="timeout"))

    assert answer(rule("drift", "<1"), seen).missing_because == "suite 'quality' broke off: timeout"


def test_without_a_baseline_a_relative_number_is_missing_because_of_it() -> None:
    found = answer(rule("accuracy", ">=-1pp"), one(), baseline=None)

    assert (found.baseline_missing, found.missing_because) == (True, "there is no baseline")


def test_evidence_of_the_baseline_that_is_gone_is_no_first_release() -> None:
    found = answer(rule("accuracy", ">=-1pp"), one(), baseline="v1.0")

    assert (found.baseline_missing, found.missing_because) == (False, "the evidence of the baseline is not there")


def test_a_number_the_stored_baseline_lacks_is_new() -> None:
    seen = evidence(suite_result(observations=(recorded("drift", 0.1),)))

    found = answer(rule("drift", "<=+10%"), seen, baseline="v1.0", stored=evidence(suite_result()))

    assert found.baseline_missing


def test_a_live_baseline_without_the_number_is_an_error() -> None:
    seen = evidence(suite_result(), candidate=side(platform=(observed("memory_max", 1e9),)), baseline=side("released"))

    found = answer(rule("memory_max", "<=+15%"), seen)

    assert found.value is None
    assert not found.baseline_missing


def test_ratio_to_zero_is_missing() -> None:
    seen = evidence(
        suite_result(),
        candidate=side(platform=(observed("cpu_mean", 0.5),)),
        baseline=side("released", platform=(observed("cpu_mean", 0.0),)),
    )

    assert answer(rule("cpu_mean", "<=+15%"), seen).value is None


def test_p_of_an_alarm_is_where_the_interval_stops_to_lie_beyond_the_limit() -> None:
    found = answer(rule("accuracy", ">=0.99"), one())

    assert found.p_beyond is not None
    assert 0 < found.p_beyond < 1e-4


def test_a_number_within_its_limit_has_no_alarm() -> None:
    assert answer(rule("accuracy", ">=0.90"), one()).p_beyond is None


def side_by_side(*, seconds_apart: float) -> Evidence:
    """Two suites that loaded the target for 60 seconds each, the second so much later."""
    shift = timedelta(seconds=seconds_apart)
    first = evaluation(answers([True] * 100), suite="quality")
    second = evaluation(answers([True] * 100), suite="latency").model_copy(
        update={"window": Window(start=WINDOW.start + shift, end=WINDOW.end + shift)}
    )
    return evidence(suite_result(first), suite_result(second, name="latency"))


@pytest.mark.parametrize(
    ("seconds_apart", "expected"),
    [
        (59, "suites quality and latency loaded the target at the same time; mark one as exclusive"),
        (-59, "suites quality and latency loaded the target at the same time; mark one as exclusive"),
        (60, None),
        (-60, None),
    ],
)
def test_latency_is_weak_evidence_where_suites_loaded_the_target_at_the_same_time(
    seconds_apart: float, expected: str | None
) -> None:
    both = side_by_side(seconds_apart=seconds_apart)
    rules = (rule("latency", "p(95)<300ms"), rule("accuracy", ">=0.9"))

    compared = compare(both, stored=None, baseline=None, estimands=asked(*rules))

    latency, accuracy = compared.estimates
    assert (latency.weak, accuracy.weak) == (expected, None)
    assert compared.notices == ((f"latency is weak evidence: {expected}",) if expected else ())


def test_evaluations_of_one_suite_do_not_disturb_each_other() -> None:
    seen = evidence(suite_result(evaluation(answers([True] * 100)), evaluation(answers([True] * 100), name="second")))

    assert answer(rule("latency", "p(95)<300ms"), seen, baseline=None).weak is None


def test_a_rule_on_errors_does_not_cover_a_baseline_that_was_down() -> None:
    down = answers([True] * 300, states=[ANSWERED] * 200 + [FAILED] * 100, target="released")
    seen = evidence(suite_result(evaluation(answers([True] * 300), down)), baseline=side("released"))
    asking = rule("latency", "typical<=+10%"), rule("failure_rate", "<=1%"), rule("latency", "p(95)<1s")

    compared, covered, alone = compare(seen, stored=None, baseline="released", estimands=asked(*asking)).estimates

    assert compared.missing_because == "the baseline answered only 200 of 300 requests"
    assert (covered.value, alone.value) == (0.0, 0.1)
