"""The executed copy of a suite's notebook; the source is never written."""

from __future__ import annotations

import os
import time
from pathlib import Path

import nbformat

SAVE_EVERY_SECONDS = 2.0
UNFINISHED = ".part"


class ExecutedCopy:
    """The executed copy on disk: only this user can read it, and it is whole at any moment."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._saved_at = float("-inf")

    def save(self, notebook: nbformat.NotebookNode, *, now: bool) -> None:
        """Write the copy; unless ``now``, at most every two seconds."""
        if not now and time.monotonic() - self._saved_at < SAVE_EVERY_SECONDS:
            return
        unfinished = self.path.with_name(self.path.name + UNFINISHED)
        with os.fdopen(
            os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
        ) as file:
            nbformat.write(notebook, file)
        unfinished.replace(self.path)
        self._saved_at = time.monotonic()
