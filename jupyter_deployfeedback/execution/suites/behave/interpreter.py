"""Which Python runs the tests, and whether it has what they need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from jupyter_deployfeedback.execution.suites.adapter import Unfinished
from jupyter_deployfeedback.execution.suites.behave.asked import Asked
from jupyter_deployfeedback.execution.wire import Ending

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


def choose_interpreter(asked: Asked, *, environment: Mapping[str, str]) -> Interpreter:
    """Return the interpreter somebody chose, else our own if it has every package of the Pipfile.

    Raises Unfinished where it lacks packages, cannot be run or has no behave.
    """
    chosen = _look_at(asked.root / asked.python if asked.python else Path(sys.executable), environment)
    if "behave" not in chosen.packages or not Path(chosen.behave).exists():
        raise Unfinished(
            Ending.BROKEN, f"{chosen.path} has no behave. Install it there, or choose another Python for the suite."
        )
    pipfile = _read_pipfile(asked)
    lacks = tuple(_lacks(pipfile, chosen))
    if lacks and asked.python is None:
        where = (asked.packages or asked.root).relative_to(asked.root) / PIPFILE
        raise Unfinished(
            Ending.BROKEN,
            f"{where} needs {', '.join(lacks)}, which {chosen.path} does not have. Choose a Python that has them.",
        )
    notices = (*_lack_notice(lacks, chosen), *_version_notices(asked, pipfile, chosen))
    return Interpreter(chosen.path, chosen.version, chosen.packages, notices)


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


def _lacks(pipfile: Mapping[str, Any], chosen: Interpreter) -> Iterator[str]:
    for name, wanted in pipfile.get("packages", {}).items():
        specifier = wanted.get("version", "*") if isinstance(wanted, dict) else str(wanted)
        text = f"{name}{'' if specifier == '*' else specifier}"
        if not _satisfies(text, chosen.packages.get(canonicalize_name(name))):
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
