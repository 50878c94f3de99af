"""How often a real change is found."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from judged.figure import Figure
from judged.made_up import answers, evaluation, evidence, judged, latencies, paired, rule
from jupyter_deployfeedback.domain.verdict import Verdict


def lower_accuracy(runs: int) -> Iterator[Figure]:
    """Trap 21 and the figure of the issue: 2 points fewer right of 500, the models agreeing on most examples."""
    from scipy.stats import norm

    draw = np.random.default_rng(21)
    limit = rule("accuracy", ">=+0pp")
    found = naive = 0
    for _ in range(runs):
        kind = draw.choice(4, 500, p=[0.835, 0.015, 0.035, 0.115])  # both right, fixed, broken, both wrong
        now, before = kind <= 1, (kind == 0) | (kind == 2)
        took = np.full(500, 0.1)
        seen = evidence(evaluation(answers(now, took), answers(before, took)), live=True)
        found += judged(seen, limit).verdict is Verdict.FAIL
        pooled = (now.mean() + before.mean()) / 2
        z = (before.mean() - now.mean()) / np.sqrt(2 * pooled * (1 - pooled) / 500)
        naive += 2 * norm.sf(abs(z)) < 0.05
    yield Figure("accuracy 2 points lower, n = 500: FAIL", found / runs, naive / runs, "unpaired z test", at_least=0.5)


def slowdown(runs: int) -> Iterator[Figure]:
    """The figure of the issue: 5 % slower, 100 pairs, payloads that differ much more than that."""
    from scipy.stats import mannwhitneyu

    draw = np.random.default_rng(5)
    limit = rule("latency", "typical<=+0%")
    found = naive = 0
    for _ in range(runs):
        seen = paired(draw, n=100, slower=1.05)
        found += judged(seen, limit).verdict is Verdict.FAIL
        naive += mannwhitneyu(*latencies(seen)).pvalue < 0.05
    yield Figure("5 % slower, 100 pairs: FAIL", found / runs, naive / runs, "Mann-Whitney, unpaired", at_least=0.55)
