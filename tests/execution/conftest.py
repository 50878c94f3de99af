"""Suites made of a few lines, run with real workers and real kernels."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import nbformat
import pytest

from jupyter_deployfeedback.domain.project import Project, Target
from jupyter_deployfeedback.domain.run import Step, Suite, SuiteResult
from jupyter_deployfeedback.execution import execute
from jupyter_deployfeedback.execution.standby.orders import FOLDER_VARIABLE
from jupyter_deployfeedback.execution.standby.stock import Stock

CHECKOUT = Path(__file__).resolve().parents[2]
TARGET = Target(name="candidate", url="http://127.0.0.1:1/")
PYTHON = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
RunSuites = Callable[..., tuple[SuiteResult, ...]]


def _cell(position: int, given: str | dict[str, Any]) -> nbformat.NotebookNode:
    given = {"source": given} if isinstance(given, str) else dict(given)
    make = nbformat.v4.new_markdown_cell if given.pop("markdown", False) else nbformat.v4.new_code_cell
    tags = given.pop("tags", [])
    return make(id=f"c{position}", metadata={"tags": tags}, **given)


@pytest.fixture(scope="session")
def write_notebook() -> Callable[..., Path]:
    """Write a notebook of cells c1, c2 ...; a cell is its source, or a dict with source, tags or markdown."""

    def write(path: Path, *cells: str | dict[str, Any], metadata: dict[str, Any] = PYTHON) -> Path:
        notebook = nbformat.v4.new_notebook(
            cells=[_cell(position, cell) for position, cell in enumerate(cells, start=1)], metadata=metadata
        )
        nbformat.write(notebook, path)
        return path

    return write


@pytest.fixture(scope="session")
def tend() -> Callable[[Stock], None]:
    """Have a stock of kernels grant its orders, and wait until what it started is ready, or has ended."""

    def tended(stock: Stock) -> None:
        stock.tend()
        deadline = time.monotonic() + 30
        while list(stock._folder.glob("*.loading")) and time.monotonic() < deadline:
            if all(process.poll() is not None for process in stock._running.values()):
                break
            time.sleep(0.01)

    return tended


@pytest.fixture(scope="session")
def run_suites(stock_at_hand: tuple[Path, Stock]) -> RunSuites:
    """Execute suites whose notebooks lie in a folder, against a target that nobody needs.

    Their kernels are forked unless ``environment`` names another folder of kernels, or none.
    """
    kernels, stock = stock_at_hand

    def run(folder: Path, *suites: Suite, environment: dict[str, str] | None = None, **others: Any) -> Any:
        project = Project(
            name="probe",
            folder=str(folder),
            file=str(folder / "deployfeedback.yaml"),
            targets={"candidate": TARGET},
            default_target="candidate",
            suites=suites,
            kernels=others.pop("kernels", {}),
            timeout_seconds=others.pop("timeout_seconds", None),
        )
        given = {
            "target": TARGET,
            "baseline": None,
            "run_id": f"run-{uuid4().hex}",  # tests that run side by side must not sweep each other's kernels away
            "artifacts": folder / "artifacts",
            "tell": _unheard,
            "cancelled": threading.Event(),
            "environment": {
                **os.environ,
                "PYTHONPATH": str(CHECKOUT),
                FOLDER_VARIABLE: str(kernels),
                **(environment or {}),
            },
        }
        stock.tend(busy=True)
        return execute(suites, project=project, **{**given, **others})

    return run


@pytest.fixture
def run_notebook(
    tmp_path: Path, write_notebook: Callable[..., Path], run_suites: RunSuites
) -> Callable[..., SuiteResult]:
    """Execute one suite of these cells."""

    def run(*cells: str | dict[str, Any], suite: dict[str, Any] | None = None, **others: Any) -> SuiteResult:
        write_notebook(tmp_path / "suite.ipynb", *cells)
        one = Suite(**{"name": "suite", "source": "suite.ipynb", "timeout_seconds": 60.0, **(suite or {})})
        return run_suites(tmp_path, one, **others)[0]

    return run


def _unheard(_: Step) -> None:
    """What these suites tell while they run is not what is tested."""
