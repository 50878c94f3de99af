"""What a verdict permits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from jupyter_deployfeedback.domain.run import Commit, RunState
from jupyter_deployfeedback.domain.verdict import GateState, Verdict, Waiver
from jupyter_deployfeedback.errors import GateClosed, NotARepository, RunUnfinished, WorkingTreeDirty
from jupyter_deployfeedback.release.gate import permit

Make = Callable[..., Any]
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
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


def waiver(finding: str = "accuracy >=0.95", *, until: date = date(2026, 11, 30)) -> Waiver:
    return Waiver(finding=finding, by="Ada", reason="Known", until=until, at=NOW)


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.INCONCLUSIVE])
def test_waived_finding_is_permitted(finished_run: Make, closed_report: Make, verdict: Verdict) -> None:
    waived = closed_report(verdict).with_waivers([waiver()], now=NOW)

    assert permit(waived, run=finished_run(CLEAN, verdict=verdict)) == CLEAN


@pytest.mark.parametrize(
    ("verdict", "given"),
    [
        (Verdict.FAIL, []),
        (Verdict.FAIL, [waiver("accuracy >=0.90")]),
        (Verdict.FAIL, [waiver(until=date(2026, 11, 19))]),
        (Verdict.FAIL, [waiver().model_copy(update={"reason": " "})]),
        (Verdict.FAIL, [waiver().model_copy(update={"by": ""})]),
        (Verdict.ERROR, [waiver()]),
    ],
    ids=["no waiver", "for another finding", "expired", "empty reason", "nobody", "of an error"],
)
def test_what_is_not_properly_waived_keeps_the_gate_closed(
    finished_run: Make, closed_report: Make, verdict: Verdict, given: list[Waiver]
) -> None:
    report = closed_report(verdict).with_waivers(given, now=NOW)

    with pytest.raises(GateClosed):
        permit(report, run=finished_run(CLEAN, verdict=verdict))


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.ERROR])
def test_report_that_calls_its_gate_open_without_a_waiver_is_not_believed(
    finished_run: Make, closed_report: Make, verdict: Verdict
) -> None:
    claimed = closed_report(verdict).model_copy(update={"gate": GateState.OPEN})

    with pytest.raises(GateClosed):
        permit(claimed, run=finished_run(CLEAN, verdict=verdict))


@pytest.mark.parametrize("empty", ["", "  "])
def test_waiver_without_a_reason_cannot_even_be_written(empty: str) -> None:
    with pytest.raises(ValidationError):
        Waiver(finding="accuracy >=0.95", by="Ada", reason=empty, until=date(2026, 11, 30), at=NOW)


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
