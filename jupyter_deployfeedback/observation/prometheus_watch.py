"""Watch a target through a Prometheus server that scrapes it: everything is asked after the run."""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Self

from jupyter_deployfeedback.domain.metric import MetricQuery, Observation, Series, Window
from jupyter_deployfeedback.domain.project import Target
from jupyter_deployfeedback.errors import DeployFeedbackError, MetricsUnavailable, NoSeries
from jupyter_deployfeedback.observation import window as reading
from jupyter_deployfeedback.observation.loaded import Loaded, none_seen, observe_each
from jupyter_deployfeedback.observation.presets import (
    PRESETS,
    Preset,
    SeriesPart,
    buckets_of,
    fill_in,
    matchers,
    selector,
)
from jupyter_deployfeedback.observation.prometheus import Numbers, Prometheus
from jupyter_deployfeedback.observation.summaries import all_missing, summarise

SOURCE = "prometheus"
DEADLINE_SECONDS = 20.0  # of all queries together
LONGEST_WAIT_SECONDS = 35.0  # for the first scrape after the run
LOOK_BACK_SECONDS = 300.0  # to learn how often the target is scraped
LEAST_SKEW_SECONDS = 2.0

Observed = tuple[tuple[Observation, ...], tuple[Series, ...]]
_SCRAPERS = ("job", "metrics_path", "prometheus", "prometheus_replica", "replica")


class PrometheusWatch:
    """Asks a Prometheus server for the window once the run is over; while inside it does nothing."""

    def __init__(self, target: Target, queries: tuple[MetricQuery, ...], *, environment: Mapping[str, str]) -> None:
        self._target = target
        self._queries = queries
        self._environment = environment
        self._seen: reading.Sightings | str = "the run's window was not read."  # what was seen, or why nothing was

    def __enter__(self) -> Self:
        """Do nothing: the server watches."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing."""

    def read(self, window: Window) -> Observed:
        """Return every platform metric and every query over the window, with a number or the reason why there is none.

        Waits until the server has scraped the target once after the window's end, at most half a minute.
        """
        try:
            with Prometheus(
                self._target.platform, environment=self._environment, deadline_seconds=DEADLINE_SECONDS
            ) as server:
                observations, series = self._standard(server, window)
                return (*observations, *(self._own(server, query, window) for query in self._queries)), series
        except DeployFeedbackError as error:
            self._seen = str(error)
            return (*all_missing(str(error), source=SOURCE), *self._unasked(str(error))), ()

    def read_each(self, windows: Sequence[Window]) -> Loaded:
        """Return CPU, memory and the user's own queries in each window of a load."""
        if isinstance(self._seen, str):
            found = none_seen(windows, because=self._seen, source=SOURCE)
            return found.with_own([self._unasked(self._seen) for _ in windows])
        found = observe_each(self._seen, windows)
        if not self._queries or not windows:
            return found
        if coarse := found.too_coarse.get("memory_mean"):
            return replace(found, too_coarse=found.too_coarse | {each.name: coarse for each in self._queries})
        try:
            with Prometheus(
                self._target.platform, environment=self._environment, deadline_seconds=DEADLINE_SECONDS
            ) as server:
                return found.with_own([[self._own(server, one, each) for one in self._queries] for each in windows])
        except DeployFeedbackError as error:
            return found.with_own([self._unasked(str(error)) for _ in windows])

    def _unasked(self, because: str) -> list[Observation]:
        return [Observation(metric=each.metric, missing_because=because, source=SOURCE) for each in self._queries]

    def _standard(self, server: Prometheus, window: Window) -> Observed:
        try:
            self._seen = seen = self._see(server, window)
        except MetricsUnavailable as error:
            self._seen = str(error)
            return all_missing(str(error), source=SOURCE), ()
        return summarise(seen)

    def _own(self, server: Prometheus, query: MetricQuery, window: Window) -> Observation:
        text = fill_in(query.query, labels=matchers(self._target.platform.labels), seconds=window.seconds)
        try:
            found = server.number(text, at=window.end.timestamp())
        except MetricsUnavailable as error:
            missing = Observation(
                metric=query.metric, missing_because=f"{error} The query was {text}", source=SOURCE, query=text
            )
            return self._with_proof(missing, server, query, window) if isinstance(error, NoSeries) else missing
        return Observation(
            metric=query.metric,
            value=found.value,
            source=SOURCE,
            notices=found.notices,
            query=text,
            partial=found.partial,
            edges=_edges(server, text, at=window.end.timestamp()),
        )

    def _with_proof(self, missing: Observation, server: Prometheus, query: MetricQuery, window: Window) -> Observation:
        """Say of a query that yields nothing whether the counter it asks for is there all the same."""
        proven = False
        if query.exists is not None:
            asked = fill_in(query.exists, labels=matchers(self._target.platform.labels), seconds=window.seconds)
            with suppress(MetricsUnavailable):
                proven = server.holds(asked, seconds=window.seconds, at=window.end.timestamp())
        return missing.model_copy(update={"no_data": True, "counted_nothing": proven})

    def _see(self, server: Prometheus, window: Window) -> reading.Sightings:
        preset = self._preset()
        start, end = window.start.timestamp(), window.end.timestamp()
        asked = selector(preset.parts[preset.pulse], self._target.platform.labels)
        heard = _hear_pulse(server, asked, start=start, end=end)
        usual = _usual_interval(heard) or window.seconds
        since, until = start - 2 * usual, end + 2 * usual
        series = {labels: near for labels, samples in heard.series.items() if (near := _between(samples, since, until))}
        refuse_doubles(series, preset)
        ahead = _refuse_skew(server, tolerated_seconds=max(LEAST_SKEW_SECONDS, usual))
        readings = self._read_parts(server, preset, start=since, end=until)
        return reading.Sightings(
            source=SOURCE,
            preset=preset,
            window=window,
            readings=readings,
            pulse=tuple(reading.apart(_moments(series, preset), least_seconds=usual / 2)),
            interval_seconds=round(usual, 3),
            least_seconds=0.9 * usual,  # neighbours are milliseconds more or less than an interval apart
            request_path=self._target.request.path,
            watched_since=_watched_since(readings[SeriesPart.UP]),
            notices=heard.notices,
            partial=heard.partial,
            doubts=doubts(series, readings, preset, start=start, end=end, interval_seconds=usual),
            advice=", or set platform.source: scrape",
            clock_ahead_seconds=ahead,
        )

    def _preset(self) -> Preset:
        platform = self._target.platform
        if not platform.labels:
            raise MetricsUnavailable(
                "platform.labels is empty, so any series could be meant.",
                remedy="Name at least the job, or namespace and pod.",
            )
        return PRESETS[platform.preset]

    def _read_parts(
        self, server: Prometheus, preset: Preset, *, start: float, end: float
    ) -> dict[SeriesPart, reading.Reading]:
        labels = self._target.platform.labels
        return {
            part: _read_part(server, selector(wanted, labels), preset, start=start, end=end)
            for part, wanted in preset.parts.items()
        }


def _read_part(server: Prometheus, asked: str, preset: Preset, *, start: float, end: float) -> reading.Reading:
    try:
        found = server.raw(asked, start=start, end=end)
        refuse_doubles(found.series, preset)
    except MetricsUnavailable as error:
        return reading.Reading(asked, missing_because=str(error))
    return reading.Reading(asked, found.series, notices=found.notices, partial=found.partial)


def _edges(server: Prometheus, query: str, *, at: float) -> tuple[float, ...] | None:
    """Return the edges of the buckets that a quantile was computed from; None where the query computes none."""
    buckets = buckets_of(query)
    if not buckets:
        return None if buckets is None else ()
    try:
        return server.edges(buckets, at=at)
    except MetricsUnavailable:
        return ()


def _hear_pulse(server: Prometheus, asked: str, *, start: float, end: float) -> Numbers:
    """Return the samples of the target's own series, asked again until the first scrape after ``end`` is among them."""
    patience: float | None = None
    while True:
        heard = server.raw(asked, start=start - LOOK_BACK_SECONDS, end=max(end, time.time()))
        if not heard.series:
            raise MetricsUnavailable(
                f"{server.shown} has no series {asked} around the run.",
                remedy="Compare platform.labels with its labels.",
            )
        usual = _usual_interval(heard)
        patience = patience or time.monotonic() + min(2 * usual + 1, LONGEST_WAIT_SECONDS)
        waiting = _seconds_to_next(heard, end=end, usual=usual)
        if waiting is None or time.monotonic() + waiting > patience:
            return heard
        time.sleep(waiting)


def _seconds_to_next(heard: Numbers, *, end: float, usual: float) -> float | None:
    """Say how long until each replica that still lives should have been scraped after ``end``; None when all have."""
    last = [samples[-1][0] for samples in heard.series.values() if samples]
    late = [at for at in last if max(last) - 2 * usual <= at < end]
    return max(0.2, min(late) + usual + 0.2 - time.time()) if late else None


def _refuse_skew(server: Prometheus, *, tolerated_seconds: float) -> float:
    """Return by how many seconds the server's clock is ahead; MetricsUnavailable where that is too much."""
    ahead = server.clock_ahead()
    if abs(ahead) > tolerated_seconds:
        raise MetricsUnavailable(
            f"the clock of {server.shown} is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} this machine's,"
            " so its samples belong to another window.",
            remedy="Set both clocks.",
        )
    return ahead


def _usual_interval(heard: Numbers) -> float:
    return max((reading.interval(at for at, _ in samples) or 0.0 for samples in heard.series.values()), default=0.0)


def _between(samples: reading.Samples, since: float, until: float) -> list[reading.Sample]:
    return [sample for sample in samples if since <= sample[0] <= until]


def _moments(series: Mapping[reading.Labels, reading.Samples], preset: Preset) -> list[float]:
    """Return when the target was looked at; a scrape that failed (``up`` is 0) saw nothing."""
    return [
        at for samples in series.values() for at, value in samples if preset.pulse is not SeriesPart.UP or value > 0
    ]


def _watched_since(up: reading.Reading) -> dict[str, float]:
    since: dict[str, float] = {}
    for labels, samples in up.series.items():
        instance = dict(labels).get("instance", "")
        moments = [at for at, value in samples if value > 0]
        since[instance] = min([*moments, since.get(instance, float("inf"))])
    return since


def refuse_doubles(series: Mapping[reading.Labels, reading.Samples], preset: Preset) -> None:
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
    pulse: Mapping[reading.Labels, reading.Samples],
    readings: Mapping[SeriesPart, reading.Reading],
    preset: Preset,
    *,
    start: float,
    end: float,
    interval_seconds: float,
) -> tuple[str, ...]:
    """Say what makes the numbers of a window doubtful: replicas that came, went, were down or restarted."""
    within = {labels: reading.trim(samples, start, end) for labels, samples in pulse.items()}
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
    if preset.pulse is SeriesPart.UP:
        found += [
            f"{_replica(labels, preset)} could not be scraped {down} times"
            for labels, samples in within.items()
            if (down := _down(samples))
        ]
    if SeriesPart.STARTED in readings:
        started = (reading.trim(samples, start, end) for samples in readings[SeriesPart.STARTED].series.values())
        restarts = sum(reading.changes(samples) for samples in started)
        found += ["the server restarted during the run: what it counted just before that is lost"] if restarts else []
    return tuple(found)


def _replica(labels: reading.Labels, preset: Preset) -> str:
    values = dict(labels)
    return "/".join(values[name] for name in preset.replica if values.get(name))


def _down(samples: reading.Samples) -> int:
    return sum(value == 0 for _, value in samples)
