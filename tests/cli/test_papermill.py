"""``papermill --engine deployfeedback`` on the real command line, and what the store knows afterwards."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyter_deployfeedback.execution.standby.orders import FOLDER_VARIABLE, publish, published, withdraw
from jupyter_deployfeedback.execution.standby.stock import Stock

CHECKOUT = Path(__file__).resolve().parents[2]
PYTHON = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
Called = subprocess.CompletedProcess[str]


@pytest.fixture
def python(tmp_path: Path) -> Callable[..., Called]:
    """Call Python with the entry points that pyproject.toml declares, whatever was installed when."""
    declared = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["entry-points"]["papermill.engine"]
    about = tmp_path / "installed" / "jupyter_deployfeedback-0.1.0.dist-info"
    about.mkdir(parents=True)
    lines = [f"{name} = {place}" for name, place in declared.items()]
    (about / "entry_points.txt").write_text("\n".join(["[papermill.engine]", *lines]))
    path = os.pathsep.join([str(about.parent), os.environ.get("PYTHONPATH", "")])
    runtime = str(tmp_path / "runtime")  # not where a server of whoever runs the tests publishes its kernels

    def called(*arguments: str, cwd: Path, env: dict[str, str] | None = None) -> Called:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": path, "JUPYTER_RUNTIME_DIR": runtime, **(env or {})},
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )

    return called


@pytest.fixture
def papermill(python: Callable[..., Called]) -> Callable[..., Called]:
    """Call papermill with our engine, as a shell would."""
    engine = ("-m", "papermill", "--engine", "deployfeedback", "--no-progress-bar")

    def called(*arguments: str, cwd: Path, env: dict[str, str] | None = None) -> Called:
        return python(*engine, *arguments, cwd=cwd, env=env)

    return called


def runs_of(folder: Path, jdf: Callable[..., Called]) -> list[dict[str, Any]]:
    """The runs that the store knows of a project."""
    found: list[dict[str, Any]] = json.loads(jdf("list", "--format", "json", cwd=folder).stdout)
    return found


def write(path: Path, *sources: str) -> Path:
    cells = [nbformat.v4.new_code_cell(source, id=f"c{place}") for place, source in enumerate(sources, start=1)]
    cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=PYTHON), path)
    return path


def outputs(path: Path) -> list[str]:
    cells = nbformat.read(path, as_version=4).cells
    return [
        output.text.strip() for cell in cells for output in cell.get("outputs", []) if output.output_type == "stream"
    ]


def statuses(path: Path) -> list[str]:
    return [
        cell.metadata.papermill.status
        for cell in nbformat.read(path, as_version=4).cells
        if "papermill" in cell.metadata
    ]


def test_a_suite_is_recorded_as_a_run_of_its_project(
    papermill: Callable[..., Called],
    jdf: Callable[..., Called],
    quick: Path,
    deployments: dict[str, str],
    tmp_path: Path,
) -> None:
    out = tmp_path / "out.ipynb"

    ran = papermill("suites/quality.ipynb", str(out), "-p", "n", "120", cwd=quick, env=deployments)

    assert ran.returncode == 0, ran.stderr
    executed = nbformat.read(out, as_version=4)
    assert executed.metadata.papermill.output_path == str(out)
    assert executed.metadata.papermill.parameters == {"n": 120}
    assert all(cell.get("execution_count") for cell in executed.cells if cell.cell_type == "code")
    listed = runs_of(quick, jdf)
    assert [(run["state"], run["request"]["parameters"]) for run in listed] == [("finished", {"n": 120})]
    shown = json.loads(jdf("show", "--format", "json", cwd=quick).stdout)
    assert [finding["n"] for finding in shown["findings"] if finding["rule"] == "accuracy"] == [120]
    assert f"Recorded as run {listed[0]['run_id']}" in ran.stderr


def test_a_suite_that_raises_ends_as_papermill_does_and_is_recorded(
    papermill: Callable[..., Called],
    jdf: Callable[..., Called],
    quick: Path,
    deployments: dict[str, str],
    tmp_path: Path,
) -> None:
    write(quick / "suites" / "quality.ipynb", "n = 1", "{}['missing']", "after = 1")
    out = tmp_path / "out.ipynb"

    ran = papermill("suites/quality.ipynb", str(out), cwd=quick, env=deployments)

    assert ran.returncode == 1
    assert "PapermillExecutionError" in ran.stderr
    assert "KeyError" in out.read_text()
    listed = runs_of(quick, jdf)
    assert [(run["state"], run["verdict"]) for run in listed] == [("finished", "error")]


def test_without_a_project_it_is_executed_in_this_folder_and_nothing_is_recorded(
    papermill: Callable[..., Called], jdf: Callable[..., Called], tmp_path: Path
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / ".git").mkdir()
    notebook = write(
        tmp_path / "in.ipynb", "n = 1", "import os; print(n, os.path.basename(os.getcwd()), os.environ['MINE'])"
    )

    ran = papermill(str(notebook), "out.ipynb", "-p", "n", "5", cwd=tmp_path / "here", env={"MINE": "yes"})

    assert ran.returncode == 0, ran.stderr
    assert outputs(tmp_path / "here" / "out.ipynb") == ["5 here yes"]
    assert "Nothing is recorded: " in ran.stderr
    assert "Kernel: started, because no server has kernels stand by" in ran.stderr
    assert json.loads(jdf("list", "--all", "--format", "json").stdout) == []


def test_alone_a_dead_kernel_ends_as_papermill_does_and_no_cell_is_called_completed_that_never_ran(
    papermill: Callable[..., Called], tmp_path: Path
) -> None:
    (tmp_path / ".git").mkdir()
    notebook = write(tmp_path / "in.ipynb", "n = 1", "import os; os._exit(0)", "after = 1")

    ran = papermill(str(notebook), "out.ipynb", cwd=tmp_path)

    assert ran.returncode == 138
    assert statuses(tmp_path / "out.ipynb") == ["completed", "running", "pending"]


def test_alone_an_execution_timeout_is_kept_and_a_flood_is_cut(
    papermill: Callable[..., Called], tmp_path: Path
) -> None:
    (tmp_path / ".git").mkdir()
    hangs = "import time\nprint('x' * 20_000_000)\ntime.sleep(100)"
    notebook = write(tmp_path / "in.ipynb", "n = 1", hangs, "after = 1")

    ran = papermill(str(notebook), "out.ipynb", "--execution-timeout", "5", cwd=tmp_path)

    assert ran.returncode == 1, ran.stderr
    assert statuses(tmp_path / "out.ipynb")[-1] == "pending"
    assert "[output cut: this cell printed more than 10 MB]" in (tmp_path / "out.ipynb").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-p", "depth", "5"), "takes a parameter 'depth'"),
        pytest.param(("--log-output",), "without --log-output", marks=pytest.mark.slow),
        pytest.param(("-y", "n: {1: a}"), "does not take such parameters", marks=pytest.mark.slow),
    ],
)
def test_what_no_suite_takes_is_executed_and_not_recorded(
    papermill: Callable[..., Called],
    jdf: Callable[..., Called],
    quick: Path,
    arguments: tuple[str, ...],
    said: str,
    tmp_path: Path,
) -> None:
    write(quick / "suites" / "quality.ipynb", "n = 1", "print('ran')")

    ran = papermill("suites/quality.ipynb", str(tmp_path / "out.ipynb"), *arguments, cwd=quick)

    assert ran.returncode == 0, ran.stderr
    assert said in ran.stderr
    assert outputs(tmp_path / "out.ipynb") == ["ran"]
    assert runs_of(quick, jdf) == []


def test_importing_papermill_loads_little_of_ours(python: Callable[..., Called], tmp_path: Path) -> None:
    look = "import sys, papermill.engines; print(*sorted(name for name in sys.modules if name.startswith('jupyter_d')))"

    found = python("-c", look, cwd=tmp_path)

    assert found.stdout.split() == [
        "jupyter_deployfeedback",
        "jupyter_deployfeedback.errors",
        "jupyter_deployfeedback.papermill_engine",
        "jupyter_deployfeedback.run_process",
    ]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="kernels are forked on Linux only")
@pytest.mark.parametrize("told", [pytest.param("by the environment", marks=pytest.mark.slow), "by a server"])
def test_alone_a_kernel_is_forked_where_one_stands_by(
    papermill: Callable[..., Called], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    for name in [name for name in os.environ if name.startswith("PYTHON") and name not in {"PYTHONPATH", "PYTHONUTF8"}]:
        monkeypatch.delenv(name)  # what an interpreter reads when it starts, no fork can imitate
    (tmp_path / ".git").mkdir()
    notebook = write(tmp_path / "in.ipynb", "n = 1")
    folder = Path(tempfile.mkdtemp(prefix="jdf-"))  # sockets: their paths may not be long
    stock = Stock(folder)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    if told == "by a server":
        publish(folder)
    environment = {} if told == "by a server" else {FOLDER_VARIABLE: str(folder)}
    try:
        said = []
        for _ in range(2):  # the first one leaves the order
            said.append(papermill(str(notebook), "out.ipynb", cwd=tmp_path, env=environment).stderr)
            stock.tend()
            while list(folder.glob("*.loading")):
                time.sleep(0.01)
    finally:
        stock.close()
        shutil.rmtree(folder, ignore_errors=True)

    assert "Kernel: started" in said[0]
    assert "Kernel: forked" in said[1]


def test_a_folder_is_published_until_it_is_withdrawn_or_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    first, second = (tmp_path / name for name in ("first", "second"))
    seen = [published()]
    for folder in (first, second):
        folder.mkdir()
        publish(folder)
        seen.append(published())
    withdraw(first)  # the link is the second one's
    seen.append(published())
    second.rmdir()
    seen.append(published())

    assert seen == ["", str(first), str(second), str(second), ""]
