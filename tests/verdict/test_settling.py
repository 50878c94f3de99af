"""One interval against one limit, and how many more samples would settle it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from jupyter_deployfeedback.domain.rules.rule import Comparator, Relation
from jupyter_deployfeedback.domain.verdict import Verdict
from jupyter_deployfeedback.verdict.findings import adjusted, n_more, settle

PASS, INCONCLUSIVE, FAIL, ERROR = Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL, Verdict.ERROR
AT_MOST, BELOW, AT_LEAST, ABOVE, EQUAL = (Comparator(each) for each in ("<=", "<", ">=", ">", "=="))


@pytest.mark.parametrize(
    ("interval", "comparator", "expected"),
    [
        ((0.1, 0.9), AT_MOST, PASS),
        ((0.1, 1.0), AT_MOST, PASS),
        ((0.1, 1.0), BELOW, INCONCLUSIVE),
        ((0.1, 0.9), BELOW, PASS),
        ((0.9, 1.1), AT_MOST, INCONCLUSIVE),
        ((1.0, 1.1), AT_MOST, INCONCLUSIVE),
        ((1.0, 1.1), BELOW, FAIL),
        ((1.1, 1.2), AT_MOST, FAIL),
        ((1.1, 1.2), AT_LEAST, PASS),
        ((1.0, 1.2), AT_LEAST, PASS),
        ((1.0, 1.2), ABOVE, INCONCLUSIVE),
        ((1.1, 1.2), ABOVE, PASS),
        ((0.9, 1.1), AT_LEAST, INCONCLUSIVE),
        ((0.9, 1.0), AT_LEAST, INCONCLUSIVE),
        ((0.9, 1.0), ABOVE, FAIL),
        ((0.8, 0.9), AT_LEAST, FAIL),
        ((1.0, 1.0), EQUAL, PASS),
        ((0.9, 1.0), EQUAL, FAIL),
    ],
)
def test_where_the_interval_lies_decides(
    interval: tuple[float, float], comparator: Comparator, expected: Verdict
) -> None:
    assert settle(sum(interval) / 2, interval, comparator=comparator, limit=1.0) is expected


@pytest.mark.parametrize(
    ("value", "comparator", "expected"),
    [(0, EQUAL, PASS), (1, EQUAL, FAIL), (0, AT_MOST, PASS), (1, BELOW, FAIL), (1, AT_MOST, PASS), (2, ABOVE, PASS)],
)
def test_an_exact_number_is_compared_itself(value: float, comparator: Comparator, expected: Verdict) -> None:
    limit = 0 if comparator is EQUAL else 1

    assert settle(value, None, comparator=comparator, limit=limit) is expected


@pytest.mark.parametrize("comparator", Comparator)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, None, "", "NaN"])
def test_trap_5_what_is_no_number_is_an_error_everywhere(comparator: Comparator, bad: object) -> None:
    assert settle(bad, None, comparator=comparator, limit=1.0) is ERROR
    assert settle(bad, (0.1, 0.2), comparator=comparator, limit=1.0) is ERROR
    assert settle(0.1, (0.1, bad), comparator=comparator, limit=1.0) is ERROR  # type: ignore[arg-type]
    assert settle(0.1, (bad, 0.1), comparator=comparator, limit=1.0) is ERROR  # type: ignore[arg-type]
    assert settle(0.1, (0.1, 0.2), comparator=comparator, limit=bad) is ERROR  # type: ignore[arg-type]


def test_an_interval_that_ends_before_it_begins_is_an_error() -> None:
    assert settle(0.5, (0.9, 0.1), comparator=AT_MOST, limit=1.0) is ERROR


@pytest.mark.parametrize("interval", [(0.5, 1e200), (-1e200, 2.0), (0.5, 0.6)])
def test_an_absurd_width_gives_no_absurd_number(interval: tuple[float, float]) -> None:
    assert n_more(0.7, interval, limit=1.0, n=100, relation=Relation.ABSOLUTE) in {None, 1}


def test_more_samples_for_a_ratio_are_counted_on_the_log_scale() -> None:
    assert n_more(0.06, (-0.01, 0.135), limit=0.10, n=600, relation=Relation.RATIO) == 1444


def test_more_samples_for_a_difference_face_the_limit() -> None:
    theta, low, high = -0.01, -0.023645, 0.002727

    assert n_more(theta, (low, high), limit=-0.02, n=500, relation=Relation.DIFFERENCE) == 431


def test_beyond_the_limit_the_other_edge_faces_it() -> None:
    assert n_more(1.1, (0.9, 1.2), limit=1.0, n=100, relation=Relation.ABSOLUTE) == 300


@pytest.mark.parametrize("limit", [1.0, 1.0001])
def test_on_the_limit_no_number_would_settle_it(limit: float) -> None:
    assert n_more(1.0, (0.9, 1.1), limit=limit, n=100, relation=Relation.ABSOLUTE) is None


def test_of_samples_that_are_all_alike_more_narrow_the_interval_sooner() -> None:
    low = proportion_confint(100, 100, alpha=0.10, method="beta")[0]

    more = n_more(1.0, (low, 1.0), limit=0.98, n=100, relation=Relation.ABSOLUTE, alike=True)

    assert more == 48  # 149 of 149 pass >=0.98


def test_holm_of_the_textbook_example() -> None:
    assert adjusted([0.004, 0.012, 0.03, 0.2]) == pytest.approx((0.016, 0.036, 0.06, 0.2))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_holm_is_that_of_statsmodels(seed: int) -> None:
    p_values = np.random.default_rng(seed).beta(0.3, 3, 20).tolist()

    assert adjusted(p_values) == pytest.approx(tuple(multipletests(p_values, method="holm")[1]))


def test_nothing_to_adjust_is_nothing() -> None:
    assert adjusted([]) == ()
