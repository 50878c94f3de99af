"""A suite's notebook as it is read before execution."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_deployfeedback.errors import NotebookInvalid
from jupyter_deployfeedback.execution.suites.notebook.source import cells_of, open_notebook


def write(path: Path, *cells: dict[str, Any], minor: int = 5) -> Path:
    whole = [{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, **cell} for cell in cells]
    path.write_text(json.dumps({"cells": whole, "metadata": {}, "nbformat": 4, "nbformat_minor": minor}))
    return path


def test_cells_without_ids_get_the_same_ids_every_time(tmp_path: Path) -> None:
    path = write(tmp_path / "old.ipynb", {"source": "1"}, {"source": "2"}, minor=2)

    ids = [[cell.cell_id for cell in cells_of(open_notebook(path))] for _ in range(2)]

    assert ids == [["cell-1", "cell-2"], ["cell-1", "cell-2"]]


def test_ids_in_the_file_are_kept_and_repeated_ones_replaced(tmp_path: Path) -> None:
    path = write(
        tmp_path / "new.ipynb", {"source": "1", "id": "a"}, {"source": "2", "id": "a"}, {"source": "3", "id": "b"}
    )

    assert [cell.cell_id for cell in cells_of(open_notebook(path))] == ["a", "cell-2", "b"]


def test_c16_what_an_earlier_papermill_run_left_does_not_run_again(tmp_path: Path) -> None:
    path = write(
        tmp_path / "used.ipynb",
        {"source": "error marker", "id": "a", "metadata": {"tags": ["papermill-error-cell-tag"]}},
        {"source": "n = 1", "id": "b", "metadata": {"tags": ["parameters"], "papermill": {"status": "failed"}}},
        {"source": "n = 99", "id": "c", "metadata": {"tags": ["injected-parameters"]}},
    )

    notebook = open_notebook(path)

    assert [cell.source for cell in notebook.cells] == ["n = 1"]
    assert notebook.cells[0].metadata == {"tags": ["parameters"]}


@pytest.mark.parametrize("text", ["[]", "{", '"x"', ""])
def test_what_is_no_notebook_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.ipynb"
    path.write_text(text)

    with pytest.raises(NotebookInvalid):
        open_notebook(path)
