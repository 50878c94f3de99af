"""behave's own reports: its JSON, whole or cut off, and its JUnit files, which alone name the exceptions."""

import json
import xml.etree.ElementTree as ET
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zlib import crc32

LONGEST_ID = 64  # of a notebook's cell


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
