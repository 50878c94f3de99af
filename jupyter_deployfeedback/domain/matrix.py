"""Matrices: several values for some parameters of a suite, run and judged point by point."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from jupyter_deployfeedback.domain.base import Scalar

MOST_POINTS = 500  # of one suite: a typing mistake should not run for a week

Axes: TypeAlias = Mapping[str, Sequence[Scalar]]
"""Parameter -> the values it takes, one after the other."""


def point_name(suite: str, values: Mapping[str, Scalar]) -> str:
    """Return the name of a suite at one point of its matrix: ``quality[n=100,seed=1]``."""
    return f"{suite}[{','.join(f'{name}={spell(value)}' for name, value in values.items())}]"


def spell(value: Scalar) -> str:
    """Write a value as it stands in a point's name, as in YAML."""
    words: dict[Scalar, str] = {True: "true", False: "false", None: "null"}
    return words[value] if value is None or isinstance(value, bool) else str(value)


def alike(values: Iterable[Scalar]) -> str | None:
    """Return the first value that is written like another one, so that points would share a name; None without any."""
    return next((text for text, count in Counter(map(spell, values)).items() if count > 1), None)
