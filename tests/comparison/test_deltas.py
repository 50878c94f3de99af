"""The rows of the tables: both sides' numbers, and a change only where the interval says so."""

from __future__ import annotations

import pytest

from jupyter_deployfeedback.comparison.comparing import compare
from jupyter_deployfeedback.comparison.deltas import change
from jupyter_deployfeedback.domain.comparison import Change, Comparison, Delta
from jupyter_deployfeedback.domain.metric import Better, Family, Metric
from jupyter_deployfeedback.domain.run import Evidence
from tests.comparison.evidence import (
    ANSWERED,
    FAILED,
    answers,
    evaluation,
    evidence,
    observed,
    recorded,
    side,
    suite_result,
)


def compared(seen: Evidence, *, stored: Evidence | None = None, baseline: str | None = "released") -> Comparison:
    return compare(seen, stored=stored, baseline=baseline, estimands=())


def row(found: Comparison, name: str) -> Delta:
    (only,) = [each for each in found.deltas if each.metric.name == name]
    return only


def live(candidate: list[bool], baseline: list[bool]) -> Evidence:
    return evidence(
        suite_result(evaluation(answers(candidate), answers(baseline, target="released"))), baseline=side("released")
    )


@pytest.mark.parametrize(
    ("better", "interval", "expected"),
    [
        (Better.HIGHER, (0.01, 0.02), Change.IMPROVED),
        (Better.HIGHER, (-0.02, -0.01), Change.REGRESSED),
        (Better.LOWER, (0.01, 0.02), Change.REGRESSED),
        (Better.LOWER, (-0.02, -0.01), Change.IMPROVED),
        (Better.LOWER, (-0.02, 0.01), Change.UNCHANGED),
        (Better.LOWER, (0.0, 0.01), Change.UNCHANGED),
        (Better.NEITHER, (0.01, 0.02), Change.UNKNOWN),
        (Better.NEITHER, (-0.01, 0.02), Change.UNCHANGED),
        (Better.LOWER, None, Change.UNKNOWN),
    ],
)
def test_only_an_interval_without_zero_is_a_change(
    better: Better, interval: tuple[float, float] | None, expected: Change
) -> None:
    metric = Metric(name="any", family=Family.MODEL, better=better)

    assert change(metric, difference=0.5, interval=interval, exact=False) is expected


@pytest.mark.parametrize(
    ("difference", "expected"), [(0, Change.UNCHANGED), (1, Change.REGRESSED), (-1, Change.IMPROVED)]
)
def test_an_exact_count_changes_by_one(difference: int, expected: Change) -> None:
    restarts = Metric(name="restarts", family=Family.PLATFORM, unit="restarts", better=Better.LOWER)

    assert change(restarts, difference=difference, interval=None, exact=True) is expected


def test_accuracy_row_has_both_sides_and_the_paired_interval() -> None:
    found = row(compared(live([True] * 280 + [False] * 20, [True] * 300)), "accuracy")

    assert (found.value, found.baseline, found.n) == (pytest.approx(280 / 300), 1.0, 300)
    assert found.difference == pytest.approx(-20 / 300)
    assert found.change is Change.REGRESSED
    assert found.source == "suites/quality.ipynb"


def test_the_same_answers_are_unchanged() -> None:
    assert row(compared(live([True] * 300, [True] * 300)), "accuracy").change is Change.UNCHANGED


def test_few_failed_requests_are_no_regression() -> None:
    states = [FAILED] + [ANSWERED] * 299
    seen = evidence(
        suite_result(evaluation(answers([True] * 300, states=states), answers([True] * 300))), baseline=side("released")
    )

    found = row(compared(seen), "requests_failed")

    assert (found.value, found.baseline, found.change) == (1, 0, Change.UNCHANGED)


def test_below_the_floor_nothing_is_a_change() -> None:
    assert row(compared(live([False] * 20, [True] * 20)), "accuracy").change is Change.UNKNOWN


def test_a_first_release_has_no_change() -> None:
    found = row(compared(evidence(suite_result(evaluation(answers([True] * 300)))), baseline=None), "accuracy")

    assert (found.value, found.baseline, found.difference, found.change) == (1.0, None, None, Change.UNKNOWN)


def test_a_recorded_metric_the_stored_run_lacks_is_added() -> None:
    seen = evidence(suite_result(observations=(recorded("drift", 0.1),)))

    assert row(compared(seen, stored=evidence(suite_result())), "drift").change is Change.ADDED


def test_a_live_baseline_says_nothing_of_recorded_metrics() -> None:
    seen = evidence(suite_result(observations=(recorded("drift", 0.1),)), baseline=side("released"))

    assert row(compared(seen), "drift").change is Change.UNKNOWN


def test_a_metric_only_the_stored_run_has_is_removed() -> None:
    before = evidence(suite_result(evaluation(answers([True] * 100)), observations=(recorded("drift", 0.1),)))

    found = compared(evidence(suite_result()), stored=before)

    assert [(row(found, name).baseline, row(found, name).change) for name in ("accuracy", "drift")] == [
        (1.0, Change.REMOVED),
        (0.1, Change.REMOVED),
    ]
    assert row(found, "drift").missing_because == "this run did not measure it"


def test_a_missing_number_keeps_its_reason_and_the_baselines_value() -> None:
    seen = evidence(
        suite_result(),
        candidate=side(platform=(observed("cpu_max", None, because="no samples in window"),)),
        baseline=side("released", platform=(observed("cpu_max", 0.4),)),
    )

    found = row(compared(seen), "cpu_max")

    assert (found.value, found.missing_because, found.baseline) == (None, "no samples in window", 0.4)
    assert found.change is Change.UNKNOWN


def test_one_window_of_a_platform_metric_is_no_change() -> None:
    seen = evidence(
        suite_result(),
        candidate=side(platform=(observed("memory_max", 2e9), observed("restarts", 1))),
        baseline=side("released", platform=(observed("memory_max", 1e9), observed("restarts", 0))),
    )

    found = compared(seen)

    assert (row(found, "memory_max").difference, row(found, "memory_max").change) == (1e9, Change.UNKNOWN)
    assert row(found, "restarts").change is Change.REGRESSED


def test_data_that_differ_are_shown_but_not_compared() -> None:
    before = evidence(suite_result(evaluation(answers([True] * 300), digest="e" * 64)))

    found = row(compared(evidence(suite_result(evaluation(answers([False] * 300)))), stored=before), "accuracy")

    assert (found.value, found.baseline, found.difference, found.change) == (0.0, 1.0, None, Change.UNKNOWN)
    (notice,) = found.notices
    assert notice.startswith(
        "not compared: the data of 'holdout' differ from those the baseline answered (300 examples"
    )


def test_latency_is_drawn_for_both_sides() -> None:
    candidate = answers([True] * 200, latency=[0.1 + each / 1000 for each in range(200)])
    seen = evidence(suite_result(evaluation(candidate, answers([True] * 200, latency=0.2))), baseline=side("released"))

    (found,) = compared(seen).distributions

    assert (found.levels[0], found.levels[-1], len(found.levels)) == (0.01, 0.99, 99)
    assert (found.candidate[0], found.candidate[49]) == (pytest.approx(0.101), pytest.approx(0.199))
    assert found.baseline == (0.2,) * 99


def test_a_run_that_saw_nothing_has_no_rows() -> None:
    found = compared(evidence(), baseline=None)

    assert (found.deltas, found.estimates, found.distributions) == ((), (), ())
