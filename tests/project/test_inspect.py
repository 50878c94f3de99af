"""A suite's notebook is read, not run: parameters, kernel, and what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jupyter_deployfeedback.domain.project import Project, Target
from jupyter_deployfeedback.domain.run import Suite
from jupyter_deployfeedback.errors import KernelNotFound, NotebookInvalid
from jupyter_deployfeedback.project import SuiteInspection, inspect_suite
from jupyter_deployfeedback.project.inspection import read_notebook
from tests.project.conftest import PYTHON, notebook

if TYPE_CHECKING:
    from collections.abc import Callable

    Inspect = Callable[[object], SuiteInspection]


@pytest.fixture
def inspect(tmp_path: Path) -> Inspect:
    """Write a notebook (as data or text) and inspect it."""

    def write_and_inspect(content: object) -> SuiteInspection:
        (tmp_path / "s.ipynb").write_text(content if isinstance(content, str) else json.dumps(content))
        suite = Suite(name="s", source="s.ipynb")
        target = Target(name="t", url="http://127.0.0.1:1")
        project = Project(
            name="p", folder=str(tmp_path), file="", targets={"t": target}, default_target="t", suites=(suite,)
        )
        return inspect_suite(project, suite)

    return write_and_inspect


def test_parameters_are_the_names_assigned_in_the_parameters_cell(inspect: Inspect) -> None:
    source = "# how many\nn = 500  # images\nslices: list[str] = ['digit']\na = b = None\n%time\nx.y = 3\nprint(n)\n"

    found = inspect(notebook(source, "other = 1", tags=("parameters",)))

    assert found.parameters == {"n": "500", "slices": "['digit']", "a": "None", "b": "None"}
    assert found.kernel_name == "python3"
    assert found.notices == ()


def test_notebook_without_parameters_cell_has_none(inspect: Inspect) -> None:
    assert inspect(notebook("n = 500")).parameters == {}


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        ("R", "n <- 500\nname = 'a'", {"n": "500", "name": "'a'"}),
        ("julia", "n = 500;", {"n": "500"}),
        ("bash", "n=500\n# comment", {"n": "500"}),
        ("javascript", "const n = 500;\nlet m = 1", {"n": "500", "m": "1"}),
    ],
)
def test_parameters_of_other_languages_are_their_assignments(
    language: str, source: str, expected: dict[str, str], inspect: Inspect
) -> None:
    found = inspect(notebook(source, tags=("parameters",), kernelspec=PYTHON | {"language": language}))

    assert found.parameters == expected


def test_parameters_cell_that_is_not_python_is_named_with_its_line(inspect: Inspect) -> None:
    with pytest.raises(NotebookInvalid, match=r"parameters cell is not Python: .*its line 2"):
        inspect(notebook("n = 1\nm = = 2", tags=("parameters",)))


def test_kernel_that_is_not_installed_names_those_that_are(inspect: Inspect) -> None:
    with pytest.raises(
        KernelNotFound, match=r'"pyhton3", which is not installed.*mean "python3".*Installed: .*python3'
    ):
        inspect(notebook("1", kernelspec=PYTHON | {"name": "pyhton3", "language": "pyhton"}))


@pytest.mark.parametrize("kernelspec", [None, {"display_name": "", "name": ""}])
def test_c16_missing_kernelspec_falls_back_to_python3_with_a_notice(
    kernelspec: dict[str, str] | None, inspect: Inspect
) -> None:
    found = inspect(notebook("1", kernelspec=kernelspec))

    assert found.kernel_name == "python3"
    assert found.notices == ("s.ipynb names no kernel: python3 is used.",)


@pytest.mark.parametrize("sources", [(), ("",), ("\n  ", "")])
def test_a_notebook_without_code_is_told_before_the_run(sources: tuple[str, ...], inspect: Inspect) -> None:
    assert inspect(notebook(*sources)).notices == ("s.ipynb has no code: the suite will be errored.",)


def test_a_notebook_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "s.ipynb").write_bytes(json.dumps(notebook("1")).encode("utf-16"))

    with pytest.raises(NotebookInvalid, match=r"s\.ipynb is not text in UTF-8\. Save it as UTF-8"):
        read_notebook(tmp_path / "s.ipynb", shown="s.ipynb")


def test_cells_without_ids_are_no_obstacle(inspect: Inspect) -> None:
    old = notebook("n = 1", tags=("parameters",))
    del old["cells"][0]["id"]

    assert inspect(old).parameters == {"n": "1"}
    assert inspect(old | {"nbformat_minor": 4}).parameters == {"n": "1"}


def test_c16_unknown_metadata_and_stale_papermill_traces_are_no_obstacle(inspect: Inspect) -> None:
    traced = notebook("n = 1", tags=("parameters",))
    traced["metadata"] |= {"papermill": {"exception": True}, "requirements_lock": {}, "thoth_config": {}}
    traced["cells"][0]["metadata"]["papermill"] = {"status": "failed"}

    assert inspect(traced).parameters == {"n": "1"}


def with_format(number: object) -> dict[str, Any]:
    return notebook("1") | {"nbformat": number}


@pytest.mark.parametrize(
    ("content", "said", "remedy"),
    [
        pytest.param(with_format(3), "format 3", "nbconvert --to notebook --nbformat 4", id="format 3"),
        pytest.param(with_format(5), "format 5", "nbconvert", id="format of later"),
        pytest.param({"cells": []}, "format unknown", "nbconvert", id="no format"),
        pytest.param(json.dumps(notebook("1"))[:-20], "not JSON", "cut off", id="truncated"),
        pytest.param("", "not JSON", "restore", id="empty file"),
        pytest.param("<<<<<<< HEAD\n{}", "not JSON", "merge markers", id="merge markers"),
        pytest.param([], "JSON but not a notebook", "Restore", id="list at the top"),
        pytest.param("null", "JSON but not a notebook", "Restore", id="null at the top"),
        pytest.param("[" * 100_000, "not JSON", "restore", id="deep nesting"),
        pytest.param(notebook("1") | {"nbformat_minor": "5"}, "nbformat_minor", "save it", id="minor format as text"),
        pytest.param(notebook("1") | {"nbformat_minor": -1}, "nbformat_minor", "save it", id="minor format below 0"),
        pytest.param(notebook("1") | {"cells": {}}, "not a valid notebook", "save it", id="cells that are no list"),
        pytest.param(notebook("1") | {"cells": [{"cell_type": "code"}]}, "not a valid", "save it", id="half a cell"),
        pytest.param(notebook("1") | {"cells": ["x"]}, "not a valid", "save it", id="cell that is text"),
        pytest.param(notebook("1") | {"metadata": []}, "not a valid", "save it", id="metadata that are a list"),
    ],
)
def test_notebook_that_cannot_be_run_is_refused(content: object, said: str, remedy: str, inspect: Inspect) -> None:
    with pytest.raises(NotebookInvalid) as caught:
        inspect(content)

    assert caught.value.message.startswith("s.ipynb")
    assert said in caught.value.message
    assert remedy in caught.value.remedy


def test_notebook_that_vanished_is_refused(tmp_path: Path, inspect: Inspect) -> None:
    inspect(notebook("1"))
    (tmp_path / "s.ipynb").rename(tmp_path / "gone.ipynb")
    suite = Suite(name="s", source="s.ipynb")
    target = Target(name="t", url="http://127.0.0.1:1")
    project = Project(name="p", folder=str(tmp_path), file="", targets={"t": target}, default_target="t", suites=())

    with pytest.raises(NotebookInvalid, match=r"s.ipynb cannot be read: No such file"):
        inspect_suite(project, suite)


def test_inspecting_leaves_the_notebook_as_it_is(tmp_path: Path, inspect: Inspect) -> None:
    text = json.dumps(notebook("n = 1", tags=("parameters",)))

    inspect(text)

    assert (tmp_path / "s.ipynb").read_text() == text
