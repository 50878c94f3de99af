"""What a metric is, and the standard ones."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from jupyter_deployfeedback.domain.base import Frozen


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
