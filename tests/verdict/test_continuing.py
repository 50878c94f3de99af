"""Which inconclusive runs can be continued, by how much, and what is said of the others."""

from __future__ import annotations

import pytest

from jupyter_deployfeedback.domain.verdict import Finding, GateState, Judgement, Reason, ReasonKind, Verdict
from jupyter_deployfeedback.verdict import Circumstances, continuing
from jupyter_deployfeedback.verdict.continuing import more_for_alarm
from tests.comparison.evidence import a_finding

AROUND = Circumstances(look=1, looks=2, historical=False, counted=True)


def unsettled(
    rule: str, expression: str, *, n: int | None = 600, more: int | None = 1444, because: ReasonKind | str = ""
) -> Finding:
    reason = Reason(kind=because) if isinstance(because, ReasonKind) else because
    return a_finding(rule, expression, verdict=Verdict.INCONCLUSIVE, n=n, n_more=more, reason=reason)


ACCURACY = unsettled("accuracy", ">=-1pp", n=500, more=431)
ABSOLUTE = unsettled("accuracy", ">=0.95", n=500, more=431)
LATENCY = unsettled("latency", "typical<=+10%")
MEMORY = unsettled("memory_max", "<=+15%", n=5, more=4)
NEAR = unsettled("accuracy", ">=0.9", more=None, because=ReasonKind.BEYOND_CAP)


def judgement(*findings: Finding, verdict: Verdict = Verdict.INCONCLUSIVE) -> Judgement:
    return Judgement(verdict=verdict, gate=GateState.CLOSED, findings=findings)


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.WARN, Verdict.FAIL, Verdict.ERROR])
def test_what_is_settled_is_not_continued(verdict: Verdict) -> None:
    assert continuing(judgement(LATENCY, verdict=verdict), AROUND) is None


def test_the_most_demanding_finding_says_how_much() -> None:
    found = continuing(judgement(ACCURACY, LATENCY), AROUND)

    assert found is not None
    assert (found.n_more, found.noun, found.obstacle) == (1444, "request", None)
    assert found.growth == pytest.approx(2044 / 600)


def test_a_model_is_never_asked_again_about_an_example() -> None:
    model, both = continuing(judgement(ACCURACY), AROUND), continuing(judgement(ACCURACY, LATENCY), AROUND)

    assert model is not None
    assert (model.again, model.noun) == (False, "example")
    assert both is not None
    assert both.again is True


@pytest.mark.parametrize(
    ("findings", "around", "said"),
    [
        ((LATENCY,), Circumstances(2, 2, historical=False, counted=True), "All 2 planned looks are used."),
        ((LATENCY,), Circumstances(1, 1, historical=False, counted=True), "The one planned look is used."),
        ((ACCURACY,), Circumstances(1, 2, historical=False, counted=False), "sent 500 examples, and none says which"),
        ((ACCURACY,), Circumstances(1, 2, historical=False, counted=True, rows=177), "cannot settle it: it has 177"),
        ((LATENCY,), Circumstances(1, 2, historical=False, counted=True, rows=177), None),
        ((NEAR, LATENCY), AROUND, "would not settle accuracy >=0.9: cannot be settled within 10 times"),
        ((LATENCY,), Circumstances(1, 2, historical=False, counted=False), None),
        ((ACCURACY,), Circumstances(1, 2, historical=True, counted=True), "The baseline is an earlier run"),
        ((LATENCY,), Circumstances(1, 2, historical=True, counted=True), "The baseline is an earlier run"),
        ((ABSOLUTE,), Circumstances(1, 2, historical=True, counted=True), None),
        ((ACCURACY,), Circumstances(2, 3, historical=False, counted=True, sent=0.2), "no examples left"),
        ((ACCURACY,), Circumstances(2, 3, historical=False, counted=True, sent=1.0), None),
        ((LATENCY,), Circumstances(2, 3, historical=False, counted=True, sent=0.2), "no examples left"),
        ((LATENCY,), Circumstances(1, 2, historical=False, counted=True, loaded=True), "Windows of load"),
        ((ACCURACY,), Circumstances(1, 2, historical=False, counted=True, loaded=True), None),
        ((MEMORY,), AROUND, "Windows of load"),
        ((NEAR,), AROUND, "would not settle accuracy >=0.9: cannot be settled within 10 times"),
        ((unsettled("accuracy", ">=0.9", n=20, more=300),), AROUND, "more than 10 times as many"),
        (
            (LATENCY, unsettled("memory_max", "<=+15%", n=None, more=None, because="weak evidence: one window")),
            AROUND,
            "would not settle memory_max <=+15%: weak evidence: one window.",
        ),
    ],
)
def test_an_obstacle_is_said_with_a_remedy(
    findings: tuple[Finding, ...], around: Circumstances, said: str | None
) -> None:
    found = continuing(judgement(*findings), around)

    assert found is not None
    if said is None:
        assert found.obstacle is None
    else:
        assert said in (found.obstacle or "")
        assert found.remedy


def test_an_alarm_among_many_says_what_would_let_it_stand() -> None:
    # p = 0.03 must become 0.05 / 4: (2.2414 / 1.8808) ** 2 - 1 = 0.4203 of 600
    assert more_for_alarm(600, p=0.03, shared=0.12, alpha=0.05) == 252
    assert more_for_alarm(None, p=0.03, shared=0.12, alpha=0.05) is None
