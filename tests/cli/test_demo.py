"""Where the demo puts its example."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_deployfeedback.cli.demo import prepare_example


def test_a_folder_that_holds_something_else_is_left_alone(
    jdf: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.tex").touch()

    called = jdf("demo", "--directory", str(mine))

    assert called.returncode == 2
    assert called.stderr == (f"Error: {mine} holds something else. Choose a new or an empty folder with --directory.\n")
    assert [path.name for path in mine.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("changed", [False, True])
def test_an_example_that_is_there_is_kept_and_said_to_differ_where_it_does(
    example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], *, changed: bool
) -> None:
    folder = tmp_path / "digits"
    shutil.copytree(example, folder)
    if changed:
        (folder / "README.md").write_text("Mine")

    prepare_example(folder)

    said = capsys.readouterr().err
    expected = f"{folder} is kept as it is, but differs from the example of this version: delete it to begin anew.\n"
    assert said == (expected if changed else "")
    assert ((folder / "README.md").read_text() == "Mine") is changed
