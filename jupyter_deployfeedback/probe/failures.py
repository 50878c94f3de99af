"""Why requests have no answer: each distinct reason once, counted, with one request that had it and what came back."""

import re
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

MOST = 5  # distinct reasons of one target that are kept; rarer ones are counted together
LONGEST = 300  # characters of a message, a request or a reply
OTHER_ERRORS = "other errors"
_TELLING = r'"(?:detail|error|message|msg|reason|title)"\s*:\s*"(?P<said>(?:[^"\\]|\\.)*)"?'
_LITERAL = re.compile(rf"""{_TELLING}|"(?:[^"\\]|\\.)*"?|'[^']*'?|(?<![\w.+-])[\w.+-]*\d[\w.+-]*""", re.DOTALL)


class FailureKind(StrEnum):
    """Why requests have no answer."""

    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    STATUS = "status"  # an HTTP status that is no success
    UNREADABLE = "unreadable"  # a success that cannot be read as predictions
    BROKEN_OFF = "broken_off"
    UNWRITABLE = "unwritable"  # the example cannot be written as a request
    NOT_SENT = "not_sent"
    OTHER = "other"

    def rank(self, count: int) -> tuple[int, int]:
        """Return what sorts reasons: the most frequent first; what follows from others, and the rest, come last."""
        return {FailureKind.NOT_SENT: 1, FailureKind.OTHER: 2}.get(self, 0), -count


@dataclass(frozen=True)
class Failure:
    """Why a request has no answer, and what to do; ``sent`` and ``reply`` show how one such request began."""

    kind: FailureKind
    message: str
    status: int | None = None
    sent: str = ""
    reply: str = ""
    remedy: str = ""

    @property
    def text(self) -> str:
        """The reason on one line, with how a reply begins of which only the status is said."""
        said = f": {self.reply[:200]}" if self.reply and self.message == f"answered {self.status}" else ""
        return f"{self.message.rstrip('.')}{said}."

    @property
    def likeness(self) -> tuple[FailureKind, int | None, str]:
        """What failures for one reason share: kind, status, and what was said without its literals."""
        return self.kind, self.status, " ".join(re.findall(r"[^\W_]+", _without_literals(self.text)))


class Failures:
    """The distinct reasons of one target. Where there are too many, those of one kind and status become one."""

    def __init__(self) -> None:
        self._groups: dict[tuple[Any, ...], tuple[Failure, int]] = {}
        self._fine = True

    def add(self, failure: Failure, *, count: int) -> None:
        """Count requests for their reason; the first of a reason is the one that is shown."""
        if self._fine and failure.likeness not in self._groups and len(self._groups) == MOST:
            groups, self._fine, self._groups = list(self._groups.values()), False, {}
            for each, number in groups:
                self.add(each, count=number)
        key: tuple[Any, ...] = failure.likeness if self._fine else failure.likeness[:2]
        if key not in self._groups and len(self._groups) >= MOST:
            key, failure = (FailureKind.OTHER,), Failure(FailureKind.OTHER, OTHER_ERRORS)
        first, before = self._groups.get(key, (failure, 0))
        self._groups[key] = (first, before + count)

    def counted(self) -> list[tuple[Failure, int]]:
        """Return the reasons with their counts, the most frequent first."""
        return sorted(self._groups.values(), key=lambda each: each[0].kind.rank(each[1]))

    def wire(self) -> list[dict[str, Any]]:
        """Return the reasons as the domain's ``Failure``, in JSON."""
        return [
            asdict(each) | {"count": count, "message": each.message[:LONGEST].rstrip(".")}
            for each, count in self.counted()
        ]


def _without_literals(text: str) -> str:
    return _LITERAL.sub(lambda found: _without_literals(found["said"]) if found["said"] else " ", text)
