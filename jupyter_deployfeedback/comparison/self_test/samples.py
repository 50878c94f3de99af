"""Samples, and loads, of which it is known beforehand where they lie: what the gate is tested with before it judges."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from jupyter_deployfeedback.comparison.load.windows import UNDER_LOAD, UnderLoad, Windows
from jupyter_deployfeedback.comparison.samples import COUNTS, MEANS, SHARES, Bools, Floats, Samples
from jupyter_deployfeedback.comparison.sides import Material, Numbers
from jupyter_deployfeedback.comparison.statistics import STATISTICS
from jupyter_deployfeedback.domain.comparison import Estimand
from jupyter_deployfeedback.domain.evaluation import WindowPair
from jupyter_deployfeedback.domain.metric import LoadedWindow, Observation, Window
from jupyter_deployfeedback.domain.rules.rule import Aggregate, Comparator
from jupyter_deployfeedback.domain.run import SideEvidence, TargetFacts

SPREAD = 0.01  # samples alternate this far around their middle, so that an interval has a width
WINDOWS = 5
SECONDS = 60.0
REQUESTS = 200  # in a window whose throughput is wanted
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


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


def under_load(material: Material, estimand: Estimand, sides: tuple[float, float]) -> Material:
    """Return the same made-up material as if it had been seen in the windows of a load."""
    if estimand.metric == "throughput":
        return replace(material, load=_throughput(estimand, sides))
    pooled = material.pooled
    if estimand.metric in UNDER_LOAD and pooled is not None:
        window = np.arange(pooled.candidate.n) * WINDOWS // pooled.candidate.n
        load = UnderLoad(pooled.candidate, pooled.baseline, window, np.full(WINDOWS, SECONDS))
        return replace(material, load=load)
    numbers, before = (_of_platform(estimand.metric, each) for each in (material.numbers, material.baseline_numbers))
    watched = replace(material, numbers=numbers or material.numbers, baseline_numbers=before)
    return replace(watched, windows=_watched(estimand.metric, watched))


def _of_platform(name: str, numbers: Numbers | None) -> Numbers | None:
    """Return a made-up number as one of the platform's, which a query of the user's own is too."""
    if numbers is None or name in numbers.platform:
        return numbers
    (seen,) = numbers.recorded[name].values()
    return Numbers(platform={name: seen}, recorded={})


def _throughput(estimand: Estimand, sides: tuple[float, float]) -> UnderLoad:
    """Return windows of which so many requests were answered, and so long, that they were answered at that rate."""
    most = max(*sides, 1e-9)
    candidate, baseline = (_answered(estimand, share=each / most, rate=most) for each in sides)
    window = np.repeat(np.arange(WINDOWS), REQUESTS)
    return UnderLoad(candidate, baseline, window, np.full(WINDOWS, REQUESTS / most))


def _answered(estimand: Estimand, *, share: float, rate: float) -> Samples:
    rows = np.arange(WINDOWS * REQUESTS)
    plain = samples_of(estimand, 1.0, n=len(rows))
    at_once = replace(plain, sent_at=rows / rate, latency=np.zeros(len(rows)))
    return replace(at_once, answered=rows % REQUESTS < round(share * REQUESTS))


def _watched(name: str, material: Material) -> Windows:
    pairs = tuple(WindowPair(candidate=_window(2 * each), baseline=_window(2 * each + 1)) for each in range(WINDOWS))
    others = [pair.baseline for pair in pairs if pair.baseline is not None]
    candidate = _side(name, material.numbers, [pair.candidate for pair in pairs])
    before = material.baseline_numbers
    return Windows(pairs, candidate, _side(name, before, others) if before else None)


def _window(place: int) -> Window:
    start = _BEGAN + timedelta(seconds=2 * SECONDS * place)
    return Window(start=start, end=start + timedelta(seconds=SECONDS))


def _side(name: str, numbers: Numbers, windows: list[Window]) -> SideEvidence:
    seen = numbers.platform[name]
    loaded = tuple(
        LoadedWindow(window=each, observations=(_near(seen, 1 + SPREAD * (-1) ** place),))
        for place, each in enumerate(windows)
    )
    return SideEvidence(facts=TargetFacts(target=seen.source, url="", ready=True), loaded=loaded)


def _near(seen: Observation, factor: float) -> Observation:
    return seen.model_copy(update={"value": None if seen.value is None else seen.value * factor})
