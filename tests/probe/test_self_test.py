"""The examples of the self-test: scored with each evaluation, known beforehand, and in none of its numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import jupyter_deployfeedback as jdf
from jupyter_deployfeedback.probe.evaluation import another
from tests.probe.test_evaluation import EXAMPLES, TRUTH, always, as_domain

Deploy = Callable[..., Any]
Records = Callable[[], list[dict[str, Any]]]


def kinds(record: dict[str, Any]) -> dict[str, tuple[Any, Any, str, bool]]:
    return {
        each.kind.value: (each.truth, each.prediction, each.state.value, each.scored_right)
        for each in as_domain(record).known
    }


@pytest.mark.parametrize(
    ("answer", "other"), [(7, 8), (0.5, 1.5), ("cat", "not cat"), (True, False), (1e300, 0)], ids=str
)
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_an_answer_of_the_target_is_labelled_right_and_wrong(
    deploy: Deploy, records: Records, answer: Any, other: Any, task: str
) -> None:
    target = jdf.connect(deploy(always({"predictions": [answer]})).url)

    jdf.evaluate(target, EXAMPLES, ["x"] * 10 if task == "classification" else [1.0] * 10, task=task)

    assert kinds(records()[-1]) == {
        "right": (answer, answer, "answered", True),
        "wrong": (other, answer, "answered", False),
        "unreachable": (answer, None, "failed", False),
    }


def test_nothing_is_known_to_be_right_where_nothing_was_answered(deploy: Deploy, records: Records) -> None:
    target = jdf.connect(deploy(always({}, status=500)).url)

    jdf.evaluate(target, EXAMPLES, TRUTH)

    assert kinds(records()[-1]) == {"unreachable": (TRUTH[0], None, "failed", False)}


def test_the_target_is_not_asked_for_them_and_no_number_counts_them(deploy: Deploy) -> None:
    deployment = deploy()

    result = jdf.evaluate(jdf.connect(deployment.url), EXAMPLES, TRUTH, warmup=0)

    assert (len(deployment.visits), result.counts["planned"], result.accuracy) == (10, 10, 1.0)


@pytest.mark.parametrize("label", [0, -1, 3.5, 1e17, -1e308, True, False, "", "cat"])
def test_another_label_is_never_the_same(label: Any) -> None:
    assert another(label) != label
