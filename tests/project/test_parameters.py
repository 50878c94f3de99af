"""Parameters from outside the project file: of a file, and of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_deployfeedback.errors import DeployFeedbackError, ProjectError, UsageError
from jupyter_deployfeedback.project import read_axis, read_parameters_file, read_value


def written(folder: Path, text: str) -> Path:
    (folder / "params.yaml").write_text(text)
    return folder / "params.yaml"


def test_a_parameters_file_holds_names_and_values(tmp_path: Path) -> None:
    file = written(tmp_path, "n: 100\nname: digits\ndepths: [1, 2]\nday: 2026-11-20\nnothing:\n")

    assert read_parameters_file(file) == {
        "n": 100,
        "name": "digits",
        "depths": [1, 2],
        "day": "2026-11-20",
        "nothing": None,
    }


def test_an_empty_parameters_file_has_none(tmp_path: Path) -> None:
    assert read_parameters_file(written(tmp_path, "# nothing yet\n")) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n: 1\nn: 2\n", "params.yaml:2: n: stands here a second time (first on line 1)."),
        ("n: 1\nmodel: {depth: !!binary aGk=}\n", "params.yaml:2: model: is not a parameter,"),
        ("- n\n", "params.yaml:1: must hold names with values."),
        ("n: [1\n", "params.yaml:2: is not YAML"),
    ],
)
def test_what_is_wrong_in_a_parameters_file_has_file_line_and_key(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(ProjectError) as raised:
        read_parameters_file(written(tmp_path, text))

    assert expected in str(raised.value)


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_a_parameters_file_that_cannot_be_read_is_wrong_use(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_parameters_file(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("100", 100), ("x", "x"), ("true", True), ("2026-11-20", "2026-11-20"), ("[1, 2]", [1, 2]), ("", None)],
)
def test_a_value_has_the_type_that_yaml_gives_its_text(text: str, expected: object) -> None:
    assert read_value("n", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("n=1,2", ("n", [1, 2])), ("name=a,'b,c'", ("name", ["a", "b,c"])), ("n=5", ("n", [5])), ("n=", ("n", []))],
)
def test_an_axis_is_a_name_and_its_values(text: str, expected: tuple[str, list[object]]) -> None:
    assert read_axis(text) == expected


@pytest.mark.parametrize("text", ["n", "=1,2", "n=[1],2", "n={a: 1}", "n=]", "n=.nan,1"])
def test_what_is_no_axis_is_wrong_use(text: str) -> None:
    with pytest.raises(UsageError):
        read_axis(text)


@pytest.mark.parametrize(
    "text", ["[!!binary aGk=]", "[" * 60 + "]" * 60, "Error: none", "]", "!!python/name:os.system"]
)
def test_what_is_no_value_is_wrong_use_that_names_the_parameter(text: str) -> None:
    with pytest.raises(DeployFeedbackError, match="is no value for parameter 'n'"):
        read_value("n", text)
