"""What this user allowed: which secrets may be sent where. Kept for this user alone, outside every repository."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from jupyter_core.paths import jupyter_config_dir

from jupyter_deployfeedback.domain.project import AICOE_FILE, Project, Target
from jupyter_deployfeedback.errors import PermissionMissing, UsageError
from jupyter_deployfeedback.probe import trust

EVERY_PROJECT = ""


def permitted(project: Project, targets: Iterable[Target], *, environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment that says what may be sent where: all that sends a secret is given this one.

    Raises SecretNotAllowed, before anything is sent, where one of these targets needs what nobody allowed.
    """
    found = trusting(project, environment=environment)
    trust.refuse_unallowed((use for target in targets for use in target.asked_for), environment=found)
    return found


def trusting(project: Project, *, environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment with all that the user allowed: everywhere, and to this project; nothing is refused."""
    known = kept()
    uses = [*known.get(EVERY_PROJECT, ()), *known.get(project.file, ())]
    if Path(project.file).name == AICOE_FILE:  # it names no secret: those and their addresses are the user's variables
        uses += [use for target in project.targets.values() for use in target.asked_for]
    return trust.allow(uses, environment=environment) if uses else environment


def allowing(secrets: Iterable[str], *, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which these may be sent, too, each written ``NAME=ORIGIN``."""
    return trust.allow(map(trust.read_use, secrets), environment=environment)


def allow_always(secrets: Iterable[str], *, project_file: str = EVERY_PROJECT) -> None:
    """Keep that these may be sent, by every project or by one."""
    known = kept()
    _keep({**known, project_file: [*known.get(project_file, ()), *map(trust.read_use, secrets)]})


def allow_address(url: str, *, project_file: str) -> str:
    """Keep that a project may send what it refers to where its user said that the model is; return that origin."""
    try:
        origin = trust.origin_of(url)
    except UsageError:  # whoever reads the address says what is wrong with it
        return ""
    allow_always([f"{trust.ANY}={origin}"], project_file=project_file)
    return origin


def revoke(secrets: Iterable[str]) -> None:
    """Take back what was allowed, to every project and to single ones."""
    gone = set(map(trust.read_use, secrets))
    _keep({project: [use for use in each if use not in gone] for project, each in kept().items()})


def kept() -> dict[str, list[trust.Use]]:
    """Return what is allowed by project file, "" for all. Raises where the file cannot be trusted itself."""
    path = _file()
    try:
        found = path.stat()
        if os.name == "posix" and (found.st_mode & 0o022 or found.st_uid != os.getuid()):
            remedy = f"Look through it, then make it yours alone: chmod 600 {path}."
            raise PermissionMissing(f"{path} can be written by others, so it is not trusted.", remedy=remedy)
        written = json.loads(path.read_text(encoding="utf-8"))
        return {str(project): [trust.read_use(use) for use in uses] for project, uses in written.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise UsageError(f"{path} cannot be read.", remedy="Delete it, and allow again what you need.") from error


def _keep(known: Mapping[str, Iterable[trust.Use]]) -> None:
    path = _file()
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    text = json.dumps({project: sorted({str(use) for use in uses}) for project, uses in known.items()}, indent=1)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        unfinished.replace(path)
    except OSError as error:
        raise PermissionMissing(f"{path} cannot be written: {error.strerror}.", remedy="Check its folder.") from error


def _file() -> Path:
    return Path(jupyter_config_dir()) / "deployfeedback-trust.json"
