"""Reads a file of a project as text, within limits."""

from __future__ import annotations

import hashlib
from pathlib import Path

from jupyter_deployfeedback.errors import Problem, ProjectError
from jupyter_deployfeedback.project.location import not_found

LARGEST_FILE = 1_000_000  # bytes


def read_file(path: Path) -> tuple[str, str]:
    """Return the text and the sha256 of a file. Raises ProjectNotFound and ProjectError."""
    if not path.is_file():
        raise not_found(path)
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ProjectError([Problem(str(path), None, "", "is larger than 1 MB.", "This is not a project file.")])
        content = path.read_bytes()
        text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        return text, hashlib.sha256(content).hexdigest()
    except UnicodeDecodeError:
        raise ProjectError([Problem(str(path), None, "", "is not text in UTF-8.", "Save it as UTF-8.")]) from None
    except OSError as error:
        what = f"cannot be read: {error.strerror}."
        raise ProjectError([Problem(str(path), None, "", what, "Give yourself the right to read it.")]) from error
