"""What a verdict permits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jupyter_deployfeedback.domain.run import Commit, RunState
from jupyter_deployfeedback.domain.verdict import GateState, Verdict
from jupyter_deployfeedback.errors import GateClosed, NotARepository, RunUnfinished, WorkingTreeDirty
from jupyter_deployfeedback.release.gate import permit

Make = Callable[..., Any]
CLEAN = Commit(sha="a" * 40, branch="main")


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.WARN])
def test_open_gate_permits_the_tested_commit(finished_run: Make, make_report: Make, verdict: Verdict) -> None:
    run, report = finished_run(CLEAN, verdict=verdict), make_report(verdict=verdict)

    assert permit(report, run=run) == CLEAN


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.ERROR])
def test_closed_gate_says_which_findings_keep_it_closed(
    finished_run: Make, closed_report: Make, verdict: Verdict
) -> None:
    with pytest.raises(GateClosed, match=f"is {verdict}: the gate is closed") as caught:
        permit(closed_report(verdict), run=finished_run(CLEAN, verdict=verdict))

    assert caught.value.findings == ("accuracy is 91.0 %, below 95.0 %.",)
    assert caught.value.remedy == "Mend the model."


def test_waived_failure_is_permitted_but_an_error_never_is(finished_run: Make, make_report: Make) -> None:
    waived = make_report(verdict=Verdict.FAIL, gate=GateState.OPEN)
    assert permit(waived, run=finished_run(CLEAN, verdict=Verdict.FAIL)) == CLEAN

    error = make_report(verdict=Verdict.ERROR, gate=GateState.OPEN)
    with pytest.raises(GateClosed):
        permit(error, run=finished_run(CLEAN, verdict=Verdict.ERROR))


def test_report_that_disagrees_with_the_run_is_not_believed(finished_run: Make, make_report: Make) -> None:
    with pytest.raises(GateClosed):
        permit(make_report(), run=finished_run(CLEAN, verdict=Verdict.FAIL))


def test_report_of_another_run_is_refused(finished_run: Make, make_report: Make) -> None:
    with pytest.raises(RunUnfinished):
        permit(make_report(), run=finished_run(CLEAN, run_id="20261120-090000-ffffff"))


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.RUNNING, RunState.CANCELLED, RunState.LOST])
def test_only_a_finished_run_is_released(finished_run: Make, make_report: Make, state: RunState) -> None:
    with pytest.raises(RunUnfinished, match=f"is {state}"):
        permit(make_report(), run=finished_run(CLEAN, state=state))


def test_run_outside_git_has_nothing_to_tag(finished_run: Make, make_report: Make) -> None:
    with pytest.raises(NotARepository, match="tested files that are not in git"):
        permit(make_report(), run=finished_run(None))


def test_run_that_tested_uncommitted_files_is_refused(finished_run: Make, make_report: Make) -> None:
    dirty = CLEAN.model_copy(update={"dirty": tuple(f"{n}.py" for n in range(12))})

    with pytest.raises(WorkingTreeDirty, match=r"when run .* tested it: 0\.py, .*, 9\.py and 2 more\."):
        permit(make_report(), run=finished_run(dirty))
