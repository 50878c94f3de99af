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
]


@pytest.fixture
def outputs(tmp_path: Path, example: Path, deployments: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    folder = tmp_path / "digits"
    shutil.copytree(example, folder, ignore=shutil.ignore_patterns("models"))
    for name, url in deployments.items():
        monkeypatch.setenv(name, url)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    NotebookClient(notebook, timeout=100, resources={"metadata": {"path": str(folder)}}, kernel_name="python3").execute(
        env=dict(os.environ)
    )
    return [cell.outputs for cell in notebook.cells]


def test_run_and_show_display_the_same_feedback_as_a_page_that_runs_nothing(outputs: list[Any]) -> None:
    _, ran, shown, listed = outputs
    page, again = ran[-1]["data"], shown[-1]["data"]
    assert page == again
    assert page["text/html"].startswith('<iframe sandbox="" srcdoc=')
    assert "accuracy" in page["text/plain"].lower()
    assert "candidate against nothing" in listed[-1]["text"]
