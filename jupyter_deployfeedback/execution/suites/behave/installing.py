"""Builds the environment that a lock pins, once for each lock and Python, and finds it again."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_core.paths import jupyter_data_dir

from jupyter_deployfeedback.execution.environment import allowed
from jupyter_deployfeedback.execution.suites.adapter import Unfinished
from jupyter_deployfeedback.execution.suites.behave.folder_lock import one_at_a_time
from jupyter_deployfeedback.execution.suites.behave.pipfile_lock import Lock
from jupyter_deployfeedback.execution.suites.behave.process import run_program
from jupyter_deployfeedback.execution.worker.wire import Ending

DATA_VARIABLE = "JUPYTER_DATA_DIR"
READY = "ready"  # a link to the finished environment: scripts hold its path, so it cannot be renamed into place
LAST_LINES = 5
_OTHERS = {"PYTHONPATH", "VIRTUAL_ENV"}  # packages of another environment, which pip would take for installed
_PIP = ("install", "--require-hashes", "--no-deps", "--no-input", "--disable-pip-version-check", "--retries=2")


@dataclass(frozen=True)
class Built:
    """The Python of the environment; ``new`` says that it was built just now."""

    python: Path
    new: bool


def find_or_build(lock: Lock, base: Path, *, version: str, environment: Mapping[str, str], deadline: float) -> Built:
    """Return the environment of a lock for the Python ``base`` of this version; the first who asks builds it.

    It stays in Jupyter's data folder under ``deployfeedback/environments`` until somebody deletes it. Raises Unfinished
    with the installer's last lines, and Stopped; then nothing is kept.
    """
    key = hashlib.sha256("\n".join((lock.digest, str(base), version)).encode()).hexdigest()[:32]
    home = Path(environment.get(DATA_VARIABLE) or jupyter_data_dir()) / "deployfeedback" / "environments" / key
    home.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(home, deadline=deadline, busy=f"Another run is still installing the packages of {lock.name}."):
        if os.access(_python(home / READY), os.X_OK):
            return Built(_python((home / READY).resolve()), new=False)
        _clear(home)
        folder = Path(tempfile.mkdtemp(dir=home))
        try:
            _build(lock, base, folder, environment=environment, deadline=deadline)
            _link(folder, home / READY)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return Built(_python(folder), new=True)


def _clear(home: Path) -> None:
    """Remove what an installation left that was killed, or that somebody broke since."""
    for each in home.iterdir():
        if each.is_symlink():
            each.unlink()
        else:
            shutil.rmtree(each, ignore_errors=True)


def _python(folder: Path) -> Path:
    return folder / "bin" / "python"


def _build(lock: Lock, base: Path, folder: Path, *, environment: Mapping[str, str], deadline: float) -> None:
    requirements = folder / "requirements.txt"
    requirements.write_text(lock.lines, encoding="utf-8")
    seen = {name: value for name, value in allowed(environment).items() if name not in _OTHERS}
    for command in (
        [str(base), "-I", "-m", "venv", str(folder)],
        [str(_python(folder)), "-I", "-m", "pip", *_PIP, "-r", str(requirements)],
    ):
        _install(command, lock, folder, environment=seen, deadline=deadline)


def _install(
    command: Sequence[str], lock: Lock, folder: Path, *, environment: Mapping[str, str], deadline: float
) -> None:
    finished = run_program(command, folder=folder, environment=environment, deadline=deadline, hear=_unheard)
    if finished.stopped is not None:
        raise finished.stopped
    if finished.code != 0:
        lines = [line.strip() for line in (*finished.output, *finished.errors) if line.strip()]
        said = " ".join(lines[-LAST_LINES:]) or f"exit code {finished.code}"
        raise Unfinished(Ending.BROKEN, f"The packages of {lock.name} could not be installed: {said}")


def _link(folder: Path, ready: Path) -> None:
    """Point ``ready`` at the folder in one step, so that nobody finds half of it."""
    link = folder.with_suffix(".link")
    link.symlink_to(folder.name, target_is_directory=True)
    link.replace(ready)


def _unheard(_: str) -> None:
    """Pass over what the installer prints; of a failure its last lines are kept."""
