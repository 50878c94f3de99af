"""From behave's words for a scenario, when it ended or while it runs, to the events of its case. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_deployfeedback.execution.suites.behave.report import Report, Scenario, Told, step_text
from jupyter_deployfeedback.execution.worker.wire import CellEnded, CellStarted, Event

ASSERTION = "AssertionError"
_ASSERTED = ("Assertion Failed:", "ASSERT FAILED:")  # of behave 1.2.6, of 1.3
_ABORTED = "ABORTED: By user"
_INTERRUPTED = "KeyboardInterrupt"
_UNSAID = "ScenarioError"  # behave gives no reason, as where a hook is interrupted
_NO_TYPE = "NoneType"  # what JUnit calls an undefined step
Said = tuple[str, str, str]
"""Name, message and traceback of what a case raised."""
_STEP = re.compile(r"\s+\S.* \.\.\. (?P<status>[a-z_]+) in \d+\.\d+s")


@dataclass
class Judgement:
    """How the expected scenarios ended, and what is worth reading beside it."""

    ends: list[CellEnded] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    @property
    def red(self) -> bool:
        """Say whether a scenario failed, raised or was not run."""
        return any(end.status not in {"ok", "skipped"} for end in self.ends)


def judge(expected: Mapping[str, Scenario], report: Report, *, stopped: bool) -> Judgement:
    """Say of each expected scenario how it ended; of one that an incomplete report lacks nothing is said.

    Neither where behave was ``stopped``: interrupted between two steps, it closes a report without that feature.
    """
    judgement = Judgement()
    for position, cell_id in enumerate(expected, start=1):
        scenario = report.scenarios.get(cell_id)
        if scenario is not None:
            told = report.told.get(cell_id)
            judgement.ends.append(_end(scenario, told, position=position, stopped=stopped))
            judgement.notices.extend(_notices(scenario))
        elif report.complete and not stopped:
            judgement.ends.append(CellEnded(cell_id, "aborted"))
    return judgement


def explain(text: str) -> Said:
    """Read name, message and traceback from what behave prints of a failed step."""
    for prefix in _ASSERTED:
        if text.startswith(prefix):
            return ASSERTION, text.removeprefix(prefix).strip(), text
    lines = text.strip().splitlines() or [""]
    name, _, message = lines[-1].partition(":")
    return (name, message.strip(), text) if name.replace(".", "").isidentifier() else ("Error", lines[-1], text)


def _end(scenario: Scenario, told: Told | None, *, position: int, stopped: bool) -> CellEnded:
    seconds = sum(_result(step).get("duration") or 0.0 for step in scenario.steps)
    error: Said | None = None
    status = {"passed": "ok", "skipped": "skipped", None: "aborted", "untested": "aborted"}.get(scenario.status)
    if status == "ok" and not scenario.steps:
        status = "aborted"
    if status is None:
        error = _said(scenario, told)
        status = "error"
        if stopped and (error[0] in {_INTERRUPTED, _UNSAID} or error[1].startswith(_ABORTED)):
            return CellEnded(scenario.cell_id, duration_seconds=seconds)  # it was us who interrupted it
    return CellEnded(scenario.cell_id, status, position, error, duration_seconds=seconds)


def _said(scenario: Scenario, told: Told | None) -> Said:
    unready = _unready_step(scenario)
    if unready is not None:
        return unready
    if told is not None and told.type != _NO_TYPE:
        if told.kind != "failure" or told.type == ASSERTION:
            return told.type, told.message, told.text
        return ASSERTION, f"{told.type}: {told.message}", told.text  # a class of assertions of the test's own
    text = next((_text(_result(step).get("error_message")) for step in _bad_steps(scenario)), "")
    return explain(text) if text else (_UNSAID, f"behave says {scenario.status!r} and no more.", "")


def _unready_step(scenario: Scenario) -> Said | None:
    for step in scenario.steps:
        status = _result(step).get("status")
        if status == "undefined":
            return "UndefinedStep", f"No step is defined for: {step_text(step)}", ""
        if status == "pending":
            return "PendingStep", f"This step is not written yet: {step_text(step)}", ""
    return None


def _bad_steps(scenario: Scenario) -> Iterator[Mapping[str, Any]]:
    return (step for step in scenario.steps if _result(step).get("error_message"))


def _notices(scenario: Scenario) -> Iterator[str]:
    if not scenario.steps and scenario.status == "passed":
        yield f"{scenario.name} ({scenario.location}): it has no step, so nothing was tested."
    if scenario.status == "passed" and any(_result(step).get("status") == "pending_warn" for step in scenario.steps):
        yield f"{scenario.name} ({scenario.location}): passed, though a step is not written yet."


def _result(step: Mapping[str, Any]) -> Mapping[str, Any]:
    result: Mapping[str, Any] = step.get("result") or {}
    return result


def _text(message: object) -> str:
    return "\n".join(map(str, message)) if isinstance(message, list) else str(message or "")


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
