"""Which Python runs the tests, whether it has what they need, and the environment built for what a lock pins."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jupyter_core.paths import jupyter_data_dir
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from jupyter_deployfeedback.execution.environment import allowed
from jupyter_deployfeedback.execution.suites import Unfinished
from jupyter_deployfeedback.execution.suites.behave.asked import Asked
from jupyter_deployfeedback.execution.suites.behave.folder_lock import one_at_a_time
from jupyter_deployfeedback.execution.suites.behave.process import run_program
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
_THEN = """\
import os, runpy, sys
del sys.argv[0]
if sys.path[0] == "":
    sys.path[0] = os.path.dirname(sys.argv[0])
runpy.run_path(sys.argv[0], run_name="__main__")
"""
DATA_VARIABLE = "JUPYTER_DATA_DIR"
READY = "ready"  # a link to the finished environment: scripts hold its path, so it cannot be renamed into place
LAST_LINES = 5
_OTHERS = {"PYTHONPATH", "VIRTUAL_ENV"}  # packages of another environment, which pip would take for installed
_PIP = ("install", "--require-hashes", "--no-deps", "--no-input", "--disable-pip-version-check", "--retries=2")
LOCK = "Pipfile.lock"
_HASH = re.compile(r"\w+:[0-9a-fA-F]+")
_PYPI = {"pypi.org", "pypi.python.org"}
_REMEDY = "Choose a Python that has the packages."


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

    def program(self, first: str) -> tuple[str, ...]:
        """Return what runs behave's script; ``first`` is Python to be executed before, in the same process."""
        watched = first and not self.version.startswith("2.")
        return (str(self.path), "-c", first + _THEN, self.behave) if watched else (self.behave,)

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


@dataclass(frozen=True)
class Lock:
    """The packages of the tests, each with its version and hashes; those of ``develop`` are not among them.

    ``name`` is the file's, relative to the project; ``pins`` are versions by canonical name. ``indexes`` are where
    packages may come from beside what pip is set up for; the hashes decide what is taken. ``python_version`` is the one
    they were locked for.
    """

    name: str
    digest: str
    pins: dict[str, str]
    requirements: tuple[str, ...]
    indexes: tuple[str, ...]
    python_version: str | None

    @property
    def lines(self) -> str:
        """A requirements file for pip."""
        indexes = (f"--extra-index-url {each}" for each in self.indexes)
        return "\n".join((*indexes, *self.requirements)) + "\n"


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


def read_lock(asked: Asked) -> Lock | None:
    """Read the lock beside the Pipfile, None where there is none. Raises Unfinished where it cannot be installed."""
    file = asked.packages / LOCK if asked.packages else None
    if file is None or not file.exists():
        return None
    name = str(file.relative_to(asked.root))
    try:
        content = file.read_bytes()
        data = json.loads(content)
        meta = data["_meta"]
        return Lock(
            name=name,
            digest=hashlib.sha256(content).hexdigest(),
            requirements=tuple(_requirement(name, *item) for item in sorted(data["default"].items())),
            pins={canonicalize_name(each): str(pin["version"])[2:] for each, pin in data["default"].items()},
            indexes=tuple(_indexes(name, meta.get("sources") or ())),
            python_version=(meta.get("requires") or {}).get("python_version"),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unfinished(Ending.BROKEN, f"{name} cannot be read: {type(error).__name__}: {error}.") from None


def _requirement(file: str, name: str, pinned: Mapping[str, Any]) -> str:
    version, hashes = pinned.get("version", ""), pinned.get("hashes") or ()
    if not str(version).startswith("==") or not hashes or not all(_HASH.fullmatch(each) for each in hashes):
        raise Unfinished(Ending.BROKEN, f"{file} does not pin {name} by version and hashes. {_REMEDY}")
    extras = ",".join(pinned.get("extras") or ())
    markers = f" ; {pinned['markers']}" if pinned.get("markers") else ""
    try:
        requirement = Requirement(f"{name}[{extras}]{version}{markers}")
    except InvalidRequirement as error:
        raise Unfinished(Ending.BROKEN, f"{file} pins {name} in a way that cannot be read: {error}.") from None
    return " ".join((str(requirement), *(f"--hash={each}" for each in hashes)))


def _indexes(file: str, sources: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for source in sources:
        url = str(source["url"])
        if "$" in url or re.search(r"\s", url):  # pip would fill in a variable, whatever secret that is
            raise Unfinished(Ending.BROKEN, f"{file} has a source whose address holds a variable. {_REMEDY}")
        if urlsplit(url).hostname not in _PYPI:
            yield url
