"""Small builders of evidence: a run whose answers the test spells out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from jupyter_deployfeedback.domain.base import Scalar
from jupyter_deployfeedback.domain.comparison import Estimand
from jupyter_deployfeedback.domain.evaluation import Answers, Evaluation, RequestState, Task
from jupyter_deployfeedback.domain.feedback import read_version_1
from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Family, Metric, Observation, Window
from jupyter_deployfeedback.domain.rules.checking import read_rule
from jupyter_deployfeedback.domain.rules.rule import Rule
from jupyter_deployfeedback.domain.run import (
    CaseError,
    CaseResult,
    Evidence,
    Outcome,
    Proof,
    SideEvidence,
    Suite,
    SuiteResult,
    TargetFacts,
)
from jupyter_deployfeedback.domain.verdict import Finding, Reason, ReasonKind
from jupyter_deployfeedback.verdict import estimands

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
WINDOW = Window(start=NOON, end=NOON + timedelta(seconds=60))
ANSWERED, FAILED, TIMED_OUT, NOT_SENT = RequestState


def answers(
    right: Sequence[bool] = (),
    *,
    latency: Sequence[float] | float = 0.1,
    states: Sequence[RequestState] | None = None,
    predictions: Sequence[Scalar] | None = None,
    probabilities: Sequence[float | None] | None = None,
    target: str = "candidate",
    versions: tuple[str, ...] = ("2.1",),
) -> Answers:
    """Answers to examples whose truth is 1: 1 where right, 0 where wrong."""
    count = len(predictions) if predictions is not None else len(right)
    states = [ANSWERED] * count if states is None else list(states)
    seconds = [latency] * count if isinstance(latency, float) else list(latency)
    guessed = list(predictions) if predictions is not None else [int(each) for each in right]
    timed = {ANSWERED, TIMED_OUT}
    return Answers(
        target=target,
        predictions=tuple(guess if state is ANSWERED else None for guess, state in zip(guessed, states, strict=True)),
        probabilities=None if probabilities is None else tuple(probabilities),
        latency_seconds=tuple(each if state in timed else None for each, state in zip(seconds, states, strict=True)),
        sent_at=tuple(None if state is NOT_SENT else float(row) for row, state in enumerate(states)),
        states=tuple(states),
        versions=versions,
    )


def evaluation(
    candidate: Answers,
    baseline: Answers | None = None,
    *,
    truth: Sequence[Scalar] | None = None,
    ids: Sequence[str] | None = None,
    slices: dict[str, tuple[str, ...]] | None = None,
    task: Task = Task.CLASSIFICATION,
    suite: str = "quality",
    name: str = "holdout",
    digest: str = "d" * 64,
    pictures: dict[str, str] | None = None,
) -> Evaluation:
    count = len(candidate.states)
    return Evaluation(
        name=name,
        suite=suite,
        task=task,
        ids=tuple(ids) if ids is not None else tuple(f"example-{row}" for row in range(count)),
        truth=tuple(truth) if truth is not None else (1,) * count,
        slices=slices or {},
        candidate=candidate,
        baseline=baseline,
        window=WINDOW,
        dataset_digest=digest,
        pictures=pictures or {},
    )


def suite_result(
    *evaluations: Evaluation,
    name: str = "quality",
    outcome: Outcome = Outcome.PASSED,
    cases: tuple[CaseResult, ...] | None = None,
    observations: tuple[Observation, ...] = (),
    reason: str | None = None,
    environment: dict[str, str] | None = None,
) -> SuiteResult:
    return SuiteResult(
        suite=Suite(name=name, source=f"suites/{name}.ipynb"),
        outcome=outcome,
        cases=(case(outcome),) if cases is None else cases,
        evaluations=evaluations,
        observations=observations,
        reason=reason,
        started_at=NOON,
        finished_at=NOON + timedelta(seconds=60),
        duration_seconds=60.0,
        environment=environment or {},
        proof=Proof(asked=True, could_fail=True),
    )


def case(outcome: Outcome, *, title: str = "check", message: str = "") -> CaseResult:
    error = CaseError(type="AssertionError", message=message) if message else None
    return CaseResult(case_id="cell-1", title=title, outcome=outcome, error=error)


def facts(target: str = "candidate", *, ready: bool = True, version: str | None = "2.1", **more: object) -> TargetFacts:
    return TargetFacts.model_validate(
        {"target": target, "url": f"http://{target}.example", "ready": ready, "model_version": version, **more}
    )


def side(target: str = "candidate", *, platform: tuple[Observation, ...] = (), **more: object) -> SideEvidence:
    return SideEvidence(facts=facts(target, **more), platform=platform)  # type: ignore[arg-type]


def observed(name: str, value: float | None, *, because: str | None = None, source: str = "scrape") -> Observation:
    return Observation(metric=STANDARD_METRICS[name], value=value, missing_because=because, source=source)


def recorded(name: str, value: float | None, *, unit: str = "", because: str | None = None) -> Observation:
    metric = Metric(name=name, family=Family.MODEL, unit=unit)
    return Observation(metric=metric, value=value, missing_because=because, source="suites/quality.ipynb")


def evidence(
    *suites: SuiteResult, candidate: SideEvidence | None = None, baseline: SideEvidence | None = None
) -> Evidence:
    return Evidence(suites=suites, candidate=candidate or side(), baseline=baseline, window=WINDOW)


def rule(metric: str, *passing: str, **more: object) -> Rule:
    """A rule as the project file would have it; it need not be one that ``check`` accepts."""
    known = dict(more.pop("metrics", STANDARD_METRICS))  # type: ignore[call-overload]
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in more.items()}
    return Rule.model_validate(dict(read_rule(metric, passing=passing, metrics=known, **given)))  # type: ignore[arg-type]


def a_finding(rule: str, expression: str = "", *, reason: str | Reason | None = None, **more: object) -> Finding:
    """A finding as its texts name it."""
    because = Reason(kind=ReasonKind.MISSING, detail=reason) if isinstance(reason, str) and reason else reason or None
    return Finding.model_validate({**read_version_1(rule, expression), "reason": because, **more})


def asked(
    *rules: Rule, confidence: float = 0.95, slice_values: dict[str, tuple[str, ...]] | None = None
) -> tuple[Estimand, ...]:
    return estimands(rules, confidence=confidence, slice_values=slice_values or {})
