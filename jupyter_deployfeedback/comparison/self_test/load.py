"""Made-up loads: the samples that the gate is tested with, seen in windows as the run's own are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from jupyter_deployfeedback.comparison.load.gathering import UNDER_LOAD, UnderLoad
from jupyter_deployfeedback.comparison.load.windows import Windows
from jupyter_deployfeedback.comparison.samples import Samples
from jupyter_deployfeedback.comparison.self_test.samples import SPREAD, samples_of
from jupyter_deployfeedback.comparison.sides import Material, Numbers
from jupyter_deployfeedback.domain.comparison import Estimand
from jupyter_deployfeedback.domain.evaluation import WindowPair
from jupyter_deployfeedback.domain.observation import LoadedWindow, Observation, Window
from jupyter_deployfeedback.domain.run import SideEvidence, TargetFacts

WINDOWS = 5
SECONDS = 60.0
REQUESTS = 200  # in a window whose throughput is wanted
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


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
