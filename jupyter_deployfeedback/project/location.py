"""Finds the project file that governs a notebook or folder, and reads files of a project within limits."""

import hashlib
from pathlib import Path

from jupyter_deployfeedback.domain.project import AICOE_FILE, PROJECT_FILE
from jupyter_deployfeedback.errors import Problem, ProjectError, ProjectNotFound

_MISNAMED = {".aicoe.yaml": AICOE_FILE, "deployfeedback.yml": PROJECT_FILE}
LARGEST_FILE = 100_000  # bytes; YAML is read at about 100 kB in a second


def find_project_file(start: Path) -> Path:
    """Return the nearest ``deployfeedback.yaml`` at or above ``start``, which may be that file itself.

    Where there is none, a repository's ``.aicoe-ci.yaml`` takes its place. The search ends at the root of the git
    repository, so that a repository is never judged by a file outside it.
    Raises ProjectNotFound.
    """
    start = start.absolute()
    if start.is_file() and start.suffix in {".yaml", ".yml"}:
        return start
    folders = _folders(start)
    for name in (PROJECT_FILE, AICOE_FILE):
        for folder in folders:
            if (folder / name).is_file():
                return folder / name
    raise not_found(start)


def not_found(start: Path) -> ProjectNotFound:
    """Make the error for a place that no project file governs."""
    what = "does not exist." if not start.exists() else f"has no {PROJECT_FILE}, nor has a folder above it."
    named = [(folder / name, right) for folder in _folders(start) for name, right in _MISNAMED.items()]
    for misnamed, right in (each for each in named if each[0].is_file()):
        what += f" There is {misnamed}, but the file that is read is called {right}."
        break
    remedy = (
        f"Make one with: jupyter deployfeedback init --url http://... (in the folder that shall hold {PROJECT_FILE})."
    )
    return ProjectNotFound([Problem(str(start), None, "", what, remedy)])


def _folders(start: Path) -> list[Path]:
    """Return where to look: the folder itself and those above it, up to the root of the repository."""
    found = []
    for folder in (start, *start.parents):
        found.append(folder)
        if (folder / ".git").exists():
            break
    return found


def read_file(path: Path) -> tuple[str, str]:
    """Return the text and the sha256 of a file. Raises ProjectNotFound and ProjectError."""
    if not path.is_file():
        raise not_found(path)
    try:
        if path.stat().st_size > LARGEST_FILE:
            what, remedy = f"is larger than {LARGEST_FILE // 1000} kB.", "Write only what differs from the defaults."
            raise ProjectError([Problem(str(path), None, "", what, remedy)])
        content = path.read_bytes()
        text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        return text, hashlib.sha256(content).hexdigest()
    except UnicodeDecodeError:
        raise ProjectError([Problem(str(path), None, "", "is not text in UTF-8.", "Save it as UTF-8.")]) from None
    except OSError as error:
        what = f"cannot be read: {error.strerror}."
        raise ProjectError([Problem(str(path), None, "", what, "Give yourself the right to read it.")]) from error
