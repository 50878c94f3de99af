"""What differs beside the metrics."""

from __future__ import annotations

from jupyter_deployfeedback.comparison.comparing import compare
from jupyter_deployfeedback.domain.run import Evidence
from tests.comparison.evidence import answers, evaluation, evidence, side, suite_result


def changed(
    seen: Evidence, *, stored: Evidence | None = None, commits: tuple[str | None, str | None] = (None, None)
) -> list[tuple[str, str | None, str | None]]:
    found = compare(
        seen, stored=stored, baseline="released", estimands=(), commit=commits[1], baseline_commit=commits[0]
    )
    return [(each.what, each.before, each.after) for each in found.differences]


def test_model_version_and_served_packages_differ() -> None:
    seen = evidence(
        suite_result(),
        candidate=side(version="2.1", software={"numpy": "2.1", "onnx": "1.0"}),
        baseline=side("released", version="2.0", software={"numpy": "2.0"}),
    )

    assert changed(seen) == [
        ("model version", "2.0", "2.1"),
        ("server package numpy", "2.0", "2.1"),
        ("server package onnx", None, "1.0"),
    ]


def test_versions_are_taken_from_the_answers_where_the_target_is_silent() -> None:
    now, before = answers([True], versions=("2.1",)), answers([True], versions=("2.0",))
    seen = evidence(
        suite_result(evaluation(now, before)), candidate=side(version=None), baseline=side("released", version=None)
    )

    assert changed(seen) == [("model version", "2.0", "2.1")]


def test_a_side_that_does_not_name_its_packages_says_nothing_about_them() -> None:
    seen = evidence(suite_result(), candidate=side(software={"numpy": "2.1"}), baseline=side("released"))

    assert changed(seen) == []


def test_kernel_packages_data_and_commit_differ_from_a_stored_run() -> None:
    before = evidence(suite_result(evaluation(answers([True]), digest="a" * 64), environment={"numpy": "2.0"}))
    seen = evidence(suite_result(evaluation(answers([True]), digest="b" * 64), environment={"numpy": "2.1"}))

    assert changed(seen, stored=before, commits=("1234", "abcd")) == [
        ("kernel package numpy", "2.0", "2.1"),
        ("data quality holdout", "a" * 12, "b" * 12),
        ("commit", "1234", "abcd"),
    ]


def test_an_unknown_commit_is_no_difference() -> None:
    assert changed(evidence(suite_result()), commits=(None, "abcd")) == []
