"""A suite's notebook: read with ids that last, without traces of earlier runs, and the executed copy that is written.

The source itself is never written.
"""

import copy
import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat

from jupyter_deployfeedback.domain.notebook import parse_notebook
from jupyter_deployfeedback.execution.suites.notebook import statements
from jupyter_deployfeedback.execution.worker.wire import INJECTED_TAG, Cell
from jupyter_deployfeedback.probe.redaction import known, redact_tree

PYTHON = "python"
INJECTED_ID = "injected-parameters"
_LEFT_BY_PAPERMILL = {INJECTED_TAG, "papermill-error-cell-tag"}
SAVE_EVERY_SECONDS = 2.0
UNFINISHED = ".part"


def open_notebook(path: Path) -> nbformat.NotebookNode:
    """Read a notebook for execution, mended in memory where that is needed.

    What an earlier papermill run left (its metadata, injected values, error markers) is dropped: old values must not
    run again. Raises NotebookInvalid for what is no notebook and OSError for what cannot be read.
    """
    mended, _ = parse_notebook(path.read_bytes(), shown=path.name)  # a notice of it stands in the plan
    notebook = nbformat.reads(json.dumps(mended), as_version=4)
    notebook.cells = [cell for cell in notebook.cells if not _LEFT_BY_PAPERMILL & set(cell.metadata.get("tags", []))]
    for part in (notebook, *notebook.cells):
        part.metadata.pop("papermill", None)
    return notebook


def cells_of(notebook: nbformat.NotebookNode) -> tuple[Cell, ...]:
    """Return the cells in order; of another language than Python only a reader can tell what could fail."""
    metadata = notebook.metadata
    spoken = [metadata.get("kernelspec", {}).get("language"), metadata.get("language_info", {}).get("name"), PYTHON]
    return tuple(_cell_of(cell, python=next(filter(None, spoken)) == PYTHON) for cell in notebook.cells)


def _cell_of(cell: nbformat.NotebookNode, *, python: bool) -> Cell:
    read = Cell(cell.id, cell.cell_type, cell.source, tuple(cell.metadata.get("tags", [])))
    if not python or cell.cell_type != "code":
        return read
    return replace(read, could_fail=statements.could_fail(cell.source))


class ExecutedCopy:
    """The executed copy on disk: only this user can read it, and it is whole at any moment."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._saved_at = float("-inf")

    def save(self, notebook: nbformat.NotebookNode, *, now: bool) -> None:
        """Write the copy; unless ``now``, at most every two seconds."""
        if not now and time.monotonic() - self._saved_at < SAVE_EVERY_SECONDS:
            return
        unfinished = self.path.with_name(self.path.name + UNFINISHED)
        with os.fdopen(
            os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
        ) as file:
            nbformat.write(_without_secrets(notebook), file)
        unfinished.replace(self.path)
        self._saved_at = time.monotonic()


def _without_secrets(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return what may be written: a secret that was printed in pieces is one once they stand side by side."""
    if not known():
        return notebook
    whole = copy.deepcopy(notebook)
    for cell in whole.cells:
        outputs: list[Any] = []
        for each in cell.get("outputs", []):
            if outputs and each.output_type == "stream" and outputs[-1].get("name") == each.name:
                outputs[-1].text += each.text
            else:
                outputs.append(each)
        if "outputs" in cell:
            cell.outputs = outputs
    return nbformat.from_dict(redact_tree(whole))
