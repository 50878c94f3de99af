"""Shares: the published vectors of the paired interval, and agreement with statsmodels and scipy."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_deployfeedback.comparison.measured import Measured, Missing
from jupyter_deployfeedback.comparison.methods.proportion import (
    clopper_pearson,
    mcnemar_exact,
    mover_ratio,
    newcombe_paired,
    pair_table,
    share,
    share_difference,
    share_ratio,
    wilson,
)
from jupyter_deployfeedback.comparison.samples import Bools

Table = tuple[int, int, int, int]
Method = Callable[[Bools, Bools], Measured | Missing]
TABLES = st.tuples(*[st.integers(0, 200)] * 4).filter(lambda table: sum(table) > 0)

PUBLISHED = [  # both right, fixed, broken, both wrong, confidence, low, high
    ((59, 6, 16, 80), 0.95, -0.1186, -0.0046),
    ((1, 1, 7, 12), 0.95, -0.5069, -0.0256),
    ((14, 5, 0, 22), 0.95, 0.0115, 0.2265),
    ((36, 12, 2, 0), 0.95, 0.0569, 0.3404),
    ((20, 12, 2, 16), 0.95, 0.0562, 0.3292),
    ((54, 0, 0, 0), 0.95, -0.0664, 0.0664),
    ((0, 29, 0, 1), 0.95, 0.7915, 0.9941),
    ((470, 4, 9, 17), 0.90, -0.0236, 0.0027),
    ((930, 20, 10, 40), 0.90, 0.0008, 0.0196),
    ((300, 0, 0, 0), 0.90, -0.0089, 0.0089),
]


@pytest.mark.parametrize(("table", "confidence", "low", "high"), PUBLISHED)
def test_newcombe_interval_gives_the_published_numbers(
    table: Table, confidence: float, low: float, high: float
) -> None:
    assert newcombe_paired(*table, confidence=confidence) == pytest.approx((low, high), abs=5e-5)


@given(TABLES)
def test_newcombe_interval_surrounds_the_difference_within_its_bounds(table: Table) -> None:
    both, fixed, broken, neither = table

    low, high = newcombe_paired(both, fixed, broken, neither)

    assert -1 - 1e-12 <= low <= (fixed - broken) / sum(table) <= high <= 1 + 1e-12


@given(TABLES)
def test_newcombe_interval_mirrors_when_fixed_and_broken_are_swapped(table: Table) -> None:
    both, fixed, broken, neither = table

    low, high = newcombe_paired(both, fixed, broken, neither)

    assert newcombe_paired(both, broken, fixed, neither) == pytest.approx((-high, -low), abs=1e-12)


@given(TABLES.filter(lambda table: table[0] + table[1] > 0))
def test_one_more_broken_example_never_moves_the_newcombe_interval_up(table: Table) -> None:
    both, fixed, broken, neither = table
    worse = (both - 1, fixed, broken + 1, neither) if both else (both, fixed - 1, broken, neither + 1)

    before, after = newcombe_paired(*table), newcombe_paired(*worse)

    assert after[0] <= before[0] + 1e-12
    assert after[1] <= before[1] + 1e-12


@settings(deadline=None)
@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_is_that_of_statsmodels(counts: tuple[int, int]) -> None:
    from statsmodels.stats.proportion import proportion_confint

    hits, n = counts

    assert wilson(hits, n, confidence=0.95) == pytest.approx(
        proportion_confint(hits, n, alpha=0.05, method="wilson"), abs=1e-12
    )


@settings(deadline=None)
@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_exact_interval_is_clopper_pearson_of_statsmodels(counts: tuple[int, int]) -> None:
    from statsmodels.stats.proportion import proportion_confint

    hits, n = counts

    assert clopper_pearson(hits, n, confidence=0.90) == pytest.approx(
        proportion_confint(hits, n, alpha=0.10, method="beta"), abs=1e-9
    )


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(290, 300, 0.944, 0.982), (970, 1000, 0.960, 0.978), (0, 300, 0.0, 0.0099), (3, 600, 0.0014, 0.0129)],
)
def test_exact_interval_of_known_counts(hits: int, n: int, low: float, high: float) -> None:
    assert clopper_pearson(hits, n, confidence=0.90) == pytest.approx((low, high), abs=5e-4)


@pytest.mark.parametrize(("n", "lowest"), [(59, 0.9505), (58, 0.9497)])
def test_all_right_needs_59_examples_to_show_95_percent(n: int, lowest: float) -> None:
    assert clopper_pearson(n, n, confidence=0.90)[0] == pytest.approx(lowest, abs=5e-5)


@pytest.mark.parametrize(
    ("fixed", "broken", "p"), [(6, 16, 0.052479), (4, 9, 0.267), (0, 5, 0.0625), (0, 6, 0.031), (0, 0, 1.0)]
)
def test_mcnemar_p_value_of_known_counts(fixed: int, broken: int, p: float) -> None:
    assert mcnemar_exact(fixed, broken) == pytest.approx(p, abs=5e-4)


@pytest.mark.parametrize(("fixed", "broken"), [(6, 16), (4, 9), (0, 6), (20, 19), (7, 7), (150, 210)])
def test_mcnemar_p_value_is_that_of_statsmodels(fixed: int, broken: int) -> None:
    from statsmodels.stats.contingency_tables import mcnemar

    expected = mcnemar([[59, fixed], [broken, 80]], exact=True).pvalue

    assert mcnemar_exact(fixed, broken) == pytest.approx(expected)


def test_share_difference_counts_pairs_candidate_first() -> None:
    candidate = np.array([True, True, False, False] * 30)
    baseline = np.array([True, False, True, False] * 30)

    assert pair_table(candidate, baseline) == (30, 30, 30, 30)


def test_share_difference_keeps_the_counts_behind_it() -> None:
    candidate = np.array([True] * 479 + [False] * 21)
    baseline = np.array([True] * 470 + [False] * 30)

    found = share_difference(candidate, baseline)

    assert isinstance(found, Measured)
    assert {name: found.facts[name] for name in ("both", "candidate_only", "baseline_only", "neither")} == {
        "both": 470,
        "candidate_only": 9,
        "baseline_only": 0,
        "neither": 21,
    }


@pytest.mark.parametrize("method", [share_difference, share_ratio])
def test_no_pairs_give_no_number(method: Method) -> None:
    nothing = np.array([], dtype=bool)

    assert isinstance(method(nothing, nothing), Missing)


def test_no_samples_give_no_share() -> None:
    assert isinstance(share(0, 0), Missing)


def test_ratio_to_a_share_of_zero_is_refused() -> None:
    found = share_ratio(np.ones(200, dtype=bool), np.zeros(200, dtype=bool))

    assert isinstance(found, Missing)
    assert "difference in pp" in found.reason


def test_mover_interval_covers_the_true_ratio_of_shares() -> None:
    draw = np.random.default_rng(11)
    truth = np.array([0.86, 0.02, 0.06, 0.06])  # both, candidate only, baseline only, neither
    ratio = (truth[0] + truth[1]) / (truth[0] + truth[2]) - 1

    tables = draw.multinomial(300, truth, size=2000)
    covered = [low <= ratio <= high for low, high in (mover_ratio(*map(int, table)) for table in tables)]

    assert 0.88 <= sum(covered) / len(covered) <= 0.95


@given(TABLES)
def test_mover_interval_surrounds_the_ratio_or_is_unbounded(table: Table) -> None:
    both, fixed, broken, neither = table
    if both + broken == 0:
        return
    ratio = (both + fixed) / (both + broken) - 1

    low, high = mover_ratio(both, fixed, broken, neither)

    assert low <= ratio + 1e-9
    assert ratio <= high + 1e-9 or math.isinf(high)
