"""Waivers: a named person answers for a finding, until a day. The verdict stays; only what the gate permits changes."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AwareDatetime, StringConstraints

from jupyter_deployfeedback.domain.base import Frozen
from jupyter_deployfeedback.domain.verdict import Finding, Standing, Verdict

Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
WAIVABLE = frozenset({Verdict.FAIL, Verdict.INCONCLUSIVE})
"""Of an ERROR nothing was judged, so there is nothing to answer for."""


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


def closing(findings: Iterable[Finding]) -> list[str]:
    """Return the names of the findings that keep a gate closed."""
    good = {Verdict.PASS, Verdict.WARN}
    counted = (each for each in findings if each.standing is Standing.COUNTED and each.verdict not in good)
    return list(dict.fromkeys(each.name for each in counted))


def opens(verdict: Verdict, findings: Iterable[Finding], waived: Iterable[str]) -> bool:
    """Say whether waivers of the named findings open a closed gate: each that closes it is covered, none is ERROR."""
    findings = list(findings)
    broken = any(each.verdict is Verdict.ERROR and each.standing is Standing.COUNTED for each in findings)
    keep = closing(findings)
    return verdict in WAIVABLE and not broken and bool(keep) and set(keep) <= set(waived)
