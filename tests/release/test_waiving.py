"""Who may answer for which finding."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from jupyter_deployfeedback.domain.rules.rule import Subject
from jupyter_deployfeedback.domain.verdict import Verdict, Waiver
from jupyter_deployfeedback.errors import WaiverRefused
from jupyter_deployfeedback.release import grant_waiver

Make = Callable[..., Any]
NOW = datetime(2026, 11, 20, 23, tzinfo=UTC)
ASKED: dict[str, Any] = {
    "finding": " accuracy  >=0.95",
    "by": "Ada",
    "reason": "Known",
    "until": date(2026, 11, 20),
    "now": NOW,
}


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.INCONCLUSIVE])
def test_a_finding_that_closes_the_gate_is_waived_by_its_name(closed_report: Make, verdict: Verdict) -> None:
    granted = grant_waiver(closed_report(verdict), **ASKED)

    until = date(2026, 11, 20)
    assert granted == Waiver(finding="accuracy >=0.95", by="Ada", reason="Known", until=until, at=NOW)


@pytest.mark.parametrize(
    ("verdict", "changed", "said"),
    [
        (Verdict.ERROR, {}, "nothing was judged, so there is nothing to waive"),
        (Verdict.FAIL, {"finding": "accuracy >=0.90"}, r"called 'accuracy >=0.90'. Choose one of: accuracy >=0.95"),
        (Verdict.PASS, {}, "none, because the gate needs none"),
        (Verdict.FAIL, {"until": date(2026, 11, 19)}, "2026-11-19 is over"),
        (Verdict.FAIL, {"by": " "}, "needs a name and a reason"),
        (Verdict.FAIL, {"reason": ""}, "needs a name and a reason"),
    ],
)
def test_what_needs_no_waiver_or_has_none_to_answer_for_it_is_refused(
    closed_report: Make, make_report: Make, verdict: Verdict, changed: dict[str, Any], said: str
) -> None:
    report = make_report(verdict=verdict) if verdict is Verdict.PASS else closed_report(verdict)

    with pytest.raises(WaiverRefused, match=said):
        grant_waiver(report, **ASKED | changed)


def test_names_that_differ_by_blanks_alone_are_told_apart(closed_report: Make) -> None:
    report = closed_report(Verdict.FAIL)
    (finding,) = report.findings
    labels = [("city", "a  b"), ("city", "a b")]
    both = tuple(finding.model_copy(update={"subject": Subject(name="accuracy", slice=each)}) for each in labels)
    report = report.model_copy(update={"findings": both})

    granted = grant_waiver(report, **ASKED | {"finding": "accuracy{city:a b} >=0.95"})

    assert granted.finding == "accuracy{city:a b} >=0.95"
    with pytest.raises(WaiverRefused, match="Choose one of"):
        grant_waiver(report, **ASKED | {"finding": "accuracy{city:a   b} >=0.95"})
