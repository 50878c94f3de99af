"""The notebooks are clean in git, and they work."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from jupyter_deployfeedback.domain.run import Outcome
from jupyter_deployfeedback.execution import execute
from jupyter_deployfeedback.project import load_project

if TYPE_CHECKING:
    from tests.example.conftest import Deployment

EXAMPLE = Path(__file__).parents[2] / "example-notebooks"
NOTEBOOKS = sorted(
    path.relative_to(EXAMPLE).as_posix() for path in EXAMPLE.rglob("*.ipynb") if ".ipynb_" not in str(path)
)


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EXAMPLE / name).read_text())
    return found


def code_cells(name: str) -> list[dict[str, Any]]:
    return [cell for cell in read(name)["cells"] if cell["cell_type"] == "code"]


def test_example_has_its_five_notebooks() -> None:
    suites = ["latency", "load", "quality", "smoke"]
    assert ["model.ipynb", *(f"suites/{name}.ipynb" for name in suites)] == NOTEBOOKS


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_is_valid_and_of_the_format_with_ids(name: str) -> None:
    notebook = read(name)

    nbformat.validate(nbformat.from_dict(notebook))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_holds_no_outputs_counts_or_leftovers(name: str) -> None:
    assert [cell["outputs"] for cell in code_cells(name) if cell["outputs"]] == []
    assert {cell["execution_count"] for cell in code_cells(name)} == {None}
    assert set(read(name)["metadata"]) <= {"kernelspec", "language_info"}
    assert [cell["metadata"] for cell in read(name)["cells"] if set(cell["metadata"]) - {"tags"}] == []


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_cells_have_ids_that_say_what_they_do(name: str) -> None:
    ids = [cell["id"] for cell in read(name)["cells"]]

    assert len(set(ids)) == len(ids)
    assert [one for one in ids if not re.fullmatch(r"[a-z]+(-[a-z]+)*", one)] == []


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_runs_on_the_kernel_everybody_has(name: str) -> None:
    assert read(name)["metadata"]["kernelspec"]["name"] == "python3"


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_names_no_place_of_the_machine_it_was_written_on(name: str) -> None:
    sources = "".join("".join(cell["source"]) for cell in read(name)["cells"])

    assert re.findall(r"(?<![\w.$}])/(?:home|root|Users|tmp|opt|usr|var)\b|[A-Z]:\\\\", sources) == []


@pytest.mark.parametrize("name", [name for name in NOTEBOOKS if name.startswith("suites/")])
def test_suite_explains_itself_and_can_be_parametrised(name: str) -> None:
    first = read(name)["cells"][0]

    assert first["cell_type"] == "markdown"
    assert [cell["id"] for cell in code_cells(name) if "parameters" in cell["metadata"].get("tags", [])] == [
        "parameters"
    ]


@pytest.mark.parametrize("version", ["candidate", pytest.param("released", marks=pytest.mark.slow)])
def test_all_suites_pass_against_the_real_deployments(
    version: str, project_folder: Path, deployments: dict[str, Deployment], tmp_path: Path
) -> None:
    urls = {f"DIGITS_{name.upper()}_URL": deployment.url for name, deployment in deployments.items()}
    project = load_project(project_folder / "deployfeedback.yaml", environment=urls)
    less = {"quality": {"n": 60}, "latency": {"n": 60}, "load": {"seconds": 0.5, "windows": 2}}
    small = [suite.model_copy(update={"parameters": less.get(suite.name, {})}) for suite in project.suites]

    results = execute(
        tuple(small),
        project=project,
        target=project.targets[version],
        baseline=project.targets["released"] if version == "candidate" else None,
        run_id=f"20261120-000000-{version}",  # another test must not sweep this one's kernels away
        artifacts=tmp_path,
        tell=lambda progress: None,  # noqa: ARG005
        cancelled=threading.Event(),
    )

    failed = [
        (result.suite.name, case.title, case.error)
        for result in results
        for case in result.cases
        if case.outcome is not Outcome.PASSED
    ]
    assert failed == []
    assert [(result.suite.name, result.outcome) for result in results] == [
        ("smoke", Outcome.PASSED), ("quality", Outcome.PASSED), ("latency", Outcome.PASSED), ("load", Outcome.PASSED),
    ]  # fmt: skip
    assert [len(evaluation.ids) for result in results for evaluation in result.evaluations] == [60, 60, 24]


@pytest.mark.slow
def test_model_notebook_trains_both_versions_and_draws_its_plots(project_folder: Path, tmp_path: Path) -> None:
    models = project_folder / "deployment" / "models"
    before = {file.name: file.read_bytes() for file in models.glob("*.json")}
    command = [
        "-m",
        "jupyter",
        "nbconvert",
        "--to",
        "notebook",
        "--execute",
        "model.ipynb",
        "--output-dir",
        str(tmp_path),
    ]

    ended = subprocess.run(
        [sys.executable, *command],
        cwd=project_folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env=os.environ | {"JUPYTER_PLATFORM_DIRS": "1"},
    )

    assert ended.returncode == 0, ended.stderr
    cells = json.loads((tmp_path / "model.ipynb").read_text())["cells"]
    drawn = [
        cell["id"] for cell in cells if any("image/png" in output.get("data", {}) for output in cell.get("outputs", []))
    ]
    assert drawn == ["look", "prune", "difference", "confusion"]
    assert {file.name: file.read_bytes() for file in models.glob("*.json")} == before
