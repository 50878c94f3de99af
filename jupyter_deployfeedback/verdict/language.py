"""The rule language: ``p(95)<300ms``, ``typical<=+10%``, ``>=-1pp``.

    rule       = [ aggregate ] , comparator , limit
    aggregate  = "p(" number ")" | "avg" | "med" | "min" | "max" | "count" | "rate" | "typical"
               | "share(" comparator quantity ")"
    comparator = "<=" | "<" | ">=" | ">" | "=="
    limit      = quantity | sign quantity | "abs(" [ sign ] quantity ")"
    quantity   = number [ unit ]

A sign means "relative to the baseline": ``+10%`` is a ratio, ``-1pp`` and ``+20ms`` are differences.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import NoReturn

from jupyter_deployfeedback.domain.metric import Metric
from jupyter_deployfeedback.domain.rule import Aggregate, Comparator, Expression, Relation
from jupyter_deployfeedback.errors import RuleSyntaxError
from jupyter_deployfeedback.verdict.units import COUNT, SHARE, UNITLESS, UNITS, dimension, units_of

_BLANKS = re.compile(r"\s*")
_COMPARATOR = re.compile(r"<=|>=|==|<|>")
_NUMBER = re.compile(r"\d+(\.\d+)?(e[+-]?\d+)?")
_WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_UNIT = re.compile(r"%|/?[A-Za-z]+")
_EXAMPLES = "Write for example p(95)<300ms, typical<=+10%, >=0.95 or >=-1pp."
_AGGREGATES = frozenset(Aggregate) - {Aggregate.VALUE}


def parse_expression(text: str, metric: Metric | None) -> Expression:
    """Return what an expression means in base units; ``metric`` None takes units at face value.

    Raises RuleSyntaxError with the position of the offending character.
    """
    reader = _Reader(text)
    aggregate, quantile, edge = _aggregate(reader, metric)
    comparator = _comparator(reader)
    relation, limit = _limit(reader, dimension(metric, aggregate))
    reader.end()
    if comparator is Comparator.EQUAL:
        _check_equal(reader, aggregate, relation=relation, limit=limit, of=dimension(metric, aggregate))
    return Expression(
        text=text,
        aggregate=aggregate,
        quantile=quantile,
        edge=edge,
        comparator=comparator,
        relation=relation,
        limit=limit,
    )


@dataclass
class _Reader:
    """The text and how far it is read."""

    text: str
    position: int = 0

    def take(self, pattern: re.Pattern[str]) -> str | None:
        """Return the next token if it is of this kind; blanks before it are skipped."""
        blanks = _BLANKS.match(self.text, self.position)
        self.position = blanks.end() if blanks else self.position
        found = pattern.match(self.text, self.position)
        if found is None:
            return None
        self.position = found.end()
        return found.group()

    def expect(self, character: str, *, why: str) -> None:
        """Step over one character; RuleSyntaxError where another one stands."""
        if self.take(re.compile(re.escape(character))) is None:
            self.fail(f"{character!r} is expected {why}")

    def end(self) -> None:
        """Make sure that nothing is left."""
        if self.take(re.compile(r".", re.DOTALL)) is not None:
            self.position -= 1
            self.fail(
                f"{self.text[self.position :]!r} is left over", "One expression has one comparator and one limit."
            )

    def fail(self, problem: str, remedy: str = _EXAMPLES, *, at: int | None = None) -> NoReturn:
        """Raise RuleSyntaxError at the character that is read, or at another one."""
        position = self.position if at is None else at
        where = f"at character {position + 1} of {self.text!r}" if self.text.strip() else "the expression is empty"
        raise RuleSyntaxError(f"{problem} ({where}).", expression=self.text, position=position, remedy=remedy)


_Aggregated = tuple[Aggregate, float | None, tuple[Comparator, float] | None]


def _aggregate(reader: _Reader, metric: Metric | None) -> _Aggregated:
    word = reader.take(_WORD)
    start = reader.position - len(word or "")
    if word is None:
        return Aggregate.VALUE, None, None
    if word not in _AGGREGATES:
        remedy = (
            f"Write p({word[1:]})." if re.fullmatch(r"p\d+", word) else f"Known are {', '.join(sorted(_AGGREGATES))}."
        )
        reader.fail(f"there is no aggregate {word!r}", remedy, at=start)
    aggregate = Aggregate(word)
    if aggregate is Aggregate.QUANTILE:
        return aggregate, _quantile(reader), None
    if aggregate is Aggregate.SHARE:
        return aggregate, None, _edge(reader, metric)
    return aggregate, None, None


def _quantile(reader: _Reader) -> float:
    reader.expect("(", why="after p, as in p(95)")
    number, start = _number(reader), reader.position
    if not 0 < number < 100:
        reader.fail(f"a quantile lies between 0 and 100, {number:g} does not", at=start - 1)
    reader.expect(")", why="after the quantile")
    return number / 100


def _edge(reader: _Reader, metric: Metric | None) -> tuple[Comparator, float]:
    reader.expect("(", why="after share, as in share(>300ms)")
    comparator = _comparator(reader)
    start = reader.position
    number, unit = _quantity(reader)
    if unit in {"pp", "%"}:
        reader.fail(f"the edge of a share is a number of the metric, not {unit}", at=start)
    edge = _absolute(reader, number, unit=unit, of=dimension(metric, Aggregate.VALUE), at=reader.position)
    reader.expect(")", why="after the edge")
    return comparator, edge


def _comparator(reader: _Reader) -> Comparator:
    found = reader.take(_COMPARATOR)
    if found is None:
        reader.fail("a comparator is expected", f"Use one of {', '.join(Comparator)}. {_EXAMPLES}")
    return Comparator(found)


def _limit(reader: _Reader, of: str | None) -> tuple[Relation, float]:
    if reader.take(re.compile(r"abs\b")):
        reader.expect("(", why="after abs, as in abs(-0.2)")
        sign = reader.take(re.compile(r"[+-]"))
        number, unit = _quantity(reader)
        limit = _absolute(reader, number, unit=unit, of=of, at=reader.position)
        reader.expect(")", why="after the limit")
        return Relation.ABSOLUTE, -limit if sign == "-" else limit
    sign = reader.take(re.compile(r"[+-]"))
    number, unit = _quantity(reader)
    if sign is None:
        return Relation.ABSOLUTE, _absolute(reader, number, unit=unit, of=of, at=reader.position)
    relation, limit = _relative(reader, number, unit=unit, of=of)
    return relation, -limit if sign == "-" else limit


def _quantity(reader: _Reader) -> tuple[float, str | None]:
    number, start = _number(reader), reader.position
    unit = reader.take(_UNIT)
    if unit is not None and unit not in UNITS:
        remedy = "Write %." if unit == "percent" else f"Known are {', '.join(UNITS)}."
        reader.fail(f"there is no unit {unit!r}", remedy, at=reader.position - len(unit))
    if unit is None:
        reader.position = start
    return number, unit


def _number(reader: _Reader) -> float:
    found = reader.take(_NUMBER)
    if found is None:
        reader.fail("a number such as 300 or 0.95 is expected")
    number = float(found)
    if not math.isfinite(number):
        reader.fail(f"{found} is too large", at=reader.position - len(found))
    return number


def _absolute(reader: _Reader, number: float, *, unit: str | None, of: str | None, at: int) -> float:
    """Return an unsigned limit in base units."""
    if unit == "pp":
        reader.fail("pp is a difference to the baseline and needs a sign", "Write % for a share, or -1pp.", at=at - 2)
    return _in_base_unit(reader, number, unit=unit, of=of, at=at)


def _relative(reader: _Reader, number: float, *, unit: str | None, of: str | None) -> tuple[Relation, float]:
    """Return a signed limit: a ratio for %, a difference for everything else."""
    at = reader.position
    if unit == "%":
        return Relation.RATIO, number / 100
    if unit == "pp" and of not in {SHARE, None}:
        reader.fail("pp is a difference of two shares, and this is no share", "Write +10%.", at=at - 2)
    return Relation.DIFFERENCE, _in_base_unit(reader, number, unit=unit, of=of, at=at)


def _in_base_unit(reader: _Reader, number: float, *, unit: str | None, of: str | None, at: int) -> float:
    if unit is None:
        if of is not None and of not in UNITLESS:
            reader.fail("a unit is missing", f"Write one of {units_of(of)}.", at=at)
        return number
    if of is not None and UNITS[unit].dimension != of:
        wanted = f"Write one of {units_of(of)}." if units_of(of) else "Write the number without a unit."
        reader.fail(f"{unit} is not a unit of this metric", wanted, at=at - len(unit))
    return number * UNITS[unit].factor


def _check_equal(reader: _Reader, aggregate: Aggregate, *, relation: Relation, limit: float, of: str | None) -> None:
    """Equality is for whole counts: two measured numbers are never exactly equal."""
    counted = aggregate in {Aggregate.VALUE, Aggregate.COUNT} and of in {COUNT, "", None}
    if not counted or relation is not Relation.ABSOLUTE or limit != int(limit):
        at = reader.text.index("==")
        reader.fail("== is for whole counts only", "Use <= or >= with what you can tolerate.", at=at)
