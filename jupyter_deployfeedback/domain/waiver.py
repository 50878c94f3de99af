"""Waivers: a named person answers for a finding, until a day. The verdict stays; only what the gate permits changes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Annotated, Protocol

from pydantic import AwareDatetime, StringConstraints

from jupyter_deployfeedback.domain.base import Frozen
from jupyter_deployfeedback.domain.verdict import Standing, Verdict

Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
WAIVABLE = frozenset({Verdict.FAIL, Verdict.INCONCLUSIVE})
"""Of an ERROR nothing was judged, so there is nothing to answer for."""


class Judged(Protocol):
    """What a finding, or its text in a report, has."""

    @property
    def rule(self) -> str: ...  # noqa: D102 - as in Finding

    @property
    def expression(self) -> str: ...  # noqa: D102 - as in Finding

    @property
    def verdict(self) -> Verdict: ...  # noqa: D102 - as in Finding

    @property
    def standing(self) -> Standing: ...  # noqa: D102 - as in Finding


class Waiver(Frozen):
    """Who lets a finding pass, why, and up to which day (UTC, that day included). ``finding`` is its name."""

    finding: Said
    by: Said
    reason: Said
    until: date
    at: AwareDatetime

    def is_valid(self, now: datetime) -> bool:
        """Say whether it still counts; one without a name or a reason never does."""
        return bool(self.by.strip() and self.reason.strip()) and now.astimezone(UTC).date() <= self.until


def name_of(finding: Judged) -> str:
    """Return what a finding is called: its rule and expression, ``accuracy >=0.95`` or ``suite quality``."""
    return f"{finding.rule} {finding.expression}".strip()


def closing(findings: Iterable[Judged]) -> list[str]:
    """Return the names of the findings that keep a gate closed."""
    good = {Verdict.PASS, Verdict.WARN}
    counted = (each for each in findings if each.standing is Standing.COUNTED and each.verdict not in good)
    return list(dict.fromkeys(name_of(each) for each in counted))


def opens(verdict: Verdict, findings: Iterable[Judged], waived: Iterable[str]) -> bool:
    """Say whether waivers of the named findings open a closed gate: each that closes it is covered, none is ERROR."""
    findings = list(findings)
    broken = any(each.verdict is Verdict.ERROR and each.standing is Standing.COUNTED for each in findings)
    keep = closing(findings)
    return verdict in WAIVABLE and not broken and bool(keep) and set(keep) <= set(waived)
