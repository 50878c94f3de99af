"""Trap 17: what continuing an inconclusive run costs in errors, and what planning to do so costs in examples."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from judged.figure import Figure
from judged.made_up import READY, answers, evaluation, evidence, rule
from jupyter_deployfeedback.comparison.continued import pool_chain
from jupyter_deployfeedback.comparison.estimates import estimate
from jupyter_deployfeedback.comparison.methods.proportion import newcombe_paired
from jupyter_deployfeedback.comparison.sides import gather
from jupyter_deployfeedback.domain.comparison import Comparison
from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.run import Evidence
from jupyter_deployfeedback.domain.verdict import Judgement, Verdict
from jupyter_deployfeedback.verdict import Circumstances, continuing, estimands, judge

FIRST = 400  # examples of the first look
RULE = rule("accuracy", ">=-2pp")
AT_THE_LIMIT = (0.94, 0.01, 0.03, 0.02)  # both right, fixed, broken, both wrong
UNCHANGED = (0.95, 0.02, 0.02, 0.01)


def peeking(runs: int) -> Iterator[Figure]:
    """A candidate exactly at its limit: how often it is passed or failed, over all looks together."""
    draw = np.random.default_rng(17)
    for looks in (2, 3):
        ended = [_chain(draw, AT_THE_LIMIT, looks=looks)[0] for _ in range(runs)]
        passed, failed = (sum(each is verdict for each in ended) / runs for verdict in (Verdict.PASS, Verdict.FAIL))
        naive = sum(_peek(draw, AT_THE_LIMIT, times=10) for _ in range(runs)) / runs
        yield Figure(f"{looks} looks at the limit: wrong PASS", passed, naive, "10 looks at 90 %", at_most=_most(runs))
        yield Figure(f"{looks} looks at the limit: wrong FAIL", failed, at_most=_most(runs))


def price(runs: int) -> Iterator[Figure]:
    """An unchanged candidate: how many runs are settled, and with how many examples."""
    draw = np.random.default_rng(18)
    for looks in (1, 2, 3):
        ended = [_chain(draw, UNCHANGED, looks=looks) for _ in range(runs)]
        at_first = sum(verdict is Verdict.PASS and n == FIRST for verdict, n in ended) / runs
        yield Figure(f"unchanged, {looks} looks planned: settled at the first", at_first)
        yield Figure(f"unchanged, {looks} looks planned: settled", sum(v is Verdict.PASS for v, _ in ended) / runs)
        sent = float(np.mean([n for _, n in ended]))
        yield Figure(f"unchanged, {looks} looks planned: sent", sent, unit="examples")


def _chain(draw: np.random.Generator, kinds: tuple[float, ...], *, looks: int) -> tuple[Verdict, int]:
    """Judge, and continue with what the run asks for, until it is settled or its looks are used."""
    chain = [_run(draw, kinds, range(FIRST))]
    while True:
        found = _judged(pool_chain(chain), looks=looks)
        n = sum(len(each.suites[0].evaluations[0].ids) for each in chain)
        around = Circumstances(look=len(chain), looks=looks, historical=False, counted=True)
        more = continuing(found, around)
        if more is None or more.obstacle is not None or more.n_more is None:
            return found.verdict, n
        chain.append(_run(draw, kinds, range(n, n + more.n_more)))


def _peek(draw: np.random.Generator, kinds: tuple[float, ...], *, times: int) -> bool:
    table = np.zeros(4, int)
    for _ in range(times):
        table += draw.multinomial(FIRST, kinds)
        if newcombe_paired(*map(int, table), confidence=0.90)[0] >= -0.02:
            return True
    return False


def _run(draw: np.random.Generator, kinds: tuple[float, ...], ids: range) -> Evidence:
    kind = draw.choice(4, len(ids), p=kinds)
    took = np.full(len(ids), 0.1)
    one = evaluation(answers(kind <= 1, took), answers((kind == 0) | (kind == 2), took))
    return evidence(one.model_copy(update={"ids": tuple(map(str, ids))}), live=True)


def _judged(seen: Evidence, *, looks: int) -> Judgement:
    project = Project(name="", folder="", file="", targets={}, default_target="", suites=(), looks=looks)
    confidence = project.confidence_of_a_look
    asked = estimands((RULE,), confidence=confidence, slice_values={})
    material = gather(seen, stored=None, baseline="released")  # the tables' other metrics would take most of the time
    answered = tuple(estimate(each, material, errors_judged=True) for each in asked)
    return judge(
        Comparison(baseline="released", deltas=(), estimates=answered),
        rules=(RULE,),
        suites=seen.suites,
        expected_suites=("quality",),
        candidate=READY,
        expect_version=None,
        confidence=confidence,
    )


def _most(runs: int) -> float:
    """Return what so many runs can tell from 5 %."""
    return float(0.05 + 2 * np.sqrt(0.05 * 0.95 / runs))
