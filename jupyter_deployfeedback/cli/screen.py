"""What a command shows: feedback on the terminal, in a file, on the page of a workflow's run, or on another Screen."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from jupyter_deployfeedback.errors import PermissionMissing

if TYPE_CHECKING:
    from jupyter_deployfeedback.domain.feedback import FeedbackReport

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
LONGEST = 1_048_576
"""Bytes that GitHub takes of one step; of a longer file it shows nothing at all."""


@dataclass(frozen=True)
class Screen:
    """What a command shows things on where that is no terminal: ``show`` the feedback, ``say`` what is done now."""

    show: Callable[[FeedbackReport], object]
    say: Callable[[str], object]


def current() -> Screen | None:
    """Return what the command that runs shows things on, None for the terminal."""
    context = click.get_current_context(silent=True)
    return context.find_object(Screen) if context else None


def empty(output: Path | None) -> None:
    """Empty the file that feedback will be written to, so that nobody takes what an earlier run left for this one's.

    Raises PermissionMissing where it cannot be written: now, not after minutes of requests. Pipes are left alone.
    """
    if output is not None and (output.is_file() or not output.exists()):
        _write_ours(output, "")


def emit(report: FeedbackReport, *, form: str, output: Path | None) -> None:
    """Show the feedback, print it as it was asked for, or write it to a file and print one line that says so."""
    from jupyter_deployfeedback.feedback import Format, render, render_text

    shown_on = current()
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
        _show(text if current() else text.encode())  # UTF-8, as JUnit says of itself, whatever the locale
    else:
        _write_ours(output, text)
        click.echo(f"{about}\nWritten to {output}", err=True)


def _write_ours(output: Path, text: str) -> None:
    """Write feedback, and note that it is ours: it prevents no tag of the commit in whose work tree it lies."""
    from jupyter_deployfeedback.pipeline.questions import note_output

    write(output, text)
    note_output(output)


def write(path: Path, text: str) -> None:
    """Write a text file; PermissionMissing where the folder does not allow it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise PermissionMissing(
            f"{path} cannot be written: {error.strerror}.", remedy="Choose another file with --output."
        ) from error


def append_step_summary(report: FeedbackReport, *, environment: Mapping[str, str]) -> None:
    """Append the report as markdown where GitHub asks for it; a summary that cannot be written changes no verdict."""
    name = environment.get(STEP_SUMMARY)
    if not name:
        return
    from jupyter_deployfeedback.feedback import Format, render

    text = f"{render(report, Format.MARKDOWN)}\n"
    try:
        with Path(name).open("ab") as file:
            before = b"\n" if file.tell() else b""  # what stands there may lack its line break
            if file.tell() + len(before) + len(text.encode()) > LONGEST:
                click.echo(f"{STEP_SUMMARY}: no room is left for the feedback; a step may write 1 MiB.", err=True)
                return
            file.write(before + text.encode())
    except OSError as error:
        click.echo(f"{STEP_SUMMARY}: {name} cannot be written: {error.strerror}.", err=True)


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
