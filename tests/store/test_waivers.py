"""Waivers are kept for good, beside a report that never changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from jupyter_deployfeedback.domain.run import Run
from jupyter_deployfeedback.domain.verdict import GateState, Verdict, Waiver
from jupyter_deployfeedback.errors import RunNotFound, RunUnfinished
from jupyter_deployfeedback.store import Store, open_store
from tests.feedback.runs import failing
from tests.store.conftest import NOON, Clock, make_evidence

Make = Callable[..., Any]


def waiver(finding: str = "accuracy >=0.95", *, until: date = date(2026, 11, 30), **more: Any) -> Waiver:
    return Waiver(
        **{"finding": finding, "by": "Ada", "reason": "Known and mended soon", "at": NOON} | more, until=until
    )


@pytest.fixture
def failed(store: Store, start: Callable[..., Run]) -> Run:
    """A finished run whose report has one failing finding that counts."""
    run = start()
    store.claim(run.run_id)
    return store.finish(run.run_id, make_evidence(), failing())


def closing(store: Store, run: Run) -> list[str]:
    from jupyter_deployfeedback.domain.verdict import closing as names

    return names(store.feedback(run.run_id).findings)


def test_waivers_of_all_that_fails_open_the_gate_and_leave_the_verdict(store: Store, failed: Run) -> None:
    before = store.feedback(failed.run_id)

    for name in closing(store, failed):
        store.add_waiver(failed.run_id, waiver(name))

    after = store.feedback(failed.run_id)
    assert (before.gate, after.gate) == (GateState.CLOSED, GateState.OPEN)
    assert (after.verdict, store.get(failed.run_id).verdict) == (Verdict.FAIL, Verdict.FAIL)
    assert after.next_step == "The gate is open by waiver: tag the release, or mend what was waived and run again."
    undone = {"waivers": (), "gate": before.gate, "next_step": before.next_step}
    assert after.model_copy(update=undone) == before


def test_waiver_says_who_until_when_and_why(store: Store, failed: Run) -> None:
    store.add_waiver(failed.run_id, waiver())

    told = [row.sentence for row in store.feedback(failed.run_id).waivers]
    assert told == ["accuracy >=0.95 is waived by Ada until 2026-11-30: Known and mended soon."]


def test_waiver_of_another_finding_leaves_the_gate_closed(store: Store, failed: Run) -> None:
    store.add_waiver(failed.run_id, waiver("latency p(95)<1s"))

    assert store.feedback(failed.run_id).gate is GateState.CLOSED


def test_one_finding_that_is_not_waived_keeps_the_gate_closed(store: Store, failed: Run) -> None:
    *covered, _ = closing(store, failed)
    for name in covered:
        store.add_waiver(failed.run_id, waiver(name))

    assert store.feedback(failed.run_id).gate is GateState.CLOSED


def test_waiver_counts_to_the_end_of_its_day_and_no_longer(store: Store, failed: Run, clock: Clock) -> None:
    for name in closing(store, failed):
        store.add_waiver(failed.run_id, waiver(name, until=NOON.date()))

    clock.move(hours=11, minutes=59)
    assert store.feedback(failed.run_id).gate is GateState.OPEN
    clock.move(minutes=2)
    expired = store.feedback(failed.run_id)
    assert (expired.gate, expired.waivers[0].valid) == (GateState.CLOSED, False)
    assert "was waived by Ada, but only until 2026-11-20" in expired.waivers[0].sentence


def test_later_waiver_renews_an_expired_one_and_both_stay(store: Store, failed: Run, clock: Clock) -> None:
    for name in closing(store, failed):
        store.add_waiver(failed.run_id, waiver(name, until=NOON.date()))
        store.add_waiver(failed.run_id, waiver(name, by="Bob"))
    clock.move(days=2)

    renewed = store.feedback(failed.run_id)

    assert renewed.gate is GateState.OPEN
    assert {row.by for row in renewed.waivers} == {"Ada", "Bob"}


def test_error_is_never_waived(store: Store, start: Callable[..., Run]) -> None:
    run, report = start(), failing()
    findings = tuple(
        each.model_copy(update={"verdict": Verdict.ERROR}) if each.verdict is Verdict.FAIL else each
        for each in report.findings
    )
    store.claim(run.run_id)
    broken = report.model_copy(update={"verdict": Verdict.ERROR, "findings": findings})
    store.finish(run.run_id, make_evidence(), broken)

    for name in closing(store, run):
        store.add_waiver(run.run_id, waiver(name))

    assert store.feedback(run.run_id).gate is GateState.CLOSED


def test_waivers_survive_reopening(store: Store, folder: Path, failed: Run, clock: Clock) -> None:
    store.add_waiver(failed.run_id, waiver())

    with open_store(str(folder), environment={}, clock=clock) as opened:
        assert opened.feedback(failed.run_id).waivers[0].by == "Ada"


def test_only_a_run_with_a_report_can_have_waivers(store: Store, start: Callable[..., Run]) -> None:
    with pytest.raises(RunUnfinished):
        store.add_waiver(start().run_id, waiver())
    with pytest.raises(RunNotFound):
        store.add_waiver("20261120-120000-ffffff", waiver())
