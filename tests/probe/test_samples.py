"""Summaries of plain numbers, against numpy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_deployfeedback.errors import HarnessError, UsageError
from jupyter_deployfeedback.probe.results import Samples

NUMBERS = st.lists(st.floats(-1e9, 1e9, allow_nan=False), min_size=1, max_size=50)


@given(values=NUMBERS, q=st.floats(0, 1))
def test_quantile_is_numpys(values: list[float], q: float) -> None:
    assert Samples(values, what="latency").quantile(q) == pytest.approx(np.quantile(values, q), rel=1e-9, abs=1e-6)


@given(values=NUMBERS)
def test_mean_is_numpys(values: list[float]) -> None:
    assert Samples(values, what="latency").mean() == pytest.approx(np.mean(values), rel=1e-9, abs=1e-6)


def test_of_nothing_there_is_no_number() -> None:
    for summary in (Samples.mean, Samples.min, Samples.max, lambda samples: samples.p95):
        with pytest.raises(HarnessError, match="there is no latency: no request was answered"):
            summary(Samples([], what="latency"))


def test_percent_for_a_quantile_is_noticed() -> None:
    with pytest.raises(UsageError, match=r"For p95 write 0\.95"):
        Samples([1.0], what="latency").quantile(95)


def test_samples_are_a_sequence() -> None:
    samples = Samples([3.0, 1.0], what="latency")

    assert (list(samples), len(samples), samples[0], samples[-1]) == ([3.0, 1.0], 2, 3.0, 1.0)
    assert max(samples) == samples.max() == 3.0
