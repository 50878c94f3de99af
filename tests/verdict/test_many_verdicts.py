"""What must hold of every judgement, over made-up ones of all kinds: errors never help, order never matters, NaN fails.

Each case is one number, from which everything else is drawn: `judgement(made_up(case))` shows it again. 10,000 cases in
continuous integration; test_properties.py says the same of whole runs, from answers to verdict.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest

from jupyter_deployfeedback.domain.comparison import Comparison, Estimate
from jupyter_deployfeedback.domain.rules.rule import OnFail, Rule
from jupyter_deployfeedback.domain.run import Outcome, SuiteResult, TargetFacts
from jupyter_deployfeedback.domain.verdict import GateState, Judgement, Standing, Verdict
from jupyter_deployfeedback.verdict import estimands, judge
from tests.comparison.evidence import case as one_case
from tests.comparison.evidence import facts, rule, suite_result
from tests.property_cases import JUDGEMENTS as CASES

PORTIONS = 10  # so that two cores share them
EXPRESSIONS = {
    "accuracy": (">=0.95", ">=-1pp", ">0.5", "<=+10%"),
    "latency": ("p(95)<300ms", "typical<=+10%", "share(>300ms)<=+1pp"),
    "failure_rate": ("<=1%", "<=+1pp"),
    "memory_max": ("<=+15%", "<=1GiB"),
    "oom_kills": ("==0",),
}
SLICES = {"digit": ("1", "8")}
SUITES = ("smoke", "quality")


@dataclass(frozen=True)
class Seen:
    """Everything a judgement is made of."""

    rules: tuple[Rule, ...]
    estimates: tuple[Estimate, ...]
    suites: tuple[SuiteResult, ...]
    target: TargetFacts
    baseline: str | None


def made_up(case: int) -> Seen:
    draw = Random(case)
    rules = tuple(a_rule(draw, metric) for metric in draw.sample(sorted(EXPRESSIONS), draw.randint(1, 3)))
    asked = estimands(rules, confidence=0.95, slice_values=SLICES)
    suites = tuple(suite_result(name=name, cases=(one_case(an_outcome(draw)),)) for name in SUITES)
    baseline = draw.choice(["released", "released", None])
    return Seen(rules, tuple(an_estimate(draw, each) for each in asked), suites, facts(), baseline)


def a_rule(draw: Random, metric: str) -> Rule:
    expressions = EXPRESSIONS[metric]
    given: dict[str, Any] = {"passing": draw.sample(expressions, draw.randint(1, len(expressions)))}
    if metric == "accuracy":
        given |= {"warning": draw.choice([(), (">=0.90",)]), "failing": draw.choice([(), ("<0.85",)])}
        given |= {"slices": draw.choice([(), ("digit",)])}
    passing = given.pop("passing")
    return rule(metric, *passing, on_fail=draw.choice([OnFail.FAIL, OnFail.FAIL, OnFail.WARN]), **given)


def an_outcome(draw: Random) -> Outcome:
    return draw.choice([Outcome.PASSED] * 16 + [Outcome.FAILED, Outcome.SKIPPED, Outcome.ERRORED, Outcome.NOT_RUN])


def an_estimate(draw: Random, estimand: Any) -> Estimate:
    limit = estimand.expression.limit
    value = limit + draw.choice([-1, -0.5, -0.01, 0, 0.01, 0.5, 1]) * (abs(limit) or 1)
    width = draw.choice([0.001, 0.1, 1.0]) * (abs(limit) or 1)
    kinds: list[dict[str, Any]] = [
        {"interval": (value - width, value + width), "p_beyond": draw.choice([None, 0.001, 0.03, 0.2])},
        {"interval": (value - width, value + width), "p_beyond": draw.choice([None, 0.001, 0.03, 0.2])},
        {"exact": True},
        {"weak": "one window, not repeated"},
        {"below_floor": "59 are needed", "facts": {"floor": 59.0}},
        {"value": None, "missing_because": "no samples in window"},
        {"value": None, "missing_because": "there is no baseline", "baseline_missing": True},
    ]
    return Estimate(
        **{"estimand": estimand, "value": value, "n": 40, **draw.choices(kinds, [8, 8, 4, 3, 1, 0.5, 1])[0]}
    )


def judgement(seen: Seen) -> Judgement:
    compared = Comparison.model_construct(
        baseline=seen.baseline, deltas=(), estimates=seen.estimates, notices=(), differences=()
    )
    return judge(
        compared,
        rules=seen.rules,
        suites=seen.suites,
        expected_suites=SUITES,
        candidate=seen.target,
        expect_version=None,
        confidence=0.95,
        slice_values=SLICES,
    )


def without_number(draw: Random, seen: Seen) -> Seen:
    gone = {"value": None, "interval": None, "exact": False, "weak": None, "below_floor": None}
    return with_estimate(draw, seen, {**gone, "missing_because": "it broke", "baseline_missing": False})


def with_estimate(draw: Random, seen: Seen, changed: dict[str, Any]) -> Seen:
    row = draw.randrange(len(seen.estimates))
    other = seen.estimates[row].model_copy(update=changed)
    return replace(seen, estimates=(*seen.estimates[:row], other, *seen.estimates[row + 1 :]))


def unanswered(draw: Random, seen: Seen) -> Seen:
    row = draw.randrange(len(seen.estimates))
    return replace(seen, estimates=seen.estimates[:row] + seen.estimates[row + 1 :])


def answered_twice(draw: Random, seen: Seen) -> Seen:
    return replace(seen, estimates=(*seen.estimates, draw.choice(seen.estimates)))


def broken_suite(draw: Random, seen: Seen) -> Seen:
    row = draw.randrange(len(seen.suites))
    cases = (*seen.suites[row].cases, one_case(Outcome.ERRORED, message="boom"))
    other = seen.suites[row].model_copy(update={"cases": cases})
    return replace(seen, suites=(*seen.suites[:row], other, *seen.suites[row + 1 :]))


def lost_suite(draw: Random, seen: Seen) -> Seen:
    row = draw.randrange(len(seen.suites))
    return replace(seen, suites=seen.suites[:row] + seen.suites[row + 1 :])


def dead_target(_: Random, seen: Seen) -> Seen:
    return replace(seen, target=facts(ready=False, problem="nothing answers"))


ERRORS: list[Callable[[Random, Seen], Seen]] = [
    without_number,
    unanswered,
    answered_twice,
    broken_suite,
    lost_suite,
    dead_target,
]


@pytest.mark.property
@pytest.mark.parametrize("portion", range(PORTIONS))
def test_one_more_error_never_improves_a_verdict(portion: int) -> None:
    for case in range(portion, CASES, PORTIONS):
        draw, seen = Random(case), made_up(case)
        before = judgement(seen).verdict

        after = judgement(draw.choice(ERRORS)(draw, seen)).verdict

        assert (before.severity <= after.severity, after) == (True, Verdict.ERROR), case


@pytest.mark.property
@pytest.mark.parametrize("portion", range(PORTIONS))
def test_every_order_of_what_is_judged_gives_the_same_verdict(portion: int) -> None:
    for case in range(portion, CASES, PORTIONS):
        draw, seen = Random(case), made_up(case)
        rules = [
            each.model_copy(update={"passing": tuple(draw.sample(each.passing, len(each.passing)))})
            for each in draw.sample(seen.rules, len(seen.rules))
        ]
        shuffled = replace(
            seen,
            rules=tuple(rules),
            estimates=tuple(draw.sample(seen.estimates, len(seen.estimates))),
            suites=tuple(draw.sample(seen.suites, len(seen.suites))),
        )

        one, other = judgement(seen), judgement(shuffled)

        assert (other.verdict, other.gate) == (one.verdict, one.gate), case
        assert sorted(map(repr, other.findings)) == sorted(map(repr, one.findings)), case


@pytest.mark.property
@pytest.mark.parametrize("portion", range(PORTIONS))
def test_nan_in_any_number_never_passes(portion: int) -> None:
    for case in range(portion, CASES, PORTIONS):
        draw, seen = Random(case), made_up(case)
        bad = draw.choice([math.nan, math.inf, -math.inf])
        interval = draw.choice([(bad, 1.0), (0.0, bad), (bad, bad)])

        found = judgement(with_estimate(draw, seen, draw.choice([{"value": bad}, {"interval": interval}])))

        assert (found.verdict, found.gate) == (Verdict.ERROR, GateState.CLOSED), case


@pytest.mark.property
@pytest.mark.parametrize("portion", range(PORTIONS))
def test_the_gate_is_open_only_where_nothing_that_counts_is_worse_than_a_warning(portion: int) -> None:
    for case in range(portion, CASES, PORTIONS):
        found = judgement(made_up(case))

        counted = {each.verdict for each in found.findings if each.standing is Standing.COUNTED}
        assert (found.gate is GateState.OPEN) == (counted <= {Verdict.PASS, Verdict.WARN}), case


def test_the_made_up_judgements_are_of_all_kinds() -> None:
    found = Counter(judgement(made_up(case)).verdict for case in range(1000))

    assert min(found[verdict] for verdict in Verdict) >= 20
