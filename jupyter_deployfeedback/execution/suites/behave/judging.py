"""From behave's words for a scenario, when it ended or while it runs, to the events of its case. Pure."""

import json
import re
import xml.etree.ElementTree as ET
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zlib import crc32

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
LONGEST_ID = 64  # of a notebook's cell


@dataclass
class ScenarioEnd:
    """How the expected scenarios ended, and what is worth reading beside it."""

    ends: list[CellEnded] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    @property
    def red(self) -> bool:
        """Say whether a scenario failed, raised or was not run."""
        return any(end.status not in {"ok", "skipped"} for end in self.ends)


@dataclass(frozen=True)
class Scenario:
    """One scenario, or one row of an outline. ``location`` is its feature file and line."""

    feature: str
    name: str
    location: str
    keyword: str
    status: str | None
    tags: tuple[str, ...]
    steps: tuple[Mapping[str, Any], ...]

    @property
    def cell_id(self) -> str:
        """Feature file and line as an id that a notebook's cell may have."""
        plain = "".join(char if char.isalnum() and char.isascii() else "-" for char in self.location)
        return plain if len(plain) <= LONGEST_ID else f"{plain[-50:]}-{crc32(self.location.encode()):08x}"

    @property
    def text(self) -> str:
        """The scenario as its file has it, without tables and texts."""
        lines = [f"{self.keyword}: {self.name}", *(step_text(step) for step in self.steps)]
        return "\n    ".join(lines)


@dataclass(frozen=True)
class Told:
    """What JUnit says of a scenario: ``kind`` is failure or error."""

    kind: str
    type: str
    message: str
    text: str


@dataclass
class Report:
    """All that behave reported. ``complete``: its JSON was closed, so that what is absent did not run."""

    scenarios: dict[str, Scenario] = field(default_factory=dict)
    complete: bool = False
    exists: bool = False
    told: dict[str, Told] = field(default_factory=dict)


def judge(expected: Mapping[str, Scenario], report: Report, *, stopped: bool) -> ScenarioEnd:
    """Say of each expected scenario how it ended; of one that an incomplete report lacks nothing is said.

    Neither where behave was ``stopped``: interrupted between two steps, it closes a report without that feature.
    """
    judgement = ScenarioEnd()
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


def step_text(step: Mapping[str, Any]) -> str:
    """Write a step as its file has it."""
    return f"{step.get('keyword', '')} {step.get('name', '')}".strip()


def read_report(path: Path, *, junit: Path | None = None) -> Report:
    """Read what is there; a report that was cut off holds the features that were finished."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return Report()
    features, complete = _features(text)
    scenarios = {scenario.cell_id: scenario for scenario in _scenarios(features)}
    told = _match(scenarios, _read_junit(junit)) if junit else {}
    return Report(scenarios, complete, exists=True, told=told)


def _features(text: str) -> tuple[list[Mapping[str, Any]], bool]:
    try:
        whole = json.loads(text)
    except ValueError:
        return list(_first_features(text)), False
    return (whole, True) if isinstance(whole, list) else ([], False)


def _first_features(text: str) -> Iterator[Mapping[str, Any]]:
    decoder = json.JSONDecoder()
    at = text.find("[") + 1
    while at:
        at += len(text[at:]) - len(text[at:].lstrip(" \r\n\t,"))
        try:
            feature, at = decoder.raw_decode(text, at)
        except ValueError:
            return
        yield feature


def _scenarios(features: Sequence[Mapping[str, Any]]) -> Iterator[Scenario]:
    for feature in features:
        for element in feature.get("elements", ()):
            if element.get("type") != "background":  # its steps come again in each scenario
                yield Scenario(
                    feature=feature.get("name", ""),
                    name=element.get("name", ""),
                    location=element["location"],
                    keyword=element.get("keyword", "Scenario"),
                    status=element.get("status"),
                    tags=tuple(element.get("tags", ())),
                    steps=tuple(element.get("steps", ())),
                )


def _read_junit(folder: Path) -> dict[tuple[str, str], deque[Told | None]]:
    """Return what JUnit tells of the scenarios of one name, in their order, None for those it does not complain of."""
    found: dict[tuple[str, str], deque[Told | None]] = {}
    for file in sorted(folder.glob("TESTS-*.xml")):
        try:
            root = ET.parse(file).getroot()  # noqa: S314 - behave wrote it just now, from what it ran as this user
        except ET.ParseError:
            continue
        for case in root.iter("testcase"):
            key = (_last(case.get("classname", "")), case.get("name", ""))
            found.setdefault(key, deque()).append(_told(case))
    return found


def _told(case: ET.Element) -> Told | None:
    for kind in ("failure", "error"):
        element = case.find(kind)
        if element is not None:
            return Told(kind, element.get("type", ""), element.get("message", ""), (element.text or "").strip())
    return None


def _match(scenarios: Mapping[str, Scenario], found: Mapping[tuple[str, str], deque[Told | None]]) -> dict[str, Told]:
    told = {}
    for cell_id, scenario in scenarios.items():
        same_name = found.get((_last(scenario.feature), scenario.name))
        one = same_name.popleft() if same_name else None
        if one is not None:
            told[cell_id] = one
    return told


def _last(dotted: str) -> str:
    """Return what of a JUnit class is the feature's: before it stands the file, with dots for slashes."""
    return dotted.rpartition(".")[2]
