"""Made-up runs of which the truth is known, judged the way a real one is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from jupyter_deployfeedback.comparison.comparing import compare
from jupyter_deployfeedback.domain.evaluation import Answers, Evaluation, RequestState
from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Observation, Window
from jupyter_deployfeedback.domain.rules.checking import read_rule
from jupyter_deployfeedback.domain.rules.rule import Rule
from jupyter_deployfeedback.domain.run import (
    CaseResult,
    Evidence,
    Outcome,
    Proof,
    SideEvidence,
    Suite,
    SuiteResult,
    TargetFacts,
)
from jupyter_deployfeedback.domain.verdict import Judgement
from jupyter_deployfeedback.verdict import estimands, judge

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
WINDOW = Window(start=NOON, end=NOON + timedelta(seconds=60))
READY = TargetFacts(target="candidate", url="http://127.0.0.1", ready=True)
Numbers = Any  # numpy arrays of booleans or floats


def rule(metric: str, *passing: str) -> Rule:
    """A rule as the project file would have it."""
    return read_rule(metric, passing=passing, metrics=STANDARD_METRICS)


def judged(
    seen: Evidence, *rules: Rule, baseline: str | None = "released", stored: Evidence | None = None
) -> Judgement:
    """Judge made-up evidence the way a run is judged."""
    asked = estimands(rules, confidence=0.95, slice_values={})
    return judge(
        compare(seen, stored=stored, baseline=baseline, estimands=asked),
        rules=rules,
        suites=seen.suites,
        expected_suites=("quality",),
        candidate=READY,
        expect_version=None,
        confidence=0.95,
    )


def paired(
    draw: np.random.Generator,
    *,
    n: int,
    slower: float = 1.0,
    wrong: float = 0.05,
    tail: float = 0.0,
    spread: float = 0.5,
) -> Evidence:
    """Return a run with a live baseline: the same payloads, each side's own noise."""
    payload = draw.lognormal(-2.2, spread, n)
    late = np.where(draw.random(n) < tail, 4.0, 1.0)
    now, before = payload * draw.lognormal(0, 0.15, n) * slower * late, payload * draw.lognormal(0, 0.15, n)
    hard = draw.random(n) < wrong  # examples that both sides find hard
    sides = [answers(~(hard & (draw.random(n) < 0.9)), each) for each in (now, before)]
    return evidence(evaluation(sides[0], sides[1]), live=True)


def answers(right: Numbers, latency: Numbers, *, late: Numbers | None = None) -> Answers:
    """Return answers to examples whose truth alternates between two classes; the late ones timed out."""
    classes = np.arange(len(right)) % 2
    over = np.zeros(len(right), bool) if late is None else late
    return Answers(
        target="any",
        predictions=tuple(np.where(right, classes, 1 - classes).tolist()),
        latency_seconds=tuple(latency.tolist()),
        sent_at=tuple((np.arange(len(right)) * 0.1).tolist()),
        states=tuple(RequestState.TIMED_OUT if each else RequestState.ANSWERED for each in over.tolist()),
    )


def evaluation(
    candidate: Answers,
    baseline: Answers | None = None,
    *,
    slices: dict[str, tuple[str, ...]] | None = None,
    name: str = "holdout",
) -> Evaluation:
    """Return one evaluation."""
    n = len(candidate.states)
    return Evaluation(
        name=name,
        suite="quality",
        ids=tuple(map(str, range(n))),
        truth=tuple((np.arange(n) % 2).tolist()),
        slices=slices or {},
        candidate=candidate,
        baseline=baseline,
        window=WINDOW,
        dataset_digest="d" * 64,
    )


def evidence(*evaluations: Evaluation, live: bool = False) -> Evidence:
    """Return what a run saw."""
    suite = SuiteResult(
        suite=Suite(name="quality", source="quality.ipynb"),
        outcome=Outcome.PASSED,
        cases=(CaseResult(case_id="1", title="1", outcome=Outcome.PASSED),),
        evaluations=evaluations,
        started_at=NOON,
        finished_at=WINDOW.end,
        duration_seconds=60.0,
        proof=Proof(asked=True),
    )
    side = SideEvidence(facts=READY)
    return Evidence(suites=(suite,), candidate=side, baseline=side if live else None, window=WINDOW)


def observed(candidate: float, baseline: float, *, metric: str = "memory_mean") -> Evidence:
    """Return a run that saw one platform metric of both sides."""
    sides = [
        SideEvidence(
            facts=READY,
            platform=(Observation(metric=STANDARD_METRICS[metric], value=each, source="scrape"),),
        )
        for each in (candidate, baseline)
    ]
    return evidence().model_copy(update={"candidate": sides[0], "baseline": sides[1]})


def latencies(seen: Evidence) -> tuple[Numbers, Numbers]:
    """Return both sides' latencies."""
    each = seen.suites[0].evaluations[0]
    return np.array(each.candidate.latency_seconds), np.array(each.baseline.latency_seconds if each.baseline else ())


def rights(seen: Evidence) -> tuple[Numbers, Numbers]:
    """Return which examples both sides got right."""
    each = seen.suites[0].evaluations[0]
    sides = (each.candidate, each.baseline or each.candidate)
    now, before = (np.array(side.predictions) == np.array(each.truth) for side in sides)
    return now, before
