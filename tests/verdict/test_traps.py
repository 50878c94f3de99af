"""Traps that judges of deployments fell into, by their number in docs/judging.md: tests here, or where their code is.

test_every_trap.py sees to it that none is missing.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from jupyter_deployfeedback.comparison.comparing import compare
from jupyter_deployfeedback.domain.comparison import Comparison, Estimand, Estimate
from jupyter_deployfeedback.domain.evaluation import Evaluation
from jupyter_deployfeedback.domain.feedback import FeedbackReport, History
from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Better, Family, Metric, Observation
from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.rules.checking import check_rule
from jupyter_deployfeedback.domain.rules.language import parse_expression
from jupyter_deployfeedback.domain.rules.rule import Comparator, Rule
from jupyter_deployfeedback.domain.run import Evidence, Outcome
from jupyter_deployfeedback.domain.verdict import Finding, Judgement, Verdict
from jupyter_deployfeedback.errors import RuleSyntaxError, UnknownParameter
from jupyter_deployfeedback.execution import plan_suites
from jupyter_deployfeedback.feedback import Format, build_report, render
from jupyter_deployfeedback.feedback.history_notices import of_the_past
from jupyter_deployfeedback.verdict import judge
from jupyter_deployfeedback.verdict.findings import settle
from tests.comparison.evidence import (
    ANSWERED,
    TIMED_OUT,
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
from tests.execution.test_plan import KNOWN, PROJECT
from tests.feedback.runs import COMMIT, failing
from tests.feedback.runs import run as finished_run

PASS, WARN, INCONCLUSIVE, FAIL, ERROR = Verdict
RIGHT = [True] * 500


def judged(
    seen: Evidence, *rules: Rule, baseline: str | None = "released", stored: Evidence | None = None
) -> Judgement:
    return judge(
        compare(seen, stored=stored, baseline=baseline, estimands=asked(*rules)),
        rules=rules,
        suites=seen.suites,
        expected_suites=tuple(suite.suite.name for suite in seen.suites),
        candidate=seen.candidate.facts,
        expect_version=None,
        confidence=0.95,
    )


def found(judgement: Judgement, name: str) -> list[Finding]:
    return [each for each in judgement.findings if each.subject.text == name]


def timed(candidate: Any, baseline: Any) -> Evidence:
    right = [True] * len(candidate)
    pair = evaluation(
        answers(right, latency=[*map(float, candidate)]),
        answers(right, latency=[*map(float, baseline)], target="released"),
    )
    return evidence(suite_result(pair), baseline=side("released"))


def identical(seed: int, n: int = 300) -> Evidence:
    """Two systems without any difference: the same payloads, noise of each side's own."""
    draw = np.random.default_rng(seed)
    payload = draw.lognormal(-2.2, 0.5, n)
    return timed(payload * draw.lognormal(0, 0.15, n), payload * draw.lognormal(0, 0.15, n))


def estimates(text: str, *, changed: dict[str, object]) -> Comparison:
    estimand = Estimand(metric="accuracy", expression=parse_expression(text, STANDARD_METRICS["accuracy"]))
    sound = Estimate(estimand=estimand, value=0.2, interval=(0.19, 0.21), n=600, candidate=0.97, baseline=0.77)
    return Comparison(baseline="released", deltas=(), estimates=(sound.model_copy(update=changed),))


def test_trap_2_samples_of_unequal_replicas_are_pooled_not_averaged() -> None:
    draw = np.random.default_rng(2)
    fast, slow = draw.lognormal(math.log(0.1), 0.1, 900), draw.lognormal(math.log(0.8), 0.1, 100)
    parts = [
        evaluation(answers([True] * len(each), latency=each.tolist()), name=name)
        for name, each in (("one", fast), ("other", slow))
    ]

    told = found(judged(evidence(suite_result(*parts)), rule("latency", "p(50)<150ms"), baseline=None), "latency")[0]

    mean_of_medians = (np.median(fast) + np.median(slow)) / 2
    assert (told.verdict, round(told.value or 0, 2)) == (PASS, 0.1)
    assert mean_of_medians > 0.4
    with pytest.raises(RuleSyntaxError):
        check_rule(rule("latency_p95", "avg<300ms"), STANDARD_METRICS)


@pytest.mark.parametrize(
    ("text", "value", "verdict", "reason"),
    [
        ("<=500ms", 0.3, WARN, "weak evidence: one window, not repeated"),  # its bucket ends there
        ("<=250ms", 0.3, INCONCLUSIVE, "weak evidence: one window, not repeated"),
        ("<=300ms", 0.2, ERROR, "0.3 is no edge of the histogram, and between edges its quantile is a guess: use 0.25 or 0.5"),
        ("<=2s", 0.2, ERROR, "2 is no edge of the histogram, and between edges its quantile is a guess: use 1"),
        ("<=+10%", 0.2, ERROR, "a histogram tells a quantile only to its bucket; give it a limit at an edge: 0.1, 0.25, 0.5, 1"),
        ("<=1s", 1.0, ERROR, "the quantile lies at or beyond the last edge of the histogram, 1"),  # +Inf is told as 1
    ],
)  # fmt: skip
def test_trap_3_a_quantile_between_edges_of_a_histogram_is_not_judged(
    text: str, value: float, verdict: Verdict, reason: str
) -> None:
    metric = Metric(name="p95", family=Family.PLATFORM, unit="s", better=Better.LOWER)
    sides = [
        (Observation(metric=metric, value=each, source="prometheus", edges=(0.1, 0.25, 0.5, 1.0)),)
        for each in (value, 0.2)
    ]
    seen = evidence(suite_result(), candidate=side(platform=sides[0]), baseline=side("released", platform=sides[1]))

    (told,) = found(judged(seen, rule("p95", text)), "p95")

    assert (told.verdict, told.reason.text) == (verdict, reason)


def test_trap_4_time_outs_are_the_slowest_answers_and_errors() -> None:
    states = [TIMED_OUT] * 20 + [ANSWERED] * 980
    seen = evidence(suite_result(evaluation(answers([True] * 1000, latency=[5.0] * 20 + [0.5] * 980, states=states))))

    told = judged(seen, rule("latency", "p(99)<1s"), rule("failure_rate", "<=1%"), baseline=None)

    assert [(each.verdict, each.value) for each in told.findings[1:]] == [(FAIL, 5.0), (FAIL, 0.02)]


@pytest.mark.parametrize("comparator", Comparator)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, None, "", "NaN"])
def test_trap_5_what_is_no_number_is_an_error_everywhere(comparator: Comparator, bad: Any) -> None:
    assert settle(bad, None, comparator=comparator, limit=300) is ERROR
    assert settle(1.0, (bad, 2.0), comparator=comparator, limit=300) is ERROR
    assert settle(1.0, (0.0, bad), comparator=comparator, limit=300) is ERROR


@pytest.mark.parametrize("changed", [{"value": math.nan}, {"interval": (math.nan, 0.3)}, {"interval": (0.1, math.inf)}])
@pytest.mark.parametrize("text", [">=+5pp", ">=+5%", ">=0.1"])
def test_trap_6_a_nan_never_improves_on_the_baseline(text: str, changed: dict[str, object]) -> None:
    told = judge(
        estimates(text, changed=changed),
        rules=(rule("accuracy", text),),
        suites=(),
        expected_suites=(),
        candidate=facts(),
        expect_version=None,
        confidence=0.95,
    )

    assert told.verdict is ERROR


def test_trap_7_no_nan_gets_into_json() -> None:
    with pytest.raises(ValidationError):
        observed("cpu_max", math.nan)
    row = failing().metrics[0].model_copy(update={"value": math.nan})
    broken = failing().model_copy(update={"metrics": (row,)})
    with pytest.raises(ValueError, match="not JSON compliant"):
        render(broken, Format.JSON)
    json.loads(render(failing(), Format.JSON), parse_constant=pytest.fail)


def test_trap_8_nothing_measured_is_an_error_not_zero() -> None:
    nothing = evidence(suite_result(evaluation(answers([]))))

    told = judged(nothing, rule("latency", "p(95)<500ms"), rule("accuracy", ">=0"), baseline=None)

    assert [each.verdict for each in told.findings[1:]] == [ERROR, ERROR]


def test_trap_10_identical_systems_fail_in_at_most_five_of_a_hundred_runs() -> None:
    rules = (rule("latency", "p(50)<=+10%", "typical<=+10%", "p(99)<=+10%"),)
    runs = 200
    naive = failed = 0

    for seed in range(runs):
        seen = identical(seed, n=60)
        failed += judged(seen, *rules).verdict is FAIL
        one, other = (each.candidate for each in (seen.suites[0].evaluations[0], swapped(seen)))
        naive += np.quantile(one.latency_seconds, 0.99) > 1.1 * np.quantile(other.latency_seconds, 0.99)  # type: ignore[arg-type]

    assert failed <= 0.05 * runs
    assert naive > 0.15 * runs  # comparing two point estimates


def swapped(seen: Evidence) -> Evaluation:
    each = seen.suites[0].evaluations[0]
    assert each.baseline is not None
    return each.model_copy(update={"candidate": each.baseline, "baseline": each.candidate})


def test_trap_11_a_p99_of_few_samples_is_not_judged_and_one_of_many_covers_the_truth() -> None:
    few = judged(identical(1, n=298), rule("latency", "p(99)<10s"), baseline=None)
    draw = np.random.default_rng(11)
    truth = math.exp(2.3263478740408408)
    covered = 0

    for _ in range(200):
        one = draw.lognormal(0, 1, 600)
        told = found(judged(timed(one, one), rule("latency", "p(99)<10s"), baseline=None), "latency")[0]
        covered += told.interval is not None and told.interval[0] <= truth <= told.interval[1]

    assert few.verdict is INCONCLUSIVE
    assert covered >= 0.88 * 200


def test_trap_12_a_tail_that_slowed_down_is_found_where_the_middle_stayed() -> None:
    draw = np.random.default_rng(12)
    payload = draw.lognormal(-2.2, 0.3, 500)
    slow = np.where(np.arange(500) % 20 == 0, 4.0, 1.0)

    told = judged(
        timed(payload * slow, payload), rule("latency", "share(>300ms)<=+1pp"), rule("latency", "typical<=+10%")
    )

    assert [each.verdict for each in found(told, "latency")] == [FAIL, PASS]


def test_trap_13_scrapes_of_one_window_are_not_independent_samples() -> None:
    draw = np.random.default_rng(13)
    lower, higher = set(), set()

    for _ in range(100):
        noise = draw.normal(0, 1, (2, 60))
        for place in range(1, 60):
            noise[:, place] += 0.8 * noise[:, place - 1]
        means = 100 + 10 * noise.mean(axis=1)
        sides = [(observed("memory_mean", float(each) * 2**20),) for each in means]
        seen = evidence(suite_result(), candidate=side(platform=sides[0]), baseline=side("released", platform=sides[1]))
        (lower if means[0] < means[1] else higher).add(judged(seen, rule("memory_mean", "<=+1%")).verdict)

    assert higher == {WARN, INCONCLUSIVE}
    assert lower == {PASS}, "less memory is a pass with a note, never an alarm"


def test_trap_15_a_maximum_against_the_baselines_is_weak_and_against_a_cap_exact() -> None:
    sides = [(observed("memory_max", each * 2.0**30),) for each in (1.5, 1.0)]
    seen = evidence(suite_result(), candidate=side(platform=sides[0]), baseline=side("released", platform=sides[1]))

    told = judged(seen, rule("memory_max", "<=+15%"), rule("memory_max", "<=1GiB"))

    assert [each.verdict for each in found(told, "memory_max")] == [INCONCLUSIVE, FAIL]


def test_trap_16_twenty_rules_at_their_limit_rarely_fail_a_run() -> None:
    rules = tuple(rule(f"accuracy{{part:{number}}}", ">=0.9") for number in range(20))
    parts = {"part": tuple(str(number) for number in range(20) for _ in range(150))}
    draw = np.random.default_rng(16)
    runs, failed, naive = 300, 0, 0

    for _ in range(runs):
        right = draw.random(3000) < 0.9
        told = judged(evidence(suite_result(evaluation(answers(right.tolist()), slices=parts))), *rules, baseline=None)
        failed += told.verdict is FAIL
        naive += bool((right.reshape(20, 150).mean(axis=1) < 0.9).any())

    assert failed <= 0.05 * runs + 2 * math.sqrt(runs * 0.05 * 0.95)  # what 300 runs can tell from 5 %
    assert naive > 0.6 * runs  # a point estimate below the limit


@pytest.mark.slow
def test_trap_17_peeking_costs_no_more_than_was_planned() -> None:
    """A candidate exactly at its limit, judged, and judged again with as many more as the first look asks for."""
    draw = np.random.default_rng(17)
    asked_rule = rule("accuracy", ">=0.95")
    passed, failed, naive, runs = 0, 0, 0, 400

    for _ in range(runs):
        right = (draw.random(4 * 200) < 0.95).tolist()
        verdicts = [look(right[:size], asked_rule, looks=2) for size in (200, 800)]
        peeked = [look(right[:size], asked_rule, looks=1) for size in (200, 400, 600, 800)]
        settled = next((each for each in verdicts if each is not INCONCLUSIVE), INCONCLUSIVE)
        passed, failed = passed + (settled is PASS), failed + (settled is FAIL)
        naive += PASS in peeked

    most = runs * 0.05 + 2 * math.sqrt(runs * 0.05 * 0.95)  # what 400 runs can tell from 5 %
    assert max(passed, failed) <= most
    assert naive > most


def look(right: list[bool], of: Rule, *, looks: int) -> Verdict:
    confidence = Project(
        name="", folder="", file="", targets={}, default_target="", suites=(), looks=looks
    ).confidence_of_a_look
    seen = evidence(suite_result(evaluation(answers(right))))
    compared = compare(seen, stored=None, baseline=None, estimands=asked(of, confidence=confidence))
    return judge(
        compared,
        rules=(of,),
        suites=(),
        expected_suites=(),
        candidate=facts(),
        expect_version=None,
        confidence=confidence,
    ).verdict


def test_trap_18_a_baseline_of_another_day_neither_passes_nor_fails() -> None:
    def run(seconds: float, right: list[bool]) -> Evidence:
        return evidence(suite_result(evaluation(answers(right, latency=seconds))))

    rules = rule("accuracy", ">=-1pp"), rule("latency", "typical<=+5%")
    shifted = judged(run(0.108, RIGHT), *rules, stored=run(0.1, RIGHT))

    assert [each.verdict for each in shifted.findings[1:]] == [WARN, INCONCLUSIVE]
    assert all("historical" in each.reason.text for each in shifted.findings[1:])


def test_trap_19_nothing_to_compare_with_is_no_pass() -> None:
    told = judged(evidence(suite_result(evaluation(answers(RIGHT)))), rule("accuracy", ">=-1pp"), baseline=None)

    assert told.verdict is INCONCLUSIVE


def test_trap_20_one_failure_among_fifty_passes_fails() -> None:
    good = [recorded(f"restarts_of_{number}", 0.0, unit="restarts") for number in range(50)]
    bad = recorded("restarts_of_db", 1.0, unit="restarts")
    rules = [rule(each.metric.name, "==0") for each in (*good, bad)]

    told = judged(evidence(suite_result(observations=(*good, bad))), *rules, baseline=None)

    assert [each.verdict for each in told.findings].count(FAIL) == 1
    assert told.verdict is FAIL


def test_trap_21_shuffled_ids_are_an_error_not_an_unpaired_comparison() -> None:
    ids = [f"other-{row}" for row in range(500)]
    seen, stored = (evidence(suite_result(evaluation(answers(RIGHT), ids=each))) for each in (None, ids))

    assert judged(seen, rule("accuracy", ">=-1pp"), stored=stored).verdict is ERROR


def test_trap_22_a_model_that_changed_during_the_run_is_an_error() -> None:
    seen = evidence(suite_result(evaluation(answers(RIGHT, versions=("2.1", "2.2")))))

    assert judged(seen, rule("accuracy", ">=0.9"), baseline=None).verdict is ERROR


def test_trap_23_a_suite_that_left_without_a_word_is_an_error() -> None:
    told = judge(
        Comparison(baseline=None, deltas=(), estimates=()),
        rules=(),
        suites=(),
        expected_suites=("quality",),
        candidate=facts(),
        expect_version=None,
        confidence=0.95,
    )

    assert told.verdict is ERROR


def test_trap_24_a_broken_suite_hides_no_other_one_and_its_own_rules_are_errors() -> None:
    cases = (case(Outcome.ERRORED, message="boom"), case(Outcome.NOT_RUN))
    broken = suite_result(name="load", outcome=Outcome.ERRORED, cases=cases)
    seen = evidence(broken, suite_result(observations=(recorded("drift", 0.0, unit="shifts"),)))

    told = judged(seen, rule("drift", "==0"), rule("throughput_of_load", ">=5/s"), baseline=None)

    assert [(each.subject.text, each.verdict) for each in told.findings] == [
        ("suite load", ERROR),
        ("suite quality", PASS),
        ("drift", PASS),
        ("throughput_of_load", ERROR),
    ]


def test_trap_25_a_misspelt_parameter_is_wrong_use_not_a_run() -> None:
    with pytest.raises(UnknownParameter) as caught:
        plan_suites(PROJECT, parameters={"sed": 2}, known_parameters=KNOWN)

    assert caught.value.exit_code == 2


def test_trap_27_retrying_until_it_is_green_is_counted_and_printed() -> None:
    def report(history: History) -> FeedbackReport:
        seen = evidence(suite_result(evaluation(answers(RIGHT))))
        compared = compare(seen, stored=None, baseline=None, estimands=asked(rule("accuracy", ">=0.9")))
        told = judged(seen, rule("accuracy", ">=0.9"), baseline=None)
        return build_report(finished_run(commit=COMMIT), seen, compared, told, history=history)

    third, first = (report(History(attempts=attempts, release="v1")) for attempts in (3, 1))

    said = "attempt 3 at commit 4f1c2d9e since v1: each attempt is another chance to pass by luck"
    assert said in third.notices
    assert not any("attempt" in notice for notice in first.notices)
    for form in (Format.TEXT, Format.MARKDOWN, Format.HTML):
        assert "each attempt is another chance" in " ".join(render(third, form).split())
    assert third.run.attempts == 3


def test_trap_28_a_test_set_used_twenty_times_is_warned_of() -> None:
    def said(times: int) -> list[str]:
        return list(of_the_past(History(reused={"quality holdout": times}), COMMIT))

    assert said(19) == []
    assert "20 runs were judged by these very examples" in said(20)[0]
