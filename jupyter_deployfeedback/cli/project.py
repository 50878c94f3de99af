"""``init`` writes a project file, ``check`` validates it without running anything."""

from __future__ import annotations

import math
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jupyter_deployfeedback.cli import options, screen
from jupyter_deployfeedback.errors import DeployFeedbackError, PermissionMissing

if TYPE_CHECKING:
    from jupyter_deployfeedback.domain.project import Project
    from jupyter_deployfeedback.domain.suite import Suite
    from jupyter_deployfeedback.pipeline.forecast import Expectations


@click.command("init")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path())
@click.option("--url", help="Where the deployed model answers.")
@click.option("--force", is_flag=True, help="Replace an existing project file; the old one is kept beside it.")
def init_command(*, folder: Path, url: str | None, force: bool) -> None:
    """Write a commented project file from the notebooks found in FOLDER."""
    from jupyter_deployfeedback.domain.project import PROJECT_FILE
    from jupyter_deployfeedback.pipeline.questions import FIRST_SUITE, draft_project, draft_suite, find_suites

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
        click.echo(f"Found no suite; wrote a first one: {folder / FIRST_SUITE}.")
    screen.write(file, draft)
    click.echo(f"Wrote {file}. Look through it, then: jupyter deployfeedback check")


@click.command("check")
@options.project_option
def check_command(*, project_file: Path) -> None:
    """Validate the project file, its rules and its suites without running anything."""
    from jupyter_deployfeedback.pipeline.plan import check_project
    from jupyter_deployfeedback.pipeline.questions import notices_of

    checked = check_project(project_file.resolve(), environment=options.environment())
    click.echo(f"{checked.file} is fine.")
    for target in checked.targets.values():
        mark = " (default)" if target.name == checked.default_target else ""
        address = target.url or f"its address is not known. {target.how_to_address}"
        click.echo(f"  target  {target.name}{mark}: {address}")
    for notice in checked.notices:
        click.echo(f"    {notice}")
    click.echo(f"  baseline  {checked.baseline}")
    for suite in checked.suites:
        points = math.prod(len(values) for values in suite.matrix.values())
        click.echo(f"  suite  {suite.name}: {suite.source}" + (f" ({points} points)" if suite.matrix else ""))
        for notice in notices_of(checked, suite):
            click.echo(f"    {notice}")
    _tell_rules(checked)


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
