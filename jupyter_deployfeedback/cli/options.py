"""Options that several commands share, and where they lead."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from jupyter_deployfeedback.errors import PermissionMissing, RunNotFound, UsageError

if TYPE_CHECKING:
    from jupyter_deployfeedback.domain.feedback import FeedbackReport
    from jupyter_deployfeedback.domain.run import Run
    from jupyter_deployfeedback.store import Store

FORMATS = ("text", "json", "markdown", "html", "junit")
EXPORTS = (
    *("benchmark-json", "benchmark-json-bigger", "in-toto"),
    *("aicoe", "aicoe-aggregated", "aicoe-metrics", "aicoe-platform"),
)
"""Both written out, because importing the nouns would slow down every help."""
_NAMED_URL = re.compile(r"[^=/:?#]+=")
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


@dataclass(frozen=True)
class Screen:
    """What a command shows things on where that is no terminal: ``show`` the feedback, ``say`` what is done now."""

    show: Callable[[FeedbackReport], object]
    say: Callable[[str], object]


class FormatChoice(click.Choice):  # type: ignore[type-arg]  # click 8.1 gives it no parameter
    """A format that people read; one for other programs is refused with the command that writes it."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the format, or raise UsageError."""
        if value in EXPORTS:
            problem = f"{value} is read by other programs, and is exported when a run is over."
            raise UsageError(problem, remedy=f"Afterwards: jupyter deployfeedback export --format {value}.")
        return str(super().convert(value, param, ctx))


project_option = click.option(
    "--project",
    "project_file",
    type=click.Path(exists=True, path_type=Path),
    default=Path(),
    help="Project file or its folder.",
)
format_option = click.option(
    "--format", "form", type=FormatChoice(FORMATS), default="text", help="How the feedback is written."
)
output_option = click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the feedback to this file."
)


def run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of ``run``: target, baseline, suites, their parameters, how many at once, format and output."""
    options: tuple[Decorator, ...] = (
        click.option("--target", default="", help="The target to test; default: the project's."),
        click.option(
            "--url",
            "urls",
            multiple=True,
            metavar="[TARGET=]URL",
            help="Where a target is; may be repeated.",
        ),
        click.option("--against", help="What to compare with: a target, a run, a tag, last-release or none."),
        click.option("--suite", "suites", multiple=True, help="Run only this suite; may be repeated."),
        click.option(
            "-p", "parameters", nargs=2, multiple=True, metavar="NAME VALUE", help="Set a parameter of the suites."
        ),
        click.option(
            "-f",
            "--parameters-file",
            "parameters_files",
            multiple=True,
            type=click.Path(dir_okay=False, path_type=Path),
            help="YAML file with parameters of the suites; -p comes before it.",
        ),
        click.option(
            "--matrix", multiple=True, metavar="NAME=V1,V2", help="Run each suite once for each of these values."
        ),
        click.option(
            "--parallel", type=click.IntRange(min=1), help="Suites at once; default: the project's, else one per core."
        ),
        format_option,
        output_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


def read_parameters(files: tuple[Path, ...], pairs: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """Return parameters by name: those of the files, each before the next, then those of the command line.

    Text has the type that YAML gives it: ``-p n 100`` is a number, ``-p name x`` a string.
    """
    if not (files or pairs):
        return {}
    from jupyter_deployfeedback.project import read_parameters_file, read_value

    read: dict[str, Any] = {}
    for file in files:
        read |= read_parameters_file(file)
    return read | {name: read_value(name, text) for name, text in pairs}


def read_matrix(texts: tuple[str, ...]) -> dict[str, list[Any]]:
    """Return the values of each ``NAME=VALUE,VALUE``; of two with the same name the last counts."""
    if not texts:
        return {}
    from jupyter_deployfeedback.project import read_axis

    return dict(map(read_axis, texts))


def read_urls(given: tuple[str, ...]) -> dict[str, str]:
    """Return addresses by target: ``candidate=http://...``; one alone is that of the run's target, named ""."""
    named = (text.partition("=") if _NAMED_URL.match(text) else ("", "", text) for text in given)
    return {name: url for name, _, url in named}


def screen() -> Screen | None:
    """Return what the command that runs shows things on, None for the terminal."""
    context = click.get_current_context(silent=True)
    return context.find_object(Screen) if context else None


def environment() -> Mapping[str, str]:
    """Return the environment of this process."""
    return os.environ


def store() -> Store:
    """Open the store that this machine's settings name."""
    from jupyter_deployfeedback.store import open_store

    opened = open_store(environment=environment())
    if screen() is not None:  # whose process goes on
        click.get_current_context().call_on_close(opened.close)
    return opened


def finished(opened: Store, project_file: Path) -> Sequence[Run]:
    """Return the finished runs of the project that governs a place, newest first, those that were imported too."""
    from jupyter_deployfeedback.project import find_project_file

    return opened.list(project_file=str(find_project_file(project_file.resolve())), state="finished", limit=1000)


def newest_finished(opened: Store, project_file: Path) -> str:
    """Return the newest finished run of the project that governs a place; RunNotFound where there is none.

    What was imported never ran, so it is passed over.
    """
    found = next((run.run_id for run in finished(opened, project_file) if run.request.imported is None), None)
    if found is None:
        raise RunNotFound("This project has no finished run.", remedy="Start one: jupyter deployfeedback run.")
    return found


def empty(output: Path | None) -> None:
    """Empty the file that feedback will be written to, so that nobody takes what an earlier run left for this one's.

    Raises PermissionMissing where it cannot be written: now, not after minutes of requests. Pipes are left alone.
    """
    if output is not None and (output.is_file() or not output.exists()):
        write(output, "")


def emit(report: FeedbackReport, *, form: str, output: Path | None) -> None:
    """Show the feedback, print it as it was asked for, or write it to a file and print one line that says so."""
    from jupyter_deployfeedback.feedback import Format, render, render_text

    shown_on = screen()
    if shown_on and output is None and _left_out("form"):
        shown_on.show(report)
    elif output is None and form == "text":
        width = min(shutil.get_terminal_size().columns, 120)
        _show(render_text(report, width=width, color=_in_colour()))
    else:
        hand_over(render(report, Format(form)), output=output, about=report.headline)


def hand_over(text: str, *, output: Path | None, about: str) -> None:
    """Print what programs read, or write it to a file and say so on stderr below what it is about."""
    if output is None:
        _show(text if screen() else text.encode())  # UTF-8, as JUnit says of itself, whatever the locale
    else:
        write(output, text)
        click.echo(f"{about}\nWritten to {output}", err=True)


def _left_out(parameter: str) -> bool:
    return click.get_current_context().get_parameter_source(parameter) is ParameterSource.DEFAULT


def _in_colour() -> bool:
    """Say whether stdout is a terminal whose user wants colour (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _show(feedback: str | bytes) -> None:
    """Write to stdout; a reader who has seen enough (``| head``) changes no exit code."""
    try:
        click.echo(feedback, nl=False)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left cannot be flushed at exit either
        if not isinstance(error, BrokenPipeError):
            remedy = "Show it again: jupyter deployfeedback show."
            raise PermissionMissing(f"The feedback cannot be written: {error.strerror}.", remedy=remedy) from error


def write(path: Path, text: str) -> None:
    """Write a text file; PermissionMissing where the folder does not allow it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise PermissionMissing(
            f"{path} cannot be written: {error.strerror}.", remedy="Choose another file with --output."
        ) from error
