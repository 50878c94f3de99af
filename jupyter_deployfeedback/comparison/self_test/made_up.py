"""The answers to estimands where samples lie well beyond, or well inside, their limits: what the gate tests itself on.

The samples are made up; from there on it is the code that answers a run's own estimands. Above 3,000 pairs the methods
take blocks of time, which is why so many are made up: resampling would cost a run a second.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from jupyter_deployfeedback.comparison.beyond_limit import breaks
from jupyter_deployfeedback.comparison.estimates import show
from jupyter_deployfeedback.comparison.load.windows import judged_by_windows
from jupyter_deployfeedback.comparison.measured import SMALLEST_CLASS, absolute_quantile, relative_quantile
from jupyter_deployfeedback.comparison.methods.blocks import BLOCKS, MANY
from jupyter_deployfeedback.comparison.numbers import SERVER_RATE
from jupyter_deployfeedback.comparison.samples import COUNTS, LATENCIES, MEANS, SHARES, Objects, Samples
from jupyter_deployfeedback.comparison.self_test.samples import samples_of, under_load
from jupyter_deployfeedback.comparison.sides import Material, Numbers, Pooled
from jupyter_deployfeedback.comparison.statistics import STATISTICS
from jupyter_deployfeedback.domain.comparison import Estimand, Estimate
from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Family, Metric, Observation
from jupyter_deployfeedback.domain.rules.rule import Aggregate, Comparator, Expression, Relation
from jupyter_deployfeedback.domain.run import Evidence

MOST_ROWS = 300_000  # a limit so close to the end of what a metric can be is left to the run itself
BASELINE = "samples made up"
FEW = 200
HIGHER, LOWER = 1.5, 0.5  # how far beyond a limit is well beyond


class Sides(NamedTuple):
    """The number of the candidate alone and that of the baseline alone."""

    candidate: float
    baseline: float


def estimates_made_up(
    estimands: Iterable[Estimand], *, beyond: bool, like: Evidence | None = None
) -> tuple[Estimate, ...]:
    """Return the estimates of samples well beyond the limits, or well inside; none where no sample lies there.

    They take the way that the evidence of the run takes, ``like``: window by window where it was loaded.
    """
    loaded = judged_by_windows(like) if like else frozenset()
    found = (_made_up(each, beyond=beyond, loaded=each.metric in loaded) for each in estimands)
    return tuple(each for each in found if each is not None)


def _made_up(estimand: Estimand, *, beyond: bool, loaded: bool) -> Estimate | None:
    sides = _sides(estimand, beyond=beyond)
    if sides is None or (n := _rows(estimand, sides)) > MOST_ROWS:
        return None
    material = _sampled(estimand, sides, n) if _has_samples(estimand.metric) else _observed(estimand, sides)
    if loaded and estimand.slice is None:
        material = under_load(material, estimand, sides)
    return show(estimand, material)


def _has_samples(name: str) -> bool:
    known = (*SHARES, *COUNTS, *MEANS, *STATISTICS, *LATENCIES, "latency", "throughput")
    return name in known


def _sides(estimand: Estimand, *, beyond: bool) -> Sides | None:
    """Return numbers whose effect lies where it is wanted; None where the metric cannot get there."""
    asked = estimand.expression
    if asked.comparator is Comparator.EQUAL:
        sides = _equal(asked, beyond=beyond)
    else:
        sides = _placed(estimand, high=asked.comparator.is_upper == beyond)
    if asked.comparator is Comparator.EQUAL:
        return sides
    if estimand.metric == "r2" and max(sides) > 1:
        return None
    effect = _effect(sides, asked.relation)
    there = breaks((effect, effect), asked) == beyond and (effect != asked.limit or _is_count(estimand))
    return sides if there else None


def _equal(asked: Expression, *, beyond: bool) -> Sides:
    before = 10.0 + abs(asked.limit)
    middle = asked.limit if asked.relation is Relation.ABSOLUTE else before + asked.limit
    return Sides(middle + beyond, before)


def _placed(estimand: Estimand, *, high: bool) -> Sides:
    asked = estimand.expression
    if _is_count(estimand):
        return _counts(asked, high=high)
    if _is_share(estimand):
        return _shares(asked, high=high)
    if asked.relation is Relation.RATIO:
        before = 0.5 / (1 + abs(asked.limit))
        if estimand.metric == "r2":  # as far away near 0 too, where its noise is large beside it
            return Sides(before * (1 + asked.limit) + (0.4 if high else -0.4), before)
        return Sides(max(before * (1 + asked.limit) * (HIGHER if high else LOWER), 0.0), before)
    away = (0.2 + abs(asked.limit)) * (1 if high else -1)
    if asked.relation is Relation.DIFFERENCE:
        before = 0.5 - 2 * abs(asked.limit) if estimand.metric == "r2" else 1 + 3 * abs(asked.limit)
        return Sides(before + asked.limit + away, before)
    return _alone(estimand.metric, asked.limit, away, high=high)


def _alone(name: str, limit: float, away: float, *, high: bool) -> Sides:
    if name == "r2":
        return Sides((1 + limit) / 2 if high else min(limit, 1.0) - 1, 0.0)
    positive = _has_samples(name)
    return Sides(limit * LOWER if positive and not high else limit + away, 0.0)


def _counts(asked: Expression, *, high: bool) -> Sides:
    away = 1 + math.ceil(abs(asked.limit))
    if asked.relation is Relation.ABSOLUTE:
        return Sides(float(math.ceil(asked.limit) + away) if high else float(asked.limit > 1), 0.0)
    before = 10 + 3 * away
    return Sides(float(before + math.floor(asked.limit) + (away if high else -away)), float(before))


def _shares(asked: Expression, *, high: bool) -> Sides:
    """Return shares as far apart as they can be; a ratio needs two that are above 0."""
    if asked.relation is not Relation.RATIO:
        return Sides(float(high), float(not high))
    before = min(0.25, 0.25 / (1 + max(asked.limit, 0.0)))
    return Sides(min(1.0, max(before * (1 + asked.limit) * (4 if high else 0.25), 0.0)), before)


def _is_share(estimand: Estimand) -> bool:
    shares = (*SHARES, "f1", "probability_mean")
    return estimand.metric in shares or estimand.expression.aggregate in {Aggregate.SHARE, Aggregate.RATE}


def _is_count(estimand: Estimand) -> bool:
    asked = estimand.expression
    return asked.aggregate is Aggregate.COUNT or (estimand.metric in COUNTS and asked.aggregate is Aggregate.VALUE)


def _effect(sides: Sides, relation: Relation) -> float:
    if relation is Relation.ABSOLUTE:
        return sides.candidate
    if relation is Relation.DIFFERENCE:
        return sides.candidate - sides.baseline
    return sides.candidate / sides.baseline - 1 if sides.baseline > 0 else math.nan


def _rows(estimand: Estimand, sides: Sides) -> int:
    """Return how many samples leave no doubt."""
    asked = estimand.expression
    if _is_count(estimand):
        return math.ceil(max(sides)) + (1 if estimand.metric == "latency" else 100)
    if _is_share(estimand):
        away = abs(_effect(sides, asked.relation) - asked.limit)
        return math.ceil(
            400 / max(min(sides), 1e-9) if asked.relation is Relation.RATIO else FEW + 24 / max(away, 1e-9)
        )
    if estimand.metric in STATISTICS and estimand.slice is None:
        return SMALLEST_CLASS * 2  # each example is drawn by itself, which takes time
    return _rows_for_quantile(estimand)


def _rows_for_quantile(estimand: Estimand) -> int:
    asked = estimand.expression
    _, level = LATENCIES.get(estimand.metric, (None, asked.quantile))
    level = 0.5 if asked.aggregate is Aggregate.MEDIAN else level
    if level is None:
        return FEW
    if asked.relation is Relation.ABSOLUTE:
        return FEW + 5 * absolute_quantile(level, confidence=estimand.confidence)
    return max(MANY + 1, BLOCKS * relative_quantile(level))


def _sampled(estimand: Estimand, sides: Sides, n: int) -> Material:
    within = {} if estimand.slice is None else {estimand.slice[0]: _column(estimand.slice[1], n)}
    relative = estimand.expression.relation is not Relation.ABSOLUTE
    baseline = samples_of(estimand, sides.baseline, n=n) if relative else None
    pooled = Pooled(samples_of(estimand, sides.candidate, n=n), baseline, np.full(n, relative), within)
    return _material(pooled, Numbers({}, {}), Numbers({}, {}), baseline)


def _observed(estimand: Estimand, sides: Sides) -> Material:
    if estimand.expression.aggregate is Aggregate.RATE:
        n = _rows(estimand, sides)
        served = Numbers({SERVER_RATE[1]: _seen(SERVER_RATE[1], n)}, {})
        served.platform[SERVER_RATE[0]] = _seen(SERVER_RATE[0], n * sides.candidate)
        return _material(None, served, Numbers({}, {}), None)
    return _material(None, _single(estimand.metric, sides.candidate), _single(estimand.metric, sides.baseline), None)


def _single(name: str, value: float) -> Numbers:
    seen = _seen(name, value)
    platform = seen.metric.family is Family.PLATFORM
    return Numbers({name: seen}, {}) if platform else Numbers({}, {name: {BASELINE: seen}})


def _seen(name: str, value: float) -> Observation:
    metric = STANDARD_METRICS.get(name) or Metric(name=name, family=Family.MODEL)
    return Observation(metric=metric, value=value, source=BASELINE)


def _column(value: str, n: int) -> Objects:
    column = np.empty(n, dtype=object)
    column[:] = value
    return column


def _material(pooled: Pooled | None, numbers: Numbers, before: Numbers, stored: Samples | None) -> Material:
    return Material(
        baseline_name=BASELINE,
        live=True,
        pairs=(),
        pooled=pooled,
        stored=stored,
        numbers=numbers,
        baseline_numbers=before,
        partial=None,
        broken_suites={},
        sources={},
    )
