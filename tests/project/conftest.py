from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.errors import Problem, ProjectError
from jupyter_deployfeedback.project import load_project

PYTHON = {"display_name": "Python 3", "language": "python", "name": "python3"}

Load = Callable[..., Project]
Complain = Callable[..., tuple[Problem, ...]]
WriteNotebook = Callable[..., Path]


def notebook(
    *sources: str, tags: tuple[str, ...] = (), kernelspec: Mapping[str, str] | None = PYTHON
) -> dict[str, Any]:
    """A notebook of format 4; the first of its cells carries the tags."""
    cells = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": f"cell-{place}",
            "metadata": {"tags": list(tags)} if tags and not place else {},
            "outputs": [],
            "source": source,
        }
        for place, source in enumerate(sources)
    ]
    metadata = {"kernelspec": dict(kernelspec)} if kernelspec is not None else {}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project's folder with one suite that can be run."""
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "smoke.ipynb").write_text(json.dumps(notebook("assert True")))
    return tmp_path


@pytest.fixture
def load(folder: Path) -> Load:
    """Write a project file and load it."""

    def write_and_load(text: str, *, environment: Mapping[str, str] = {}) -> Project:
        file = folder / "deployfeedback.yaml"
        file.write_text(dedent(text))
        return load_project(file, environment=environment)

    return write_and_load


@pytest.fixture
def complain(load: Load) -> Complain:
    """Write a broken project file and return what is wrong with it."""

    def problems(text: str, **more: Any) -> tuple[Problem, ...]:
        with pytest.raises(ProjectError) as caught:
            load(text, **more)
        return caught.value.problems

    return problems
