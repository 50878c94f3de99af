"""Traps of judging by requests and examples, each beside what the naive method gives."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from judged.figure import Figure
from judged.made_up import answers, evaluation, evidence, judged, latencies, paired, rights, rule
from jupyter_deployfeedback.domain.verdict import Verdict

TWENTY = (
    rule("latency", "p(50)<=+10%", "typical<=+10%", "p(95)<=+10%", "avg<=+10%", "p(95)<2s"),
    rule("latency", "share(>300ms)<=+1pp", "share(>300ms)<=20%", "p(50)<300ms", "avg<=+30ms"),
    rule("accuracy", ">=0.90", ">=-1pp", ">=-2%"),
    rule("error_rate", "<=+1pp", "<=10%"),
    rule("f1", ">=0.85", ">=-3pp"),
    rule("failure_rate", "<=1%", "<=+1pp"),
    rule("requests_failed", "==0"),
    rule("requests_timed_out", "==0"),
)


def identical_systems(runs: int) -> Iterator[Figure]:
    """Trap 10 and the figure of the issue: two systems without any difference, twenty expressions."""
    draw = np.random.default_rng(1)
    failed = naive = 0
    for _ in range(runs):
        seen = paired(draw, n=300, wrong=0.05)
        failed += judged(seen, *TWENTY).verdict is Verdict.FAIL
        one, other = latencies(seen)
        right, was = rights(seen)
        levels = ((0.5, 1.1), (0.95, 1.1), (0.99, 1.1))
        points = [np.quantile(one, level) > ratio * np.quantile(other, level) for level, ratio in levels]
        naive += bool(any(points) or right.mean() < was.mean() - 0.01)
    yield Figure(
        "A/A, 20 expressions, 300 pairs: runs with a false FAIL",
        failed / runs,
        naive / runs,
        "points against limits",
        0.05,
    )


def rules_at_their_limit(runs: int) -> Iterator[Figure]:
    """Trap 16: twenty rules whose truth lies exactly at the limit."""
    draw = np.random.default_rng(16)
    rules = tuple(rule(f"accuracy{{part:{each}}}", ">=0.9") for each in range(20))
    parts = tuple(str(each) for each in range(20) for _ in range(150))
    failed = naive = 0
    for _ in range(runs):
        right = draw.random(3000) < 0.9
        one = evaluation(answers(right, np.full(3000, 0.1)), slices={"part": parts})
        failed += judged(evidence(one), *rules, baseline=None).verdict is Verdict.FAIL
        naive += bool((right.reshape(20, 150).mean(axis=1) < 0.9).any())
    yield Figure("20 rules exactly at their limit: runs with a FAIL", failed / runs, naive / runs, "points", 0.05)


def unequal_replicas(_: int) -> Iterator[Figure]:
    """Trap 2: nine fast replies for each slow one, from two replicas; their medians must not be averaged."""
    draw = np.random.default_rng(2)
    parts = draw.lognormal(np.log(0.1), 0.1, 9000), draw.lognormal(np.log(0.8), 0.1, 1000)
    sides = [evaluation(answers(np.ones(len(each), bool), each), name=str(len(each))) for each in parts]
    found = judged(evidence(*sides), rule("latency", "p(50)<1s"), baseline=None).findings[-1]
    truth, naive = np.median(np.concatenate(parts)), float(np.mean([np.median(each) for each in parts]))
    away = abs((found.value or 0.0) - float(truth))
    yield Figure("p50 of two replicas: error", away, abs(naive - truth), "mean of medians", 0.001, unit="s")


def time_outs(_: int) -> Iterator[Figure]:
    """Trap 4: 2 % of the requests time out after 5 s."""
    latency = np.random.default_rng(4).lognormal(np.log(0.2), 0.4, 1000)
    late = np.arange(1000) < 20
    latency[late] = 5.0
    seen = evidence(evaluation(answers(np.ones(1000, bool), latency, late=late)))
    found = judged(seen, rule("latency", "p(99)<1s"), baseline=None).findings[-1]
    dropped = float(np.quantile(latency[~late], 0.99))
    yield Figure("p99 with 2 % time-outs of 5 s", found.value or 0.0, dropped, "without them", at_least=5.0, unit="s")


def quantile_of_identical(runs: int) -> Iterator[Figure]:
    """Trap 10: p95 of identical systems against 10 %."""
    draw = np.random.default_rng(10)
    failed = naive = 0
    for _ in range(runs):
        seen = paired(draw, n=300)
        failed += judged(seen, rule("latency", "p(95)<=+10%")).verdict is Verdict.FAIL
        one, other = latencies(seen)
        naive += np.quantile(one, 0.95) > 1.1 * np.quantile(other, 0.95)
    yield Figure("A/A, p(95)<=+10%, 300 pairs: FAIL", failed / runs, naive / runs, "ratio of points", 0.05)


def coverage_of_p99(runs: int) -> Iterator[Figure]:
    """Trap 11: the interval of p99 must hold the truth; below the floor nothing is judged."""
    draw = np.random.default_rng(11)
    truth = float(np.exp(2.3263478740408408))
    limit = rule("latency", "p(99)<10s")
    covered = naive = 0
    for _ in range(runs):
        sample = draw.lognormal(0, 1, 300)
        found = judged(evidence(evaluation(answers(np.ones(300, bool), sample))), limit, baseline=None).findings[-1]
        covered += found.interval is not None and found.interval[0] <= truth <= found.interval[1]
        drawn = np.quantile(draw.choice(sample, (200, 300)), 0.99, axis=1)
        naive += np.quantile(drawn, 0.05) <= truth <= np.quantile(drawn, 0.95)
    yield Figure("p99 of 300: 90 % interval holds the truth", covered / runs, naive / runs, "bootstrap", at_least=0.88)


def slow_tail(runs: int) -> Iterator[Figure]:
    """Trap 12: 3 % of requests four times slower; a rank test hardly notices."""
    from scipy.stats import mannwhitneyu

    draw = np.random.default_rng(12)
    limit = rule("latency", "share(>300ms)<=+1pp")
    found = naive = 0
    for _ in range(runs):
        seen = paired(draw, n=500, tail=0.03, spread=0.3)
        found += judged(seen, limit).verdict is Verdict.FAIL
        naive += mannwhitneyu(*latencies(seen)).pvalue < 0.05
    yield Figure("3 % of 500 requests 4x slower: FAIL", found / runs, naive / runs, "Mann-Whitney", at_least=0.5)


def another_day(runs: int) -> Iterator[Figure]:
    """Trap 18: the environment shifted by 8 % since the baseline was measured; nothing changed."""
    draw = np.random.default_rng(18)
    limit = rule("latency", "typical<=+5%")
    failed = naive = 0
    for _ in range(runs):
        payload, shift = draw.lognormal(-2.2, 0.5, 300), draw.normal(0, 0.08)
        now, before = (payload * draw.lognormal(each, 0.15, 300) for each in (shift, 0.0))
        one, other = (evidence(evaluation(answers(np.ones(300, bool), each))) for each in (now, before))
        failed += judged(one, limit, stored=other).verdict is Verdict.FAIL
        naive += bool(np.median(now / before) > 1.05)
    yield Figure("stored baseline, day shifted by 8 %: FAIL", failed / runs, naive / runs, "ratio of points", 0.05)


def one_among_fifty(_: int) -> Iterator[Figure]:
    """Trap 20: a score would average one broken rule away."""
    rules = [rule("accuracy", f">={limit / 100}") for limit in range(20, 70)]
    rules.append(rule("latency", "p(95)<100ms"))
    seen = evidence(evaluation(answers(np.ones(500, bool), np.full(500, 0.2))))
    failed = judged(seen, *rules, baseline=None).verdict is Verdict.FAIL
    yield Figure(
        "one FAIL among 51 rules fails the run", float(failed), 0.0, "score of 98 %, passing at 90 %", at_least=1
    )
