"""``%deployfeedback``: the commands in a notebook, with the feedback shown as a page and progress in one line."""

from __future__ import annotations

import html
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from typing import TYPE_CHECKING, Any

import click
from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_magic, magics_class
from IPython.display import display

from jupyter_deployfeedback.cli.main import group
from jupyter_deployfeedback.cli.screen import Screen
from jupyter_deployfeedback.errors import DeployFeedbackError

if TYPE_CHECKING:
    from jupyter_deployfeedback.domain.feedback import FeedbackReport

PAGE_HEIGHT = 640
STARTED = {"demo", "run"}  # what may take a while before it says what it does


class Page:
    """Feedback that shows itself: as a page in a notebook, as text elsewhere."""

    def __init__(self, report: FeedbackReport) -> None:
        self.report = report

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        from jupyter_deployfeedback.feedback import Format, render

        page = html.escape(render(self.report, Format.HTML), quote=True)
        frame = f'<iframe sandbox="" srcdoc="{page}" style="width:100%;height:{PAGE_HEIGHT}px;border:0"></iframe>'
        return {"text/html": frame, "text/plain": render(self.report, Format.TEXT)}


@magics_class
class DeployFeedbackMagics(Magics):
    """The line magic; its words are those of ``jupyter deployfeedback``."""

    @line_magic
    def deployfeedback(self, line: str) -> None:
        """``%deployfeedback run [--target NAME ...]``, ``%deployfeedback show [RUN_ID]`` or any other command."""
        try:
            words = shlex.split(line) or ["--help"]
        except ValueError as error:
            raise UsageError(f"{error}: {line}") from None
        with (
            _errors_without_traceback(unless="--debug" in words),
            _one_line() as say,
            redirect_stderr(sys.stdout),
            group.make_context(
                "%deployfeedback",
                [word for word in words if word != "--debug"],
                obj=Screen(show=lambda report: display(Page(report)), say=say),
            ) as context,
        ):
            if words[0] in STARTED:
                say("Starting ...")
            group.invoke(context)


@contextmanager
def _one_line() -> Iterator[Callable[[str], None]]:
    """Give a function that shows a text in place of the one before; the last one goes when all is done."""
    handles: list[Any] = []  # IPython leaves its display handles untyped

    def say(text: str) -> None:
        if handles:
            handles[0].update({"text/plain": text}, raw=True)
        elif (handle := display({"text/plain": text}, raw=True, display_id=True)) is not None:
            handles.append(handle)

    try:
        yield say
    finally:
        if handles:
            say("")


@contextmanager
def _errors_without_traceback(*, unless: bool) -> Iterator[None]:
    """Say what is wrong as IPython says it of its own magics."""
    try:
        yield
    except click.exceptions.Exit:
        return
    except click.UsageError as error:
        usage = f"{error.ctx.get_usage()}\n" if error.ctx else ""
        raise UsageError(f"{usage}{error.format_message()}") from None
    except DeployFeedbackError as error:
        if unless:
            raise
        raise UsageError(str(error)) from None
