"""Samples of which it is known beforehand where they lie: what the gate is tested with before it judges."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from jupyter_deployfeedback.comparison.quantities import COUNTS, MEANS, SHARES
from jupyter_deployfeedback.comparison.samples import Bools, Floats, Samples
from jupyter_deployfeedback.comparison.statistics import STATISTICS
from jupyter_deployfeedback.domain.comparison import Estimand
from jupyter_deployfeedback.domain.rules.rule import Aggregate, Comparator

SPREAD = 0.01  # samples alternate this far around their middle, so that an interval has a width


def samples_of(estimand: Estimand, value: float, *, n: int) -> Samples:
    """Return n samples of which the estimand's own number, of one side alone, is ``value``."""
    name, aggregate = estimand.metric, estimand.expression.aggregate
    if aggregate is Aggregate.SHARE and estimand.expression.edge is not None:
        return _plain(n, latency=_beyond(estimand.expression.edge, _hits(value, n)))
    if name in COUNTS or aggregate is Aggregate.COUNT:
        return _stated(name, _hits(value, n) if aggregate is Aggregate.RATE else _first(value, n))
    if name in SHARES or name == "f1":
        return _shared(name, _hits(value, n))
    if name in MEANS or name in STATISTICS:
        return _numeric(name, value, n)
    return _plain(n, latency=np.full(n, 1 / value) if name == "throughput" else _around(value, n))


def _plain(n: int, **columns: Any) -> Samples:  # noqa: ANN401 - columns by name
    yes, no, nothing = np.ones(n, dtype=bool), np.zeros(n, dtype=bool), np.full(n, np.nan)
    classes = np.arange(n, dtype=np.intp) % 2
    blank = Samples(
        answered=yes,
        timed_out=no,
        failed=no,
        latency=np.full(n, 0.1),
        sent_at=np.arange(n, dtype=np.float64),
        scored=yes,
        right=yes,
        numeric=no,
        truth=classes,
        prediction=classes,
        true_number=nothing,
        error=nothing,
        probability=nothing,
        request=np.arange(n, dtype=np.intp),
    )
    return replace(blank, **columns)


def _shared(name: str, hits: Bools) -> Samples:
    plain = _plain(len(hits))
    if name == "failure_rate":
        return _stated("requests_failed", hits)
    right = ~hits if name == "error_rate" else hits
    return replace(plain, right=right, prediction=np.where(right, plain.truth, 1 - plain.truth))


def _stated(name: str, hits: Bools) -> Samples:
    """Return requests of which the hits became what a count counts; the others are answered, or fail where hits are."""
    if name == "requests_answered":
        return _plain(len(hits), answered=hits, failed=~hits)
    if name == "latency":
        return _plain(len(hits), answered=hits, latency=np.where(hits, 0.1, np.inf))
    if name == "requests_attempted":
        return _plain(len(hits), answered=hits, sent_at=np.where(hits, np.arange(len(hits)), np.inf))
    return _plain(len(hits), answered=~hits, **{name.removeprefix("requests_"): hits})


def _numeric(name: str, value: float, n: int) -> Samples:
    """Return predictions whose mean probability, mean error, root mean squared error or r2 is ``value``."""
    if name == "probability_mean":
        return _plain(n, probability=_around(value, n))
    truth = np.arange(n, dtype=np.float64) % 2
    size = math.sqrt((1 - value) * float(np.var(truth))) if name == "r2" else value
    return _plain(
        n, numeric=np.ones(n, dtype=bool), scored=np.zeros(n, dtype=bool), true_number=truth, error=_around(size, n)
    )


def _beyond(edge: tuple[Comparator, float], hits: Bools) -> Floats:
    comparator, limit = edge
    inside = {
        Comparator.ABOVE: limit + 1,
        Comparator.AT_LEAST: limit + 1,
        Comparator.EQUAL: limit,
        Comparator.AT_MOST: limit / 2,
        Comparator.BELOW: limit / 2,
    }[comparator]
    outside = limit / 2 if comparator in {Comparator.ABOVE, Comparator.AT_LEAST} else limit + 1
    return np.where(hits, inside, outside)


def _hits(share: float, n: int) -> Bools:
    """Return hits spread evenly over the rows, both classes alike."""
    rows = np.arange(n // 2 + 1) * share
    pairs = np.diff(np.floor(rows + 1e-9), prepend=-1.0)[1:] > 0
    return np.asarray(np.resize(np.repeat(pairs, 2), n), dtype=bool)


def _first(count: float, n: int) -> Bools:
    return np.asarray(np.arange(n) < round(count), dtype=bool)


def _around(value: float, n: int) -> Floats:
    return np.asarray(value * (1 + SPREAD * np.where(np.arange(n) % 4 < 2, -1.0, 1.0)), dtype=np.float64)
