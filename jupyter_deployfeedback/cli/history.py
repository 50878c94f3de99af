"""What is done with runs that are over: shown, listed, compared, exported, waived, released."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from jupyter_deployfeedback.cli import options, screen

STATES = ("queued", "running", "finished", "cancelled", "lost")
VERDICTS = ("pass", "warn", "inconclusive", "fail", "error")
"""Written out, because importing the nouns would slow down every help."""


@click.command("list")
@options.project_option
@click.option("--all", "everywhere", is_flag=True, help="Runs of all projects.")
@click.option("--state", type=click.Choice(STATES), help="Only runs in this state.")
@click.option("--verdict", type=click.Choice(VERDICTS), help="Only runs with this verdict.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many at the most.")
@click.option(
    "--format", "form", type=options.FormatChoice(("text", "json")), default="text", help="How the list is written."
)
def list_command(
    *,
    project_file: Path,
    everywhere: bool,
    state: str | None,
    verdict: str | None,
    limit: int,
    form: str,
) -> None:
    """List the runs of this project, newest first."""
    from jupyter_deployfeedback.pipeline.questions import find_project_file

    file = None if everywhere else str(find_project_file(project_file.resolve()))
    opened = options.store()
    runs = opened.list(project_file=file, state=state, verdict=verdict, limit=limit)
    if form == "json":
        click.echo(json.dumps([run.model_dump(mode="json") for run in runs], indent=2))
        return
    if not runs:
        some = state or verdict
        click.echo("No such runs." if some else "No runs yet. Start one with: jupyter deployfeedback run")
    for run in runs:
        commit = run.commit.sha[:8] if run.commit else "no commit"
        what = "imported" if run.request.imported else run.verdict or run.state
        compared = run.request.imported or f"against {run.baseline or 'nothing'}"
        click.echo(f"{run.run_id}  {what:<12}  {run.request.target} {compared}  {commit}")


@click.command("show")
@click.argument("run_id", required=False)
@options.project_option
@options.format_option
@options.output_option
def show_command(*, run_id: str | None, project_file: Path, form: str, output: Path | None) -> None:
    """Show the feedback of a run; without RUN_ID the newest finished one of this project."""
    opened = options.store()
    report = opened.feedback(run_id or options.newest_finished(opened, project_file))
    screen.emit(report, form=form, output=output)


@click.command("export")
@click.argument("run_id", required=False)
@options.project_option
@click.option("--format", "form", type=click.Choice(options.EXPORTS), required=True, help="What the program reads.")
@options.output_option
def export_command(*, run_id: str | None, project_file: Path, form: str, output: Path | None) -> None:
    """Write a run as another program reads it; without RUN_ID the newest finished one of this project.

    aicoe-aggregated has a row for each finished run of the project, newest first, unless RUN_ID names one.
    """
    from jupyter_deployfeedback.feedback import Export, export

    screen.empty(output)
    opened = options.store()
    if run_id is None and form == "aicoe-aggregated":
        chosen = [run.run_id for run in options.finished(opened, project_file)]
    else:
        chosen = [run_id or options.newest_finished(opened, project_file)]
    reports = [opened.feedback(each) for each in chosen]
    about = reports[0].headline if len(reports) == 1 else f"{len(reports)} runs."
    screen.hand_over(export(reports, Export(form)), output=output, about=about)


@click.command("compare")
@click.argument("candidate")
@click.argument("baseline")
@options.format_option
@options.output_option
def compare_command(*, candidate: str, baseline: str, form: str, output: Path | None) -> int:
    """Compare two finished runs by the rules of the project as it is now: CANDIDATE against BASELINE."""
    from jupyter_deployfeedback.pipeline.judging import compare_runs

    report = compare_runs(candidate, baseline, store=options.store(), environment=options.environment())
    screen.emit(report, form=form, output=output)
    return report.exit_code


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
@click.option("--tagger", default="", metavar="'NAME <MAIL>'", help="Who tags; default: as git knows you.")
@options.trust_option
@options.project_option
def release_command(
    *, version: str, run_id: str | None, push: bool, tagger: str, trust_repo_filters: bool, project_file: Path
) -> None:
    """Tag the tested commit as VERSION, with the evidence in the tag. Only while the gate is open."""
    from jupyter_deployfeedback.pipeline.release import release

    options.trust(project_file, trust_repo_filters=trust_repo_filters)
    opened = options.store()
    run_id = run_id or options.newest_finished(opened, project_file)
    tagged = release(run_id, version=version, push=push, store=opened, environment=options.environment(), by=tagger)
    for notice in tagged.notices:
        click.echo(notice, err=True)
    click.echo(f"Tagged {tagged.commit[:12]} as {tagged.tag} (run {tagged.run_id}).")
    if tagged.pushed_to:
        click.echo(f"Pushed to {tagged.pushed_to}.")
    else:
        click.echo(f"Only in this repository. Undo: git tag -d {tagged.tag}. Publish: git push <remote> {tagged.tag}")
