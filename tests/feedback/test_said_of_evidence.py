"""What findings say of evidence, from the samples to the sentence."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from jupyter_deployfeedback.comparison.comparing import compare
from jupyter_deployfeedback.domain.comparison import Change
from jupyter_deployfeedback.domain.evaluation import RequestState, Task
from jupyter_deployfeedback.domain.rules.rule import Rule
from jupyter_deployfeedback.domain.run import Evidence, Run, RunRequest, RunState
from jupyter_deployfeedback.feedback import build_report
from jupyter_deployfeedback.verdict import judge
from tests.comparison.evidence import (
    ANSWERED,
    FAILED,
    NOT_SENT,
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
from tests.comparison.load.loads import load, loaded, watched

NOW = datetime(2026, 1, 5, 13, tzinfo=UTC)
RUN = Run(
    run_id="run",
    project="digits",
    state=RunState.FINISHED,
    request=RunRequest(project_file="deployfeedback.yaml", target="candidate"),
    created_at=NOW,
)


def said(seen: Evidence, *rules: Rule) -> str:
    """The verdict and the sentence of the first rule's finding."""
    judgement = judge(
        compared := compare(seen, stored=None, baseline="released", estimands=asked(*rules)),
        rules=rules,
        suites=seen.suites,
        expected_suites=tuple(each.suite.name for each in seen.suites),
        candidate=seen.candidate.facts,
        expect_version=None,
        confidence=0.95,
    )
    report = build_report(RUN, seen, compared, judgement)
    found = next(each for each in report.findings if each.rule == rules[0].metric)
    return f"{found.verdict}: {found.sentence}"


def live(now: list[float], before: list[float], *, states: list[RequestState] | None = None) -> Evidence:
    """A run that sent the same requests to both sides, and how long they took."""
    sides = [answers([True] * len(now), latency=now, states=states), answers([True] * len(before), latency=before)]
    return evidence(suite_result(evaluation(*sides)), baseline=side("released"))


def test_a_share_of_latencies_is_a_share_on_both_sides() -> None:
    seen = live([0.1] * 180 + [0.4] * 20, [0.1] * 190 + [0.4] * 10)

    assert said(seen, rule("latency", "share(>300ms)<=+1pp")) == (
        "fail: Share of latency > 300 ms rose by 5.0 pp [+2.4, +8.1]: 10.0 % against 5.0 %; limit ≤ +1 pp; 200 requests."
    )


def test_a_rate_of_failed_requests_is_a_share_on_both_sides() -> None:
    seen = live([0.1] * 200, [0.1] * 200, states=[FAILED] * 5 + [ANSWERED] * 195)

    assert said(seen, rule("requests_failed", "rate<=+1pp")) == (
        "inconclusive: Rate of requests failed rose by 2.5 pp [+0.7, +5.0]: 2.5 % against 0 %;"
        " limit ≤ +1 pp; 200 requests; about 104 more would settle it."
    )


def test_a_mean_that_leaves_out_unanswered_requests_is_weak_evidence() -> None:
    seen = live([0.1] * 200, [0.1] * 200, states=[FAILED] * 2 + [ANSWERED] * 198)

    assert said(seen, rule("latency", "avg<200ms")) == (
        "warn: Latency mean is 100 ms [100, 100]; limit < 200 ms; 198 requests;"
        " weak evidence: it leaves out 2 without an answer."
    )


def test_a_mean_that_fails_fails_whatever_it_leaves_out() -> None:
    seen = live([0.3] * 200, [0.1] * 200, states=[FAILED] * 2 + [ANSWERED] * 198)

    assert said(seen, rule("latency", "avg<200ms")) == (
        "fail: Latency mean is 300 ms [300, 300]; limit < 200 ms; 198 requests."
    )


def test_a_mean_under_load_that_leaves_out_unsent_requests_is_weak_evidence() -> None:
    columns = [[0.1] * 40] * 5
    seen = loaded(load(columns, columns, states=[NOT_SENT] + [ANSWERED] * 199))

    assert said(seen, rule("latency", "avg<200ms")) == (
        "warn: Latency mean is 100 ms [100, 100]; limit < 200 ms; 199 requests;"
        " weak evidence: it leaves out 1 without an answer."
    )


def test_an_error_of_numbers_that_leaves_out_half_of_the_examples_is_weak_evidence() -> None:
    states = [FAILED, ANSWERED] * 100
    guessed = answers(predictions=[1.1] * 200, states=states)
    seen = evidence(suite_result(evaluation(guessed, truth=[1.0, 2.0] * 100, task=Task.REGRESSION)))

    assert said(seen, rule("root_mean_squared_error", "<=1"), rule("failure_rate", "<=60%")) == (
        "warn: Root mean squared error is 0.900 [0.900, 0.900]; limit ≤ 1; 100 examples;"
        " weak evidence: it leaves out 100 without an answer."
    )


def test_nobody_answering_a_load_is_an_error_and_no_warning_of_numpy() -> None:
    columns = [[0.1] * 20] * 5
    seen = loaded(load(columns, columns, states=[FAILED] * 100))

    assert said(seen, rule("latency", "avg<=+10%")).startswith("error: Latency mean could not be judged")


def test_a_ratio_over_windows_is_the_ratio_of_the_numbers_that_are_said() -> None:
    seen = watched("cpu_mean", [0.1, 0.4, 0.1, 0.4, 0.2], [0.1, 0.1, 0.1, 0.1, 0.1])

    assert said(seen, rule("cpu_mean", "<=+10%")) == (
        "inconclusive: CPU mean is 100 % higher than released [+3, +287]: geometric means 0.200 cores against"
        " 0.100 cores; limit ≤ +10 %; 5 window pairs; about 2 more would settle it."
    )


@pytest.mark.parametrize(
    ("seen", "judged_by", "expected"),
    [
        pytest.param(
            evidence(suite_result()),
            rule("accuracy", ">=0.95"),
            "error: Accuracy could not be judged (limit ≥ 95 %): no suite measured it;"
            " let one call jdf.evaluate(...) or jdf.record(...).",
            id="nobody measured the model",
        ),
        pytest.param(
            evidence(suite_result()),
            rule("requests_timed_out", "==0"),
            "error: Requests timed out could not be judged (limit = 0): no suite measured it;"
            " let one call jdf.evaluate(...).",
            id="nobody sent a request",
        ),
        pytest.param(
            evidence(suite_result(observations=(recorded("mean_confidence", 0.9),))),
            rule("mean_confidance", ">=0.5"),
            "error: mean_confidance could not be judged (limit ≥ 0.5): no suite recorded mean_confidance"
            " and the platform has no such metric (did you mean mean_confidence?).",
            id="a slip of the pen",
        ),
        pytest.param(
            evidence(candidate=side(platform=(observed("cpu_max", None, because="platform.source is none."),))),
            rule("cpu_max", "<1cores"),
            "error: CPU max could not be judged (limit < 1 cores): platform.source is none.",
            id="no platform",
        ),
        pytest.param(
            evidence(suite_result()),
            rule("drift", "<=1", on_no_data="fail"),
            "fail: drift fails (limit ≤ 1): no data, and the rule says on_no_data: fail: no suite recorded drift"
            " and the platform has no such metric.",
            id="no data is a failure",
        ),
        pytest.param(
            watched("cpu_mean", [0.0, 0.1, 0.1], [0.1, 0.1, 0.1]),
            rule("cpu_mean", "<=+10%"),
            "error: CPU mean could not be judged (limit ≤ +10 %): in a window it is 0, so there is no ratio;"
            " write a difference.",
            id="a ratio to nothing",
        ),
        pytest.param(
            evidence(candidate=side(platform=(observed("server_errors", 5), observed("server_requests", 3)))),
            rule("server_errors", "rate<1%"),
            "error: Rate of server errors could not be judged (limit < 1 %): the platform counts more errors (5)"
            " than requests (3).",
            id="more errors than requests",
        ),
        pytest.param(
            evidence(
                suite_result(evaluation(answers(predictions=[1.1, 0.9] * 50), truth=[1.0] * 100, task=Task.REGRESSION))
            ),
            rule("r2", ">=0.9"),
            "error: R² could not be judged (limit ≥ 0.9): all true numbers are the same, so there is no R².",
            id="nothing to explain",
        ),
    ],
)
def test_what_has_no_number_names_its_own_cause_and_gives_no_advice_that_does_not_help(
    seen: Evidence, judged_by: Rule, expected: str
) -> None:
    assert said(seen, judged_by) == expected


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (9, "9 examples; at least 100 are needed; about 91 more would settle it."),  # so few tell no more than that
        (20, "20 examples; at least 100 are needed; cannot be settled within 10 times as many samples."),
        (30, "30 examples; at least 100 are needed; about 219 more would settle it."),  # 70 more would not
        (100, "100 examples; about 164 more would settle it."),  # 268 identical answers pass
    ],
)
def test_below_the_floor_the_number_of_examples_that_settles_it_is_told(n: int, expected: str) -> None:
    assert said(live([0.1] * n, [0.1] * n), rule("accuracy", ">=-1pp")).endswith(expected)


def test_below_the_floor_no_interval_is_told_and_nothing_moved() -> None:
    seen = live([0.1] * 99, [0.1] * 99)

    found = compare(seen, stored=None, baseline="released", estimands=asked(rule("accuracy", ">=-50pp")))

    (accuracy,) = [each for each in found.deltas if each.metric.name == "accuracy"]
    assert (found.estimates[0].interval, accuracy.interval, accuracy.change) == (None, None, Change.UNKNOWN)


def test_a_share_under_load_lies_between_nothing_and_all() -> None:
    columns = [[0.1] * 59 + [0.4]] + [[0.1] * 60] * 4

    found = compare(
        loaded(load(columns, columns)),
        stored=None,
        baseline=None,
        estimands=asked(rule("latency", "share(>300ms)<=1%")),
    )

    assert found.estimates[0].interval == pytest.approx((0.0, 0.0157), abs=1e-4)
