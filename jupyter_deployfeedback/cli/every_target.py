"""``run --all-targets``: a run for each target, one after the other, each with a result of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jupyter_deployfeedback.cli import options
from jupyter_deployfeedback.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jupyter_deployfeedback.domain.feedback import FeedbackReport

FOLLOW_EACH_OTHER = ("text", "markdown")  # other documents cannot stand in one stream


def run_each(
    run: Callable[..., FeedbackReport],
    *,
    project_file: Path,
    urls: tuple[str, ...],
    form: str,
    output: Path | None,
    **chosen: Any,  # noqa: ANN401 - click's options
) -> int:
    """Run each target but the live baseline; return the exit code of the worst verdict.

    ``output`` becomes a file for each, with the target's name in its own. Raises UsageError, before anything is sent.
    """
    from jupyter_deployfeedback.domain.verdict import worst
    from jupyter_deployfeedback.pipeline.plan import open_project

    if chosen["target"] or chosen["continues"] or "" in options.read_urls(urls):
        remedy = "Leave out --target and --continue, and say of each address whose it is: --url TARGET=URL."
        raise UsageError("--all-targets runs every target of the project.", remedy=remedy)
    if output is None and form not in FOLLOW_EACH_OTHER:
        remedy = f"Name it: --output FILE; the target's name is added. Or take {' or '.join(FOLLOW_EACH_OTHER)}."
        raise UsageError(f"--all-targets writes a file of {form} for each target.", remedy=remedy)
    project = open_project(project_file.resolve(), environment=options.environment())
    names = [name for name in project.targets if name != (chosen["against"] or project.baseline)]
    reports = []
    for name in names:
        file = output and output.with_stem(f"{output.stem}-{name}")
        asked = chosen | {"project_file": project_file, "urls": urls, "form": form, "output": file, "target": name}
        reports.append(run(**asked))
    _say_how_to_compare(reports)
    return worst([report.verdict for report in reports]).exit_code


def say_who_was_not_run(report: FeedbackReport, urls: tuple[str, ...]) -> None:
    """Tell which targets got an address and were left alone."""
    others = options.read_urls(urls).keys() - {"", report.run.target, report.run.baseline}
    if others:
        click.echo(f"Not run: {', '.join(sorted(others))}. With --all-targets each target is.", err=True)


def _say_how_to_compare(reports: Sequence[FeedbackReport]) -> None:
    first, *others = (report.run for report in reports)
    for each in others:
        what = f"{each.target} beside {first.target}: jupyter deployfeedback compare {each.run_id} {first.run_id}"
        click.echo(what, err=True)
