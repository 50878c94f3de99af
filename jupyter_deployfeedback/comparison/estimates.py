"""The answer to each estimand: which method, over which samples, or why there is no answer."""

from dataclasses import replace

import numpy as np

from jupyter_deployfeedback.comparison.beyond_limit import p_beyond
from jupyter_deployfeedback.comparison.load.estimates import measure_under_load
from jupyter_deployfeedback.comparison.load.latency import level_of, measure_latency
from jupyter_deployfeedback.comparison.load.windows import UNDER_LOAD, UnderLoad
from jupyter_deployfeedback.comparison.measured import SLICE, Measured, Missing, finite, single
from jupyter_deployfeedback.comparison.methods.mean import mean, mean_difference, mean_ratio
from jupyter_deployfeedback.comparison.methods.proportion import share, share_difference, share_ratio
from jupyter_deployfeedback.comparison.numbers import measure_number, unit_of
from jupyter_deployfeedback.comparison.samples import (
    COUNTS,
    ERRORS,
    LATENCIES,
    MEANS,
    OF_NUMBERS,
    SCORES,
    SHARES,
    Bools,
    Floats,
    Samples,
    Share,
    applies,
    every_row,
)
from jupyter_deployfeedback.comparison.sides import BASELINE, CANDIDATE, Material, Selection, select, too_few_answered
from jupyter_deployfeedback.comparison.statistics import STATISTICS, measure_statistic
from jupyter_deployfeedback.domain.comparison import Estimand, Estimate
from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Family
from jupyter_deployfeedback.domain.rules.rule import Aggregate, Comparator, Expression, Relation

TELLING = 10  # samples; of fewer the width of an interval does not tell what more of them would give


def estimate(estimand: Estimand, material: Material, *, errors_judged: bool) -> Estimate:
    """Answer one estimand; ``errors_judged`` says that a rule covers what the candidate left unanswered.

    No rule covers what the baseline left unanswered: compared with a release that was down, anything looks good.
    """
    return _estimate(estimand, material, complete=(BASELINE,) if errors_judged else (CANDIDATE, BASELINE))


def show(estimand: Estimand, material: Material) -> Estimate:
    """Answer one estimand however few requests were answered: for tables, where nothing is judged."""
    return _estimate(estimand, material, complete=())


def value_of(name: str, samples: Samples) -> float | None:
    """Return one side's own number of a metric, None where its samples yield none."""
    expression = Expression(text="", comparator=Comparator.AT_MOST, limit=0.0)
    found = _sampled(Estimand(metric=name, expression=expression), Selection(samples))
    return found.value if isinstance(found, Measured) and finite(found.value) else None


def _estimate(estimand: Estimand, material: Material, *, complete: tuple[str, ...]) -> Estimate:
    """Answer one estimand, if the sides that must be ``complete`` answered enough of their requests."""
    metric_unit = _unit_of_a_side(estimand, material)
    found = _measure(estimand, material, complete=complete)
    if isinstance(found, Measured) and not finite(found.value):
        found = Missing("too many requests have no answer, and count as the slowest")
    if isinstance(found, Missing):
        return _missing(estimand, found, metric_unit=metric_unit)
    weak = found.weak or _historical(estimand, material) or _disturbed(estimand, material)
    return _answer(estimand, found, metric_unit=metric_unit, weak=weak)


def _missing(estimand: Estimand, found: Missing, *, metric_unit: str) -> Estimate:
    return Estimate(
        estimand=estimand,
        unit=_unit(estimand, metric_unit),
        metric_unit=metric_unit,
        missing_because=found.reason,
        baseline_missing=found.baseline,
        no_data=found.no_data,
        counted_nothing=found.counted_nothing,
    )


def _answer(estimand: Estimand, found: Measured, *, metric_unit: str, weak: str | None) -> Estimate:
    judged = found.below_floor is None
    told = found.interval_at is not None and (judged or (found.n or 0) >= TELLING)
    interval = found.interval_at(2 * estimand.confidence - 1) if told and found.interval_at else None
    if interval is not None and not finite(*interval):
        if judged:
            reason = "its interval has no end: too many requests without an answer, or too few samples"
            return _missing(estimand, Missing(reason), metric_unit=metric_unit)
        interval = None
    beyond = p_beyond(estimand, found.interval_at) if judged and interval and found.interval_at else None
    return Estimate(
        estimand=estimand,
        unit=_unit(estimand, metric_unit),
        value=found.value,
        interval=interval if judged else None,
        tentative=None if judged else interval,
        alike=found.alike,
        exact=found.exact and weak is None,
        n=found.n,
        candidate=found.candidate if finite(found.candidate) else None,
        baseline=found.baseline if finite(found.baseline) else None,
        metric_unit=metric_unit,
        method=found.method,
        weak=weak,
        doubt=found.doubt,
        below_floor=found.below_floor,
        p_beyond=beyond,
        facts=found.facts,
    )


def _unit(estimand: Estimand, metric_unit: str) -> str:
    expression = estimand.expression
    if expression.relation is Relation.RATIO:
        return "%"
    return "pp" if metric_unit == "share" and expression.relation is Relation.DIFFERENCE else metric_unit


def _unit_of_a_side(estimand: Estimand, material: Material) -> str:
    """Return the unit of one side's own number: a share of latencies has none in seconds."""
    aggregate = estimand.expression.aggregate
    if aggregate in {Aggregate.SHARE, Aggregate.RATE}:
        return "share"
    return "" if aggregate is Aggregate.COUNT else unit_of(estimand.metric, material)


def _historical(estimand: Estimand, material: Material) -> str | None:
    return None if estimand.expression.relation is Relation.ABSOLUTE else material.weak


def _disturbed(estimand: Estimand, material: Material) -> str | None:
    by_windows = material.windows is not None and material.windows.holds(estimand.metric)
    return material.disturbed if by_windows or estimand.metric in UNDER_LOAD else None


def _measure(estimand: Estimand, material: Material, *, complete: tuple[str, ...]) -> Measured | Missing:
    pooled = material.pooled
    if pooled is None or not applies(estimand.metric, pooled.candidate):
        return measure_number(estimand, material)
    if material.partial:
        return Missing(material.partial)
    load = material.load
    if load is not None and estimand.metric in UNDER_LOAD and estimand.slice is None:
        return _doubted(_under_load(estimand, material, load, complete=complete), estimand, load.candidate)
    chosen = select(estimand, material)
    if isinstance(chosen, Missing):
        return chosen
    return _doubted(_of_rows(estimand, chosen, complete=complete), estimand, chosen.candidate)


def _of_rows(estimand: Estimand, chosen: Selection, *, complete: tuple[str, ...]) -> Measured | Missing:
    unanswered = too_few_answered(chosen, complete) if estimand.metric not in ERRORS else None
    if unanswered:
        return unanswered
    found = _sampled(estimand, chosen)
    lost = np.count_nonzero(chosen.candidate.scored & ~chosen.candidate.answered)
    if lost and isinstance(found, Measured) and estimand.metric in SCORES:
        found = replace(found, facts={**found.facts, "unanswered": float(lost)})
    before = None if estimand.expression.relation is Relation.ABSOLUTE else chosen.baseline
    if before is not None and isinstance(found, Measured) and not before.answered.all():
        missed = float(np.count_nonzero(~before.answered))
        found = replace(found, facts={**found.facts, "baseline_unanswered": missed})
    return found.needing(SLICE) if estimand.slice and isinstance(found, Measured) else found


def _under_load(
    estimand: Estimand, material: Material, load: UnderLoad, *, complete: tuple[str, ...]
) -> Measured | Missing:
    relative = estimand.expression.relation is not Relation.ABSOLUTE
    problem = material.unpaired() if relative else None
    problem = problem or too_few_answered(Selection(load.candidate, load.baseline if relative else None), complete)
    return problem or measure_under_load(estimand, load)


def _doubted(found: Measured | Missing, estimand: Estimand, samples: Samples) -> Measured | Missing:
    return found if isinstance(found, Missing) else replace(found, doubt=_left_out(estimand, samples))


def _left_out(estimand: Estimand, samples: Samples) -> str | None:
    """Say that a number leaves out what the candidate did not answer: the slowest, or the hardest, may be among it.

    Others count it, as wrong or as the slowest.
    """
    if level_of(estimand)[0] is Aggregate.MEAN:
        lost = samples.leads() & ~np.isfinite(samples.latency)
    elif estimand.metric == "probability_mean":
        lost = ~samples.answered
    elif estimand.metric in OF_NUMBERS:
        lost = samples.numeric & ~samples.answered
    else:
        return None
    return f"it leaves out {np.count_nonzero(lost)} without an answer" if lost.any() else None


def _sampled(estimand: Estimand, chosen: Selection) -> Measured | Missing:
    name, relation = estimand.metric, estimand.expression.relation
    if STANDARD_METRICS[name].family is Family.APPLICATION:
        chosen = chosen.by_request()
    if name == "latency" or name in LATENCIES:
        return measure_latency(estimand, chosen)
    if name in COUNTS:
        return _count(estimand, chosen)
    if name in SHARES:
        return _share(SHARES[name], relation, chosen)
    if name in MEANS:
        return _mean(name, relation, chosen)
    return measure_statistic(name, relation, chosen) if name in STATISTICS else _throughput(relation, chosen)


def _share(quantity: Share, relation: Relation, chosen: Selection) -> Measured | Missing:
    hits = _counted(quantity, chosen.candidate)
    if relation is Relation.ABSOLUTE:
        return share(int(np.count_nonzero(hits)), len(hits))
    baseline = _counted(quantity, chosen.paired_baseline)
    return share_ratio(hits, baseline) if relation is Relation.RATIO else share_difference(hits, baseline)


def _counted(quantity: Share, samples: Samples) -> Bools:
    return quantity.hits(samples)[quantity.counted(samples)]


def _mean(name: str, relation: Relation, chosen: Selection) -> Measured | Missing:
    values: Floats = MEANS[name](chosen.candidate)
    if relation is Relation.ABSOLUTE:
        return mean(values)
    baseline = MEANS[name](chosen.paired_baseline)
    return mean_ratio(values, baseline) if relation is Relation.RATIO else mean_difference(values, baseline)


def _count(estimand: Estimand, chosen: Selection) -> Measured | Missing:
    """Return a count, which is exact, or its ``rate``: the share of the planned requests."""
    chosen_rows, relation = COUNTS[estimand.metric], estimand.expression.relation
    if estimand.expression.aggregate is Aggregate.RATE:
        return _share(Share(counted=every_row, hits=chosen_rows), relation, chosen)
    count = int(np.count_nonzero(chosen_rows(chosen.candidate)))
    baseline = None if chosen.baseline is None else int(np.count_nonzero(chosen_rows(chosen.baseline)))
    return single(count, baseline, relation=relation, weak=None, n=chosen.candidate.n)


def _throughput(relation: Relation, chosen: Selection) -> Measured | Missing:
    rates = [_per_second(samples) for samples in (chosen.candidate, chosen.baseline) if samples is not None]
    if not finite(*rates):
        return Missing("no request took a measurable time")
    before = rates[1] if len(rates) > 1 else None
    return single(rates[0], before, relation=relation, weak="one window, not repeated", n=chosen.candidate.n)


def _per_second(samples: Samples) -> float:
    """Return answers per second of waiting for this side: the sides take turns, so the window is no measure."""
    waited = float(np.sum(samples.latency, where=np.isfinite(samples.latency)))
    return float(np.count_nonzero(samples.answered)) / waited if waited > 0 else float("nan")
