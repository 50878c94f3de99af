"""Latency: coverage of the intervals, floors, and requests that got no answer."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import wilcoxon

from jupyter_deployfeedback.comparison.beyond_limit import p_beyond
from jupyter_deployfeedback.comparison.measured import Measured, Missing, absolute_quantile, relative_quantile
from jupyter_deployfeedback.comparison.methods.bootstrap import quantile_effect
from jupyter_deployfeedback.comparison.methods.mean import mean, mean_difference, mean_ratio
from jupyter_deployfeedback.comparison.methods.proportion import order_statistic, quantile, quantile_interval
from jupyter_deployfeedback.comparison.methods.typical import typical_ratio, walsh_averages, walsh_interval
from jupyter_deployfeedback.comparison.samples import Floats
from jupyter_deployfeedback.domain.comparison import Estimand
from jupyter_deployfeedback.domain.rules.rule import Aggregate, Comparator, Expression, Relation

INF = math.inf


def paired(n: int, *, slowdown: float = 1.0, seed: int = 3, noise: float = 0.15) -> tuple[Floats, Floats, Floats]:
    draw = np.random.default_rng(seed)
    payload = draw.lognormal(-3, 0.5, n)
    now = payload * draw.lognormal(0, noise, n) * slowdown
    return now, payload * draw.lognormal(0, noise, n), np.arange(n, dtype=float)


def measured(found: object) -> Measured:
    assert isinstance(found, Measured)
    return found


def typical(now: Floats, before: Floats, sent_at: Floats) -> Measured:
    return measured(typical_ratio(now, before, sent_at=sent_at, confidence=0.95))


@pytest.mark.parametrize("n", [6, 20, 100])
def test_typical_interval_covers_no_change_nine_times_out_of_ten(n: int) -> None:
    runs = 400
    covered = 0
    for seed in range(runs):
        low, high = typical(*paired(n, seed=seed)).interval_at(0.90)
        covered += low <= 0 <= high

    assert 0.86 <= covered / runs <= 0.97


def test_typical_interval_is_where_wilcoxon_turns_significant() -> None:
    draw = np.random.default_rng(5)
    values = draw.normal(0.1, 1, 60)
    walsh = walsh_averages(values)

    low, high = walsh_interval(walsh, n=60, confidence=0.90)

    for edge in (low, high):
        assert wilcoxon(values - edge, correction=False, method="approx").pvalue == pytest.approx(0.10, abs=0.01)


@pytest.mark.parametrize("n", [100, 600, 5000])
def test_typical_finds_a_slowdown_of_twenty_percent(n: int) -> None:
    found = typical(*paired(n, slowdown=1.2))
    low, high = found.interval_at(0.90)

    assert found.value == pytest.approx(0.20, abs=0.05)
    assert 0.10 < low <= found.value <= high


def test_a_slowdown_of_five_percent_is_found_in_100_pairs_more_often_than_not() -> None:
    alarms = sum(typical(*paired(100, slowdown=1.05, seed=seed)).interval_at(0.90)[0] > 0 for seed in range(200))

    assert alarms / 200 >= 0.55


def test_many_pairs_are_judged_by_stretches_of_time() -> None:
    found = typical(*paired(5000))

    assert found.method == "block-medians-paired"


def test_the_order_of_the_rows_does_not_change_typical() -> None:
    now, before, sent_at = paired(4000)
    shuffled = np.random.default_rng(1).permutation(4000)

    first, second = typical(now, before, sent_at), typical(now[shuffled], before[shuffled], sent_at[shuffled])

    assert first.value == second.value
    assert first.interval_at(0.90) == second.interval_at(0.90)


def test_five_pairs_are_below_the_floor_of_typical() -> None:
    assert typical(*paired(5)).below_floor == "at least 6 are needed"


def test_a_request_only_the_candidate_left_unanswered_makes_it_slower() -> None:
    now, before, sent_at = paired(100)
    failing = now.copy()
    failing[np.argmax(now / before)] = INF

    without, having = typical(now, before, sent_at), typical(failing, before, sent_at)

    assert having.n == 100
    assert having.interval_at(0.90)[1] >= without.interval_at(0.90)[1]


def test_a_pair_without_an_answer_of_the_baseline_is_left_out() -> None:
    now, before, sent_at = paired(100)
    before[0] = INF

    assert typical(now, before, sent_at).n == 99


@pytest.mark.parametrize(("confidence", "fewest"), [(0.95, 6), (0.975, 6), (0.983, 6), (0.99, 7), (0.999, 10)])
def test_six_pairs_are_too_few_where_chance_puts_them_on_one_side_too_often(confidence: float, fewest: int) -> None:
    pairs = [paired(n, slowdown=2.0) for n in (fewest - 1, fewest)]

    short, enough = (
        measured(typical_ratio(now, before, sent_at=sent_at, confidence=confidence)) for now, before, sent_at in pairs
    )

    assert short.below_floor == f"at least {fewest} are needed"
    assert enough.below_floor is None
    assert all(map(math.isfinite, enough.interval_at(2 * confidence - 1)))


def test_an_alarm_of_six_pairs_is_no_surer_than_all_on_one_side_by_chance() -> None:
    limit = Expression(
        text="", aggregate=Aggregate.TYPICAL, comparator=Comparator.AT_MOST, relation=Relation.RATIO, limit=0.1
    )
    found = typical(*paired(6, slowdown=9.0))

    assert p_beyond(Estimand(metric="latency", expression=limit), found.interval_at) == pytest.approx(2**-6, rel=1e-3)


def test_two_clocks_that_did_not_move_show_no_difference() -> None:
    still = np.zeros(300)

    found = quantile_effect(still, still, 0.5, relation=Relation.RATIO, sent_at=np.arange(300.0))

    assert (measured(found).value, measured(found).interval_at(0.90)) == (0.0, (0.0, 0.0))


def test_no_pairs_of_latencies_give_no_typical_ratio() -> None:
    nothing = np.full(10, INF)

    assert isinstance(typical_ratio(nothing, nothing, sent_at=np.arange(10.0), confidence=0.95), Missing)


@pytest.mark.parametrize(("level", "floor"), [(0.90, 29), (0.95, 59), (0.99, 299), (0.999, 2995)])
def test_absolute_quantile_needs_as_many_samples_as_its_interval(level: float, floor: int) -> None:
    enough, short = np.arange(float(floor)), np.arange(floor - 1.0)

    assert absolute_quantile(level, confidence=0.95) == floor
    assert all(map(math.isfinite, measured(quantile(enough, level, confidence=0.95)).interval_at(0.90)))
    assert measured(quantile(short, level, confidence=0.95)).below_floor == f"at least {floor:,} are needed"


@pytest.mark.parametrize(("level", "floor"), [(0.50, 30), (0.95, 300), (0.99, 1500)])
def test_relative_quantile_needs_fifteen_samples_beyond_it(level: float, floor: int) -> None:
    assert relative_quantile(level) == floor


@pytest.mark.parametrize("n", [59, 60, 100, 333, 1000, 20_000])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95])
@pytest.mark.parametrize("confidence", [0.80, 0.90, 0.95])
def test_quantile_interval_is_that_of_scipy(n: int, level: float, confidence: float) -> None:
    from scipy.stats import quantile_test

    values = np.sort(paired(n)[0])
    expected = quantile_test(values, q=0, p=level).confidence_interval(confidence)

    found = quantile_interval(values, level, confidence=confidence)

    if math.isnan(expected.high):
        assert math.isnan(found[1])
    else:
        assert found == (expected.low, expected.high)


def test_trap_11_interval_of_p99_covers_the_truth() -> None:
    draw = np.random.default_rng(7)
    true_p99 = math.exp(2.3263478740408408)
    covered = 0
    for _ in range(400):
        low, high = measured(quantile(draw.lognormal(0, 1, 300), 0.99, confidence=0.95)).interval_at(0.90)
        covered += low <= true_p99 <= high

    assert covered / 400 >= 0.88


def test_trap_4_time_outs_are_the_slowest_answers() -> None:
    latencies = np.concatenate([np.full(980, 0.5), np.full(20, 5.0)])

    assert order_statistic(latencies, 0.99) == 5.0


def test_quantile_counts_unanswered_requests_as_slower_than_all_others() -> None:
    latencies = np.concatenate([np.linspace(0.1, 0.2, 97), np.full(3, INF)])

    assert order_statistic(latencies, 0.95) == pytest.approx(order_statistic(np.linspace(0.1, 0.2, 97), 95 / 97))
    assert order_statistic(latencies, 0.99) == INF


@pytest.mark.parametrize("relation", [Relation.RATIO, Relation.DIFFERENCE])
@pytest.mark.parametrize(
    ("n", "level", "method"), [(300, 0.5, "paired-bootstrap"), (9000, 0.95, "block-quantiles-paired")]
)
def test_quantile_effect_interval_surrounds_the_effect(n: int, level: float, method: str, relation: Relation) -> None:
    now, before, sent_at = paired(n, slowdown=1.3)

    found = measured(quantile_effect(now, before, level, relation=relation, sent_at=sent_at))
    low, high = found.interval_at(0.90)

    assert found.method == method
    assert 0 < low <= found.value <= high


def test_quantile_ratio_interval_covers_no_change() -> None:
    covered = 0
    for seed in range(60):
        now, before, sent_at = paired(300, seed=seed)
        low, high = measured(quantile_effect(now, before, 0.5, relation=Relation.RATIO, sent_at=sent_at)).interval_at(
            0.90
        )
        covered += low <= 0 <= high

    assert covered / 60 >= 0.83


def test_the_order_of_the_rows_does_not_change_the_bootstrap() -> None:
    now, before, sent_at = paired(400)
    shuffled = np.random.default_rng(1).permutation(400)

    first = measured(quantile_effect(now, before, 0.5, relation=Relation.RATIO, sent_at=sent_at))
    second = measured(
        quantile_effect(now[shuffled], before[shuffled], 0.5, relation=Relation.RATIO, sent_at=sent_at[shuffled])
    )

    assert first.interval_at(0.90) == second.interval_at(0.90)


def test_trap_12_a_tail_that_doubled_is_found_where_the_middle_stayed() -> None:
    now, before, sent_at = paired(600)
    now[::33] *= 4

    middle = measured(quantile_effect(now, before, 0.5, relation=Relation.RATIO, sent_at=sent_at)).interval_at(0.90)
    tail = np.count_nonzero(now > 0.3) - np.count_nonzero(before > 0.3)

    assert middle[0] <= 0.02
    assert tail > 0


def test_the_mean_of_a_long_tail_lies_above_its_interval_as_rarely_as_it_should() -> None:
    draw, runs, n = np.random.default_rng(92), 1000, 300
    truth = math.exp(0.3**2 / 2) * (1 + 0.02 * 4)  # 2 % of the requests take five times as long
    above = 0
    for _ in range(runs):
        values = draw.lognormal(0, 0.3, n) * np.where(draw.random(n) < 0.02, 5, 1)
        above += measured(mean(values)).interval_at(0.90)[1] < truth

    assert above / runs <= 0.07  # Student's t: 11 %


def test_the_mean_of_few_samples_with_a_tail_is_below_the_floor() -> None:
    assert measured(mean(paired(99)[0])).below_floor == "at least 100 are needed"


def test_mean_interval_of_what_is_not_skewed_is_students() -> None:
    from scipy.stats import ttest_1samp

    values = np.arange(150.0)
    edges = ttest_1samp(values, 0).confidence_interval(0.90)

    assert measured(mean(values)).interval_at(0.90) == pytest.approx((edges.low, edges.high), rel=1e-9)


def test_mean_difference_of_pairs_is_the_paired_t_interval() -> None:
    from scipy.stats import ttest_rel

    now, before, _ = paired(50)
    edges = ttest_rel(now, before).confidence_interval(0.90)

    assert measured(mean_difference(now, before)).interval_at(0.90) == pytest.approx((edges.low, edges.high), rel=1e-9)


def test_mean_ratio_interval_covers_no_change() -> None:
    covered = 0
    for seed in range(300):
        now, before, _ = paired(200, seed=seed)
        low, high = measured(mean_ratio(now, before)).interval_at(0.90)
        covered += low <= 0 <= high

    assert 0.86 <= covered / 300 <= 0.95


@pytest.mark.parametrize("method", [mean_difference, mean_ratio])
def test_means_of_nothing_are_missing(method: Callable[[Floats, Floats], Measured | Missing]) -> None:
    assert isinstance(method(np.array([]), np.array([])), Missing)
