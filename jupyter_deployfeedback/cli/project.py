"""What is said of a project without running it: ``init``, ``check``, ``doctor``."""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jupyter_deployfeedback.cli import options, screen
from jupyter_deployfeedback.errors import DeployFeedbackError, NotARepository, PermissionMissing, ProjectNotFound

EXAMPLE = "'[5.1, 3.5, 1.4, 0.2]'"
_LONGEST = 100  # characters of an example that is shown
TRY_HELP = "Send each target one example, as JSON or as text, such as [5.1, 3.5, 1.4, 0.2]; else [0]."

if TYPE_CHECKING:
    from jupyter_deployfeedback.domain.project import Project, Target
    from jupyter_deployfeedback.domain.run import Suite
    from jupyter_deployfeedback.pipeline.forecast import Expectations


@click.command("init")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path())
@click.option("--url", help="Where the deployed model answers.")
@click.option("--force", is_flag=True, help="Replace an existing project file; the old one is kept beside it.")
def init_command(*, folder: Path, url: str | None, force: bool) -> None:
    """Write a commented project file from the notebooks found in FOLDER."""
    from jupyter_deployfeedback.domain.project import PROJECT_FILE
    from jupyter_deployfeedback.pipeline.questions import FIRST_SUITE, draft_project, draft_suite, find_suites
    from jupyter_deployfeedback.pipeline.trust import allow_address

    file = folder / PROJECT_FILE
    if file.exists() and not force:
        raise PermissionMissing(
            f"{file} exists already.", remedy="Edit it, or replace it with --force (the old one is kept)."
        )
    draft = draft_project(folder.resolve(), url=url)
    if file.exists():
        kept = file.with_suffix(".yaml.bak")
        try:
            file.replace(kept)
        except OSError as error:
            raise PermissionMissing(f"{kept} cannot be written: {error.strerror}.") from error
        click.echo(f"Kept the old one as {kept}.")
    if not find_suites(folder.resolve()):
        screen.write(folder / FIRST_SUITE, draft_suite())
        click.echo(f"Found no suite; wrote a first one: {folder / FIRST_SUITE}. Fill in its examples.")
    screen.write(file, draft)
    if url is not None and (origin := allow_address(url, project_file=str(folder.resolve() / PROJECT_FILE))):
        click.echo(f"Secrets that {file.name} refers to may be sent to {origin}.")
    click.echo(f"Wrote {file}. Look through it, then: jupyter deployfeedback check")


@click.command("check")
@options.project_option
def check_command(*, project_file: Path) -> None:
    """Validate the project file, its rules and its suites without running anything."""
    from jupyter_deployfeedback.pipeline.plan import check_project, none_can_run
    from jupyter_deployfeedback.pipeline.questions import notices_of

    checked = check_project(project_file.resolve(), environment=options.environment())
    broken = [suite for suite in checked.suites if suite.problem]
    click.echo(f"{checked.file} is fine" + (f", but {len(broken)} of its suites cannot be run." if broken else "."))
    for target in checked.targets.values():
        mark = " (default)" if target.name == checked.default_target else ""
        address = target.url or f"its address is not known. {target.how_to_address}"
        click.echo(f"  target  {target.name}{mark}: {address}")
        _tell_secrets(checked, target)
    for notice in checked.notices:
        click.echo(f"    {notice}")
    click.echo(f"  baseline  {checked.baseline}")
    for suite in checked.suites:
        points = math.prod(len(values) for values in suite.matrix.values())
        click.echo(f"  suite  {suite.name}: {suite.source}" + (f" ({points} points)" if suite.matrix else ""))
        for notice in () if suite.problem else notices_of(suite):
            click.echo(f"    {notice}")
    _tell_rules(checked)
    if broken:
        raise none_can_run(broken)


def _tell_secrets(project: Project, target: Target) -> None:
    """Print which secrets are sent where once the target is asked, never what they are."""
    from jupyter_deployfeedback.pipeline.trust import trusting

    environment = trusting(project, environment=options.environment())
    for use in target.asked_for:
        how = f". Not allowed yet; if it belongs there: {use.how_to_allow}" if not use.is_allowed(environment) else ""
        click.echo(f"    sends {use.reference} to {use.origin}{how}")


def expectations(project: Project, suites: tuple[Suite, ...]) -> Expectations:
    """Return by subject and expression what the planned examples can settle.

    Without a store that opens, without what a run showed.
    """
    from jupyter_deployfeedback.pipeline.forecast import expected

    store = None
    with suppress(DeployFeedbackError):
        store = options.store()
    return expected(project, suites, store=store)


def _tell_rules(checked: Project) -> None:
    """Print each rule with what is doubtful about it and what the planned examples can settle."""
    from jupyter_deployfeedback.domain.rules.checking import rule_doubts

    said, metrics = expectations(checked, checked.suites), checked.known_metrics
    for rule in checked.rules:
        click.echo(f"  rule  {rule.subject.text}: {', '.join(each.text for each in rule.passing)}")
        for doubt in rule_doubts(rule, metrics):
            click.echo(f"    {doubt}")
        for each in rule.passing:
            if (rule.subject, each) in said:
                click.echo(f"    {each.text} {said[rule.subject, each].sentence}")


class Mark(StrEnum):
    """How a thing stands that was looked at."""

    FINE = "✓"
    MISSING = "✗"
    UNKNOWN = "?"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; ``remedy`` says what to do where it is not fine."""

    what: str
    found: str
    remedy: str = ""
    unknown: bool = False

    @property
    def mark(self) -> Mark:
        """How it stands."""
        if self.unknown:
            return Mark.UNKNOWN
        return Mark.MISSING if self.remedy else Mark.FINE


@click.command("doctor")
@options.project_option
@click.option("--try", "example", is_flag=False, flag_value="[0]", metavar="EXAMPLE", help=TRY_HELP)
@options.allow_secret_option
def doctor_command(*, project_file: Path, example: str | None, allow_secrets: tuple[str, ...]) -> int:
    """Say what is missing on this machine, in the project and at its targets. Ends with 4 if anything is."""
    marks: Counter[Mark] = Counter()
    for check in _checks(project_file.resolve(), options.environment(allow_secrets), example=example):
        marks[check.mark] += 1
        click.echo(f"{check.mark} {check.what}: {check.found}")
        if check.remedy:
            click.echo("    " + check.remedy.replace("\n", "\n    "))
    if marks[Mark.MISSING]:
        click.echo(f"{marks[Mark.MISSING]} to mend.")
        return DeployFeedbackError.exit_code
    click.echo("Nothing to mend as far as was tried." if marks[Mark.UNKNOWN] else "All is well.")
    return 0


def _checks(start: Path, environment: Mapping[str, str], *, example: str | None) -> Iterator[Check]:
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
        health = _target(project, name, environment)
        yield health
        if health.mark is not Mark.MISSING:
            yield _predict(project, name, environment, example=example)


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


def _target(project: Project, name: str, environment: Mapping[str, str]) -> Check:
    from jupyter_deployfeedback.pipeline.questions import health

    target = project.targets[name]
    try:
        facts = health(project, name, environment=environment)
    except DeployFeedbackError as error:  # it was not asked
        return Check(f"target {name}", error.message, error.remedy)
    if not facts.ready:
        mend = target.how_to_address if target.url is None else f"Start the deployment, or mend {target.url}."
        problem = (facts.problem or "not ready").removesuffix(facts.remedy).rstrip()
        return Check(f"target {name}", problem, facts.remedy or mend)
    serves = f"{facts.url} ready, model version {facts.model_version or 'unknown'}"
    if target.expect_version and facts.model_version is None:  # its answers may tell
        tell = "Its pages tell no version; --try looks for one in its answer, where response.version leads to it."
        return Check(f"target {name}", f"{serves}, version {target.expect_version} is expected", tell, unknown=True)
    if target.expect_version not in {None, facts.model_version}:
        mend = f"Deploy version {target.expect_version}, or correct expect_version in {project.file}."
        return Check(f"target {name}", f"{serves}, but version {target.expect_version} is expected", mend)
    return Check(f"target {name}", serves)


def _read_example(text: str) -> object:
    """Return an example written as JSON; what is no JSON is text for a model that reads text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _predict(project: Project, name: str, environment: Mapping[str, str], *, example: str | None) -> Check:
    """Ask a target that is ready about one example; without one say that nobody knows whether it predicts."""
    from jupyter_deployfeedback.pipeline.questions import try_target

    what, expected = f"predict of {name}", project.targets[name].expect_version
    if example is None:
        return Check(
            what, "not tried", f"Send one example: jupyter deployfeedback doctor --try {EXAMPLE}", unknown=True
        )
    sent, example = _read_example(example), example if len(example) <= _LONGEST else f"{example[:_LONGEST]}..."
    try:
        exchange = try_target(project, name, sent, environment=environment)
    except DeployFeedbackError as error:
        return Check(what, error.message, error.remedy or "Mend this first.")
    if exchange.answer is None:
        said, mend = (exchange.error.message, exchange.error.remedy) if exchange.error else ("no answer", "")
        another = f"Give an example that it takes (--try {EXAMPLE}), or set the target's request and response."
        return Check(what, f"{example} was not answered: {said}", f"{mend} {another}".strip())
    (answered,) = exchange.answer.predictions
    said = f"{example} answered {answered!r} in {1000 * (exchange.seconds or 0):.0f} ms"
    version = exchange.answer.version
    if version is not None and expected not in {None, version}:
        return Check(what, f"{said}, but by version {version}, not {expected}", f"Deploy version {expected}.")
    return Check(what, f"{said}, model version {version}" if version else said)
