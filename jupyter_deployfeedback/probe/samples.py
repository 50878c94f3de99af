"""Plain numbers with the few summaries a suite asks for; what is missing is left out and counted by nobody as zero."""

import math
from collections.abc import Iterator, Sequence
from typing import overload

from jupyter_deployfeedback.errors import HarnessError, UsageError


class Samples(Sequence[float]):
    """A sequence of finite numbers. Summaries of an empty one raise ``HarnessError``: there is no such number."""

    def __init__(self, values: Sequence[float], *, what: str) -> None:
        self._values = tuple(values)
        self._what = what

    def mean(self) -> float:
        """Return the arithmetic mean."""
        return math.fsum(self._present()) / len(self._values)

    def min(self) -> float:
        """Return the smallest."""
        return min(self._present())

    def max(self) -> float:
        """Return the largest."""
        return max(self._present())

    def quantile(self, q: float) -> float:
        """Return the q-quantile (0 to 1), interpolated between neighbours as numpy does by default."""
        if not 0 <= q <= 1:
            raise UsageError(f"the quantile {q!r} does not lie between 0 and 1.", remedy="For p95 write 0.95.")
        ordered = sorted(self._present())
        place = q * (len(ordered) - 1)
        below = math.floor(place)
        above = min(below + 1, len(ordered) - 1)
        return ordered[below] + (ordered[above] - ordered[below]) * (place - below)

    @property
    def p50(self) -> float:
        """The median."""
        return self.quantile(0.5)

    @property
    def p95(self) -> float:
        """The 95 % quantile."""
        return self.quantile(0.95)

    @property
    def p99(self) -> float:
        """The 99 % quantile."""
        return self.quantile(0.99)

    def _present(self) -> tuple[float, ...]:
        if not self._values:
            raise HarnessError(f"there is no {self._what}: no request was answered.", remedy="See result.errors.")
        return self._values

    @overload
    def __getitem__(self, place: int) -> float: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[float, ...]: ...
    def __getitem__(self, place: int | slice) -> float | tuple[float, ...]:
        return self._values[place]

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[float]:
        return iter(self._values)

    def __repr__(self) -> str:
        return f"<{len(self)} samples of {self._what}{f', mean {self.mean():.4g}' if self._values else ''}>"
