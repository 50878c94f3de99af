"""How far a cell is that sends many requests, as people watch it."""

from __future__ import annotations

import time

from jupyter_deployfeedback.probe.display import Display
from jupyter_deployfeedback.probe.records import progress_record

SECONDS_BETWEEN_PROGRESS = 0.2


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
