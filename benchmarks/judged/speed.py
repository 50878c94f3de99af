"""How long judging takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

from judged.figure import Figure
from judged.made_up import judged, paired, rule
from jupyter_deployfeedback.comparison.self_test.made_up import estimates_made_up
from jupyter_deployfeedback.domain.rules.rule import Rule
from jupyter_deployfeedback.verdict import estimands, estimands_to_try, self_test


def speed() -> Iterator[Figure]:
    """Time the judgement of 100,000 paired requests and predictions, and the gate's test of itself."""
    ten = (
        rule("latency", "p(95)<2s", "typical<=+10%"),
        rule("latency", "p(50)<=+10%", "p(95)<=+25%"),
        rule("latency", "share(>300ms)<=+1pp"),
        rule("latency", "avg<=+10%"),
        rule("accuracy", ">=0.90", ">=-1pp"),
        rule("error_rate", "<=+1pp"),
        rule("f1", ">=0.85", ">=-3pp"),
        rule("failure_rate", "<=1%"),
        rule("requests_timed_out", "==0"),
        rule("throughput", ">=-10%"),
    )
    seen = paired(np.random.default_rng(0), n=100_000, wrong=0.05)
    judged(paired(np.random.default_rng(0), n=500), *ten)  # what is imported first is not measured
    took = min(timed(lambda: judged(seen, *ten)) for _ in range(3))
    yield Figure("100,000 paired requests under 10 rules", took, at_most=2.0, unit="s")
    took = min(timed(lambda: tested(*ten)) for _ in range(3))
    yield Figure("the gate's test of itself, 10 rules", took, at_most=0.05, unit="s")


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds a piece of work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def tested(*rules: Rule) -> None:
    """Let the gate test itself, as every run does."""
    tried = estimands_to_try(estimands(rules, confidence=0.95, slice_values={}))
    beyond, inside = estimates_made_up(tried, beyond=True), estimates_made_up(tried, beyond=False)
    self_test(rules, beyond=beyond, inside=inside, confidence=0.95)
