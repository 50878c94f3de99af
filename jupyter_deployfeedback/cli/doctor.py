"""``doctor``: what is missing on this machine, in this project, at its targets."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jupyter_deployfeedback.cli import options
from jupyter_deployfeedback.errors import DeployFeedbackError, NotARepository, ProjectNotFound

if TYPE_CHECKING:
    from jupyter_deployfeedback.domain.project import Project


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; ``remedy`` is empty where it is fine."""

    what: str
    found: str
    remedy: str = ""


@click.command("doctor")
@options.project_option
def doctor_command(*, project_file: Path) -> int:
    """Say what is missing on this machine, in the project and at its targets. Ends with 4 if anything is."""
    missing = 0
    for check in _checks(project_file.resolve()):
        missing += bool(check.remedy)
        click.echo(f"{'✗' if check.remedy else '✓'} {check.what}: {check.found}")
        if check.remedy:
            click.echo(f"    {check.remedy}")
    click.echo("All is well." if not missing else f"{missing} to mend.")
    return DeployFeedbackError.exit_code if missing else 0


def _checks(start: Path) -> Iterator[Check]:
    version = sys.version_info
    yield Check("Python", f"{version.major}.{version.minor}.{version.micro}")
    yield _tried("store", lambda: str(options.store().place))
    yield _kernels()
    yield _lab()
    git = shutil.which("git")
    yield Check("git", git or "not found", "" if git else "Install git: releases are tags.")
    try:
        project = _project(start)
    except ProjectNotFound as error:
        yield Check("project", error.message, error.remedy or "Write one: jupyter deployfeedback init.")
        return
    except DeployFeedbackError as error:
        yield Check("project", error.message, error.remedy or "Mend the project file.")
        return
    yield Check("project", project.file)
    yield _tried("repository", lambda: _commit(project))
    for name in project.targets:
        yield _target(project, name)


def _tried(what: str, attempt: Callable[[], str]) -> Check:
    try:
        return Check(what, attempt())
    except DeployFeedbackError as error:
        return Check(what, error.message, error.remedy or "Mend this first.")


def _kernels() -> Check:
    from jupyter_client.kernelspec import KernelSpecManager

    names = sorted(KernelSpecManager().find_kernel_specs())
    return Check("kernels", ", ".join(names) or "none", "" if names else "Install one: pip install ipykernel.")


def _lab() -> Check:
    from jupyter_core.paths import jupyter_path

    folders = [Path(folder) / "jupyter-deployfeedback" for folder in jupyter_path("labextensions")]
    found = next((folder for folder in folders if folder.exists()), None)
    remedy = "" if found else "The panel is not installed here: pip install jupyter_deployfeedback from a wheel."
    return Check("panel", str(found or "not found"), remedy)


def _project(start: Path) -> Project:
    from jupyter_deployfeedback.pipeline.plan import check_project

    return check_project(start, environment=os.environ)


def _commit(project: Project) -> str:
    from jupyter_deployfeedback.pipeline.questions import commit_to_test

    commit = commit_to_test(project)
    if commit is None:
        raise NotARepository(
            f"{project.folder} is not in a git repository with a commit.",
            remedy="Feedback works without; a release needs one: git init, git add, git commit.",
        )
    return f"{commit.sha[:12]} on {commit.branch or 'no branch'}"


def _target(project: Project, name: str) -> Check:
    from jupyter_deployfeedback.pipeline.questions import health

    target = project.targets[name]
    facts = health(project, name, environment=os.environ)
    if not facts.ready:
        mend = target.how_to_address if target.url is None else f"Start the deployment, or mend {target.url}."
        return Check(f"target {name}", facts.problem or "not ready", mend)
    return Check(f"target {name}", f"{facts.url} ready, model version {facts.model_version or 'unknown'}")
