"""What a method hands back: a point and a way to its interval, or the reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

Interval = tuple[float, float]


@dataclass(frozen=True)
class Measured:
    """A point with ``interval_at(confidence)``, its two-sided interval at any confidence between 0 and 1.

    ``exact`` numbers need no interval. ``below_floor``, ``weak``, ``doubt`` and ``alike`` are as in Estimate.
    """

    value: float
    method: str
    n: int | None = None
    interval_at: Callable[[float], Interval] | None = None
    candidate: float | None = None
    baseline: float | None = None
    exact: bool = False
    below_floor: str | None = None
    weak: str | None = None
    doubt: str | None = None
    alike: bool = False
    facts: dict[str, float] = field(default_factory=dict)

    def needing(self, floor: int) -> Measured:
        """Return the same number, marked where it rests on fewer samples than its method needs."""
        if self.n is not None and self.n < floor:
            return replace(self, below_floor=f"at least {floor:,} are needed", facts={**self.facts, "floor": floor})
        return self


@dataclass(frozen=True)
class Missing:
    """Why there is no number. ``baseline`` says that only the baseline lacks it.

    ``no_data``: whoever could measure it did, and there was nothing; ``counted_nothing``: of a counter that is there.
    """

    reason: str
    baseline: bool = False
    no_data: bool = False
    counted_nothing: bool = False


def finite(*numbers: float | None) -> bool:
    """Say whether all numbers are there and finite: NaN, infinity and None are not."""
    return all(number is not None and math.isfinite(number) for number in numbers)
