from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import theilslopes

from jupyter_deployfeedback.observation.window import (
    Sample,
    changes,
    growth,
    increase,
    interval,
    mean,
    mean_rate,
    rates,
    refresh,
    shortage,
    tidy,
    total,
    trim,
    unwound,
)

NAN = math.nan
counters = st.lists(
    st.tuples(st.integers(0, 10_000).map(float), st.integers(0, 1_000_000).map(float)),
    max_size=30,
    unique_by=lambda s: s[0],
)


def each_second(*values: float) -> list[Sample]:
    return [(float(at), value) for at, value in enumerate(values)]


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ([], []),
        ([(2, 1.0), (1, 5.0)], [(1, 5.0), (2, 1.0)]),  # out of order
        ([(1, 5.0), (1, 7.0)], [(1, 7.0)]),  # twice at one moment
        ([(1, NAN), (2, math.inf), (3, 4.0)], [(3, 4.0)]),  # a staleness marker is no number
    ],
)
def test_samples_are_sorted_unique_and_finite(samples: list[Sample], expected: list[Sample]) -> None:
    assert tidy(samples) == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (1.5, 3.5, [1, 2, 3, 4]),  # one before and one after
        (2.0, 3.0, [2, 3]),  # samples on the edges are the edges
        (-5, 0.5, [0, 1]),  # nothing before
        (4.5, 9.0, [4, 5]),  # nothing after
        (7.0, 9.0, [5]),
    ],
)
def test_window_keeps_the_samples_that_enclose_it(start: float, end: float, expected: list[float]) -> None:
    kept = trim(each_second(0, 1, 2, 3, 4, 5), start, end)
    assert [value for _, value in kept] == expected


@pytest.mark.parametrize(
    ("case", "samples", "watched_since", "expected"),
    [
        ("good requests of the measured run", [(-0.4, 0.0), (0.6, 17.0), (11.6, 190.0), (12.6, 201.0)], -0.4, 201.0),
        ("errors whose series was born in the window", [(4.6, 3.0), (12.6, 7.0)], -0.4, 7.0),
        ("the same, but the target was not watched before", [(4.6, 3.0), (12.6, 7.0)], 4.6, 4.0),
        ("the same, and nobody knows since when it was watched", [(4.6, 3.0), (12.6, 7.0)], None, 4.0),
        ("2 scrapes of a 30 s interval: exact", [(-17.0, 0.0), (13.0, 201.0)], -47.0, 201.0),
        ("a restart counts from zero: delta() would say -6.1", [(0, 7.0), (5, 8.5), (9, 0.4), (12, 0.9)], 0, 2.4),
        ("no series", [], 0, 0.0),
    ],
)
def test_increase_is_what_was_counted(
    case: str, samples: list[Sample], watched_since: float | None, expected: float
) -> None:
    assert increase(samples, start=0.0, watched_since=watched_since) == pytest.approx(expected), case


@pytest.mark.parametrize(
    ("case", "cpu_seconds", "least_seconds", "expected"),
    [
        ("3 s burst on one core", each_second(0, 0, 0.1, 1.09, 2.08, 3.07, 3.1, 3.1), 0.9, 0.99),
        ("R = 5 s smears it", each_second(0, 0, 0.1, 1.09, 2.08, 3.07, 3.1, 3.1), 5.0, 0.62),
        ("two looks 10 ms apart are no two cores", [(0, 0.0), (0.5, 0.1), (1.0, 0.2), (1.01, 0.22)], 0.9, 0.2),
        ("shorter than a stretch: the whole", [(0, 0.0), (0.4, 0.1)], 0.9, 0.25),
        ("several cores", each_second(0, 3.5, 7.0), 0.9, 3.5),
    ],
)
def test_highest_rate_needs_a_stretch(
    case: str, cpu_seconds: list[Sample], least_seconds: float, expected: float
) -> None:
    highest = max(rate for _, rate in rates(cpu_seconds, least_seconds=least_seconds))
    assert highest == pytest.approx(expected, abs=0.005), case


def test_one_sample_has_no_rate() -> None:
    assert rates([(0, 5.0)], least_seconds=0.9) == []


def test_mean_rate_divides_by_the_sampled_span() -> None:
    assert mean_rate([(10.0, 0.0), (22.0, 3.0)]) == 0.25


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ([(0, 10.0)], 10.0),
        ([(0, 10.0), (1, 20.0)], 15.0),
        ([(0, 10.0), (9, 10.0), (9.1, 20.0), (10, 20.0)], 10.95),  # uneven looks do not weigh more
    ],
)
def test_mean_of_a_gauge_is_over_time(samples: list[Sample], expected: float) -> None:
    assert mean(samples) == pytest.approx(expected)


def test_restart_is_a_change_of_the_start_time() -> None:
    assert changes(each_second(100, 100, 250, 250)) == 1


@pytest.mark.parametrize(("times", "expected"), [([], None), ([4.0], None), ([2, 0, 1, 3, 33], 1.0)])
def test_interval_is_the_usual_distance(times: list[float], expected: float | None) -> None:
    assert interval(times) == expected


def test_refresh_is_how_often_the_number_is_renewed_not_scraped() -> None:
    scraped_each_second_renewed_each_third = each_second(0, 0, 0, 3, 3, 3, 6, 6, 6, 9)
    assert refresh(scraped_each_second_renewed_each_third) == 3.0


def test_replicas_scraped_at_different_moments_add_up() -> None:
    one, other = [(0.0, 10.0), (2.0, 10.0)], [(0.5, 5.0), (2.5, 5.0)]
    added = total([one, other], counters=False, hold_seconds=1.0)
    assert added == [(0.0, 15.0), (0.5, 15.0), (2.0, 15.0), (2.5, 15.0)]


def test_memory_of_a_replica_that_is_gone_no_longer_counts() -> None:
    gone, here = [(0.0, 10.0), (1.0, 10.0)], [(0.0, 1.0), (5.0, 1.0)]
    assert total([gone, here], counters=False, hold_seconds=1.0)[-1] == (5.0, 1.0)


def test_cpu_seconds_of_a_replica_that_is_gone_stay_used() -> None:
    gone, here = [(0.0, 0.0), (1.0, 4.0)], [(0.0, 0.0), (5.0, 1.0)]
    assert total([gone, here], counters=True)[-1] == (5.0, 5.0)


@pytest.mark.parametrize(
    ("case", "times", "interval_seconds", "expected"),
    [
        ("enough", [-1, 0.5, 4, 8, 12, 13], 4.0, None),
        (
            "a 30 s interval",
            [-17.0, 13.0],
            30.0,
            "2 samples at a 30 s interval in a window of 12.5 s; load the target for at least 120 s",
        ),
        ("nothing", [], 0.5, "0 samples at a 0.5 s interval in a window of 12.5 s; load the target for at least 2 s"),
        (
            "vanished half-way",
            [0, 1, 2, 3, 4, 5],
            1.0,
            "the samples cover 40 % of a window of 12.5 s; 80 % are needed; run again",
        ),
        (
            "a hole of 9 s",
            [0, 1, 2, 11, 12, 12.5],
            1.0,
            "the samples cover 28 % of a window of 12.5 s; 80 % are needed; run again",
        ),
    ],
)
def test_too_few_samples_say_what_would_settle_it(
    case: str, times: list[float], interval_seconds: float, expected: str | None
) -> None:
    assert shortage(times, start=0.0, end=12.5, interval_seconds=interval_seconds) == expected, case


@given(counters, st.randoms())
def test_order_of_samples_changes_nothing(samples: list[Sample], random: object) -> None:
    shuffled = list(samples)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert tidy(shuffled) == tidy(samples)
    assert unwound(tidy(shuffled)) == unwound(tidy(samples))


@given(counters)
def test_counter_never_falls_once_unwound(samples: list[Sample]) -> None:
    assert all(new >= old for (_, old), (_, new) in pairwise(unwound(tidy(samples))))


@given(counters, st.integers(0, 29))
def test_resets_hide_nothing_that_was_seen(samples: list[Sample], at: int) -> None:
    """Where a process restarts between two looks, what it counted on both sides still adds up."""
    steady = unwound(tidy(samples))
    before, after = steady[:at], steady[at:]
    base = before[-1][1] if before else 0.0
    restarted = before + [(moment, value - base) for moment, value in after]
    if after and before and after[0][1] - base < base:  # else the reset cannot be seen in the values alone
        assert increase(restarted, start=0.0, watched_since=None) == pytest.approx(steady[-1][1])


@given(counters, st.floats(0.5, 5000))
def test_no_rate_is_higher_than_all_that_was_counted_in_the_shortest_stretch(
    samples: list[Sample], least_seconds: float
) -> None:
    grown = unwound(tidy(samples))
    span = grown[-1][0] - grown[0][0] if grown else 0.0
    for _, rate in rates(grown, least_seconds=least_seconds):
        assert 0 <= rate <= grown[-1][1] / min(least_seconds, span) * (1 + 1e-9)


@given(st.lists(counters.map(lambda samples: unwound(tidy(samples))), max_size=4), st.randoms())
def test_order_of_replicas_changes_nothing(series: list[list[Sample]], random: object) -> None:
    shuffled = list(series)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    expected = total(series, counters=True)
    assert total(shuffled, counters=True) == [(at, pytest.approx(value)) for at, value in expected]


@given(counters)
def test_mean_lies_within_its_samples(samples: list[Sample]) -> None:
    known = tidy(samples)
    if known:
        assert min(value for _, value in known) <= mean(known) <= max(value for _, value in known)


@given(counters)
def test_growth_is_theil_and_sens_slope(samples: list[Sample]) -> None:
    known = tidy(samples)
    if len(known) < 2:
        assert growth(known) == 0.0
    else:
        expected = theilslopes([value for _, value in known], [at for at, _ in known]).slope
        assert growth(known) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_growth_is_not_tilted_by_a_peak_and_not_slow_for_many_samples() -> None:
    leaking = [(float(at), 100.0 + 2.0 * at + (5000.0 if 500 < at < 600 else 0.0)) for at in range(2000)]

    assert growth(leaking) == pytest.approx(2.0)
