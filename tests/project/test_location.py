from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_deployfeedback.errors import ProjectNotFound
from jupyter_deployfeedback.project import find_project_file


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "repository" / "models" / "digits").mkdir(parents=True)
    (tmp_path / "repository" / ".git").mkdir()
    return tmp_path / "repository"


def test_nearest_file_above_a_notebook_governs_it(repository: Path) -> None:
    (repository / "deployfeedback.yaml").touch()
    (repository / "models" / "deployfeedback.yaml").touch()
    notebook = repository / "models" / "digits" / "model.ipynb"
    notebook.touch()

    assert find_project_file(notebook) == repository / "models" / "deployfeedback.yaml"
    assert find_project_file(notebook.parent) == repository / "models" / "deployfeedback.yaml"
    assert find_project_file(repository) == repository / "deployfeedback.yaml"


def test_file_itself_is_found_whatever_its_name(repository: Path) -> None:
    other = repository / "other.yaml"
    other.touch()

    assert find_project_file(other) == other


def test_file_with_the_other_ending_is_named(repository: Path) -> None:
    (repository / "deployfeedback.yml").touch()

    with pytest.raises(ProjectNotFound, match=r"There is .*deployfeedback.yml, but .* is called deployfeedback.yaml"):
        find_project_file(repository / "models")


def test_file_outside_the_repository_does_not_govern_it(repository: Path) -> None:
    (repository.parent / "deployfeedback.yaml").touch()

    with pytest.raises(ProjectNotFound, match=r"has no deployfeedback.yaml, nor has a folder above it.*init"):
        find_project_file(repository / "models")


def test_place_that_does_not_exist_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ProjectNotFound, match="does not exist"):
        find_project_file(tmp_path / "nowhere" / "model.ipynb")


def test_notebook_that_is_not_saved_yet_is_governed_by_its_folder(repository: Path) -> None:
    (repository / "deployfeedback.yaml").touch()

    assert find_project_file(repository / "models" / "Untitled.ipynb") == repository / "deployfeedback.yaml"
