"""Who may answer for which finding (pure)."""

from __future__ import annotations

from datetime import UTC, date, datetime

from jupyter_deployfeedback.domain.feedback import FeedbackReport
from jupyter_deployfeedback.domain.verdict import Verdict
from jupyter_deployfeedback.domain.waiver import Waiver, closing
from jupyter_deployfeedback.errors import WaiverRefused


def grant_waiver(report: FeedbackReport, *, finding: str, by: str, reason: str, until: date, now: datetime) -> Waiver:
    """Return the waiver with which a person answers for a finding that closes the gate.

    Raises WaiverRefused for an ERROR, for what needs no waiver, for a finding the run does not have, for a day that is
    over and for an empty name or reason.
    """
    run_id = report.run.run_id
    if report.verdict is Verdict.ERROR:
        problem = f"The verdict of run {run_id} is error: nothing was judged, so there is nothing to waive."
        raise WaiverRefused(problem, remedy="Mend the cause and run again.")
    wanted, names = finding.split(), closing(report.findings)
    named = [name for name in names if wanted == name.split()]
    if not named:
        known = ", ".join(names) or "none, because the gate needs none"
        problem = f"No finding of run {run_id} that closes the gate is called {' '.join(wanted)!r}."
        raise WaiverRefused(problem, remedy=f"Choose one of: {known}.")
    if until < now.astimezone(UTC).date():
        raise WaiverRefused(f"{until} is over.", remedy="Choose a day to come.")
    if not (by.strip() and reason.strip()):
        raise WaiverRefused("A waiver needs a name and a reason.", remedy="Say who answers for it, and why.")
    return Waiver(finding=named[0], by=by, reason=reason, until=until, at=now)
