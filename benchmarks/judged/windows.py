"""Traps of judging by windows: what the platform did, as seen in one of them or in several."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
from scipy import stats

from judged.figure import Figure
from judged.made_up import NOON, Numbers, answers, evaluation, evidence, judged, observed, rule
from jupyter_deployfeedback.domain.evaluation import Load, WindowPair
from jupyter_deployfeedback.domain.metric import LoadedWindow, Window
from jupyter_deployfeedback.domain.run import Evidence
from jupyter_deployfeedback.domain.verdict import Verdict

SCRAPES = 12  # of a window, one a second
MIDDLE, NOISE = 2.0**28, 0.05


def scrapes(runs: int) -> Iterator[Figure]:
    """Trap 13: correlated scrapes of one window are no independent samples."""
    from scipy.stats import ttest_ind

    draw = np.random.default_rng(13)
    limit = rule("memory_mean", "<=+1%")
    failed = naive = 0
    for _ in range(runs):
        noise = draw.normal(0, 1, (2, 60))
        for place in range(1, 60):
            noise[:, place] += 0.8 * noise[:, place - 1]
        sides = [float(2**28 * (1 + 0.05 * each.mean())) for each in noise]
        failed += judged(observed(*sides), limit).verdict is Verdict.FAIL
        naive += ttest_ind(noise[0], noise[1], equal_var=False).pvalue < 0.05
    yield Figure("A/A on AR(0.8) scrapes: FAIL", failed / runs, naive / runs, "Welch on 60 scrapes", 0.05)


def unequal_windows(runs: int) -> Iterator[Figure]:
    """Trap 15: the greatest of 240 scrapes is greater than that of 60, whatever the system does."""
    draw = np.random.default_rng(15)
    limit = rule("memory_max", "<=+2%")
    failed = naive = 0
    for _ in range(runs):
        sides = [float(2**28 * (1 + 0.05 * draw.normal(0, 1, size).max())) for size in (240, 60)]
        failed += judged(observed(*sides, metric="memory_max"), limit).verdict is Verdict.FAIL
        naive += sides[0] > 1.02 * sides[1]
    yield Figure("A/A, maxima of 240 and 60 scrapes: FAIL", failed / runs, naive / runs, "ratio of points", 0.05)


def slices_of_one_series(runs: int) -> Iterator[Figure]:
    """Trap 14: one series of 60 scrapes cut into five "windows"; ours are refused, wherever they may come from."""
    draw = np.random.default_rng(14)
    limit = rule("memory_mean", "<=+0%")
    failed = naive = 0
    for _ in range(runs):
        sides = [_drifting(draw, 5 * SCRAPES, 0.95).reshape(5, SCRAPES).mean(axis=1) for _ in range(2)]
        failed += judged(loaded(*sides, rest=0.0), limit).verdict is Verdict.FAIL
        naive += stats.ttest_1samp(np.log(sides[0] / sides[1]), 0, alternative="greater").pvalue < 0.05
    yield Figure("A/A, one AR(0.95) series in slices: FAIL", failed / runs, naive / runs, "t over 5 slices", 0.0)


def windows_apart(runs: int) -> Iterator[Figure]:
    """The same with real windows: candidate and baseline in turn, with rest as long as a window between them.

    0.05 is what is aimed at. Noise that lasts longer than a window is damped by five of them, not averaged away.
    """
    draw = np.random.default_rng(140)
    for memory, at_most in ((0.8, 0.08), (0.95, 0.12)):
        failed = naive = 0
        for _ in range(runs):
            sides = [_drifting(draw, 20 * SCRAPES, memory) for _ in range(2)]
            now, before = (np.array([side[first : first + SCRAPES].mean() for first in firsts])
                           for side, firsts in zip(sides, _turns(2 * SCRAPES), strict=True))  # fmt: skip
            seen = loaded(now, before, rest=float(SCRAPES))
            failed += judged(seen, rule("memory_mean", "<=+0%")).verdict is Verdict.FAIL
            cut = [side[: 5 * SCRAPES].reshape(5, SCRAPES).mean(axis=1) for side in sides]
            naive += stats.ttest_1samp(np.log(cut[0] / cut[1]), 0, alternative="greater").pvalue < 0.05
        name = f"A/A, 5 pairs of windows on AR({memory:g}): FAIL"
        yield Figure(name, failed / runs, naive / runs, "t over 5 slices", at_most)


def power_of_windows(runs: int) -> Iterator[Figure]:
    """How often windows that differ by 5 % settle a tolerance of 10 %, and how often they find 20 % more."""
    draw = np.random.default_rng(23)
    limit = rule("memory_mean", "<=+10%")
    for pairs, passing, failing in ((3, 0.40, 0.34), (5, 0.74, 0.66), (8, 0.92, 0.87)):
        passed = failed = 0
        for _ in range(runs):
            now, before = (MIDDLE * draw.lognormal(0, NOISE, pairs) for _ in range(2))
            passed += judged(loaded(now, before), limit).verdict is Verdict.PASS
            failed += judged(loaded(1.2 * now, before), limit).verdict is Verdict.FAIL
        yield Figure(f"{pairs} pairs, unchanged, tolerance 10 %: PASS", passed / runs, at_least=passing)
        yield Figure(f"{pairs} pairs, 20 % more, tolerance 10 %: FAIL", failed / runs, at_least=failing)


def loaded(candidate: Numbers, baseline: Numbers, *, rest: float = 2.0, seconds: float = float(SCRAPES)) -> Evidence:
    """Return a run that saw a platform metric in windows of a load, candidate and baseline in turn."""
    pairs = [
        WindowPair(candidate=_window(mine, seconds), baseline=_window(other, seconds))
        for mine, other in zip(*_turns(seconds + rest, pairs=len(candidate)), strict=True)
    ]
    nothing = (None,) * len(pairs)
    one = answers(np.ones(len(pairs), bool), np.full(len(pairs), 0.1)).model_copy(update={"predictions": nothing})
    load = evaluation(one, one).model_copy(update={"truth": nothing, "load": Load(rate=1, pairs=tuple(pairs))})
    seen = observed(float(candidate.mean()), float(baseline.mean()))
    sides = [
        side and side.model_copy(update={"loaded": tuple(
            LoadedWindow(window=window, observations=(side.platform[0].model_copy(update={"value": float(value)}),))
            for window, value in zip(windows, values, strict=True)
        )})
        for side, windows, values in (
            (seen.candidate, [pair.candidate for pair in pairs], candidate),
            (seen.baseline, [pair.baseline for pair in pairs], baseline),
        )
    ]  # fmt: skip
    suites = evidence(load).suites
    return seen.model_copy(update={"suites": suites, "candidate": sides[0], "baseline": sides[1]})


def _window(start: float, seconds: float) -> Window:
    return Window(start=NOON + timedelta(seconds=start), end=NOON + timedelta(seconds=start + seconds))


def _turns(step: float, *, pairs: int = 5) -> tuple[list[int], list[int]]:
    """Return where the windows of candidate and baseline begin: ABBA."""
    first, second = (
        [int(2 * each * step) for each in range(pairs)],
        [int((2 * each + 1) * step) for each in range(pairs)],
    )
    swapped = [each % 2 == 1 for each in range(pairs)]
    mine = [b if swap else a for a, b, swap in zip(first, second, swapped, strict=True)]
    return mine, [a if swap else b for a, b, swap in zip(first, second, swapped, strict=True)]


def _drifting(draw: np.random.Generator, count: int, memory: float) -> Numbers:
    """Return a series whose noise remembers: AR(1) with a standard deviation of 5 %."""
    noise = draw.normal(0, np.sqrt(1 - memory**2), count)
    noise[0] = draw.normal()
    for place in range(1, count):
        noise[place] += memory * noise[place - 1]
    return MIDDLE * (1 + NOISE * noise)
