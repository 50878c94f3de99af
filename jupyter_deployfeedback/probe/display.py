"""Put records where they are seen: as display data of the running cell, or as text where there is no IPython.

IPython is used where it already runs and never imported: a script that uses the probe stays light.
"""

import sys
import time
import uuid
from typing import Any

from jupyter_deployfeedback.probe.records import RECORD_MIME, progress_record

SECONDS_BETWEEN_PROGRESS = 0.2


class Display:
    """One place in a cell's output, shown first and replaced later."""

    def __init__(self) -> None:
        self._id = uuid.uuid4().hex
        self._shown = False

    def show(self, record: dict[str, Any], *, text: str, html: str | None = None) -> bool:
        """Show a record here instead of what stood here; say whether there is a notebook to show it in."""
        shell = _shell()
        if shell is None:
            return False
        data: dict[str, Any] = {RECORD_MIME: record, "text/plain": text}
        if html is not None:
            data["text/html"] = html
        _publish(shell, data, display_id=self._id, update=self._shown)
        self._shown = True
        return True


def show(record: dict[str, Any], *, text: str, html: str | None = None) -> None:
    """Show a record once; without IPython its text goes to standard output."""
    if not Display().show(record, text=text, html=html):
        write(text)


def write(text: str) -> None:
    """Write one line to standard output."""
    sys.stdout.write(f"{text}\n")


def _publish(shell: Any, data: dict[str, Any], *, display_id: str, update: bool) -> None:  # noqa: ANN401 - IPython's
    """Send display data; past a publisher that captures it: ``%%capture`` must not hide a check that failed."""
    transient = {"display_id": display_id}
    kernel = getattr(shell, "kernel", None)
    if kernel is None or not type(shell.display_pub).__name__.startswith("Capturing"):
        shell.display_pub.publish(data=data, transient=transient, update=update)
        return
    kind = "update_display_data" if update else "display_data"
    content = {"data": data, "metadata": {}, "transient": transient}
    kernel.session.send(kernel.iopub_socket, kind, content, parent=kernel.get_parent(), ident=kind.encode())


def _shell() -> Any:  # noqa: ANN401 - IPython's shell, which the probe does not import
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return None if type(shell).__name__ == "TerminalInteractiveShell" else shell  # it would print each update


class Progress:
    """Shows how much is done: at once, then at most every 0.2 s."""

    def __init__(self, display: Display, *, total: int, what: str = "examples asked") -> None:
        self._display = display
        self._total = total
        self._what = what
        self._next = 0.0

    def tell(self, done: int, *, before: int = 0) -> None:
        """Show that so many are done, beside those done ``before``."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + SECONDS_BETWEEN_PROGRESS
        done += before
        self._display.show(progress_record(done, total=self._total), text=f"{done} of {self._total} {self._what}")
