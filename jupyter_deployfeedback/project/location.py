"""Finds the project file that governs a notebook or folder."""

from __future__ import annotations

from pathlib import Path

from jupyter_deployfeedback.domain.project import PROJECT_FILE
from jupyter_deployfeedback.errors import Problem, ProjectNotFound


def find_project_file(start: Path) -> Path:
    """Return the nearest ``deployfeedback.yaml`` at or above ``start``, which may be that file itself.

    The search ends at the root of the git repository, so that a repository is never judged by a file outside it.
    Raises ProjectNotFound.
    """
    start = start.absolute()
    if start.is_file() and start.suffix in {".yaml", ".yml"}:
        return start
    for folder in (start, *start.parents):
        if (folder / PROJECT_FILE).is_file():
            return folder / PROJECT_FILE
        if (folder / ".git").exists():
            break
    raise not_found(start)


def not_found(start: Path) -> ProjectNotFound:
    """Make the error for a place that no project file governs."""
    what = "does not exist." if not start.exists() else f"has no {PROJECT_FILE}, nor has a folder above it."
    remedy = (
        f"Make one with: jupyter deployfeedback init --url http://... (in the folder that shall hold {PROJECT_FILE})."
    )
    return ProjectNotFound([Problem(str(start), None, "", what, remedy)])
