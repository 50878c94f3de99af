"""Which Python runs the tests, and whether it has what they need."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from jupyter_deployfeedback.execution.suites.adapter import Unfinished
from jupyter_deployfeedback.execution.suites.behave.asked import Asked
from jupyter_deployfeedback.execution.suites.behave.installing import find_or_build
from jupyter_deployfeedback.execution.suites.behave.pipfile_lock import Lock, read_lock
from jupyter_deployfeedback.execution.worker.wire import Ending

ANSWER_SECONDS = 30.0
PIPFILE = "Pipfile"
_QUESTION = """\
import json, sys
try:
    from importlib.metadata import distributions
    found = [(each.metadata["Name"], each.version) for each in distributions()]
except ImportError:
    import pkg_resources
    found = [(each.project_name, each.version) for each in pkg_resources.working_set]
print(json.dumps([sys.version.split()[0], [pair for pair in found if pair[0]]]))
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python and its packages (canonical name -> version); ``notices`` say what of it was not as asked."""

    path: Path
    version: str
    packages: dict[str, str]
    notices: tuple[str, ...] = ()

    @property
    def behave(self) -> str:
        """The script ``behave`` beside it; ``python -m behave`` would put the project's folder on the path."""
        return str(self.path.with_name("behave"))

    @property
    def described(self) -> str:
        """What ran the suite, in a few words."""
        return f"behave {self.packages.get('behave', '?')} on Python {self.version}"

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return an environment in which programs that the tests start are this interpreter's own."""
        return {**given, "PATH": os.pathsep.join((str(self.path.parent), given.get("PATH", os.defpath)))}


def choose_interpreter(asked: Asked, *, environment: Mapping[str, str], deadline: float) -> Interpreter:
    """Return the interpreter somebody chose, else one built from the Pipfile.lock, else ours if it has the packages.

    Raises Unfinished where it lacks packages, cannot be built or run, or has no behave.
    """
    pipfile = _read_pipfile(asked)
    lock = None if asked.python else read_lock(asked)
    if lock is None:
        chosen = _look_at(asked.root / asked.python if asked.python else Path(sys.executable), environment)
    else:
        _refuse_lacks(asked, pipfile, lock.pins, f"{lock.name} does not pin. Lock it anew.")
        chosen = _of_lock(lock, environment=environment, deadline=deadline)
    if "behave" not in chosen.packages or not Path(chosen.behave).exists():
        raise Unfinished(
            Ending.BROKEN, f"{chosen.path} has no behave. Install it there, or choose another Python for the suite."
        )
    if asked.python is None:
        remedy = f"{chosen.path} does not have. Choose a Python that has them."
        _refuse_lacks(asked, pipfile, chosen.packages, remedy)
    lacks = tuple(_lacks(pipfile, chosen.packages))
    notices = (*chosen.notices, *_lack_notice(lacks, chosen), *_version_notices(asked, pipfile, chosen))
    return replace(chosen, notices=notices)


def _refuse_lacks(asked: Asked, pipfile: Mapping[str, Any], packages: Mapping[str, str], who: str) -> None:
    if lacks := tuple(_lacks(pipfile, packages)):
        where = (asked.packages or asked.root).relative_to(asked.root) / PIPFILE
        raise Unfinished(Ending.BROKEN, f"{where} needs {', '.join(lacks)}, which {who}")


def _of_lock(lock: Lock, *, environment: Mapping[str, str], deadline: float) -> Interpreter:
    base = _base(lock.python_version, environment)
    built = find_or_build(lock, base.path, version=base.version, environment=environment, deadline=deadline)
    chosen = _look_at(built.python, environment)
    if not built.new:
        return chosen
    installed = ", ".join(f"{name} {chosen.packages[name]}" for name in sorted(lock.pins) if name in chosen.packages)
    slow = f"Installing the packages of {lock.name} is part of the time that this run's platform metrics are read over."
    listed = f"The packages of {lock.name} were installed in {built.python.parents[1]}: {installed}."
    return replace(chosen, notices=(slow, listed))


def _base(version: str | None, environment: Mapping[str, str]) -> Interpreter:
    """Return the Python of the version that a lock is for, if there is one on the path, else ours."""
    found = shutil.which(f"python{version}", path=environment.get("PATH", os.defpath)) if version else None
    own = Path(sys.executable)
    try:
        return _look_at(Path(found) if found else own, environment)
    except Unfinished:  # a name on the path that leads nowhere
        return _look_at(own, environment)


def _look_at(path: Path, environment: Mapping[str, str]) -> Interpreter:
    try:
        answer = subprocess.run(
            [path, "-c", _QUESTION],
            capture_output=True,
            check=True,
            cwd="/",
            env=dict(environment),
            text=True,
            timeout=ANSWER_SECONDS,
        )
        version, packages = json.loads(answer.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise Unfinished(Ending.BROKEN, f"The Python {path} of this suite cannot be run: {error}.") from None
    return Interpreter(path, version, {canonicalize_name(name): found for name, found in packages})


def _read_pipfile(asked: Asked) -> dict[str, Any]:
    file = asked.packages / PIPFILE if asked.packages else None
    if file is None or not file.exists():
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Unfinished(Ending.BROKEN, f"{file.relative_to(asked.root)} cannot be read: {error}.") from None


def _lacks(pipfile: Mapping[str, Any], packages: Mapping[str, str]) -> Iterator[str]:
    for name, wanted in pipfile.get("packages", {}).items():
        specifier = wanted.get("version", "*") if isinstance(wanted, dict) else str(wanted)
        text = f"{name}{'' if specifier == '*' else specifier}"
        if not _satisfies(text, packages.get(canonicalize_name(name))):
            yield text


def _satisfies(text: str, version: str | None) -> bool:
    if version is None:
        return False
    try:
        return Requirement(text).specifier.contains(version, prereleases=True)
    except InvalidRequirement:
        return False


def _lack_notice(lacks: tuple[str, ...], chosen: Interpreter) -> Iterator[str]:
    if lacks:
        yield f"The Python that was chosen for this suite, {chosen.path}, lacks {', '.join(lacks)}."


def _version_notices(asked: Asked, pipfile: Mapping[str, Any], chosen: Interpreter) -> Iterator[str]:
    wanted = {"the Pipfile": pipfile.get("requires", {}).get("python_version"), ".thoth.yaml": asked.python_version}
    for who, version in wanted.items():
        if version and not f"{chosen.version}.".startswith(f"{version}."):
            yield f"{who} asks for Python {version}; {chosen.version} ran the tests."
