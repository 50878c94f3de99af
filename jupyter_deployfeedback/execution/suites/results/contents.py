"""What was found in a file of results, whichever tool wrote it."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

MOST_VALUES = 50  # of a tag that becomes a slice


class Unreadable(Exception):
    """The file cannot be judged; the message says why and what to do."""


class ClaimOutcome(StrEnum):
    """What became of a claim."""

    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"
    LATE = "late"  # what sent the requests could not keep up


@dataclass(frozen=True)
class Claim:
    """Something that must hold of the results, and whether it does; ``message`` says why not.

    ``judges``: it is about what was tested, and not only about whether the results can be used.
    """

    title: str
    outcome: ClaimOutcome = ClaimOutcome.PASSED
    message: str = ""
    judges: bool = True

    @classmethod
    def judged(cls, title: str, *, holds: bool, message: str) -> Self:
        """Return a claim that passed, or failed with a message."""
        return cls(title) if holds else cls(title, ClaimOutcome.FAILED, message)

    @classmethod
    def needed(cls, title: str, *, holds: bool, message: str) -> Self:
        """Return a claim without which the rest says nothing: it passed, or it is an error."""
        return cls(title, judges=False) if holds else cls(title, ClaimOutcome.ERRORED, message, judges=False)


@dataclass(frozen=True)
class Number:
    """One number of a file of aggregates. ``hits`` of ``n`` is there where the number is a share of counts."""

    name: str
    value: float
    unit: str = ""
    better: str = "lower"
    n: int | None = None
    hits: int | None = None


@dataclass
class Requests:
    """Single requests, column by column; seconds, and seconds since the epoch. ``tags`` become slices."""

    sent_at: list[float] = field(default_factory=list)
    latency_seconds: list[float] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    tags: dict[str, list[str]] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)

    def add(self, *, sent_at: float, seconds: float, state: str, error: str = "", tags: dict[str, str]) -> None:
        """Add one request; ``tags`` must name the same things each time."""
        self.sent_at.append(sent_at)
        self.latency_seconds.append(seconds)
        self.states.append(state)
        for name, value in tags.items():
            self.tags.setdefault(name, []).append(value)
        if error:
            self.errors[error[:200]] += 1

    def slices(self) -> dict[str, list[str]]:
        """Return the tags that divide the requests into a few groups."""
        return {name: column for name, column in self.tags.items() if 1 < len(set(column)) <= MOST_VALUES}

    def order(self) -> list[int]:
        """Return the rows in the order in which the requests were sent."""
        return sorted(range(len(self.sent_at)), key=self.sent_at.__getitem__)


@dataclass
class Found:
    """The evidence of one file. Times are seconds since the epoch, None where the file does not say them.

    ``addresses`` are those that were asked, empty where the file does not say them.
    """

    tool: str
    claims: list[Claim] = field(default_factory=list)
    requests: Requests | None = None
    numbers: list[Number] = field(default_factory=list)
    addresses: set[str] = field(default_factory=set)
    started: float | None = None
    ended: float | None = None
    notices: list[str] = field(default_factory=list)

    def lasted(self, requests: Requests) -> None:
        """Take the times from the requests."""
        self.started = min(requests.sent_at, default=None)
        ends = (at + took for at, took in zip(requests.sent_at, requests.latency_seconds, strict=True))
        self.ended = max(ends, default=None)


def number(value: object, *, where: str) -> float:
    """Return a finite number that is not negative, or say where there is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise Unreadable(f"{where} is {value!r}, not a number")
    return float(value)


def count(value: object, *, where: str) -> int:
    """Return a whole number that is not negative, or say where there is none."""
    found = number(value, where=where)
    if found != int(found):
        raise Unreadable(f"{where} is {value!r}, not a count")
    return int(found)


def moment(value: object, *, where: str) -> float:
    """Return a time as seconds since the epoch; without a zone it is UTC."""
    try:
        found = datetime.fromisoformat(value)  # type: ignore[arg-type]  # anything else is a TypeError
    except (TypeError, ValueError):
        raise Unreadable(f"{where} is {value!r}, not a time") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def require(keys: Iterable[str], *, of: dict[str, Any], where: str) -> None:
    """Refuse an object that lacks what makes its shape."""
    lacking = [key for key in keys if key not in of]
    if lacking:
        raise Unreadable(f"{where} lacks {', '.join(lacking)}: this version of the format is not known")
