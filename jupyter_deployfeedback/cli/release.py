"""``waive`` and ``release``: open the gate by name, and tag the commit that was tested while it is open."""

from datetime import UTC, datetime
from pathlib import Path

import click

from jupyter_deployfeedback.cli import options


@click.command("waive")
@click.argument("run_id")
@click.option("--finding", "findings", multiple=True, required=True, help="Its name as `show` writes it; repeatable.")
@click.option("--by", required=True, help="Who answers for it.")
@click.option("--reason", required=True, help="Why it may pass.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The last day (UTC) it counts.")
def waive_command(*, run_id: str, findings: tuple[str, ...], by: str, reason: str, until: datetime) -> None:
    """Waive findings of RUN_ID that failed or are inconclusive. The verdict stays; an error cannot be waived."""
    from jupyter_deployfeedback.pipeline.release import waive

    store, now = options.store(), datetime.now(UTC)
    for finding in findings:
        waiver = waive(run_id, finding=finding, by=by, reason=reason, until=until.date(), store=store, now=now)
        click.echo(f"Waived {waiver.finding} until {waiver.until}.")
    report = store.feedback(run_id)
    click.echo(f"The verdict stays {report.verdict}; the gate is {report.gate}.")


@click.command("release")
@click.argument("version")
@click.option("--run", "run_id", help="The run that justifies the release; default: the newest finished one.")
@click.option("--push", is_flag=True, help="Push the tag to the project's remote too.")
@options.project_option
def release_command(*, version: str, run_id: str | None, push: bool, project_file: Path) -> None:
    """Tag the tested commit as VERSION, with the evidence in the tag. Only while the gate is open."""
    from jupyter_deployfeedback.pipeline.release import release

    opened = options.store()
    run_id = run_id or options.newest_finished(opened, project_file)
    tagged = release(run_id, version=version, push=push, store=opened, environment=options.environment())
    for notice in tagged.notices:
        click.echo(notice, err=True)
    click.echo(f"Tagged {tagged.commit[:12]} as {tagged.tag} (run {tagged.run_id}).")
    if tagged.pushed_to:
        click.echo(f"Pushed to {tagged.pushed_to}.")
    else:
        click.echo(f"Only in this repository. Undo: git tag -d {tagged.tag}. Publish: git push <remote> {tagged.tag}")
