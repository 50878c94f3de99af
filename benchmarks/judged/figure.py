"""One measured number, and what it is held to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured number beside what the naive method gives; ``at_most`` or ``at_least`` is what it is held to."""

    name: str
    value: float
    naive: float | None = None
    naive_method: str = ""
    at_most: float | None = None
    at_least: float | None = None
    unit: str = "share"

    @property
    def missed(self) -> bool:
        """Say whether the figure misses what it is held to."""
        over = self.at_most is not None and self.value > self.at_most
        return over or (self.at_least is not None and self.value < self.at_least)


def described(figure: Figure) -> str:
    """Return a figure on one line."""
    bound = f"at most {figure.at_most:g}" if figure.at_most is not None else ""
    bound = f"at least {figure.at_least:g}" if figure.at_least is not None else bound
    naive = "" if figure.naive is None else f"; {figure.naive_method}: {figure.naive:.3f}"
    return f"{'MISSED' if figure.missed else 'ok':<7}{figure.name}: {figure.value:.3f} {figure.unit} ({bound}){naive}"
