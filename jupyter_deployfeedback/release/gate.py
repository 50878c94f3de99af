"""What a verdict permits (pure)."""

from __future__ import annotations

from jupyter_deployfeedback.domain.feedback import FeedbackReport
from jupyter_deployfeedback.domain.run import Commit, Run, RunState
from jupyter_deployfeedback.domain.verdict import GateState, Standing, Verdict
from jupyter_deployfeedback.domain.waiver import opens
from jupyter_deployfeedback.errors import GateClosed, NotARepository, RunUnfinished, WorkingTreeDirty

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
        raise NotARepository(
            f"Run {run.run_id} tested files that are not in git, so there is no commit to tag.",
            remedy="Commit the project and run again.",
        )
    refuse_dirty(run.commit.dirty, when=f"when run {run.run_id} tested it")
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
