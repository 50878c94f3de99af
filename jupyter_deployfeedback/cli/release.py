"""``release``: tag the commit that was tested, while the gate is open."""

from __future__ import annotations

from pathlib import Path

import click

from jupyter_deployfeedback.cli import options


@click.command("release")
@click.argument("version")
@click.option("--run", "run_id", help="The run that justifies the release; default: the newest finished one.")
@click.option("--push", is_flag=True, help="Push the tag to the project's remote too.")
@options.project_option
def release_command(*, version: str, run_id: str | None, push: bool, project_file: Path) -> None:
    """Tag the tested commit as VERSION, with the evidence in the tag. Only while the gate is open."""
    from jupyter_deployfeedback import pipeline

    opened = options.store()
    run_id = run_id or options.newest_finished(opened, project_file)
    tagged = pipeline.release(run_id, version=version, push=push, store=opened, environment=options.environment())
    for notice in tagged.notices:
        click.echo(notice, err=True)
    click.echo(f"Tagged {tagged.commit[:12]} as {tagged.tag} (run {tagged.run_id}).")
    if tagged.pushed_to:
        click.echo(f"Pushed to {tagged.pushed_to}.")
    else:
        click.echo(f"Only in this repository. Undo: git tag -d {tagged.tag}. Publish: git push <remote> {tagged.tag}")
