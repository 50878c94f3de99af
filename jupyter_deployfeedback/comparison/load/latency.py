"""Estimates of latency by aggregate and relation."""

import numpy as np

from jupyter_deployfeedback.comparison.measured import Measured, Missing, single
from jupyter_deployfeedback.comparison.methods.bootstrap import quantile_effect
from jupyter_deployfeedback.comparison.methods.mean import mean, mean_difference, mean_ratio
from jupyter_deployfeedback.comparison.methods.proportion import quantile, share, share_difference
from jupyter_deployfeedback.comparison.methods.typical import typical_ratio
from jupyter_deployfeedback.comparison.samples import LATENCIES, Bools, Floats
from jupyter_deployfeedback.comparison.sides import Selection
from jupyter_deployfeedback.domain.comparison import Estimand
from jupyter_deployfeedback.domain.rules.rule import Aggregate, Comparator, Relation

EXTREME = "the extreme of one window: another one may show a worse"


def measure_latency(estimand: Estimand, chosen: Selection) -> Measured | Missing:
    """Return the estimate of ``latency`` or of one of its named numbers such as ``latency_p95``."""
    expression, latency = estimand.expression, chosen.candidate.latency
    aggregate, level = level_of(estimand)
    if aggregate is Aggregate.QUANTILE and level is not None:
        return _quantile(level, estimand, chosen)
    if aggregate is Aggregate.MEAN:
        return _mean(expression.relation, chosen)
    if aggregate is Aggregate.TYPICAL:
        sent_at, before = chosen.candidate.sent_at, chosen.paired_baseline.latency
        return typical_ratio(latency, before, sent_at=sent_at, confidence=estimand.confidence)
    if aggregate is Aggregate.SHARE and expression.edge is not None:
        return _share(expression.edge, expression.relation, chosen)
    if aggregate is Aggregate.COUNT:
        return single(int(np.count_nonzero(np.isfinite(latency))), None, relation=Relation.ABSOLUTE, weak=None)
    return _extreme(aggregate, latency)


def level_of(estimand: Estimand) -> tuple[Aggregate, float | None]:
    """Return which aggregate is asked for, and for a quantile which: a median is one, ``latency_p95`` names one."""
    expression = estimand.expression
    aggregate, level = LATENCIES.get(estimand.metric, (expression.aggregate, expression.quantile))
    return (Aggregate.QUANTILE, 0.5) if aggregate is Aggregate.MEDIAN else (aggregate, level)


def beyond(edge: tuple[Comparator, float], latency: Floats) -> Bools:
    """Return which requests lie beyond an edge; unanswered ones lie beyond every upper one."""
    comparator, limit = edge
    compare = {
        Comparator.ABOVE: np.greater,
        Comparator.AT_LEAST: np.greater_equal,
        Comparator.BELOW: np.less,
        Comparator.AT_MOST: np.less_equal,
        Comparator.EQUAL: np.equal,
    }[comparator]
    return np.asarray(compare(latency, limit), dtype=bool)


def _quantile(level: float, estimand: Estimand, chosen: Selection) -> Measured | Missing:
    latency, relation = chosen.candidate.latency, estimand.expression.relation
    if relation is Relation.ABSOLUTE:
        return quantile(latency, level, confidence=estimand.confidence)
    baseline = chosen.paired_baseline.latency
    return quantile_effect(latency, baseline, level, relation=relation, sent_at=chosen.candidate.sent_at)


def _mean(relation: Relation, chosen: Selection) -> Measured | Missing:
    if relation is Relation.ABSOLUTE:
        return mean(chosen.candidate.latency)
    method = mean_ratio if relation is Relation.RATIO else mean_difference
    return method(chosen.candidate.latency, chosen.paired_baseline.latency)


def _share(edge: tuple[Comparator, float], relation: Relation, chosen: Selection) -> Measured | Missing:
    hits = beyond(edge, chosen.candidate.latency)
    if relation is Relation.ABSOLUTE:
        return share(int(np.count_nonzero(hits)), len(hits))
    return share_difference(hits, beyond(edge, chosen.paired_baseline.latency))


def _extreme(aggregate: Aggregate, latency: Floats) -> Measured | Missing:
    extremes = {Aggregate.MINIMUM: np.min, Aggregate.MAXIMUM: np.max}
    if aggregate not in extremes or len(latency) == 0:
        return Missing(f"{aggregate.value} of latency is not supported")
    return single(float(extremes[aggregate](latency)), None, relation=Relation.ABSOLUTE, weak=EXTREME, n=len(latency))
