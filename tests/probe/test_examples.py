"""What users bring: lists, arrays, series, frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from jupyter_deployfeedback.errors import UsageError
from jupyter_deployfeedback.probe.examples import gather_examples, plain, plain_rows, scalar

FRAME = pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5], "c": ["x", "y"]}, index=[10, 11])


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ([[1, 2], [3, 4]], [[1, 2], [3, 4]]),
        (((1, 2), (3, 4)), [[1, 2], [3, 4]]),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (np.array([1.5, 2.5], dtype=np.float32), [1.5, 2.5]),
        (np.array([np.array([1]), "x"], dtype=object), [[1], "x"]),
        (pd.Series([1, 2], index=[7, 8]), [1, 2]),
        (FRAME, [[1, 0.5, "x"], [2, 1.5, "y"]]),
        ([{"a": np.int64(1)}, {"a": np.array([2])}], [{"a": 1}, {"a": [2]}]),
        ((n for n in range(2)), [0, 1]),
        (["text", "more"], ["text", "more"]),
    ],
)
def test_examples_become_plain_values(inputs: Any, expected: list) -> None:
    found = list(plain_rows(inputs))

    assert found == expected
    assert {type(value) for value in found} == {type(value) for value in expected}


@pytest.mark.parametrize(
    "value", [np.float64(1.5), np.int8(1), np.bool_(1), np.str_("x"), np.array(1.5), pd.Series([1, 2])]
)
def test_plain_values_are_plain_to_the_bottom(value: Any) -> None:
    found = plain(value)

    for one in found if isinstance(found, list) else [found]:
        assert type(one) in {int, float, bool, str}


@pytest.mark.parametrize("inputs", ["text", b"bytes", {"a": 1}, 5, None])
def test_what_holds_no_examples_is_refused(inputs: object) -> None:
    with pytest.raises(UsageError, match="not a list, array or frame of examples"):
        plain_rows(inputs)


def test_value_without_a_json_form_is_refused() -> None:
    with pytest.raises(UsageError, match="type object cannot be sent as JSON"):
        plain(object())


@pytest.mark.parametrize(
    "truth", [[1, 0], np.array([1, 0]), np.array([[1], [0]]), pd.Series([1, 0], index=[5, 6]), iter([1, 0])]
)
def test_truth_is_one_label_for_each_example(truth: object) -> None:
    found = gather_examples(np.zeros((2, 3)), truth, ids=np.array([3, 4]), slices={"s": pd.Series(["a", "b"])})

    assert found.truth == [1, 0]
    assert found.ids == ["3", "4"]
    assert found.slices == {"s": ["a", "b"]}


@pytest.mark.parametrize("value", [None, float("nan"), np.nan, float("inf"), [1, 2], {}])
def test_label_that_is_missing_or_several_is_refused(value: object) -> None:
    with pytest.raises(UsageError, match="the label is"):
        scalar(value, what="the label")


def test_digest_is_the_sha256_of_ids_and_truth() -> None:
    found = gather_examples([0, 0], [1, "x"], ids=["b", "a"], slices=None)

    # printf '[["a","x"],["b",1]]' | sha256sum
    assert found.digest == "a13e089766c903e99bb1da7f2c23fd881a30c2141f915d4ae2fd35713c0028ce"
