"""Replicas of a target as Prometheus tells them apart: counted twice, replaced, down, restarted (pure)."""

from collections.abc import Mapping

from jupyter_deployfeedback.errors import MetricsUnavailable
from jupyter_deployfeedback.observation.presets import Part, Preset
from jupyter_deployfeedback.observation.sightings import Reading
from jupyter_deployfeedback.observation.window import Labels, Samples, changes, trim

_SCRAPERS = ("job", "metrics_path", "prometheus", "prometheus_replica", "replica")


def refuse_doubles(series: Mapping[Labels, Samples], preset: Preset) -> None:
    """Raise MetricsUnavailable where one replica is scraped more than once: every sum would count it twice."""
    scrapers: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for labels in series:
        values = dict(labels)
        replica = tuple(values.get(name, "") for name in preset.replica)
        scrapers.setdefault(replica, set()).add(tuple(values.get(name, "") for name in _SCRAPERS))
    double = next((replica for replica, found in scrapers.items() if len(found) > 1), None)
    if double is None:
        return
    differing = [
        name
        for name, values in zip(_SCRAPERS, zip(*scrapers[double], strict=True), strict=True)
        if len(set(values)) > 1
    ]
    several = " and ".join(differing)
    raise MetricsUnavailable(
        f"{'/'.join(double)} is scraped by several ({several}), so sums would count it twice.",
        remedy=f"Name one {several} in platform.labels.",
    )


def doubts(
    pulse: Mapping[Labels, Samples],
    readings: Mapping[Part, Reading],
    preset: Preset,
    *,
    start: float,
    end: float,
    interval_seconds: float,
) -> tuple[str, ...]:
    """Say what makes the numbers of a window doubtful: replicas that came, went, were down or restarted."""
    within = {labels: trim(samples, start, end) for labels, samples in pulse.items()}
    first = {
        _replica(labels, preset)
        for labels, samples in within.items()
        if samples and samples[0][0] < start + interval_seconds
    }
    last = {
        _replica(labels, preset)
        for labels, samples in within.items()
        if samples and samples[-1][0] > end - interval_seconds
    }
    found = [f"{name} went away during the run" for name in sorted(first - last)]
    found += [f"{name} came up during the run" for name in sorted(last - first)]
    if preset.pulse is Part.UP:
        found += [
            f"{_replica(labels, preset)} could not be scraped {down} times"
            for labels, samples in within.items()
            if (down := _down(samples))
        ]
    if Part.STARTED in readings:
        started = (trim(samples, start, end) for samples in readings[Part.STARTED].series.values())
        restarts = sum(changes(samples) for samples in started)
        found += ["the server restarted during the run: what it counted just before that is lost"] if restarts else []
    return tuple(found)


def _replica(labels: Labels, preset: Preset) -> str:
    values = dict(labels)
    return "/".join(values[name] for name in preset.replica if values.get(name))


def _down(samples: Samples) -> int:
    return sum(value == 0 for _, value in samples)
