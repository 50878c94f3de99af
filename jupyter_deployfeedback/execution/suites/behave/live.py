"""How far behave has come, read from its plain output while it runs. A hint: its reports say what became of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from jupyter_deployfeedback.execution.suites.behave.judging import explain
from jupyter_deployfeedback.execution.suites.behave.report import Scenario
from jupyter_deployfeedback.execution.worker.wire import CellEnded, CellStarted, Event

_STEP = re.compile(r"\s+\S.* \.\.\. (?P<status>[a-z_]+) in \d+\.\d+s")


class Live:
    """Hears behave's lines and tells which scenario begins, and roughly how the one before it ended."""

    def __init__(self, expected: Mapping[str, Scenario], *, tell: Callable[[Event], None]) -> None:
        self._to_come = [(f"{each.keyword}: {each.name}", cell_id) for cell_id, each in expected.items()]
        self._tell = tell
        self._running: str | None = None
        self._statuses: list[str] = []
        self._said: list[str] = []

    def hear(self, line: str) -> None:
        """Hear one line."""
        if line.startswith("  ") and (begun := self._begun(line.strip())) is not None:
            self._end()
            self._running, self._statuses, self._said = begun, [], []
            self._tell(CellStarted(begun))
        elif (step := _STEP.fullmatch(line)) is not None:
            self._statuses.append(step["status"])
        elif self._statuses and self._statuses[-1] in {"failed", "error"} and len(self._said) < 200:
            self._said.append(line)

    def _begun(self, heading: str) -> str | None:
        for position, (expected, cell_id) in enumerate(self._to_come):
            if heading == expected:
                self._to_come = self._to_come[position + 1 :]
                return cell_id
        return None

    def _end(self) -> None:
        """Tell how the scenario that was running ended, now that another one has begun."""
        if self._running is None or not self._statuses:
            return
        last = self._statuses[-1]
        if last in {"passed", "skipped"}:
            self._tell(CellEnded(self._running, "ok" if last == "passed" else "skipped", 1))
        else:
            said = explain("\n".join(self._said).strip()) if self._said else ("Step", last, "")
            self._tell(CellEnded(self._running, "error", 1, said))
