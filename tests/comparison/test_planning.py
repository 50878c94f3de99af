"""What a planned number of samples can settle, beside what simulations of the judgement gave."""

from __future__ import annotations

import math

import pytest

from jupyter_deployfeedback.comparison.planning import prospects
from jupyter_deployfeedback.domain.comparison import Pilot, Prospect
from jupyter_deployfeedback.feedback import planned, scattered
from tests.comparison.evidence import asked, rule
from tests.feedback.runs import failing


def plan(metric: str, text: str, n: int, *, confidence: float = 0.95, **known: float) -> Prospect | None:
    pilot = Pilot.model_validate({"examples": n, "requests": n, **known})
    return next(prospects(asked(rule(metric, text), confidence=confidence), pilot), None)


@pytest.mark.parametrize(("n", "passes", "fails"), [(1000, 0.93, 0.87), (300, 0.50, 0.40)])
def test_power_of_paired_accuracy_is_about_what_was_simulated(n: int, passes: float, fails: float) -> None:
    found = plan("accuracy", ">=-2pp", n)  # 4 % discordant, as in the simulation

    assert found is not None
    assert found.passes == pytest.approx(passes, abs=0.05)
    assert found.fails == pytest.approx(fails, abs=0.05)
    assert (found.worse, found.assumed) == (0.04, "4 % of the answers differ")


def test_typical_latency_of_a_hundred_pairs_is_settled_nearly_always() -> None:
    found = plan("latency", "typical<=+10%", 100, spread=0.15 * math.sqrt(2))

    assert found is not None
    assert found.passes == pytest.approx(0.99, abs=0.02)
    assert found.assumed is None


@pytest.mark.parametrize(
    ("metric", "text", "confidence", "fewest"),
    [
        ("accuracy", ">=0.95", 0.95, 59),
        ("failure_rate", "<1%", 0.95, 299),
        ("failure_rate", "<1%", 0.975, 368),
        ("latency", "p(95)<300ms", 0.95, 59),
        ("latency", "p(99)<300ms", 0.95, 299),
        ("latency", "p(95)<=+10%", 0.95, 300),
    ],
)
def test_fewest_samples_that_can_pass(metric: str, text: str, confidence: float, fewest: int) -> None:
    found = plan(metric, text, 100, confidence=confidence)

    assert found is not None
    assert (found.fewest, found.passes) == (fewest, None)


@pytest.mark.parametrize(
    ("metric", "text", "n", "fewest"), [("accuracy", ">=-5pp", 99, 100), ("latency", "typical<=+10%", 5, 6)]
)
def test_below_the_floor_of_a_method_nothing_can_pass(metric: str, text: str, n: int, fewest: int) -> None:
    short, enough = plan(metric, text, n), plan(metric, text, fewest)

    assert short is not None
    assert enough is not None
    assert (short.fewest, short.passes, enough.fewest) == (fewest, None, None)


@pytest.mark.parametrize(
    ("metric", "text"),
    [("memory_max", "<=+15%"), ("restarts", "==0"), ("f1", ">=-1pp"), ("accuracy", ">=-0pp"), ("latency", "avg<1s")],
)
def test_what_cannot_be_computed_is_left_out(metric: str, text: str) -> None:
    assert plan(metric, text, 500) is None


def test_without_a_number_of_examples_nothing_is_said() -> None:
    assert list(prospects(asked(rule("accuracy", ">=-2pp")), Pilot())) == []


@pytest.mark.parametrize(
    ("metric", "text", "n", "said"),
    [
        (
            "accuracy",
            ">=-2pp",
            500,
            (
                "with 500 examples an unchanged candidate passes in about 70 % of the runs, one that is 4.0 pp worse "
                "fails in about 55 %, if 4 % of the answers differ"
            ),
        ),
        ("failure_rate", "<1%", 200, "cannot pass with 200 requests: it takes at least 299"),
        ("latency", "p(95)<300ms", 200, "can pass with 200 requests: it takes at least 59"),
    ],
)
def test_a_plan_is_said_in_one_sentence(metric: str, text: str, n: int, said: str) -> None:
    found = plan(metric, text, n)

    assert found is not None
    assert planned(found) == said


def test_examples_that_moved_at_several_points_are_a_share_of_those_of_all_points() -> None:
    report = failing()
    moved = len(report.examples.broken) + len(report.examples.fixed)
    accuracy = next(row for row in report.metrics if row.name == "accuracy")
    points = [accuracy.model_copy(update={"point": f"quality[seed={seed}]"}) for seed in range(3)]

    pilot = scattered(report.model_copy(update={"metrics": tuple(points)}), None)

    assert accuracy.n
    assert pilot.discordant == moved / (3 * accuracy.n)


def test_a_run_says_how_its_numbers_scattered() -> None:
    report = failing()
    moved = len(report.examples.broken) + len(report.examples.fixed)
    accuracy = next(row for row in report.metrics if row.name == "accuracy")

    pilot = scattered(report, 2000)

    assert accuracy.n
    assert pilot.examples == 2000
    assert pilot.discordant == moved / accuracy.n
