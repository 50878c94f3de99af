"""Holm's correction, against the textbook example and statsmodels."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from jupyter_deployfeedback.verdict.holm import adjusted


def test_holm_of_the_textbook_example() -> None:
    assert adjusted([0.004, 0.012, 0.03, 0.2]) == pytest.approx((0.016, 0.036, 0.06, 0.2))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_is_that_of_statsmodels(p_values: list[float]) -> None:
    assert adjusted(p_values) == pytest.approx(tuple(multipletests(p_values, method="holm")[1]))


def test_nothing_to_adjust_is_nothing() -> None:
    assert adjusted([]) == ()
