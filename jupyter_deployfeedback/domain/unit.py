"""The units of metrics and of limits, and what they are in base units."""

from __future__ import annotations

from typing import NamedTuple

COUNT = "count"
PLAIN = ""
SHARE = "share"


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
