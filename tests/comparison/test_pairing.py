"""Which answers belong together: by position when both sides were asked in this run, by example id otherwise."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from jupyter_deployfeedback.comparison.comparing import compare
from jupyter_deployfeedback.domain.comparison import Comparison, Estimate
from jupyter_deployfeedback.domain.evaluation import Evaluation
from tests.comparison.evidence import FAILED, answers, asked, evaluation, evidence, rule, side, suite_result

HALF = [True, False] * 60
ALL = [True] * 120


def live(*evaluations: Evaluation) -> Comparison:
    seen = evidence(suite_result(*evaluations), baseline=side("released"))
    return compare(seen, stored=None, baseline="released", estimands=asked(rule("accuracy", ">=-1pp")))


def stored(now: Evaluation, *before: Evaluation) -> Comparison:
    return compare(
        evidence(suite_result(now)),
        stored=evidence(suite_result(*before)),
        baseline="v1.0",
        estimands=asked(rule("accuracy", ">=-1pp")),
    )


def picture(data: str) -> str:
    return f"data:image/png;base64,{data}"


def only(comparison: Comparison) -> Estimate:
    (found,) = comparison.estimates
    return found


def test_live_answers_pair_by_position() -> None:
    found = live(evaluation(answers(HALF), answers(ALL, target="released")))

    assert only(found).value == -0.5
    assert found.paired


def test_broken_examples_are_those_only_the_baseline_got_right() -> None:
    found = live(
        evaluation(answers([True, False, True]), answers([True, True, False]), slices={"digit": ("0", "1", "2")})
    )

    assert [(each.example_id, each.candidate, each.baseline, each.slices) for each in found.broken] == [
        ("example-1", 0, 1, {"digit": "1"})
    ]
    assert [each.example_id for each in found.fixed] == ["example-2"]


def test_changed_examples_bring_their_pictures() -> None:
    shown = {"example-1": picture("AAAA")}

    found = live(evaluation(answers([True, False, True]), answers([True, True, False]), pictures=shown))

    assert [each.picture for each in (*found.broken, *found.fixed)] == [picture("AAAA"), None]


def test_stored_pictures_show_what_only_the_candidate_got_right() -> None:
    now = evaluation(answers([False, True]), pictures={"example-0": picture("AAAA")})
    before = evaluation(answers([True, False]), pictures={"example-1": picture("BBBB")})

    found = stored(now, before)

    assert [each.picture for each in (*found.broken, *found.fixed)] == [picture("AAAA"), picture("BBBB")]


@pytest.mark.parametrize(
    "hostile",
    [
        "javascript:alert(1)",
        "https://example.org/a.png",
        "data:image/svg+xml;base64,AAAA",
        'data:image/png;base64,AAAA" onerror="alert(1)',
        "data:image/png;base64,AAAA\n",
        "data:image/png;base64,",
        "data:image/png;base64," + "A" * 100_000,
    ],
)
def test_picture_is_base64_and_nothing_else(hostile: str) -> None:
    with pytest.raises(ValidationError, match="pictures"):
        evaluation(answers([True]), pictures={"example-0": hostile})


def test_an_example_without_an_answer_is_broken() -> None:
    states = [FAILED, *[answers([True]).states[0]] * 2]

    found = live(evaluation(answers([True] * 3, states=states), answers([True] * 3)))

    assert [each.example_id for each in found.broken] == ["example-0"]
    assert found.broken[0].candidate is None


def test_stored_answers_pair_by_example_id_in_any_order() -> None:
    ids = [f"e{row}" for row in range(120)]
    now = evaluation(answers(HALF), ids=ids)
    before = evaluation(answers(HALF[::-1]), ids=ids[::-1])

    found = stored(now, before)

    assert only(found).value == 0.0
    assert found.broken == ()


def test_a_stored_baseline_is_weak_evidence() -> None:
    found = stored(evaluation(answers(ALL)), evaluation(answers(ALL)))

    assert only(found).weak == "historical: the baseline was measured in another run"
    assert not found.paired


def test_other_data_than_the_baseline_answered_are_an_error_not_an_unpaired_comparison() -> None:
    found = stored(evaluation(answers(ALL)), evaluation(answers(ALL), digest="e" * 64))

    assert only(found).value is None
    assert only(found).missing_because == (
        "the data of 'holdout' differ from those the baseline answered (120 examples here, 120 there); "
        "to compare, send the same examples"
    )
    assert not only(found).baseline_missing


def test_trap_21_shuffled_ids_are_an_error_not_an_unpaired_comparison() -> None:
    truth = [0, 1] * 60
    now = evaluation(answers(predictions=truth), truth=truth)
    before = evaluation(answers(predictions=truth), truth=truth[::-1])

    assert (
        only(stored(now, before)).missing_because == "the true answers of 'holdout' differ from those of the baseline"
    )


def test_missing_ids_are_an_error() -> None:
    ids = [f"e{row}" for row in range(120)]

    found = stored(evaluation(answers(ALL), ids=ids), evaluation(answers(ALL[1:]), ids=ids[1:]))

    assert only(found).missing_because == "the example ids of 'holdout' differ from those of the baseline"


def test_a_renamed_evaluation_still_pairs_with_the_same_data() -> None:
    found = stored(evaluation(answers(ALL), name="new name"), evaluation(answers(ALL), name="old name"))

    assert only(found).value == 0.0


def test_an_evaluation_the_baseline_never_saw_is_left_out_and_said() -> None:
    now = [evaluation(answers(HALF)), evaluation(answers(ALL), name="drift", digest="f" * 64)]
    seen = evidence(suite_result(*now))

    found = compare(
        seen,
        stored=evidence(suite_result(evaluation(answers(HALF)))),
        baseline="v1.0",
        estimands=asked(rule("accuracy", ">=-1pp")),
    )

    assert (only(found).value, only(found).n) == (0.0, 120)
    assert "drift was not answered by the baseline and is not compared" in found.notices


def test_without_a_common_evaluation_nothing_is_compared() -> None:
    found = stored(evaluation(answers(ALL), name="new", digest="f" * 64), evaluation(answers(ALL)))

    assert only(found).missing_because == "no evaluation of this run was answered by the baseline too"
    assert not only(found).baseline_missing


def test_a_run_asked_for_by_name_is_the_baseline_even_where_another_was_loaded_live() -> None:
    now = evaluation(answers(HALF), answers(ALL, target="released"))

    found = compare(
        evidence(suite_result(now), baseline=side("released", version="2.0")),
        stored=evidence(suite_result(evaluation(answers(HALF))), candidate=side(version="1.9")),
        baseline="run-17",
        estimands=asked(rule("accuracy", ">=-1pp")),
    )

    assert (only(found).value, found.paired, found.broken) == (0.0, False, ())
    assert [(each.what, each.before) for each in found.differences] == [("model version", "1.9")]


def test_without_a_baseline_live_answers_are_not_compared() -> None:
    now = evaluation(answers(HALF), answers(ALL, target="released"))
    seen = evidence(suite_result(now), baseline=side("released", version="2.0"))

    found = compare(seen, stored=None, baseline=None, estimands=asked(rule("accuracy", ">=-1pp")))

    assert (only(found).baseline_missing, found.broken, found.differences) == (True, (), ())
