"""Where new users with models of their own had to guess, or were told what did not help them."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_deployfeedback.comparison.self_test.known_examples import strangers
from jupyter_deployfeedback.errors import ProtocolError
from jupyter_deployfeedback.probe.protocols.rest import RestProtocol
from jupyter_deployfeedback.probe.settings import RequestShape, ResponseShape
from tests.comparison.evidence import answers, evaluation, evidence, suite_result


def read(payload: object, **paths: str) -> Any:
    return RestProtocol(RequestShape(), ResponseShape(**paths)).answer(payload, count=1)


@pytest.mark.parametrize(
    ("path", "problem", "remedy"),
    [
        ("$.results.label", "has no $.results.label: there is a list of 1", "$.results[*] is each element of the list"),
        ("$.results[*].tag", "has no $.results[*].tag: the keys there are label, score", "paths under response:"),
        ("$.results[*]", "a prediction is an object", "the keys there are label, score"),
    ],
)
def test_a_path_that_ends_too_early_is_told_as_it_would_go_on(path: str, problem: str, remedy: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        read({"results": [{"label": "a", "score": 0.5}]}, predictions=path)

    assert problem in refused.value.message
    assert remedy in refused.value.remedy


def test_probabilities_may_be_named_by_their_classes() -> None:
    scores = {"predictions": ["benign"], "scores": [{"malignant": 0.25, "benign": 0.75}]}

    assert read(scores, predictions="$.predictions", probabilities="$.scores").probabilities == [0.75]
    with pytest.raises(ProtocolError, match=r"a probability is 1\.5"):
        read({"predictions": [1], "scores": [{"a": 1.5}]}, predictions="$.predictions", probabilities="$.scores")


@pytest.mark.parametrize("truth", [[0, 1], [0.0, 1.0], [False, True]])
def test_names_that_are_compared_with_numbers_are_an_error_and_no_accuracy_of_0(truth: list[Any]) -> None:
    found = evaluation(answers(predictions=["malignant", "benign"]), truth=truth)

    (said,) = strangers(evidence(suite_result(found)))

    assert "the target answers 'benign', but the truth is like" in said


@pytest.mark.parametrize(
    ("predictions", "truth"), [(["unsure", 1], [0, 1]), ([None, None], [0, 1]), (["a", "b"], ["c", "d"])]
)
def test_wrong_answers_are_wrong_and_no_error(predictions: list[Any], truth: list[Any]) -> None:
    assert list(strangers(evidence(suite_result(evaluation(answers(predictions=predictions), truth=truth))))) == []
