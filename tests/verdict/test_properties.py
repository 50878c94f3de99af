"""What must hold of every run: errors never help, order never matters, NaN never passes, noise rarely fails."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_deployfeedback.comparison.comparing import compare
from jupyter_deployfeedback.domain.comparison import Comparison, Estimand, Estimate
from jupyter_deployfeedback.domain.evaluation import Answers, Evaluation, RequestState
from jupyter_deployfeedback.domain.metric import STANDARD_METRICS
from jupyter_deployfeedback.domain.rules.language import parse_expression
from jupyter_deployfeedback.domain.rules.rule import Rule
from jupyter_deployfeedback.domain.verdict import Judgement, Verdict
from jupyter_deployfeedback.verdict import judge
from tests.comparison.evidence import (
    ANSWERED,
    FAILED,
    answers,
    asked,
    evaluation,
    evidence,
    facts,
    rule,
    side,
    suite_result,
)
from tests.property_cases import RUNS as TRIED

RULES = (
    rule("accuracy", ">=0.80", ">=-5pp"),
    rule("failure_rate", "<=3%", "<=+3pp"),
    rule("latency", "p(95)<300ms", "p(50)<=150ms", "typical<=+30%", "share(>300ms)<=+5pp", "share(>300ms)<=10%"),
)
QUICK = settings(max_examples=TRIED, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def judgement(found: Evaluation, rules: tuple[Rule, ...] = RULES) -> Judgement:
    seen = evidence(suite_result(found), baseline=side("released"))
    return judge(
        compare(seen, stored=None, baseline="released", estimands=asked(*rules)),
        rules=rules,
        suites=seen.suites,
        expected_suites=("quality",),
        candidate=seen.candidate.facts,
        expect_version=None,
        confidence=0.95,
    )


def drawn(seed: int, *, n: int = 120, slowdown: float = 1.0, wrong: float = 0.05, lost: int = 0) -> Evaluation:
    draw = np.random.default_rng(seed)
    payload = draw.lognormal(-2.2, 0.4, n)
    states = [FAILED] * lost + [ANSWERED] * (n - lost)
    return evaluation(
        answers(
            [bool(each) for each in draw.random(n) > wrong],
            latency=(payload * draw.lognormal(0, 0.15, n) * slowdown).tolist(),
            states=states,
        ),
        answers(
            [bool(each) for each in draw.random(n) > 0.05],
            latency=(payload * draw.lognormal(0, 0.15, n)).tolist(),
            target="released",
        ),
    )


RUNS = st.builds(
    drawn,
    st.integers(0, 10_000),
    slowdown=st.sampled_from([0.8, 1.0, 1.3, 2.0]),
    wrong=st.sampled_from([0.0, 0.05, 0.15, 0.3]),
    lost=st.integers(0, 8),
)


def with_error(given_answers: Answers, row: int) -> Answers:
    """The same answers, but one request failed."""

    def put(column: tuple[object, ...], value: object) -> tuple[object, ...]:
        return (*column[:row], value, *column[row + 1 :])

    changed = {
        "states": put(given_answers.states, RequestState.FAILED),
        "predictions": put(given_answers.predictions, None),
        "latency_seconds": put(given_answers.latency_seconds, None),
    }
    return given_answers.model_copy(update=changed)


def permuted(given_answers: Answers, order: list[int]) -> Answers:
    columns = ("states", "predictions", "latency_seconds", "sent_at")
    return given_answers.model_copy(
        update={name: tuple(getattr(given_answers, name)[row] for row in order) for name in columns}
    )


@pytest.mark.property
@QUICK
@given(RUNS, st.integers(0, 119))
def test_one_more_error_never_improves_any_finding(run: Evaluation, row: int) -> None:
    worse = run.model_copy(update={"candidate": with_error(run.candidate, row)})

    before, after = judgement(run), judgement(worse)

    assert after.verdict.severity >= before.verdict.severity
    for one, other in zip(before.findings, after.findings, strict=True):
        assert other.verdict.severity >= one.verdict.severity, (one, other)


@pytest.mark.property
@QUICK
@given(RUNS, st.permutations(range(120)))
def test_the_order_of_the_examples_changes_nothing(run: Evaluation, order: list[int]) -> None:
    assert run.baseline is not None
    shuffled = run.model_copy(
        update={
            "ids": tuple(run.ids[row] for row in order),
            "candidate": permuted(run.candidate, order),
            "baseline": permuted(run.baseline, order),
        }
    )

    assert judgement(shuffled).findings == judgement(run).findings


@pytest.mark.property
@QUICK
@given(RUNS, st.permutations(RULES))
def test_the_order_of_the_rules_changes_nothing(run: Evaluation, rules: list[Rule]) -> None:
    first, second = judgement(run), judgement(run, tuple(rules))

    assert second.verdict is first.verdict
    assert sorted(second.findings, key=str) == sorted(first.findings, key=str)


NUMBERS = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.none())


def unchecked(
    *, value: float | None, interval: tuple[float, float] | None, text: str, exact: bool, weak: str | None
) -> Estimate:
    """An estimate that the types did not check, as a mistake of ours would make it."""
    expression = parse_expression(text, STANDARD_METRICS["accuracy"])
    checked = Estimate(estimand=Estimand(metric="accuracy", expression=expression), missing_because="nothing", n=100)
    given_numbers = {"value": value, "interval": interval, "exact": exact, "weak": weak, "missing_because": None}
    return checked.model_copy(update=given_numbers)


ESTIMATES = st.builds(
    unchecked,
    value=NUMBERS,
    interval=st.one_of(st.none(), st.tuples(NUMBERS, NUMBERS)),
    text=st.sampled_from([">=0.95", "<=0.5", "<0.1", ">0.9", ">=-1pp", "<=+10%"]),
    exact=st.booleans(),
    weak=st.sampled_from([None, "one window"]),
)


@settings(max_examples=500, deadline=None)
@given(ESTIMATES)
def test_nan_anywhere_never_passes(estimate: Estimate) -> None:
    numbers = [estimate.value, *(estimate.interval or ())]

    found = judge(
        Comparison.model_construct(baseline="released", deltas=(), estimates=(estimate,), notices=()),
        rules=(rule("accuracy", estimate.estimand.expression.text),),
        suites=(),
        expected_suites=(),
        candidate=facts(),
        expect_version=None,
        confidence=0.95,
    )

    finite = all(each is not None and math.isfinite(each) for each in numbers)
    assert finite or found.verdict is Verdict.ERROR


def test_trap_10_and_16_identical_systems_rarely_fail_under_many_rules() -> None:
    rules = (
        *RULES,
        rule("latency", "typical<=+0.1%", "p(50)<=+0.1%", "avg<=+0.1%"),
        rule("accuracy", ">=-0.1pp"),
        rule("error_rate", "<=+0.1pp"),
    )
    runs = 60

    failed = sum(judgement(drawn(seed), rules).verdict is Verdict.FAIL for seed in range(runs))

    assert failed / runs <= 0.05


@pytest.mark.parametrize("lost", [7, 12])
def test_too_many_unanswered_requests_never_pass(lost: int) -> None:
    found = judgement(drawn(1, lost=lost, wrong=0.0))

    assert found.verdict in {Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE}
