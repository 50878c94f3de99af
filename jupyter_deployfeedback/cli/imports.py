"""``import``: thresholds of another tool as rules to paste."""

from __future__ import annotations

from pathlib import Path

import click

from jupyter_deployfeedback.errors import PermissionMissing, UsageError


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--arg", "arguments", nargs=2, multiple=True, metavar="NAME VALUE", help="Value of a template's argument."
)
def import_command(*, file: Path, arguments: tuple[tuple[str, str], ...]) -> int:
    """Print the rules that a file of MLflow, Argo Rollouts or Keptn means, to paste into the project file.

    What cannot be said by a rule is refused by its name; then it ends with 2.
    """
    from jupyter_deployfeedback.project.imports import import_rules
    from jupyter_deployfeedback.verdict import check_rule

    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise PermissionMissing(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is no text.", remedy="Give a YAML or JSON file.") from error
    found = import_rules(text, arguments=dict(arguments), check_rule=check_rule)
    click.echo(found.yaml(), nl=False)
    for refusal in found.refusals:
        click.echo(f"Not imported: {refusal}", err=True)
    return UsageError.exit_code if found.refusals else 0
