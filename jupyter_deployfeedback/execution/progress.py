"""What a run tells while its suites are executed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from jupyter_deployfeedback.domain.event import EventKind


@dataclass(frozen=True)
class Progress:
    """One step: which suite and case, and how far. Fields that do not apply are None."""

    kind: EventKind
    suite: str | None = None
    case_id: str | None = None
    title: str | None = None
    outcome: str | None = None
    done: int | None = None
    total: int | None = None
    message: str | None = None

    def fields(self) -> dict[str, Any]:
        """Return what is known, by name, ready for ``Store.tell``."""
        return {name: value for name, value in asdict(self).items() if value is not None}
