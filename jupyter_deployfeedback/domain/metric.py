"""Metrics, their units, the windows they are read over, and what was observed."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, Self

from pydantic import AwareDatetime, model_validator

from jupyter_deployfeedback.domain.base import Frozen

COUNT = "count"
PLAIN = ""
SHARE = "share"


class Family(StrEnum):
    """Which of the three tables a metric belongs to."""

    MODEL = "model"
    APPLICATION = "application"
    PLATFORM = "platform"


class Better(StrEnum):
    """In which direction a metric improves."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"


class Metric(Frozen):
    """A measured quantity: its name, family, unit and direction.

    Units: ``s``, ``B``, ``cores``, ``share`` (0 to 1), ``/s``, a plain noun for counts (``requests``), ``""`` for none.
    """

    name: str
    family: Family
    unit: str = ""
    better: Better = Better.NEITHER


def _metrics(family: Family, *rows: tuple[str, str, Better]) -> dict[str, Metric]:
    return {name: Metric(name=name, family=family, unit=unit, better=better) for name, unit, better in rows}


STANDARD_METRICS: Mapping[str, Metric] = MappingProxyType(
    _metrics(
        Family.MODEL,
        ("accuracy", "share", Better.HIGHER),
        ("error_rate", "share", Better.LOWER),
        ("f1", "share", Better.HIGHER),
        ("mean_absolute_error", "", Better.LOWER),
        ("root_mean_squared_error", "", Better.LOWER),
        ("r2", "", Better.HIGHER),
        ("probability_mean", "share", Better.NEITHER),
    )
    | _metrics(
        Family.APPLICATION,
        ("latency", "s", Better.LOWER),  # the samples themselves: what p(95), typical and share() are asked of
        ("latency_mean", "s", Better.LOWER),
        ("latency_p50", "s", Better.LOWER),
        ("latency_p95", "s", Better.LOWER),
        ("latency_p99", "s", Better.LOWER),
        ("requests_attempted", "requests", Better.NEITHER),
        ("requests_answered", "requests", Better.HIGHER),
        ("requests_failed", "requests", Better.LOWER),
        ("requests_timed_out", "requests", Better.LOWER),
        ("failure_rate", "share", Better.LOWER),
        ("throughput", "/s", Better.HIGHER),
    )
    | _metrics(
        Family.PLATFORM,
        ("cpu_max", "cores", Better.LOWER),
        ("cpu_mean", "cores", Better.LOWER),
        ("memory_max", "B", Better.LOWER),
        ("memory_mean", "B", Better.LOWER),
        ("memory_growth", "B", Better.LOWER),  # over the window, by its typical slope: what leaks keeps growing
        ("restarts", "restarts", Better.LOWER),
        ("oom_kills", "kills", Better.LOWER),
        ("replicas", "replicas", Better.NEITHER),
        ("server_requests", "requests", Better.NEITHER),
        ("server_errors", "requests", Better.LOWER),
    )
)
"""Standard metrics by name. Seconds, bytes, cores, shares of 1; renderings choose readable units."""


class Unit(NamedTuple):
    """What a unit measures, and how many base units one of it is."""

    dimension: str
    factor: float


UNITS = {
    "%": Unit(SHARE, 0.01),
    "pp": Unit(SHARE, 0.01),
    "us": Unit("s", 1e-6),
    "ms": Unit("s", 1e-3),
    "s": Unit("s", 1.0),
    "min": Unit("s", 60.0),
    "B": Unit("B", 1.0),
    "kB": Unit("B", 1e3),
    "MB": Unit("B", 1e6),
    "GB": Unit("B", 1e9),
    "KiB": Unit("B", 2.0**10),
    "MiB": Unit("B", 2.0**20),
    "GiB": Unit("B", 2.0**30),
    "cores": Unit("cores", 1.0),
    "mcores": Unit("cores", 1e-3),
    "/s": Unit("/s", 1.0),
    "/min": Unit("/s", 1 / 60),
}


def dimension_of(unit: str) -> str:
    """Return what a metric of this unit measures; any unit that is not ours is a noun, so the metric counts things."""
    if unit in {PLAIN, SHARE}:
        return unit
    return UNITS[unit].dimension if unit in UNITS else COUNT


class Window(Frozen):
    """The time span in which a run loaded the target."""

    start: AwareDatetime
    end: AwareDatetime

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end < self.start:
            raise ValueError("a window cannot end before it starts")
        return self

    @property
    def seconds(self) -> float:
        """How long the window is, in seconds."""
        return (self.end - self.start).total_seconds()

    def contains(self, moment: datetime) -> bool:
        """Say whether a moment lies in the window, its edges included."""
        return self.start <= moment <= self.end


class Observation(Frozen):
    """One number a run saw for a metric; without a number it holds the reason.

    ``n`` is how many samples stand behind the number (requests, examples, scrapes), None where that is unknown;
    ``hits`` how many of them it counts, where the number is their share.
    ``source`` says who saw it: a suite's path, ``prometheus`` or ``scrape``; ``query`` what was asked there.
    ``partial`` says why data may be missing behind the number, so that it is shown but not judged; ``doubts`` what
    makes it doubtful, such as a replica that was replaced. ``edges`` are those of the buckets where the number is a
    quantile of a histogram: empty where they are not known, None where it is no such quantile.
    ``no_data`` says of a missing number that its source answers and holds nothing; ``counted_nothing`` that besides the
    counter is proven to exist.
    """

    metric: Metric
    value: float | None = None
    n: int | None = None
    hits: int | None = None
    missing_because: str | None = None
    source: str
    notices: tuple[str, ...] = ()
    query: str | None = None
    partial: str | None = None
    doubts: tuple[str, ...] = ()
    edges: tuple[float, ...] | None = None
    no_data: bool = False
    counted_nothing: bool = False

    @model_validator(mode="after")
    def _a_missing_number_has_a_reason(self) -> Self:
        if (self.value is None) != (self.missing_because is not None):
            raise ValueError("an observation holds either a value or the reason why there is none")
        return self


class LoadedWindow(Frozen):
    """What was seen of one side's platform in one window of a load: one number for each metric, or why not."""

    window: Window
    observations: tuple[Observation, ...]


class Series(Frozen):
    """How a platform metric moved over the window: (seconds since the window's start, value) pairs, oldest first."""

    metric: Metric
    points: tuple[tuple[float, float], ...]


class MetricQuery(Frozen):
    """A metric of the user's own: a PromQL query that yields one number over the window.

    ``exists`` selects series that prove a counter to be there when its query yields nothing.
    """

    name: str
    query: str
    unit: str = ""
    better: Better = Better.NEITHER
    exists: str | None = None

    @property
    def metric(self) -> Metric:
        """The metric that the query measures."""
        return Metric(name=self.name, family=Family.PLATFORM, unit=self.unit, better=self.better)


def in_base_unit(observation: Observation) -> Observation:
    """Return the same observation in seconds, bytes, cores, shares of 1 or per second."""
    unit = UNITS.get(observation.metric.unit)
    if unit is None or unit.factor == 1.0:
        return observation
    value, edges = observation.value, observation.edges
    changed = {
        "metric": observation.metric.model_copy(update={"unit": unit.dimension}),
        "value": None if value is None else value * unit.factor,
        "edges": None if edges is None else tuple(edge * unit.factor for edge in edges),
    }
    return observation.model_copy(update=changed)
