"""``%deployfeedback``: the command line inside a notebook, with the feedback shown as a page.

The command works in a process of its own, so that the user's kernel keeps its modules, its state and its speed.
"""

from __future__ import annotations

import html
import shlex
import subprocess
import sys
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_magic, magics_class
from IPython.display import display

if TYPE_CHECKING:
    from jupyter_deployfeedback.domain.feedback import FeedbackReport

GIVE_FEEDBACK = {"demo", "run", "show", "compare"}
SAY_HOW = frozenset({"--format", "--output", "--help", "-h"})  # with one of these it is shown as it is written
PAGE_HEIGHT = 640


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
        if words[0] in GIVE_FEEDBACK and SAY_HOW.isdisjoint(word.partition("=")[0] for word in words):
            display(_feedback(words))
        else:
            print(_called(words), end="")  # noqa: T201 - what a command prints is what the cell shows


def _feedback(words: list[str]) -> Page:
    from jupyter_deployfeedback.domain.feedback import FeedbackReport

    return Page(FeedbackReport.model_validate_json(_called([*words, "--format", "json"])))


def _called(words: list[str]) -> str:
    """Return what a command writes to stdout, or what it says of the file that it wrote instead.

    Its progress on stderr is shown while it works.
    """
    shown = display({"text/plain": "Starting ..."}, raw=True, display_id=True)
    command = [sys.executable, "-m", "jupyter_deployfeedback.cli", *words]
    with (
        TemporaryFile("w+", encoding="utf-8") as output,  # a pipe would fill up while we follow the other one
        subprocess.Popen(command, stdout=output, stderr=subprocess.PIPE, text=True) as process,
    ):
        try:
            told = _follow(process, shown=shown)
            process.wait()
            if shown is not None:
                shown.update({"text/plain": ""}, raw=True)
        except KeyboardInterrupt:
            process.terminate()
            raise
        output.seek(0)
        said = output.read()
    if not said and told[-1:] and told[-1].startswith("Written to "):
        return "\n".join([*told[-2:], ""])
    if not said and process.returncode:
        raise UsageError(_complaint(told) or f"The command ended with {process.returncode}.")
    return said


def _complaint(told: list[str]) -> str:
    """Return what a command says of its failure, without its progress before."""
    begins = [place for place, line in enumerate(told) if line.startswith(("Usage: ", "Error: ", "Internal error: "))]
    return "\n".join(told[begins[0] :] if begins else told[-5:]).removeprefix("Error: ")


def _follow(process: subprocess.Popen[str], *, shown: Any) -> list[str]:  # noqa: ANN401 - IPython leaves its display handles untyped
    told = []
    for line in process.stderr or ():
        told.append(line.rstrip())
        if shown is not None:
            shown.update({"text/plain": told[-1]}, raw=True)
    return told
