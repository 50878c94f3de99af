"""``record`` and ``check``: nothing that is not a number or a truth passes for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import jupyter_deployfeedback as jdf
from jupyter_deployfeedback.errors import UsageError


def test_number_is_recorded_with_its_meaning(records: Callable) -> None:
    jdf.record("mean_confidence", 0.5, unit="share", better="higher", family="application", n=20)

    assert records() == [
        {
            "schema_version": 1,
            "kind": "metric",
            "name": "mean_confidence",
            "value": 0.5,
            "unit": "share",
            "better": "higher",
            "family": "application",
            "n": 20,
            "missing_because": None,
        }
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3, 3.0), (np.float32(0.5), 0.5), (np.int64(7), 7.0), (np.array([2.0]), 2.0), (np.array(2.0), 2.0), ([4], 4.0)],
)
def test_numbers_of_all_kinds_are_recorded(records: Callable, value: Any, expected: float) -> None:
    jdf.record("a", value)

    assert records()[0]["value"] == expected
    assert records()[0]["missing_because"] is None


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "the suite recorded None"),
        (float("nan"), "the suite recorded nan"),
        (np.float64("nan"), "the suite recorded nan"),
        (float("-inf"), "the suite recorded -inf"),
        (10**400, "the suite recorded inf"),
    ],
)
def test_missing_number_is_null_with_a_reason(records: Callable, value: Any, reason: str) -> None:
    jdf.record("a", value)

    assert records()[0]["value"] is None
    assert records()[0]["missing_because"] == reason


@pytest.mark.parametrize("value", ["0.9", True, np.bool_(1), [1, 2], np.array([1, 2]), {}, object(), pd.NA])
def test_what_is_no_number_is_wrong_use(shown: list, value: Any) -> None:
    with pytest.raises(UsageError, match="takes one number"):
        jdf.record("a", value)

    assert shown == []


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"better": "up"}, "better='up' is not known. Use one of: higher, lower, neither."),
        ({"family": "models"}, "family='models' is not known"),
        ({"n": -1}, "n=-1 is not a number of samples"),
        ({"n": 1.5}, "n=1.5 is not a number of samples"),
        ({"name": ""}, "a metric needs a name"),
    ],
)
def test_wrong_description_is_wrong_use(settings: dict, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        jdf.record(**{"name": "a", "value": 1, **settings})


@pytest.mark.parametrize(
    ("condition", "expected"),
    [(True, True), (False, False), (np.bool_(1), True), (np.array([False]), False), (np.float64(1) > 2, False)],
)
def test_claim_is_recorded_as_it_is(records: Callable, condition: Any, expected: object) -> None:
    jdf.check(condition, "it holds")

    assert records() == [{"schema_version": 1, "kind": "check", "title": "it holds", "passed": expected}]


def test_false_claim_does_not_hide_the_claims_after_it(records: Callable) -> None:
    accuracy = 0.5

    jdf.check(accuracy > 0.9, "first")
    jdf.check(accuracy < 0.9, "second")

    assert [(record["title"], record["passed"]) for record in records()] == [("first", False), ("second", True)]


@pytest.mark.parametrize(
    "condition",
    [None, float("nan"), np.nan, 0.3, 1, "False", [], np.array([True, True]), pd.Series([True, False]), pd.NA],
    ids=repr,
)
def test_condition_that_is_neither_true_nor_false_never_passes(shown: list, condition: Any) -> None:
    with pytest.raises(UsageError, match="neither true nor false"):
        jdf.check(condition, "it holds")

    assert shown == []


def test_swapped_arguments_are_noticed() -> None:
    with pytest.raises(UsageError, match="a check needs a name"):
        jdf.check(condition="it holds", title=True)


def test_outside_a_notebook_both_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    jdf.record("latency", 0.25, unit="s")
    jdf.check(condition=False, title="it is quick")

    assert capsys.readouterr().out == "latency: 0.25 s\nFAILED: it is quick\n"
