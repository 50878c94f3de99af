"""Latency and throughput where a suite loaded the target: those under load, not those of one request at a time."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from jupyter_deployfeedback.comparison import measured
from jupyter_deployfeedback.comparison.load.latency import beyond, level_of, measure_latency
from jupyter_deployfeedback.comparison.load.windows import JACKKNIFE, UnderLoad, jackknife, over_windows
from jupyter_deployfeedback.comparison.methods.proportion import SMALLEST_LATENCY, order_statistic
from jupyter_deployfeedback.comparison.samples import Floats, Samples
from jupyter_deployfeedback.comparison.sides import Selection
from jupyter_deployfeedback.domain.comparison import Estimand
from jupyter_deployfeedback.domain.rules.rule import Aggregate, Relation

At = Callable[[float], measured.Interval]
Number = Callable[[Selection], float]


def measure_under_load(estimand: Estimand, load: UnderLoad) -> measured.Measured | measured.Missing:
    """Return a latency or the throughput of a load; how sure it is, the windows say, because each is one sample.

    Requests within a window resemble each other, so that an interval over all of them would be too narrow.
    """
    relation = estimand.expression.relation
    absolute = relation is Relation.ABSOLUTE
    if load.doubt is not None and not absolute:
        return measured.Missing(load.doubt)
    if load.baseline is None and not absolute:
        return measured.Missing("the baseline was not loaded")
    if estimand.metric == "throughput":
        baseline = None if absolute or load.baseline is None else _per_second(load, load.baseline)
        found = over_windows(_per_second(load, load.candidate), baseline, relation=relation)
        return found if isinstance(found, measured.Missing) else replace(found, weak=load.doubt)
    if absolute:
        return _alone(estimand, load)
    return _compared(estimand, load, Selection(load.candidate, load.baseline))


def _alone(estimand: Estimand, load: UnderLoad) -> measured.Measured | measured.Missing:
    """Return a latency of the candidate; its interval is the wider one: over requests, or over windows."""
    found = measure_latency(estimand, Selection(load.candidate))
    if isinstance(found, measured.Missing) or found.interval_at is None:
        return found
    if load.doubt is not None:
        return replace(found, weak=load.doubt)
    of, over_requests = _statistic(estimand), found.interval_at
    share = estimand.expression.aggregate is Aggregate.SHARE
    scaled = of if share else lambda samples: _log(of(samples))
    over = jackknife(scaled(load.candidate), _without_each(lambda chosen: scaled(chosen.candidate), load))
    few = _too_few(load)
    if over is None or few is not None:
        return replace(found, below_floor=few)
    over_windows = _of_a_share(over) if share else lambda confidence: _exp(over(confidence))
    return replace(found, interval_at=lambda confidence: _hull(over_requests(confidence), over_windows(confidence)))


def _compared(estimand: Estimand, load: UnderLoad, both: Selection) -> measured.Measured | measured.Missing:
    number, ratio = _number(estimand), estimand.expression.relation is Relation.RATIO
    whole = number(both)
    at = jackknife(whole, _without_each(number, load))
    if at is not None and estimand.expression.aggregate is Aggregate.SHARE:
        at = _no_narrower(at, measure_latency(estimand, both))
    ends = [_statistic(estimand)(side) for side in (both.candidate, both.paired_baseline)]
    found = measured.Measured(
        value=measured.ratio_of(whole) if ratio else whole,
        n=both.candidate.n,
        method=JACKKNIFE,
        candidate=ends[0],
        baseline=ends[1],
        interval_at=measured.on_log_scale(at) if ratio and at else at,
        facts={"windows": len(load.seconds)},
    )
    found = found.needing(_floor(estimand))
    few = _too_few(load)
    return found if few is None else replace(found, below_floor=few)


def _too_few(load: UnderLoad) -> str | None:
    """Say that there are too few windows to tell how much they differ, None where there are enough."""
    count = len(load.seconds)
    windows = "1 window" if count == 1 else f"{count} windows"
    return f"{windows} of load, at least {measured.WINDOWS} are needed" if count < measured.WINDOWS else None


def _no_narrower(at: At, over_requests: measured.Measured | measured.Missing) -> At:
    """Return an interval no narrower than that over requests: where no window has a slow one, all windows are alike."""
    if isinstance(over_requests, measured.Missing) or over_requests.interval_at is None:
        return at
    other = over_requests.interval_at
    return lambda confidence: _hull(at(confidence), other(confidence))


def _floor(estimand: Estimand) -> int:
    aggregate, level = level_of(estimand)
    if level is not None:
        return measured.relative_quantile(level)
    return measured.PAIRED_SHARE if aggregate is Aggregate.SHARE else measured.MEAN


def _without_each(number: Number, load: UnderLoad) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return a number of all windows but one, for each of them; nothing where there is only one."""
    count = len(load.seconds)
    kept = (load.window != each for each in range(count if count > 1 else 0))
    return np.array(
        [number(Selection(load.candidate.take(rows), load.baseline and load.baseline.take(rows))) for rows in kept]
    )


def _number(estimand: Estimand) -> Number:
    """Return what is asked of the rows of both sides; a ratio on the log scale."""
    relation, of = estimand.expression.relation, _statistic(estimand)
    if estimand.expression.aggregate is Aggregate.TYPICAL:
        return _typical
    if relation is Relation.ABSOLUTE:
        return lambda chosen: of(chosen.candidate)
    if relation is Relation.DIFFERENCE:
        return lambda chosen: of(chosen.candidate) - of(chosen.paired_baseline)
    return lambda chosen: _log(of(chosen.candidate)) - _log(of(chosen.paired_baseline))


def _typical(chosen: Selection) -> float:
    """Return by which factor, on the log scale, the same request is slower in the median."""
    kept = np.isfinite(chosen.paired_baseline.latency)
    if not kept.any():
        return math.nan
    sides = (np.maximum(side.latency[kept], SMALLEST_LATENCY) for side in (chosen.candidate, chosen.paired_baseline))
    now, before = sides
    return order_statistic(np.log(now / before), 0.5)


def _statistic(estimand: Estimand) -> Callable[[Samples], float]:
    """Return which number of one side's latencies is asked for."""
    aggregate, level = level_of(estimand)
    edge = estimand.expression.edge
    if aggregate is Aggregate.SHARE and edge is not None:
        return lambda samples: float(np.mean(beyond(edge, samples.latency)))
    if aggregate is Aggregate.MEAN:
        return _mean
    return lambda samples: order_statistic(samples.latency, 0.5 if level is None else level)


def _mean(samples: Samples) -> float:
    latency = samples.latency[np.isfinite(samples.latency)]
    return float(np.mean(latency)) if len(latency) else math.nan


def _per_second(load: UnderLoad, side: Samples) -> Floats:
    """Return for each window how many answers came a second before it was over.

    Answers that came later say how fast requests were sent, not how fast the target can answer them.
    """
    each = (side.take(load.window == place) for place in range(len(load.seconds)))
    came = [_answered_within(seconds, samples) for samples, seconds in zip(each, load.seconds, strict=True)]
    return np.array(came, dtype=np.float64) / load.seconds


def _answered_within(seconds: float, samples: Samples) -> int:
    began = np.min(samples.sent_at)  # infinite where nothing was sent
    return int(np.count_nonzero(samples.answered & (samples.sent_at + samples.latency <= began + seconds)))


def _log(value: float) -> float:
    return math.log(max(value, SMALLEST_LATENCY))


def _exp(interval: measured.Interval) -> measured.Interval:
    low, high = interval
    return math.exp(low), math.exp(high) if high < math.log(1e300) else math.inf


def _of_a_share(at: At) -> At:
    """Keep an interval between 0 and 1, where a share lies."""
    return lambda confidence: (max(at(confidence)[0], 0.0), min(at(confidence)[1], 1.0))


def _hull(one: measured.Interval, other: measured.Interval) -> measured.Interval:
    return min(one[0], other[0]), max(one[1], other[1])
