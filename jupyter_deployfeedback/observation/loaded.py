"""One number per platform metric for each window of a load (pure).

Only what was seen inside a window counts for it: before and after it the target rested, or was asked by nobody.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from jupyter_deployfeedback.domain.metric import LoadedWindow, Observation, Window
from jupyter_deployfeedback.observation.presets import SeriesPart
from jupyter_deployfeedback.observation.summaries import PLATFORM_METRICS, observe
from jupyter_deployfeedback.observation.window import FLOOR_SAMPLES, Reading, Samples, Sightings, changes, refresh

METRICS = {
    "cpu_max": SeriesPart.CPU,
    "cpu_mean": SeriesPart.CPU,
    "memory_max": SeriesPart.MEMORY,
    "memory_mean": SeriesPart.MEMORY,
}
ENOUGH_SCRAPES = 0.8  # of those expected in a window
MOST_SKEW = 0.1  # of a window's length


@dataclass(frozen=True)
class Loaded:
    """What was seen in each window; ``too_coarse`` says which metrics are renewed too rarely for them, and why."""

    windows: tuple[LoadedWindow, ...] = ()
    too_coarse: dict[str, str] = field(default_factory=dict)

    def with_own(self, own: Sequence[Sequence[Observation]]) -> Self:
        """Add the observations of the user's own queries, window by window."""
        joined = zip(self.windows, own, strict=True)
        return replace(
            self,
            windows=tuple(
                each.model_copy(update={"observations": (*each.observations, *more)}) for each, more in joined
            ),
        )


def observe_each(seen: Sightings, windows: Sequence[Window]) -> Loaded:
    """Give CPU and memory a number in each window, or the reason why there is none there."""
    if not windows:
        return Loaded()
    coarse = {name: why for name, part in METRICS.items() if (why := _too_coarse(seen, part, windows))}
    return Loaded(tuple(LoadedWindow(window=each, observations=_observe(seen, each)) for each in windows), coarse)


def none_seen(windows: Sequence[Window], *, because: str, source: str) -> Loaded:
    """Give all windows the same reason for having no numbers."""
    missing = tuple(
        Observation(metric=PLATFORM_METRICS[name], missing_because=because, source=source) for name in METRICS
    )
    return Loaded(tuple(LoadedWindow(window=each, observations=missing) for each in windows))


def _too_coarse(seen: Sightings, part: SeriesPart, windows: Sequence[Window]) -> str | None:
    """Say why the shortest window cannot hold enough samples of a part, however lucky it falls."""
    shortest = min(window.seconds for window in windows)
    usual, what = seen.interval_seconds, "the target is scraped"
    reading = seen.readings.get(part)
    if part is SeriesPart.CPU and reading is not None:  # cAdvisor renews its counters more rarely than it is scraped
        renewed = max((refresh(samples) or 0.0 for samples in reading.series.values()), default=0.0)
        usual, what = (renewed, "the CPU counter is renewed") if renewed > 1.5 * usual else (usual, what)
    if _expected(shortest, usual) >= FLOOR_SAMPLES:
        return None
    needed = math.ceil((FLOOR_SAMPLES + 1) * usual)
    return (
        f"{what} every {round(usual, 1):g} s, too rarely for windows of {shortest:g} s;"
        f" write jdf.load(..., seconds={needed}){seen.advice}"
    )


def _observe(seen: Sightings, window: Window) -> tuple[Observation, ...]:
    start, end = window.start.timestamp(), window.end.timestamp()
    inside = [at for at in seen.pulse if start <= at <= end]
    narrowed = replace(
        seen,
        window=window,
        readings={part: _cut(reading, start, end) for part, reading in seen.readings.items()},
    )
    problem = _doubt(narrowed, inside)
    return tuple(
        _without(name, seen, problem) if problem else observe(name, narrowed).model_copy(update={"n": len(inside)})
        for name in METRICS
    )


def _without(name: str, seen: Sightings, problem: str) -> Observation:
    return Observation(metric=PLATFORM_METRICS[name], missing_because=problem, source=seen.source)


def _cut(reading: Reading, start: float, end: float) -> Reading:
    return replace(reading, series={key: _within(samples, start, end) for key, samples in reading.series.items()})


def _within(samples: Samples, start: float, end: float) -> list[tuple[float, float]]:
    return [(at, value) for at, value in samples if start <= at <= end]


def _doubt(seen: Sightings, inside: Sequence[float]) -> str | None:
    """Say why nothing seen in this window can be trusted, None where it can."""
    seconds = seen.window.seconds
    if abs(seen.clock_ahead_seconds) > MOST_SKEW * seconds:
        return f"the clocks differ by {abs(seen.clock_ahead_seconds):.1f} s, too much for windows of {seconds:g} s"
    expected = _expected(seconds, seen.interval_seconds)
    if len(inside) < ENOUGH_SCRAPES * expected:
        return f"a window of {seconds:g} s has only {len(inside)} of {expected} expected scrapes; run again"
    if _restarted(seen):
        return "the server restarted in a window of the load"
    return None


def _restarted(seen: Sightings) -> bool:
    readings = [seen.readings[part] for part in (SeriesPart.STARTED, SeriesPart.RESTARTS) if part in seen.readings]
    return any(changes(samples) for reading in readings for samples in reading.series.values())


def _expected(seconds: float, interval_seconds: float) -> int:
    """Return how many scrapes a window holds at least, however it falls between them."""
    return math.floor(seconds / interval_seconds) if interval_seconds > 0 else 0
