"""The magics in a real kernel."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

CELLS = [
    "%load_ext jupyter_deployfeedback",
    "%deployfeedback run --against none",
    "%deployfeedback show",
    "%deployfeedback list",
    "%deployfeedback show --format markdown",
    "%deployfeedback show --output feedback.txt",
    "%deployfeedback show 'x",
    "%deployfeedback show nothing",
]


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory, example: Path, deployments: dict[str, str]) -> list[Any]:
    folder = tmp_path_factory.mktemp("magics") / "digits"
    shutil.copytree(example, folder, ignore=shutil.ignore_patterns("models"))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    where = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, timeout=100, resources=where, kernel_name="python3", allow_errors=True)
    client.execute(env={**os.environ, **deployments, "DEPLOYFEEDBACK_STORE": str(folder.parent / "store")})
    return [cell.outputs for cell in notebook.cells]


def test_run_and_show_display_the_same_feedback_as_a_page_that_runs_nothing(outputs: list[Any]) -> None:
    _, ran, shown, listed = outputs[:4]
    page, again = ran[-1]["data"], shown[-1]["data"]
    assert page == again
    assert page["text/html"].startswith('<iframe sandbox="" srcdoc=')
    assert "accuracy" in page["text/plain"].lower()
    assert "candidate against nothing" in listed[-1]["text"]


def test_a_format_or_a_file_that_is_asked_for_is_what_one_gets(outputs: list[Any]) -> None:
    markdown, written = outputs[4:6]

    assert markdown[-1]["text"].startswith("### ")
    assert written[-1]["text"].endswith("\nWritten to feedback.txt\n")


def test_what_is_wrong_is_said_without_a_traceback(outputs: list[Any]) -> None:
    unclosed, unknown = outputs[6:8]

    assert unclosed[-1]["text"] == "UsageError: No closing quotation: show 'x\n"
    assert unknown[-1]["text"].startswith("UsageError: There is no run 'nothing'.")
