"""``import``: thresholds of another tool as rules to paste, or what AICoE-CI stored of deployments as runs."""

from datetime import UTC, datetime
from pathlib import Path

import click

from jupyter_deployfeedback.cli import options
from jupyter_deployfeedback.errors import PermissionMissing, UsageError


@click.command("import")
@click.argument("files", type=click.Path(path_type=Path), metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--arg", "arguments", nargs=2, multiple=True, metavar="NAME VALUE", help="Value of a template's argument."
)
@click.option("--target", help="The target that AICoE-CI's numbers are of; default: the one their name says.")
@click.option("--release", "tag", metavar="TAG", help="The release that AICoE-CI's numbers are of.")
@options.project_option
def import_command(
    *,
    files: tuple[Path, ...],
    arguments: tuple[tuple[str, str], ...],
    target: str | None,
    tag: str | None,
    project_file: Path,
) -> int:
    """Print the rules that a file of MLflow or Argo Rollouts means, or keep what AICoE-CI stored as runs.

    What cannot be said by a rule is refused by its name; then it ends with 2. AICoE-CI's processed_metrics,
    aggregated_metrics, metrics.json and platform_metrics.json become runs to compare with.
    """
    from jupyter_deployfeedback.pipeline.questions import is_stored_document

    texts = {str(file): _read(file) for file in files}
    if any(map(is_stored_document, texts.values())):
        _import_deployments(texts, target=target, tag=tag, project_file=project_file)
        return 0
    if len(texts) > 1 or target or tag:
        raise UsageError("Rules are imported from one file, without --target and --release.")
    return _print_rules(*texts.values(), arguments=dict(arguments))


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise PermissionMissing(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is no text.", remedy="Give a YAML or JSON file.") from error


def _import_deployments(texts: dict[str, str], *, target: str | None, tag: str | None, project_file: Path) -> None:
    from jupyter_deployfeedback.pipeline.imported import import_deployments
    from jupyter_deployfeedback.pipeline.plan import choose_target, open_project
    from jupyter_deployfeedback.pipeline.questions import read_deployments

    deployments = read_deployments(texts)
    project = open_project(project_file.resolve(), environment=options.environment())
    if target is not None:
        choose_target(project, target)
    runs = import_deployments(
        deployments, project, target=target, tag=tag, store=options.store(), now=datetime.now(UTC)
    )
    for run in runs:
        click.echo(f"{run.run_id}  {run.request.imported}  of {run.request.target}")
    what = "the last release" if tag else "one of them"
    how = "run" if tag else f"run --against {runs[-1].request.imported}"
    click.echo(f"Compare with {what}: jupyter deployfeedback {how}", err=True)


def _print_rules(text: str, *, arguments: dict[str, str]) -> int:
    from jupyter_deployfeedback.pipeline.questions import import_rules

    found = import_rules(text, arguments=arguments)
    click.echo(found.yaml(), nl=False)
    for refusal in found.refusals:
        click.echo(f"Not imported: {refusal}", err=True)
    return UsageError.exit_code if found.refusals else 0
