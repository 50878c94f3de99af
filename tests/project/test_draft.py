"""``init``'s file loads, names the right suites and survives odd folders."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.errors import UsageError
from jupyter_deployfeedback.project import (
    FIRST_SUITE,
    draft_project,
    draft_suite,
    find_suites,
    inspect_suite,
    load_project,
)
from tests.project.conftest import notebook


def put(file: Path, content: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))


def drafted(folder: Path, *, url: str | None = None) -> Project:
    file = folder / "deployfeedback.yaml"
    file.write_text(draft_project(folder, url=url))
    return load_project(file, environment={})


def test_notebooks_that_test_become_suites_and_the_model_does_not(tmp_path: Path) -> None:
    put(tmp_path / "model.ipynb", notebook("model.fit(x, y)"))
    put(tmp_path / "checks" / "b.ipynb", notebook("import jupyter_deployfeedback as jdf"))
    put(tmp_path / "checks" / "a.ipynb", notebook("n = 3", tags=("parameters",)))
    put(tmp_path / ".ipynb_checkpoints" / "a-checkpoint.ipynb", notebook("n = 3", tags=("parameters",)))
    put(tmp_path / "node_modules" / "c.ipynb", notebook("n = 3", tags=("parameters",)))
    (tmp_path / "broken.ipynb").write_text("{")

    project = drafted(tmp_path)

    assert [suite.source for suite in project.suites] == ["checks/a.ipynb", "checks/b.ipynb"]


def test_draft_of_an_empty_folder_loads_once_its_first_suite_is_written(tmp_path: Path) -> None:
    assert find_suites(tmp_path) == ()
    put(tmp_path / FIRST_SUITE, json.loads(draft_suite()))

    project = drafted(tmp_path, url="http://model.example:8080/")

    assert project.targets["candidate"].url == "http://model.example:8080"
    assert [suite.source for suite in project.suites] == [FIRST_SUITE]
    assert inspect_suite(project, project.suites[0]).parameters == {"n": "20"}


@pytest.mark.parametrize(("code", "expected"), [("jdf.evaluate(t, x, y)", ["failure_rate"]), ("jdf.connect()", [])])
def test_draft_has_no_rule_on_what_no_suite_measures(tmp_path: Path, code: str, expected: list[str]) -> None:
    put(tmp_path / "quality.ipynb", notebook("import jupyter_deployfeedback as jdf", code))

    assert [rule.metric for rule in drafted(tmp_path).rules] == expected


def test_draft_proposes_the_parameter_that_counts_the_examples(tmp_path: Path) -> None:
    put(tmp_path / "a" / "suite.ipynb", notebook("seed = 1\nn_examples = 500", tags=("parameters",)))
    put(tmp_path / "b" / "suite.ipynb", notebook("n = 20", tags=("parameters",)))
    put(tmp_path / "c.ipynb", notebook("n_jobs = 2\nsamples = 'all'", tags=("parameters",)))
    put(tmp_path / "d.ipynb", notebook("n = = 2", tags=("parameters",)))

    drafted = draft_project(tmp_path, url=None)

    proposed = [line for line in drafted.splitlines() if "more: n" in line]
    assert proposed == [
        '  # - {notebook: "a/suite.ipynb", more: n_examples}',
        '  # - {notebook: "b/suite.ipynb", name: "b-suite", more: n}',
    ]
    file = tmp_path / "deployfeedback.yaml"
    file.write_text(re.sub(r"\n  - .*\n  # (- .*more)", r"\n  \1", drafted))
    project = load_project(file, environment={})
    assert [suite.more for suite in project.suites] == ["n_examples", "n", None, None]


def test_draft_of_a_folder_without_suites_proposes_the_one_it_will_have(tmp_path: Path) -> None:
    assert f'  # - {{notebook: "{FIRST_SUITE}", more: n}}' in draft_project(tmp_path, url=None)


@pytest.mark.parametrize("name", ["Ümläute & more", "{braces}", "'quotes\"", "--", "日本", "a: b #c"])
def test_draft_loads_whatever_the_folder_and_its_notebooks_are_called(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    put(folder / f"{name}.ipynb", notebook("n = 1", tags=("parameters",)))

    project = drafted(folder)

    assert [suite.source for suite in project.suites] == [f"{name}.ipynb"]


@pytest.mark.parametrize("url", ["model.example", "http://me:pw@h", "ftp://h", "http://h/?q", "${X}"])
def test_address_that_would_not_load_is_refused_at_once(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="The address"):
        draft_project(tmp_path, url=url)


def test_two_suites_of_one_name_are_drafted_with_names_that_differ(tmp_path: Path) -> None:
    put(tmp_path / "a" / "smoke.ipynb", notebook("n = 1", tags=("parameters",)))
    put(tmp_path / "b" / "smoke.ipynb", notebook("n = 1", tags=("parameters",)))

    project = drafted(tmp_path)

    assert [suite.name for suite in project.suites] == ["smoke", "b-smoke"]
