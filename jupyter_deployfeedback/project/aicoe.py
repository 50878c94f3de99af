"""``.aicoe-ci.yaml`` -> Project: a repository made for AICoE-CI is run as it is.

Overlays that are deployed and gathered from are targets; what they gather with are suites of behave features. Unknown
keys mean nothing, and nothing is ever written.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_deployfeedback.domain import project
from jupyter_deployfeedback.domain.kind import SuiteKind
from jupyter_deployfeedback.domain.run import Suite
from jupyter_deployfeedback.errors import Problem, ProjectError, UsageError
from jupyter_deployfeedback.probe.environment import DEPLOYED_MODEL_URL
from jupyter_deployfeedback.project.document import Document, read_document
from jupyter_deployfeedback.project.document import Path as Place
from jupyter_deployfeedback.project.location import read_file
from jupyter_deployfeedback.project.parameters import address_variable, read_address
from jupyter_deployfeedback.project.suites import PASSED_THROUGH

FEATURES = "features"
OLD_URL_VARIABLE = "THOTH_AIDEVSECOPS_TUTORIAL_MODEL_URL"
PYTHON_VARIABLE = "DEPLOYFEEDBACK_PYTHON"  # overlay=interpreter, several separated by commas
_THANOS = ("THANOS_ENDPOINT", "PIPELINE_HELPERS_DEPLOYMENT_NAMESPACE", "PIPELINE_HELPERS_POD_NAME")
_TOKEN = "THANOS_ACCESS_TOKEN"  # noqa: S105 - the name of a variable
_NEEDED = ("deploy", "gather")
THOTH_FILE = ".thoth.yaml"
_OVERLAYS = "overlays"
_SHOWN = {
    "python_version": "Python",
    "operating_system": "",
    "recommendation_type": "recommendation",
    "platform": "platform",
    "base_image": "image",
    "cuda_version": "CUDA",
}


@dataclass(frozen=True)
class Gather:
    """One target and how it is tested: ``name`` selects the features, ``overlay`` has the packages of the tests."""

    target: str
    name: str
    overlay: str | None


@dataclass
class Found:
    """What the file says, and what of it is wrong or worth reading."""

    gathers: list[Gather] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RuntimeEnvironments:
    """The environments by name, as plain data; ``problem`` says why the file could not be read."""

    overlays_dir: str = _OVERLAYS
    by_name: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    problem: str | None = None

    def python_version(self, name: str | None) -> str | None:
        """Return which Python an environment asks for, None where it does not say."""
        version = self.by_name.get(name or "", {}).get("python_version")
        return str(version) if version else None

    def facts(self, names: Iterable[str]) -> Iterator[str]:
        """Say in a line what is declared of each of these environments."""
        if self.problem is not None:
            yield self.problem
        for name in names:
            said = ", ".join(_facts(self.by_name.get(name, {})))
            if said:
                yield f"Runtime environment {name} ({THOTH_FILE}): {said}."


@dataclass(frozen=True)
class Surroundings:
    """What lies beside the file: the overlays' packages, their declared environments, the Pythons chosen for them."""

    folder: Path
    overlays_dir: str
    environments: RuntimeEnvironments
    pythons: Mapping[str, str]

    def of(self, overlay: str | None) -> dict[str, str]:
        """Return the options of a suite whose tests use the packages of an overlay."""
        packages = f"{self.overlays_dir}/{overlay}" if overlay else ""
        options = {
            "packages": packages if packages and (self.folder / packages).is_dir() else None,
            "python": self.pythons.get(overlay or "") or self.pythons.get(""),
            "python_version": self.environments.python_version(overlay),
        }
        return {name: value for name, value in options.items() if value}


def load_aicoe(path: Path, *, environment: Mapping[str, str]) -> project.Project:
    """Return the project that an ``.aicoe-ci.yaml`` describes; ``environment`` may hold the addresses of its targets.

    A target without an address is not run. Raises ProjectNotFound, and ProjectError with every problem.
    """
    text, digest = read_file(path)
    document = read_document(text, file=str(path))
    data = document.data if isinstance(document.data, dict) else {}
    folder = path.absolute().parent
    found = Found(problems=list(document.problems))
    _find_gathers(data, document, found, repository=folder.name)
    _require_targets(document, found, folder=folder)
    environments = read_environments(folder)
    around = Surroundings(
        folder,
        overlays_dir=_overlays_dir(str(data.get("overlays_dir") or environments.overlays_dir), document, found, folder),
        environments=environments,
        pythons=_pythons(environment),
    )
    targets = _targets(found, document, environment)
    if found.problems:
        raise ProjectError(sorted(found.problems, key=lambda problem: (problem.line or 0, problem.key)))
    overlays = dict.fromkeys(each.overlay for each in found.gathers if each.overlay)
    return project.Project(
        name=folder.name,
        folder=str(folder),
        file=str(path.absolute()),
        digest=digest,
        targets=targets,
        default_target=next(iter(targets)),
        suites=tuple(_suites(found.gathers, around)),
        notices=(*found.notices, *environments.facts(overlays)),
    )


def _find_gathers(data: Mapping[str, Any], document: Document, found: Found, *, repository: str) -> None:
    overlays = data.get("overlays")
    if overlays is None:
        if data.get("gather") is not None:
            _add_gather(data["gather"], ("gather",), document, found, target=repository)
        return
    if not isinstance(overlays, list):
        found.problems.append(document.problem(("overlays",), "must be a list.", "Write: overlays: [{name: ...}]."))
        return
    for index, overlay in enumerate(overlays):
        at: Place = ("overlays", index)
        name = overlay.get("name") if isinstance(overlay, dict) else None
        if not name:
            found.problems.append(document.problem(at, "has no name.", "Write for example: name: inference."))
            continue
        missing = [key for key in _NEEDED if overlay.get(key) is None]
        if missing:
            found.notices.append(f"Overlay {name} is not a target: it has no {' and no '.join(missing)}.")
        else:
            _add_gather(overlay["gather"], (*at, "gather"), document, found, target=str(name))


def _add_gather(gather: object, at: Place, document: Document, found: Found, *, target: str) -> None:
    name = gather.get("name") if isinstance(gather, dict) else None
    if not isinstance(gather, dict) or not name:
        remedy = "Write what selects the features, as behave -i takes it: name: gather_metrics."
        found.problems.append(document.problem((*at, "name"), "is missing.", remedy))
        return
    try:
        re.compile(str(name))
    except (re.error, OverflowError, RecursionError) as error:
        what = f"is not a regular expression: {error}."
        found.problems.append(document.problem((*at, "name"), what, "Write part of a feature file's path: gather."))
        return
    if target in {each.target for each in found.gathers}:
        found.problems.append(document.problem(at[:-1], f"is called {target} like another one.", "Rename one."))
        return
    overlay = gather.get("overlay-name")
    found.gathers.append(Gather(target, str(name), str(overlay) if overlay else None))


def _require_targets(document: Document, found: Found, *, folder: Path) -> None:
    if not found.gathers and not found.problems:
        said = " ".join(found.notices)
        remedy = "Give an overlay both, or write a deployfeedback.yaml: jupyter deployfeedback init."
        what = f"names no target: that is an overlay with deploy and gather. {said}".strip()
        found.problems.append(Problem(document.file, None, "", what, remedy))
    if not (folder / FEATURES).is_dir():
        remedy = "The tests are behave features: put them there."
        found.problems.append(Problem(document.file, None, "", f"needs the folder {FEATURES}/ beside it.", remedy))


def _overlays_dir(said: str, document: Document, found: Found, folder: Path) -> str:
    """Return the folder of the overlays relative to the repository; one that leads out of it is a problem."""
    place = Path(os.path.normpath(folder / said))
    if not place.is_relative_to(folder):
        remedy = "Name a folder in the repository, such as overlays."
        found.problems.append(document.problem(("overlays_dir",), f"{said!r} leads out of the repository.", remedy))
        return said
    return place.relative_to(folder).as_posix()


def _targets(found: Found, document: Document, environment: Mapping[str, str]) -> dict[str, project.Target]:
    names = [each.target for each in found.gathers]
    if len(names) > 1 and environment.get(DEPLOYED_MODEL_URL):
        known = ", ".join(address_variable(name) for name in names)
        found.notices.append(f"{DEPLOYED_MODEL_URL} does not say which target it is. Set one of {known}, or use --url.")
    targets = {}
    for name in names:
        try:
            url = _address(name, environment, alone=len(names) == 1)
        except UsageError as error:
            found.problems.append(Problem(document.file, None, "", error.message, error.remedy))
            continue
        targets[name] = project.Target(
            name=name,
            url=url,
            response=project.ResponseShape(predictions="$.prediction", probabilities="$.probability"),
            platform=_platform(environment),
        )
    return targets


def _address(target: str, environment: Mapping[str, str], *, alone: bool) -> str | None:
    for variable in (address_variable(target), *((DEPLOYED_MODEL_URL, OLD_URL_VARIABLE) if alone else ())):
        if environment.get(variable):
            return read_address(environment[variable], named=variable)
    return None


def _platform(environment: Mapping[str, str]) -> project.Platform:
    """Return where the predecessor looked, if its variables are set; else the target's own metrics page."""
    url, namespace, pod = (environment.get(name) for name in _THANOS)
    if not (url and namespace and pod):
        return project.Platform()
    return project.Platform(
        source=project.PlatformSource.PROMETHEUS,
        url=read_address(url, named=_THANOS[0]),
        auth=project.Auth(bearer=f"env:{_TOKEN}" if environment.get(_TOKEN) else None),
        preset=project.PresetName.KUBERNETES,
        labels={"namespace": namespace, "pod": pod},
    )


def _pythons(environment: Mapping[str, str]) -> dict[str, str]:
    """Read which interpreter somebody chose for an overlay; "" is for every other one."""
    pairs = (pair.strip().rpartition("=") for pair in environment.get(PYTHON_VARIABLE, "").split(","))
    return {overlay: python for overlay, _, python in pairs if python}


def _suites(gathers: Iterable[Gather], around: Surroundings) -> Iterator[Suite]:
    """Yield one suite for each way to gather; targets that share it are each tested by it, in a run of their own."""
    ways: dict[tuple[str, str | None], list[str]] = {}
    for each in gathers:
        ways.setdefault((each.name, each.overlay), []).append(each.target)
    names = [name for name, _ in ways]
    for (name, overlay), targets in ways.items():
        yield Suite(
            name=name if names.count(name) == 1 else f"{name} ({overlay})",
            kind=SuiteKind.BEHAVE,
            source=FEATURES,
            options={"pattern": name, "url_variables": [OLD_URL_VARIABLE], **around.of(overlay)},
            environment=PASSED_THROUGH,
            targets=tuple(targets) if len(ways) > 1 else (),
            exclusive=True,
        )


def read_environments(folder: Path) -> RuntimeEnvironments:
    """Read what is there; a file that is missing or broken is no obstacle."""
    path = folder / THOTH_FILE
    if not path.exists():
        return RuntimeEnvironments()
    try:
        document = read_document(read_file(path)[0], file=THOTH_FILE)
    except ProjectError as error:
        return RuntimeEnvironments(problem=str(error))
    data = document.data if isinstance(document.data, dict) else {}
    listed = data.get("runtime_environments")
    entries = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return RuntimeEnvironments(
        overlays_dir=str(data.get("overlays_dir") or _OVERLAYS),
        by_name={str(entry.get("name")): entry for entry in entries},
    )


def _facts(entry: Mapping[str, Any]) -> Iterator[str]:
    for key, word in _SHOWN.items():
        value = entry.get(key)
        if isinstance(value, dict):
            value = " ".join(str(part) for part in value.values() if part)
        if value:
            yield f"{word} {value}".strip()
