"""The folder of files that a run keeps, and safe names inside it."""

from __future__ import annotations

from pathlib import Path

from jupyter_deployfeedback.errors import ArtifactNotFound


def artifact_folder(root: Path, run_id: str) -> Path:
    """Return a run's folder, made with mode 0700 where it is missing."""
    folder = root / run_id
    for path in (root, folder):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def find_artifact(folder: Path, name: str) -> Path:
    """Return the file of this name; raise ArtifactNotFound where it is missing or would lie outside the folder."""
    try:
        path = (folder / name).resolve()
        inside = path.is_relative_to(folder.resolve()) and path.is_file()
    except (OSError, ValueError):  # a name with NUL, too long, or a loop of links
        inside = False
    if not inside:
        raise ArtifactNotFound(f"The run kept no artifact {name!r}.", remedy="The report lists what was kept.")
    return path
