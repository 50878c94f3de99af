"""From what a source saw to one observation per platform metric (pure)."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Family, Observation, Series
from jupyter_deployfeedback.errors import MetricsUnavailable, NoSeries
from jupyter_deployfeedback.observation import window
from jupyter_deployfeedback.observation.presets import PATH_LABELS, REQUEST_FAMILIES, RequestFamily, SeriesPart
from jupyter_deployfeedback.observation.window import Sightings

PLATFORM_METRICS = {name: metric for name, metric in STANDARD_METRICS.items() if metric.family is Family.PLATFORM}

_MOST_POINTS = 600  # of one plotted series
_FAILED = re.compile(r"[45]([0-9x]{2})", re.IGNORECASE)


@dataclass(frozen=True)
class _Found:
    value: float
    n: int
    part: SeriesPart


def summarise(seen: Sightings) -> tuple[tuple[Observation, ...], tuple[Series, ...]]:
    """Give every platform metric its number or the reason why it has none, and CPU and memory over time."""
    return tuple(observe(name, seen) for name in PLATFORM_METRICS), (
        *_series("cpu_max", seen),
        *_series("memory_max", seen),
    )


def observe(name: str, seen: Sightings) -> Observation:
    """Give one platform metric its number over the window, or the reason why it has none."""
    metric = PLATFORM_METRICS[name]
    if name in seen.preset.cannot:
        return Observation(metric=metric, missing_because=seen.preset.cannot[name], source=seen.source)
    try:
        found = _METHODS[name](seen)
    except MetricsUnavailable as error:
        nothing = isinstance(error, NoSeries)
        return Observation(metric=metric, missing_because=str(error), source=seen.source, no_data=nothing)
    reading = seen.readings[found.part]
    notices = tuple(dict.fromkeys((*seen.notices, *seen.doubts, *reading.notices)))
    return Observation(
        metric=metric,
        value=found.value,
        n=found.n,
        source=seen.source,
        notices=notices,
        query=reading.asked,
        partial=reading.partial or seen.partial,
        doubts=seen.doubts,
    )


def all_missing(reason: str, *, source: str) -> tuple[Observation, ...]:
    """Give every platform metric the same reason: it is known as missing, so that a rule about it is an error."""
    return tuple(
        Observation(metric=metric, missing_because=reason, source=source) for metric in PLATFORM_METRICS.values()
    )


def _cpu_max(seen: Sightings) -> _Found:
    found = _cpu_rates(seen)
    return _Found(max(rate for _, rate in found), len(_trimmed_pulse(seen)), SeriesPart.CPU)


def _cpu_mean(seen: Sightings) -> _Found:
    grown = _cpu_seconds(seen)
    return _Found(window.mean_rate(grown), len(_trimmed_pulse(seen)), SeriesPart.CPU)


def _memory_max(seen: Sightings) -> _Found:
    memory = _memory(seen)
    return _Found(max(value for _, value in memory), len(_trimmed_pulse(seen)), SeriesPart.MEMORY)


def _memory_mean(seen: Sightings) -> _Found:
    memory = _memory(seen)
    return _Found(window.mean(memory), len(_trimmed_pulse(seen)), SeriesPart.MEMORY)


def _memory_growth(seen: Sightings) -> _Found:
    memory = _memory(seen)
    return _Found(window.growth(memory) * seen.window.seconds, len(_trimmed_pulse(seen)), SeriesPart.MEMORY)


def _restarts(seen: Sightings) -> _Found:
    if SeriesPart.RESTARTS in seen.preset.parts:
        return _gained(seen, SeriesPart.RESTARTS)
    series = _trimmed(seen, SeriesPart.STARTED)
    _refuse_half_watched(seen)
    return _Found(float(sum(window.changes(samples) for samples in series.values())), _most(series), SeriesPart.STARTED)


def _oom_kills(seen: Sightings) -> _Found:
    return _gained(seen, SeriesPart.OOM_KILLS)


def _replicas(seen: Sightings) -> _Found:
    running = window.total(
        _trimmed(seen, SeriesPart.RUNNING).values(), counters=False, hold_seconds=seen.interval_seconds
    )
    return _Found(float(round(max(value for _, value in running))), len(running), SeriesPart.RUNNING)


def _server_requests(seen: Sightings) -> _Found:
    _, series = _served(seen)
    return _Found(_count(series, seen), len(_trimmed_pulse(seen)), SeriesPart.REQUESTS)


def _server_errors(seen: Sightings) -> _Found:
    family, series = _served(seen)
    errors = failed(series, family=family)
    if errors is None:
        labels = " or ".join(family.status)
        raise MetricsUnavailable(f"{family.name} has no label {labels}, so nobody knows which requests failed.")
    return _Found(_count(errors, seen), len(_trimmed_pulse(seen)), SeriesPart.REQUESTS)


_METHODS: Mapping[str, Callable[[Sightings], _Found]] = {
    "cpu_max": _cpu_max,
    "cpu_mean": _cpu_mean,
    "memory_max": _memory_max,
    "memory_mean": _memory_mean,
    "memory_growth": _memory_growth,
    "restarts": _restarts,
    "oom_kills": _oom_kills,
    "replicas": _replicas,
    "server_requests": _server_requests,
    "server_errors": _server_errors,
}


def _cpu_seconds(seen: Sightings) -> list[window.Sample]:
    series = _trimmed(seen, SeriesPart.CPU)
    _refuse_too_few(seen)
    return window.total([window.unwound(samples) for samples in series.values()], counters=True)


def _cpu_rates(seen: Sightings) -> list[window.Sample]:
    grown = _cpu_seconds(seen)
    renewed = [window.refresh(samples) or 0.0 for samples in seen.reading(SeriesPart.CPU).series.values()]
    found = window.rates(grown, least_seconds=max(seen.least_seconds, *renewed))
    if not found:
        raise MetricsUnavailable("the CPU counter was renewed only once in the window.", remedy=seen.advice)
    return found


def _memory(seen: Sightings) -> list[window.Sample]:
    series = _trimmed(seen, SeriesPart.MEMORY)
    _refuse_too_few(seen)
    return window.total(series.values(), counters=False, hold_seconds=seen.interval_seconds)


def _gained(seen: Sightings, part: SeriesPart) -> _Found:
    series = _trimmed(seen, part)
    _refuse_half_watched(seen)
    return _Found(_count(series, seen), _most(series), part)


def _served(seen: Sightings) -> tuple[RequestFamily, Mapping[window.Labels, window.Samples]]:
    series = seen.reading(SeriesPart.REQUESTS).series
    _refuse_half_watched(seen)
    family = choose_family(series)
    if family is None:
        names = ", ".join(family.name for family in REQUEST_FAMILIES[:3])
        raise NoSeries(f"the server counts no requests under a name we know ({names}, ...).")
    return family, served(series, family=family, path=seen.request_path)


def _count(series: Mapping[window.Labels, window.Samples], seen: Sightings) -> float:
    return sum(
        window.increase(
            window.trim(samples, seen.start, seen.end), start=seen.start, watched_since=_watched_since(labels, seen)
        )
        for labels, samples in series.items()
    )


def _watched_since(labels: window.Labels, seen: Sightings) -> float | None:
    return seen.watched_since.get(dict(labels).get("instance", ""))


def _trimmed(seen: Sightings, part: SeriesPart) -> dict[window.Labels, list[window.Sample]]:
    trimmed = {
        labels: window.trim(samples, seen.start, seen.end) for labels, samples in seen.reading(part).series.items()
    }
    found = {labels: samples for labels, samples in trimmed.items() if samples}
    if not found:
        raise NoSeries(f"no series matches {seen.reading(part).asked} around the run.")
    return found


def _trimmed_pulse(seen: Sightings) -> list[float]:
    return [at for at, _ in window.trim([(at, 0.0) for at in seen.pulse], seen.start, seen.end)]


def _most(series: Mapping[window.Labels, window.Samples]) -> int:
    return max(len(samples) for samples in series.values())


def _refuse_too_few(seen: Sightings) -> None:
    reason = window.shortage(seen.pulse, start=seen.start, end=seen.end, interval_seconds=seen.interval_seconds)
    if reason is not None:
        raise MetricsUnavailable(f"{reason}{seen.advice}.")


def _refuse_half_watched(seen: Sightings) -> None:
    """Refuse counts over a window whose edges nobody saw: they would be too small."""
    if not seen.pulse or min(seen.pulse) > seen.start:
        raise MetricsUnavailable("the target was not watched from before the run.", remedy="Run again.")
    if max(seen.pulse) < seen.end:
        raise MetricsUnavailable(
            f"the last look at the target was {seen.end - max(seen.pulse):.1f} s before the run's end.",
            remedy="See whether the target still runs, then run again.",
        )


def _series(name: str, seen: Sightings) -> tuple[Series, ...]:
    try:
        points = _cpu_rates(seen) if name == "cpu_max" else _memory(seen)
    except MetricsUnavailable:
        return ()  # the observation of the same name says why
    within = [(min(max(round(at - seen.start, 3), 0.0), seen.window.seconds), value) for at, value in points]
    return (Series(metric=PLATFORM_METRICS[name], points=tuple(_thinned(within))),)


def _thinned(points: list[window.Sample]) -> list[window.Sample]:
    """Keep the highest of neighbouring points, so that a peak survives."""
    stride = -(-len(points) // _MOST_POINTS)
    return [
        max((point for _, point in group), key=lambda point: point[1])
        for _, group in groupby(enumerate(points), lambda item: item[0] // stride)
    ]


def choose_family(series: Iterable[window.Labels]) -> RequestFamily | None:
    """Return the best known family among the series: one only, because several would count a request twice."""
    names = {dict(labels)["__name__"] for labels in series}
    return next((family for family in REQUEST_FAMILIES if family.name in names), None)


def served(
    series: Mapping[window.Labels, window.Samples], *, family: RequestFamily, path: str
) -> dict[window.Labels, window.Samples]:
    """Keep the family's series of the path the run asked for; where none names it, all but metrics pages."""
    own = {labels: samples for labels, samples in series.items() if dict(labels)["__name__"] == family.name}
    asked = {labels: samples for labels, samples in own.items() if _names_path(labels, path)}
    return asked or {labels: samples for labels, samples in own.items() if not _names_path(labels, "/metrics")}


def failed(
    series: Mapping[window.Labels, window.Samples], *, family: RequestFamily
) -> dict[window.Labels, window.Samples] | None:
    """Keep the series with a status of 400 or more: our requests are well-formed, so a 4xx is the server's error too.

    None where the series have no status label: then nobody knows.
    """
    if not any(_status(labels, family) for labels in series):
        return None
    return {labels: samples for labels, samples in series.items() if _FAILED.fullmatch(_status(labels, family))}


def _names_path(labels: window.Labels, path: str) -> bool:
    suffix = path.rstrip("/")  # a server behind a prefix may label the path with or without it
    return bool(suffix) and any(value.rstrip("/").endswith(suffix) for name, value in labels if name in PATH_LABELS)


def _status(labels: window.Labels, family: RequestFamily) -> str:
    values = dict(labels)
    return next((values[name] for name in family.status if name in values), "")
