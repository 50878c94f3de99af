"""What YAML itself gets wrong is said with its line, and nothing of YAML's magic changes a value."""

from __future__ import annotations

import pytest

from jupyter_deployfeedback.errors import ProjectError
from jupyter_deployfeedback.project.document import read_document, spell


def problem_of(text: str) -> tuple[int | None, str]:
    with pytest.raises(ProjectError) as caught:
        read_document(text, file="p.yaml")
    (problem,) = caught.value.problems
    return problem.line, problem.problem


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        pytest.param("a: 1\nb: [1, 2\nc: 3\n", 3, "column 2", id="bracket left open"),
        pytest.param("a: 1\n\tb: 2\n", 2, "column 1", id="tab as indentation"),
        pytest.param("a: 'x\n", 2, "column 1", id="quote left open"),
        pytest.param("a: 1\n---\nb: 2\n", 2, "another document", id="two documents"),
        pytest.param("a: *nowhere\n", 1, "column 4", id="alias of nothing"),
        pytest.param("a: 1\nb: \x07\n", 2, "does not allow", id="control character"),
        pytest.param("a: !!python/name:os.system x\n", 1, "column 4", id="tag on a value"),
        pytest.param("a: !!python/object:os.x {b: 1}\n", 1, "not allowed here", id="tag on a mapping"),
        pytest.param("? [1, 2]\n: 3\n", 1, "a key must be a word", id="list as key"),
        pytest.param("a: &a [*a]\n", 1, "endless", id="alias of itself"),
        pytest.param("<<: 3\n", 1, "<< takes a mapping", id="merging a number"),
        pytest.param("[" * 3000, None, "nested too deeply", id="deep nesting"),
    ],
)
def test_text_that_is_not_yaml_names_its_line(text: str, line: int | None, said: str) -> None:
    found_line, found_problem = problem_of(text)

    assert found_line == line
    assert said in found_problem


def test_aliases_that_multiply_are_refused_before_they_fill_the_memory() -> None:
    bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
    bomb += "".join(f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 10)}]\n" for i in range(9))

    _, said = problem_of(bomb)

    assert "too large" in said


def test_each_value_knows_the_line_of_its_key_through_all_forms_of_yaml() -> None:
    document = read_document("a:\n  - b: 1\n    c: {d: 2,\n      e: 3}\n  - |\n    text\nf: 4\n", file="p.yaml")

    lines = {spell(path): line for path, line in document.lines.items()}
    assert lines == {
        "": 1, "a": 1, "a[0]": 2, "a[0].b": 2, "a[0].c": 3, "a[0].c.d": 3, "a[0].c.e": 4, "a[1]": 5, "f": 7,
    }  # fmt: skip


def test_place_that_is_not_in_the_file_has_the_line_of_what_is_around_it() -> None:
    document = read_document("a:\n  b:\n    c: 1\n", file="p.yaml")

    assert document.line(("a", "b", "missing", "deeper")) == 2
    assert document.line(("missing",)) == 1


def test_merge_keys_share_settings_and_own_values_win() -> None:
    document = read_document("x: &x {url: a, model: m}\ny:\n  url: b\n  <<: *x\n", file="p.yaml")

    assert document.data == {"x": {"url": "a", "model": "m"}, "y": {"url": "b", "model": "m"}}
    assert document.line(("y", "url")) == 3
    assert document.problems == []


def test_date_stays_the_text_that_was_typed() -> None:
    assert read_document("version: 2026-11-20\n", file="p.yaml").data == {"version": "2026-11-20"}


def test_third_of_three_equal_keys_is_reported_too_and_the_first_is_kept() -> None:
    document = read_document("a: 1\na: 2\na: 3\n", file="p.yaml")

    assert [problem.line for problem in document.problems] == [2, 3]
    assert document.data == {"a": 1}
