"""Examples whose score is known beforehand: whatever scores one of them otherwise makes the run an error."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_deployfeedback.comparison.comparing import compare
from jupyter_deployfeedback.comparison.self_test.known_examples import known_scores, strangers
from jupyter_deployfeedback.domain.evaluation import Evaluation, Known, KnownKind, RequestState, Task
from jupyter_deployfeedback.domain.run import Evidence, Outcome
from jupyter_deployfeedback.domain.verdict import GateState, SelfTest, Verdict
from jupyter_deployfeedback.verdict import judge, self_test
from tests.comparison.evidence import ANSWERED, FAILED, answers, asked, case, evaluation, evidence, rule, suite_result

RULE = rule("accuracy", ">=0.9")


def an_example(kind: KnownKind, **changed: Any) -> Known:
    truth = {KnownKind.WRONG: 2}.get(kind, 1)
    lost = kind is KnownKind.UNREACHABLE
    sound = {
        "kind": kind,
        "truth": truth,
        "prediction": None if lost else 1,
        "state": FAILED if lost else ANSWERED,
        "scored_right": kind is KnownKind.RIGHT,
    }
    return Known.model_validate(sound | changed)


def run(*known: Known, task: Task = Task.CLASSIFICATION, **changed: Any) -> Evidence:
    found = evaluation(answers([True] * 200), task=task).model_copy(update={"known": known, **changed})
    return evidence(suite_result(found))


def tried(seen: Evidence) -> SelfTest:
    known, strange = known_scores(seen), strangers(seen)
    return self_test((), beyond=(), inside=(), confidence=0.95, known=known, strangers=strange)


ALL = [an_example(kind) for kind in KnownKind]


@pytest.mark.parametrize("task", Task)
def test_known_examples_come_out_as_they_must(task: Task) -> None:
    found = tried(run(*ALL, task=task))

    assert (found.misses, found.told) == ((), "0 of 0 limits and 3 known examples tried, none came out wrong")


@pytest.mark.parametrize("task", Task)
@pytest.mark.parametrize(
    ("kind", "changed", "said"),
    [
        (KnownKind.RIGHT, {"scored_right": False}, "scored an example labelled with what the target answered as wrong"),
        (KnownKind.WRONG, {"scored_right": True}, "scored a deliberately mislabelled example as right"),
        (KnownKind.UNREACHABLE, {"scored_right": True}, "to an address where nobody listens as right"),
        (KnownKind.RIGHT, {"prediction": 3}, "what the target answered of quality holdout was judged as fail, which must be pass"),
        (KnownKind.WRONG, {"truth": 1}, "mislabelled example of quality holdout was judged as pass, which must be fail"),
        (KnownKind.UNREACHABLE, {"prediction": 1, "state": ANSWERED}, "was judged as pass, which must be error"),
    ],
)  # fmt: skip
def test_trap_22_a_score_that_is_turned_round_is_an_error(
    task: Task, kind: KnownKind, changed: dict[str, Any], said: str
) -> None:
    seen = run(an_example(kind, **changed), task=task)

    found = judge(
        compare(seen, stored=None, baseline=None, estimands=asked(RULE)),
        rules=(RULE,),
        suites=seen.suites,
        expected_suites=("quality",),
        candidate=seen.candidate.facts,
        expect_version=None,
        confidence=0.95,
        tested=tried(seen),
    )

    assert (found.verdict, found.gate) == (Verdict.ERROR, GateState.CLOSED)
    assert found.findings[0].reason.text.startswith("the gate's self-test missed: ")
    assert said in found.findings[0].reason.text
    assert found.self_test == "0 of 0 limits and 1 known examples tried, 1 came out wrong"


def test_known_examples_enter_no_metric() -> None:
    wrong = [an_example(KnownKind.WRONG)] * 50

    with_them, without = (
        compare(run(*known), stored=None, baseline=None, estimands=asked(RULE)) for known in (wrong, [])
    )

    assert with_them == without


def test_known_examples_of_a_broken_suite_are_scored_too() -> None:
    cases = (case(Outcome.ERRORED, message="boom"),)
    found: Evaluation = evaluation(answers([True] * 200)).model_copy(update={"known": tuple(ALL)})

    assert tried(evidence(suite_result(found, outcome=Outcome.ERRORED, cases=cases))).misses == ()


@pytest.mark.parametrize(
    ("predictions", "truth", "is_strange"),
    [
        (["8", "1"], [8, 1], True),
        ([8.0, 1.0], ["8", "1"], True),
        ([" cat"], ["cat"], True),
        ([8.0, 1.0], [8, 1], False),
        ([True], [1], False),
        (["dog", "cat"], ["cat", "dog"], False),
        (["dog"], ["cat"], False),  # all wrong, but not because of how it is written
        ([3, "1"], [3, 1], False),
    ],
)
def test_trap_22_answers_that_can_never_be_right_are_an_error(
    predictions: list[Any],
    truth: list[Any],
    is_strange: bool,  # noqa: FBT001 - a table
) -> None:
    found = evaluation(answers(predictions=predictions), truth=truth)

    missed = tried(evidence(suite_result(found))).misses

    assert [each.verdict for each in missed] == ([Verdict.ERROR] if is_strange else [])


def test_answers_of_another_type_are_named() -> None:
    found = evaluation(answers(predictions=["8", None], states=[ANSWERED, RequestState.FAILED]), truth=[8, 1])

    (missed,) = tried(evidence(suite_result(found))).misses

    said = "quality holdout: the target answers '8', but the truth is like 1; give evaluate the truth as the target writes it"
    assert missed.reason.text == f"the gate's self-test missed: {said}"
