"""Numbers and units as people read them; every rendering takes its numbers from here.

A minus sign is U+2212, thousands have commas, one blank stands before the unit, a missing number is an em dash.
"""

import math
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from jupyter_deployfeedback.domain.rules.rule import Comparator
from jupyter_deployfeedback.feedback.escaping import one_line

MISSING = "—"
SIGNS = {
    Comparator.AT_MOST: "≤",
    Comparator.BELOW: "<",
    Comparator.AT_LEAST: "≥",
    Comparator.ABOVE: ">",
    Comparator.EQUAL: "=",
}
_FEW, _MANY = 1e-6, 1e15  # beyond them a number is written with its power of ten
_SECONDS = ((1.0, "s"), (1e3, "ms"), (1e6, "µs"))
_BINARY = ((2.0**-40, "TiB"), (2.0**-30, "GiB"), (2.0**-20, "MiB"), (2.0**-10, "KiB"), (1.0, "B"))
_DECIMAL = ((1e-9, "GB"), (1e-6, "MB"), (1e-3, "kB"))
_UNBREAKABLE = re.compile(
    r"(?<=\d) (?=(?:%|pp|µs|ms|s|min|h|[KMGT]?i?B|cores|/s)(?![\w]))|(?<=[≤≥<>=]) (?=[+−\d])|(?<=\d,) (?=[+−\d.,]+\])"
)
_PERCENT = {"share": "%", "%": "%", "pp": "pp"}


@dataclass(frozen=True)
class Written:
    """A number with its unit, and its interval in the same unit (empty where there is none)."""

    number: str
    interval: str = ""

    def __str__(self) -> str:
        return f"{self.number} {self.interval}".strip()


@dataclass(frozen=True)
class _Scale:
    factor: float
    symbol: str
    decimals: int


def quantity(value: float | None, unit: str, *, signed: bool = False) -> str:
    """Write one number: ``18.2 ms``, ``231 MiB``, ``97.4 %``, ``1,234 requests``; None is an em dash."""
    return str(measured(value, None, unit, signed=signed))


def measured(
    value: float | None,
    interval: tuple[float, float] | None,
    unit: str,
    *,
    signed: bool = False,
    limit: float | None = None,
) -> Written:
    """Write a number and its interval in one scale, with as many digits as it takes to tell them from ``limit``.

    Edges of a change are told from zero too: an interval that excludes zero does not read as if it touched it.
    """
    if value is None:
        return Written(MISSING)
    edges = interval or ()
    scale = _apart(_scale(unit, value, edges), (value, *edges), limit)
    scale = _apart(scale, edges, 0.0 if signed else None)
    text = f"{_number(value * scale.factor, scale.decimals, signed=signed)} {scale.symbol}".strip()
    if interval is None:
        return Written(text)
    low, high = (_number(edge * scale.factor, scale.decimals, signed=signed) for edge in interval)
    return Written(text, f"[{low}, {high}]")


def limit_text(comparator: Comparator | None, limit: float | None, unit: str, *, signed: bool = False) -> str:
    """Write a limit as short as it is exact: ``< 300 ms``, ``≤ +10 %``, ``≥ 95 %``, ``≤ 1.5 GiB``."""
    if limit is None:
        return MISSING
    sign = SIGNS[comparator] + " " if comparator else ""
    return sign + min((_exact(limit, scale, signed=signed) for scale in _limit_scales(unit, limit)), key=len)


def duration(seconds: float | None) -> str:
    """Write how long something took: ``850 ms``, ``12.4 s``, ``2 min 5 s``, ``1 h 3 min``."""
    if seconds is None:
        return MISSING
    if seconds < 59.95:
        return quantity(seconds, "s")
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60:,} h {minutes % 60} min"


def count(number: int, noun: str) -> str:
    """Write a count with its noun in singular or plural: ``1 case``, ``1,200 cases``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def unbroken(text: str, *, blank: str) -> str:
    """Return the text with ``blank`` where no line may end: between number and unit, sign and limit, two edges."""
    return _UNBREAKABLE.sub(blank, text)


def _scale(unit: str, value: float, edges: Sequence[float]) -> _Scale:
    largest = max(abs(number) for number in (value, *edges))
    if unit in _PERCENT:
        return _Scale(100.0, _PERCENT[unit], _percent_decimals(unit, value, edges))
    if unit == "s":
        return _first_that_fits(_SECONDS, largest, at_least=1.0)
    if unit == "B":
        return _first_that_fits(_BINARY, largest, at_least=1.0)
    whole = all(float(number).is_integer() for number in (value, *edges))
    digits = 2 if float(value).is_integer() else 3  # a count has no decimals of its own, its interval may
    return _Scale(1.0, one_line(unit, limit=40), 0 if whole else _decimals(largest, digits=digits))


def _first_that_fits(scales: Sequence[tuple[float, str]], largest: float, *, at_least: float) -> _Scale:
    rounded = float(f"{largest:.2e}")  # 0.9996 s is 1.00 s, not 1,000 ms
    factor, symbol = next((scale for scale in scales if rounded * scale[0] >= at_least), scales[-1])
    if not largest:
        return _Scale(*(scales[0] if scales is _SECONDS else scales[-1]), 0)
    return _Scale(factor, symbol, 0 if symbol == "B" else _decimals(largest * factor))


def _decimals(magnitude: float, *, digits: int = 3) -> int:
    if not magnitude or magnitude >= _MANY:
        return 0
    exponent = math.floor(math.log10(float(f"{magnitude:.{digits - 1}e}")))
    return min(max(0, digits - 1 - exponent), 6)


def _percent_decimals(unit: str, value: float, edges: Sequence[float]) -> int:
    if unit == "share":
        return _share_decimals(value, edges)
    if max(abs(number) for number in (value, *edges)) < 0.01:
        return 2
    return 0 if unit == "%" and abs(value) >= 0.0995 else 1


def _share_decimals(value: float, edges: Sequence[float]) -> int:
    """One decimal, more near 0 % and 100 %, where the digits that matter stand further right."""
    distances = [100 * min(abs(number), abs(1 - number)) for number in (value, *edges)]
    distance = distances[0] or max(distances)
    if not distance:
        return 0
    return max(1, _decimals(distance, digits=2)) if distance < 1 else 1


def _apart(scale: _Scale, numbers: Sequence[float], limit: float | None) -> _Scale:
    """Add decimals until no number that differs from the limit is written like the limit."""
    if limit is None:
        return scale
    for decimals in range(scale.decimals, scale.decimals + 4):
        finer = replace(scale, decimals=decimals)
        if all(number == limit or _same(number, limit, finer) is False for number in numbers):
            return finer
    return scale


def _same(number: float, limit: float, scale: _Scale) -> bool:
    written = _number(number * scale.factor, scale.decimals, signed=True)
    return written == _number(limit * scale.factor, scale.decimals, signed=True)


def _number(value: float, decimals: int, *, signed: bool) -> str:
    if value and (abs(value) < _FEW or abs(value) >= _MANY):
        return f"{_finite(value):{'+' if signed else ''}.3g}".replace("-", "−")
    text = f"{value:{'+' if signed else ''},.{decimals}f}"
    if not any(digit in "123456789" for digit in text):
        return text.lstrip("+-")
    return text.replace("-", "−")


def _finite(value: float) -> float:
    """Return the nearest float there is: per cent of the largest ones overflow."""
    return math.copysign(min(abs(value), sys.float_info.max), value)


def _limit_scales(unit: str, limit: float) -> list[tuple[float, str]]:
    if unit in _PERCENT:
        return [(100.0, _PERCENT[unit])]
    if unit == "s" and limit:
        return [scale for scale in _SECONDS if abs(limit) * scale[0] >= 1][:1] or [_SECONDS[-1]]
    if unit == "B" and limit:
        return [scale for scale in (*_BINARY, *_DECIMAL) if 1 <= abs(limit) * scale[0] < 1024] or [(1.0, "B")]
    return [(1.0, one_line(unit, limit=40))]


def _exact(limit: float, scale: tuple[float, str], *, signed: bool) -> str:
    factor, symbol = scale
    return f"{_finite(limit * factor):{'+' if signed else ''},.10g} {symbol}".strip().replace("-", "−")
