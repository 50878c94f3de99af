"""Holm's correction, against the textbook example and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from jupyter_deployfeedback.verdict.settling import adjusted


def test_holm_of_the_textbook_example() -> None:
    assert adjusted([0.004, 0.012, 0.03, 0.2]) == pytest.approx((0.016, 0.036, 0.06, 0.2))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_holm_is_that_of_statsmodels(seed: int) -> None:
    p_values = np.random.default_rng(seed).beta(0.3, 3, 20).tolist()

    assert adjusted(p_values) == pytest.approx(tuple(multipletests(p_values, method="holm")[1]))


def test_nothing_to_adjust_is_nothing() -> None:
    assert adjusted([]) == ()
