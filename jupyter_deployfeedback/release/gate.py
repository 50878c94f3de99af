"""What a verdict permits, and who may answer for which finding (pure)."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

from jupyter_deployfeedback.domain.feedback import FeedbackReport
from jupyter_deployfeedback.domain.run import Commit, Run, RunState
from jupyter_deployfeedback.domain.verdict import GateState, Standing, Verdict, Waiver, closing, opens
from jupyter_deployfeedback.errors import GateClosed, NotARepository, RunUnfinished, WaiverRefused, WorkingTreeDirty

SHOWN_FILES = 10


def permit(report: FeedbackReport, *, run: Run) -> Commit:
    """Return the commit that may be tagged.

    Raises RunUnfinished, GateClosed with the sentences that keep it closed, NotARepository where the run knew no
    commit, WorkingTreeDirty where it did not test exactly what was committed.
    """
    if run.state is not RunState.FINISHED or report.run.run_id != run.run_id:
        raise RunUnfinished(f"Run {run.run_id} is {run.state}.", remedy="Release a run that has finished.")
    if not _is_open(report, run=run):
        raise _closed(report)
    if run.commit is None:
        problem = f"Run {run.run_id} tested files that are not in git, so there is no commit to tag."
        raise NotARepository(problem, remedy=f"{report.run.no_commit or 'Commit the project.'} Then run again.")
    refuse_dirty(run.commit.dirty, when=f"when run {run.run_id} tested it")
    refuse_hidden(run.commit.hidden)
    return run.commit


def refuse_dirty(files: tuple[str, ...], *, when: str) -> None:
    """Raise WorkingTreeDirty that lists the files, where there are any."""
    if not files:
        return
    more = f" and {len(files) - SHOWN_FILES} more" if len(files) > SHOWN_FILES else ""
    raise WorkingTreeDirty(
        f"The working tree differed from its commit {when}: {', '.join(files[:SHOWN_FILES])}{more}.",
        remedy="Commit these files, or let git ignore them, and run again.",
    )


def refuse_hidden(files: Mapping[str, str]) -> None:
    """Raise WorkingTreeDirty that names the files git was told not to look at, and the commands that end it."""
    if files:
        shown = ", ".join([*files][:SHOWN_FILES])
        raise WorkingTreeDirty(
            f"git was told not to look at {shown} (assume-unchanged or skip-worktree): nobody knows what was tested.",
            remedy=f"Run `{' && '.join([*files.values()][:SHOWN_FILES])}`, commit what has changed, and run again.",
        )


def _is_open(report: FeedbackReport, *, run: Run) -> bool:
    # the report says whether its gate is open, but what it says must hold: an error is never released, and anything
    # else that closes the gate is released only where each such finding is waived
    if report.gate is not GateState.OPEN or report.verdict is not run.verdict:
        return False
    waived = [waiver.finding for waiver in report.waivers if waiver.valid]
    return report.verdict in {Verdict.PASS, Verdict.WARN} or opens(report.verdict, report.findings, waived)


def _closed(report: FeedbackReport) -> GateClosed:
    closing = [
        finding
        for finding in report.findings
        if finding.standing is Standing.COUNTED and finding.verdict not in {Verdict.PASS, Verdict.WARN}
    ]
    return GateClosed(
        f"The verdict of run {report.run.run_id} is {report.verdict}: the gate is closed.",
        findings=[finding.sentence for finding in closing],
        remedy=report.next_step or "Mend what the findings name and run again.",
    )


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
    named = [name for name in names if name == finding.strip()] or [name for name in names if name.split() == wanted]
    if len(named) != 1:  # labels may differ by blanks alone
        known = ", ".join(names) or "none, because the gate needs none"
        problem = f"No finding of run {run_id} that closes the gate is called {' '.join(wanted)!r}."
        raise WaiverRefused(problem, remedy=f"Choose one of: {known}.")
    if until < now.astimezone(UTC).date():
        raise WaiverRefused(f"{until} is over.", remedy="Choose a day to come.")
    if not (by.strip() and reason.strip()):
        raise WaiverRefused("A waiver needs a name and a reason.", remedy="Say who answers for it, and why.")
    return Waiver(finding=named[0], by=by, reason=reason, until=until, at=now)
