"""What a metric is, the standard ones, and the units of metrics and limits."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

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
