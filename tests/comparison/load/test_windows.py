"""Numbers of windows that alternate between both sides: the window is the sample."""

from __future__ import annotations

import math
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from jupyter_deployfeedback.comparison.comparing import compare
from jupyter_deployfeedback.domain.comparison import Change, Comparison, Estimate
from jupyter_deployfeedback.domain.evaluation import Evaluation, WindowPair
from jupyter_deployfeedback.domain.metric import Window
from jupyter_deployfeedback.domain.rules.rule import Rule
from jupyter_deployfeedback.domain.run import Evidence
from tests.comparison.evidence import ANSWERED, FAILED, NOON, answers, asked, evaluation, rule, suite_result
from tests.comparison.load.loads import load, loaded, pairs, watched

NOW = [1.05, 1.11, 1.08, 1.02, 1.10]
BEFORE = [1.00, 1.01, 0.99, 1.00, 1.02]
GIB = 2.0**30


def compared(
    seen: Evidence, *rules: Rule, baseline: str | None = "released", stored: Evidence | None = None
) -> Comparison:
    return compare(seen, stored=stored, baseline=baseline, estimands=asked(*rules))


def answer(seen: Evidence, asking: Rule, *, baseline: str | None = "released") -> Estimate:
    return compared(seen, asking, baseline=baseline).estimates[0]


def in_gib(values: list[float]) -> list[float]:
    return [value * GIB for value in values]


def test_ratio_is_that_of_the_mean_log_ratio_with_students_interval_over_the_pairs() -> None:
    found = answer(watched("memory_max", in_gib(NOW), in_gib(BEFORE)), rule("memory_max", "<=+15%"))

    logs = np.log(np.array(NOW) / np.array(BEFORE))
    low, high = stats.t.interval(0.90, df=4, loc=logs.mean(), scale=stats.sem(logs))
    assert found.value == pytest.approx(math.expm1(logs.mean()))
    assert found.interval == pytest.approx((math.expm1(low), math.expm1(high)))
    assert (found.n, found.weak, found.below_floor, found.method) == (5, None, None, "paired-windows-log-ratio")
    assert found.candidate == pytest.approx(stats.gmean(NOW) * GIB)


def test_difference_and_absolute_limits_are_judged_over_the_windows_too() -> None:
    seen = watched("cpu_mean", NOW, BEFORE)

    difference, alone = compared(seen, rule("cpu_mean", "<=+0.2cores", "<=2cores")).estimates

    expected = stats.t.interval(0.90, df=4, loc=np.mean(NOW), scale=stats.sem(NOW))
    assert difference.value == pytest.approx(np.mean(NOW) - np.mean(BEFORE))
    assert alone.interval == pytest.approx(expected)
    assert (difference.method, alone.method, alone.weak) == ("paired-windows", "windows", None)


def test_a_cap_on_a_maximum_stays_exact() -> None:
    assert answer(watched("memory_max", in_gib(NOW), in_gib(BEFORE)), rule("memory_max", "<=2GiB")).exact


@pytest.mark.parametrize(("count", "floor"), [(2, "at least 3 are needed"), (3, None)])
def test_fewer_than_three_windows_a_side_are_below_the_floor(count: int, floor: str | None) -> None:
    seen = watched("cpu_mean", NOW[:count], BEFORE[:count])

    assert answer(seen, rule("cpu_mean", "<=+15%")).below_floor == floor


def test_trap_14_slices_of_one_series_are_refused() -> None:
    sliced = watched("cpu_mean", NOW, BEFORE, windows=pairs(5, rest=0.0))

    found = answer(sliced, rule("cpu_mean", "<=+15%"))

    assert (
        found.missing_because
        == "its windows follow one another without rest: they are slices of one series, not repetitions"
    )


def test_windows_that_overlap_are_refused() -> None:
    shifted = timedelta(seconds=11)
    given = pairs(5)
    mine = given[0].candidate
    moved = WindowPair(candidate=Window(start=mine.start + shifted, end=mine.end + shifted), baseline=given[0].baseline)

    found = answer(watched("cpu_mean", NOW, BEFORE, windows=(moved, *given[1:])), rule("cpu_mean", "<=+15%"))

    assert "its windows overlap" in str(found.missing_because)


def test_trap_15_windows_of_different_length_are_refused() -> None:
    given = pairs(5)
    longer = Window(start=given[-1].candidate.start, end=given[-1].candidate.end + timedelta(seconds=5))
    unequal = (*given[:-1], WindowPair(candidate=longer, baseline=given[-1].baseline))
    ordered = sorted([longer, *(pair.candidate for pair in given[:-1])], key=lambda window: window.start)
    assert ordered[-1] == longer

    found = answer(watched("memory_max", in_gib(NOW), in_gib(BEFORE), windows=unequal), rule("memory_max", "<=+15%"))

    assert found.missing_because == "its windows are not equally long (10 to 15 s)"


@pytest.mark.parametrize(
    ("candidate", "baseline", "expected"),
    [
        ([*NOW[:4], None], BEFORE, "only 3 of 5 expected scrapes"),
        (NOW, [None, *BEFORE[1:]], "of the baseline: only 3 of 5 expected scrapes"),
    ],
)
def test_a_window_without_its_number_is_an_error_not_left_out(
    candidate: list[float | None], baseline: list[float | None], expected: str
) -> None:
    seen = watched("cpu_mean", candidate, baseline, because="only 3 of 5 expected scrapes")

    assert answer(seen, rule("cpu_mean", "<=+15%")).missing_because == expected


def test_a_window_that_was_not_watched_is_an_error() -> None:
    seen = watched("cpu_mean", NOW, BEFORE)
    short = seen.candidate.model_copy(update={"loaded": seen.candidate.loaded[:-1]})

    found = answer(seen.model_copy(update={"candidate": short}), rule("cpu_mean", "<=+15%"))

    assert found.missing_because == "a window of the load was not watched"


def test_a_window_whose_number_may_be_partial_is_an_error() -> None:
    seen = watched("cpu_mean", NOW, BEFORE)
    *others, last = seen.candidate.loaded
    partial = last.observations[0].model_copy(update={"partial": "a store did not answer"})
    windows = (*others, last.model_copy(update={"observations": (partial,)}))
    candidate = seen.candidate.model_copy(update={"loaded": windows})

    found = answer(seen.model_copy(update={"candidate": candidate}), rule("cpu_mean", "<=+15%"))

    assert found.missing_because == "a store did not answer"


def test_quantiles_of_a_histogram_are_not_averaged_over_windows() -> None:
    seen = watched("cpu_mean", [0.12, 0.11, 0.13, 0.26, 0.12], BEFORE, called="p95")
    whole = seen.candidate.platform[0].model_copy(update={"edges": (0.1, 0.25, 0.5)})
    candidate = seen.candidate.model_copy(update={"platform": (whole,)})

    found = answer(seen.model_copy(update={"candidate": candidate}), rule("p95", "<=0.25cores"))

    assert (found.value, found.weak) == (whole.value, "one window, not repeated")


def test_a_metric_renewed_too_rarely_for_the_windows_stays_weak_and_says_what_to_do() -> None:
    why = "the target is scraped every 15 s, too rarely for windows of 10 s; write jdf.load(..., seconds=75)"
    seen = watched("memory_mean", in_gib(NOW), in_gib(BEFORE), too_coarse={"memory_mean": why})

    assert answer(seen, rule("memory_mean", "<=+15%")).weak == f"one window, not repeated: {why}"


def test_a_zero_has_no_ratio() -> None:
    found = answer(watched("cpu_mean", NOW, [0.0, *BEFORE[1:]]), rule("cpu_mean", "<=+15%"))

    assert found.unit == "%"  # of the limit, which is told all the same
    assert "write a difference" in str(found.missing_because)


def test_a_stored_baseline_has_no_windows_of_this_run() -> None:
    seen = watched("cpu_mean", NOW, BEFORE)
    alone = seen.model_copy(update={"baseline": None})

    found = compared(alone, rule("cpu_mean", "<=+15%"), stored=alone).estimates[0]

    assert found.weak == "one window, not repeated"


def test_without_a_baseline_a_relative_limit_is_not_judged() -> None:
    assert answer(watched("cpu_mean", NOW, BEFORE), rule("cpu_mean", "<=+15%"), baseline=None).baseline_missing


def test_the_table_shows_the_numbers_of_the_windows_and_whether_they_moved() -> None:
    row = next(each for each in compared(watched("cpu_mean", NOW, BEFORE)).deltas if each.metric.name == "cpu_mean")

    assert row.value == pytest.approx(np.mean(NOW))
    assert row.baseline == pytest.approx(np.mean(BEFORE))
    assert row.interval is not None
    assert row.change is Change.REGRESSED


def under_load(*, slower: float = 1.0, count: int = 5, requests: int = 100, seed: int = 0) -> Evidence:
    draw = np.random.default_rng(seed)
    payload = draw.lognormal(-3, 0.3, (count, requests))
    now = payload * draw.lognormal(0, 0.05, (count, 1)) * draw.lognormal(0, 0.1, (count, requests)) * slower
    before = payload * draw.lognormal(0, 0.05, (count, 1)) * draw.lognormal(0, 0.1, (count, requests))
    return loaded(load(now.tolist(), before.tolist()))


def test_latency_is_that_of_the_load_where_there_is_one() -> None:
    quick = evaluation(answers([True] * 300, latency=0.001), answers([True] * 300, latency=0.001))
    seen = loaded(load([[0.2] * 100] * 5, [[0.2] * 100] * 5), beside=[quick])

    found, counted = compared(seen, rule("latency", "p(95)<300ms"), rule("requests_answered", ">=1")).estimates

    assert (found.value, found.n) == (0.2, 500)
    assert counted.value == 800


@pytest.mark.parametrize("text", ["typical<=+10%", "p(50)<=+10%", "p(95)<=+10%", "avg<=+10%", "share(>60ms)<=+10pp"])
def test_relative_latency_under_load_varies_as_its_windows_do(text: str) -> None:
    found = answer(under_load(slower=1.5), rule("latency", text))

    assert (found.method, found.n, found.facts["windows"]) == ("windows-jackknife", 500, 5)
    assert found.value is not None
    assert found.interval is not None
    assert found.interval[0] < found.value < found.interval[1]
    assert found.p_beyond is not None


def test_a_share_of_slow_requests_that_no_window_saw_is_as_unsure_as_few_requests_are() -> None:
    seen = loaded(load([[0.1] * 34] * 3, [[0.1] * 34] * 3))

    found = answer(seen, rule("latency", "share(>300ms)<=+1pp"))

    assert found.value == 0
    assert found.interval is not None
    assert found.interval[1] > 0.02  # of 102 requests, none slow: 2.6 points


def test_the_jackknife_of_a_mean_is_students_interval_over_the_windows() -> None:
    seen = under_load(slower=1.2)
    each = seen.suites[0].evaluations[0]
    sides = [
        np.array(side.latency_seconds).reshape(5, 100).mean(axis=1) for side in (each.candidate, each.baseline) if side
    ]
    gaps = sides[0] - sides[1]

    found = answer(seen, rule("latency", "avg<=+10ms"))

    assert found.interval == pytest.approx(stats.t.interval(0.90, df=4, loc=gaps.mean(), scale=stats.sem(gaps)))


def test_an_absolute_latency_is_as_unsure_as_its_windows_differ() -> None:
    alike = answer(loaded(load([[0.1, 0.2] * 50] * 5)), rule("latency", "p(95)<300ms"), baseline=None)
    unlike = answer(
        loaded(load([[each] * 100 for each in (0.1, 0.12, 0.11, 0.1, 0.4)])),
        rule("latency", "p(95)<300ms"),
        baseline=None,
    )

    assert alike.interval == pytest.approx((0.2, 0.2))
    assert unlike.interval is not None
    assert unlike.interval[1] - unlike.interval[0] > 0.2


@pytest.mark.parametrize("text", ["typical<=+10%", "share(>60ms)<=+1pp", "p(50)<300ms", "avg<300ms", "share(>60ms)<1%"])
@pytest.mark.parametrize(
    ("count", "floor"),
    [
        (1, "1 window of load, at least 3 are needed"),
        (2, "2 windows of load, at least 3 are needed"),
        (3, None),
    ],
)
def test_latency_of_fewer_than_three_windows_is_not_judged(text: str, count: int, floor: str | None) -> None:
    assert answer(under_load(count=count), rule("latency", text)).below_floor == floor


def test_latency_of_windows_that_cannot_be_told_apart_is_weak_evidence_for_a_limit_of_its_own() -> None:
    at = [NOON + timedelta(seconds=10 * place) for place in range(6)]
    slices = tuple(WindowPair(candidate=Window(start=start, end=end)) for start, end in pairwise(at))
    seen = loaded(load([[0.1] * 100] * 5, windows=slices))

    found = answer(seen, rule("latency", "p(95)<300ms"), baseline=None)

    assert found.weak == "its windows follow one another without rest: they are slices of one series, not repetitions"


def test_a_quantile_of_too_few_requests_is_not_compared_whatever_the_windows() -> None:
    found = answer(under_load(requests=50), rule("latency", "p(95)<=+10%"))

    assert found.below_floor == "at least 300 are needed"


def test_throughput_under_load_is_what_was_answered_in_the_window() -> None:
    states = ([ANSWERED] * 39 + [FAILED]) * 5
    found = answer(loaded(load([[0.1] * 40] * 5, states=states)), rule("throughput", ">=3/s"), baseline=None)

    assert (found.value, found.n, found.method) == (3.9, 5, "windows")


def test_throughput_is_what_a_target_can_do_not_what_it_was_sent() -> None:
    queue = [0.2 * place + 0.39 for place in range(50)]  # sent every 0.2 s, answered every 0.4 s
    seen = loaded(load([queue] * 5))

    found = answer(seen, rule("throughput", ">=4/s"), baseline=None)

    assert (found.value, found.interval) == (2.5, (2.5, 2.5))


def test_too_few_answers_under_load_are_an_error() -> None:
    states = ([ANSWERED] * 36 + [FAILED] * 4) * 5
    found = answer(loaded(load([[0.1] * 40] * 5, states=states)), rule("latency", "p(95)<3s"), baseline=None)

    assert found.missing_because == "the candidate answered only 180 of 200 requests"


def test_accuracy_is_not_touched_by_a_load() -> None:
    right = evaluation(answers([True] * 290 + [False] * 10), answers([True] * 300))
    seen = loaded(load([[0.2] * 100] * 5, [[0.2] * 100] * 5), beside=[right])

    found = compared(seen, rule("accuracy", ">=-5pp"))

    assert (found.estimates[0].candidate, found.estimates[0].n) == (pytest.approx(290 / 300), 300)
    assert len(found.broken) == 10


def test_a_slice_is_looked_at_among_the_evaluated_examples() -> None:
    sliced = evaluation(
        answers([True] * 300, latency=0.1), answers([True] * 300, latency=0.1), slices={"digit": ("8",) * 300}
    )
    seen = loaded(load([[0.2] * 100] * 5, [[0.2] * 100] * 5), beside=[sliced])

    assert answer(seen, rule("latency{digit:8}", "p(50)<1s")).value == 0.1


def test_the_report_says_that_latency_is_under_load() -> None:
    assert compared(under_load()).notices == (
        "latency and throughput are those under load: 5 windows of 10 s at 10 requests a second on each side",
    )


def beside(start: float, *, suite: str) -> Evaluation:
    """An evaluation that another suite made, so many seconds after the load began; it took 60 s."""
    given = evaluation(answers([True] * 300), answers([True] * 300), suite=suite)
    moved = Window(start=given.window.start + timedelta(seconds=start), end=given.window.end + timedelta(seconds=start))
    return given.model_copy(update={"window": moved})


@pytest.mark.parametrize(
    ("start", "expected"), [(30, "suites load and quality loaded the target at the same time"), (90, None)]
)
def test_a_load_that_was_not_alone_is_weak_evidence(start: float, expected: str | None) -> None:
    seen = watched("cpu_mean", NOW, BEFORE)
    company = suite_result(beside(start, suite="quality"), name="quality")
    crowded = seen.model_copy(update={"suites": (*seen.suites, company)})

    for asking in (rule("cpu_mean", "<=+15%"), rule("latency", "avg<=+15%")):
        weak = answer(crowded, asking).weak
        assert (weak is None) if expected is None else str(weak).startswith(expected)


def test_suites_that_met_each_other_but_not_the_load_do_not_weaken_it() -> None:
    seen = watched("cpu_mean", NOW, BEFORE)
    others = [suite_result(beside(90, suite=name), name=name) for name in ("quality", "more")]

    found = answer(seen.model_copy(update={"suites": (*seen.suites, *others)}), rule("latency", "avg<=+15%"))

    assert found.weak is None


def test_a_baseline_that_went_down_under_load_is_an_error_whatever_rule_covers_the_candidate() -> None:
    seen = under_load()
    each = seen.suites[0].evaluations[0]
    assert each.baseline is not None
    down = each.baseline.model_copy(update={"states": (ANSWERED,) * 300 + (FAILED,) * 200})
    suite = seen.suites[0].model_copy(update={"evaluations": (each.model_copy(update={"baseline": down}),)})

    found, _ = compared(
        seen.model_copy(update={"suites": (suite,)}), rule("latency", "typical<=+10%"), rule("failure_rate", "<=1%")
    ).estimates

    assert found.missing_because == "the baseline answered only 300 of 500 requests"
