"""Templates, paths and shapes of the rest protocol."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jupyter_deployfeedback.errors import ProtocolError, UsageError
from jupyter_deployfeedback.probe.protocols.paths import find, parse_path, written
from jupyter_deployfeedback.probe.protocols.rest import RestProtocol
from jupyter_deployfeedback.probe.settings import RequestShape, ResponseShape


def rest(body: object = None, **response: str) -> RestProtocol:
    request = RequestShape() if body is None else RequestShape(body=body)
    return RestProtocol(request, ResponseShape(**response))


@pytest.mark.parametrize(
    ("template", "batch", "expected"),
    [
        ({"inputs": "$inputs"}, [[1, 2], [3, 4]], {"inputs": [[1, 2], [3, 4]]}),
        ("$inputs", [1, 2], [1, 2]),
        ({"x": "$input"}, [[1, 2]], {"x": [1, 2]}),
        ({"rows": [{"data": "$inputs"}], "n": 3, "flag": True}, ["a"], {"rows": [{"data": ["a"]}], "n": 3, "flag": True}),
        ({"messages": [{"role": "user", "content": "$input"}]}, ["hi"], {"messages": [{"role": "user", "content": "hi"}]}),
        ({"inputs": "$inputs", "note": "not $inputs"}, [1], {"inputs": [1], "note": "not $inputs"}),
    ],
)  # fmt: skip
def test_template_becomes_the_body(template: object, batch: list, expected: object) -> None:
    request = rest(template).request(batch)

    assert json.loads(request.body) == expected
    assert (request.method, request.path) == ("POST", "/predict")


@pytest.mark.parametrize("template", [{"inputs": []}, "inputs", {"a": "$inputs", "b": "$input"}])
def test_template_needs_one_place_for_the_inputs(template: object) -> None:
    with pytest.raises(UsageError, match=r"needs either \$inputs"):
        rest(template)


def test_single_example_template_refuses_a_batch() -> None:
    with pytest.raises(UsageError, match="takes one example"):
        rest({"x": "$input"}).request([1, 2])


@pytest.mark.parametrize(
    ("payload", "count", "expected"),
    [
        ([1, 2], 2, [1, 2]),
        ([[1], [2]], 2, [1, 2]),
        (["cat", "dog"], 2, ["cat", "dog"]),
        ([True, False], 2, [True, False]),
        ([1.5], 1, [1.5]),
        (7, 1, [7]),
        ([[7]], 1, [7]),
    ],
)
def test_predictions_come_one_for_each_example(payload: object, count: int, expected: list) -> None:
    assert rest().answer({"predictions": payload}, count=count).predictions == expected


@pytest.mark.parametrize(
    ("payload", "count", "problem"),
    [
        ([1, 2, 3], 2, "holds 3 predictions for 2 examples"),
        ([], 1, "holds 0 predictions for 1 examples"),
        ([[1, 2], [3, 4]], 2, "a prediction is a list of 2"),
        ([None, 1], 2, "a prediction is null"),
        ([{"label": 1}], 1, "a prediction is an object"),
        (None, 1, "a prediction is null"),
        ("cat", 2, "the predictions are the value 'cat', not a list"),
        (["a\x00b"], 1, "NUL character"),
        (["\ud800"], 1, "lone surrogate"),
        ([float("nan")], 1, "a prediction is the value 'nan'"),
    ],
)
def test_what_is_no_prediction_is_refused(payload: object, count: int, problem: str) -> None:
    with pytest.raises(ProtocolError, match=problem):
        rest().answer({"predictions": payload}, count=count)


@pytest.mark.parametrize(
    ("given", "count", "expected"),
    [
        ([0.5, 0.25], 2, [0.5, 0.25]),
        ([[0.5], [0.25]], 2, [0.5, 0.25]),
        ([[0.25, 0.75], [0.5, 0.5]], 2, [0.75, 0.5]),
        ([0.25, 0.75], 1, [0.75]),
        (0.5, 1, [0.5]),
        ([1.0000001], 1, [1.0]),
    ],
)
def test_probability_is_that_of_the_predicted_class(given: object, count: int, expected: list) -> None:
    answer = rest(probabilities="$.p").answer({"predictions": [0] * count, "p": given}, count=count)

    assert answer.probabilities == expected


@pytest.mark.parametrize("given", [[1.5], [-0.1], ["0.5"], [True], [[]]])
def test_what_is_no_probability_is_refused(given: object) -> None:
    with pytest.raises(ProtocolError, match="not a number from 0 to 1"):
        rest(probabilities="$.p").answer({"predictions": [0], "p": given}, count=1)


def test_version_may_be_missing() -> None:
    assert rest(version="$.model.version").answer({"predictions": [0]}, count=1).version is None


def test_version_is_text() -> None:
    assert rest(version="$.v").answer({"predictions": [0], "v": 3}, count=1).version == "3"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", {"a": {"b": [10, 20]}, "odd.key": 1, "r": [{"l": "x"}, {"l": "y"}]}),
        ("$.a.b", [10, 20]),
        ("$.a.b[1]", 20),
        ("$['odd.key']", 1),
        ("$.r[*].l", ["x", "y"]),
    ],
)
def test_path_finds(path: str, expected: Any) -> None:
    payload = {"a": {"b": [10, 20]}, "odd.key": 1, "r": [{"l": "x"}, {"l": "y"}]}

    assert find(payload, parse_path(path)) == expected
    assert written(parse_path(path)) == path


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("$.b", r"the answer has no \$\.b: the keys there are a\."),
        ("$.a.b", r"the answer has no \$\.a\.b: there is a list of 1\."),
        ("$.a[1]", r"the answer has no \$\.a\[1\]: there is a list of 1\."),
        ("$[*].a", r"the answer has no \$\[\*\]: the keys there are a\."),
    ],
)
def test_path_that_leads_nowhere_says_what_is_there(path: str, problem: str) -> None:
    with pytest.raises(ProtocolError, match=problem):
        find({"a": [1]}, parse_path(path))


@pytest.mark.parametrize("path", ["", "predictions", "$predictions", "$.a[x]", "$.a[", "$..a", "$.a[-1]"])
def test_path_that_cannot_be_read_is_wrong_use(path: str) -> None:
    with pytest.raises(UsageError, match="path"):
        parse_path(path)
