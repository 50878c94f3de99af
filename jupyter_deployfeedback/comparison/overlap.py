"""Suites that loaded the target at the same time: each of them measured what the other one cost."""

from collections.abc import Iterable
from itertools import combinations

from jupyter_deployfeedback.domain.evaluation import Evaluation
from jupyter_deployfeedback.domain.run import SuiteResult


def disturbance(suites: Iterable[SuiteResult]) -> str | None:
    """Say which suites' evaluations overlapped, so that no latency is the target's alone; None where none did.

    Where a suite used ``load``, its latencies are the ones that are judged, so only what overlapped with it counts.
    """
    asked = [each for suite in suites for each in suite.evaluations]
    loads = any(each.load for each in asked)
    pairs = dict.fromkeys(
        (one.suite, other.suite)
        for one, other in combinations(asked, 2)
        if one.suite != other.suite and _met(one, other) and (one.load or other.load or not loads)
    )
    if not pairs:
        return None
    first, second = next(iter(pairs))
    others = f" (and {len(pairs) - 1} more such pairs)" if len(pairs) > 1 else ""
    return f"suites {first} and {second} loaded the target at the same time{others}; mark one as exclusive"


def _met(one: Evaluation, other: Evaluation) -> bool:
    return one.window.start < other.window.end and other.window.start < one.window.end
