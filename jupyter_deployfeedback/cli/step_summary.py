"""What GitHub shows on the page of a workflow's run: markdown in the file that GITHUB_STEP_SUMMARY names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from jupyter_deployfeedback.domain.feedback import FeedbackReport

VARIABLE = "GITHUB_STEP_SUMMARY"
LONGEST = 1_048_576
"""Bytes that GitHub takes of one step; of a longer file it shows nothing at all."""


def append_step_summary(report: FeedbackReport, *, environment: Mapping[str, str]) -> None:
    """Append the report as markdown where GitHub asks for it; a summary that cannot be written changes no verdict."""
    name = environment.get(VARIABLE)
    if not name:
        return
    from jupyter_deployfeedback.feedback import Format, render

    text = f"{render(report, Format.MARKDOWN)}\n"
    try:
        with Path(name).open("ab") as file:
            before = b"\n" if file.tell() else b""  # what stands there may lack its line break
            if file.tell() + len(before) + len(text.encode()) > LONGEST:
                click.echo(f"{VARIABLE}: no room is left for the feedback; a step may write 1 MiB.", err=True)
                return
            file.write(before + text.encode())
    except OSError as error:
        click.echo(f"{VARIABLE}: {name} cannot be written: {error.strerror}.", err=True)
