"""The rule language: ``p(95)<300ms``, ``typical<=+10%``, ``>=-1pp``.

    rule       = [ aggregate ] , comparator , limit
    aggregate  = "p(" number ")" | "avg" | "med" | "min" | "max" | "count" | "rate" | "typical"
               | "share(" comparator quantity ")"
    comparator = "<=" | "<" | ">=" | ">" | "=="
    limit      = quantity | sign quantity | "abs(" [ sign ] quantity ")"
    quantity   = number [ unit ]

A sign means "relative to the baseline": ``+10%`` is a ratio, ``-1pp`` and ``+20ms`` are differences.
"""

import json
import math
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NoReturn

from jupyter_deployfeedback.domain.metric import COUNT, PLAIN, SHARE, UNITS, Metric, dimension_of
from jupyter_deployfeedback.domain.rules.rule import Aggregate, Comparator, Expression, Relation, Subject
from jupyter_deployfeedback.errors import RuleSyntaxError

_BLANKS = re.compile(r"\s*")
_COMPARATOR = re.compile(r"<=|>=|==|<|>")
_NUMBER = re.compile(r"\d+(\.\d+)?(e[+-]?\d+)?")
_WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_UNIT = re.compile(r"%|/?[A-Za-z]+")
_SLIPS = {"=<": "<=", "=>": ">=", "≤": "<=", "≥": ">=", "=": "=="}
"""What people write where a comparator is meant."""
_COMMA = re.compile(r",(?=\d)")
_EXAMPLES = "Write for example p(95)<300ms, typical<=+10%, >=0.95 or >=-1pp."
_KEY = r'"(?:[^"\\]|\\.)+"|[A-Za-z_]\w*'
_LABEL = r'"(?:[^"\\]|\\.)*"|[^,{}"]+?'
_SUBJECT = re.compile(rf"([A-Za-z_][\w.-]*)(?:\{{\s*({_KEY})\s*:\s*({_LABEL})\s*\}})?")
_AGGREGATES = frozenset(Aggregate) - {Aggregate.VALUE}
UNITLESS = frozenset({PLAIN, SHARE, COUNT})
"""Dimensions whose limits need no unit."""


def parse_subject(text: str) -> Subject:
    """Return the metric a rule names, and the slice: ``accuracy``, ``accuracy{digit:8}``, ``accuracy{city:"a, b"}``.

    Raises RuleSyntaxError where it is neither.
    """
    found = _SUBJECT.fullmatch(text.strip())
    if found is None:
        remedy = "Write accuracy, or accuracy{digit:8} for one slice."
        raise RuleSyntaxError(f"{text!r} does not name a metric.", expression=text, position=0, remedy=remedy)
    name, key, label = found.groups()
    if key is None:
        return Subject(name=name)
    return Subject(name=name, slice=(_unquoted(key), _unquoted(label)))


def parse_expression(text: str, metric: Metric | None) -> Expression:
    """Return what an expression means in base units; ``metric`` None takes units at face value.

    Raises RuleSyntaxError with the position of the offending character.
    """
    reader = _Reader(text)
    if not text.strip():
        reader.fail("the expression is empty")
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


def _unquoted(label: str) -> str:
    try:
        return str(json.loads(label)) if label.startswith('"') else label
    except ValueError:
        remedy = 'Write it as a JSON string: "Paris, France".'
        raise RuleSyntaxError(f"{label} is no label.", expression=label, position=0, remedy=remedy) from None


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
            remedy = "One expression has one comparator and one limit; all expressions of a list must hold."
            self.fail(f"{self.text[self.position :]!r} is left over", remedy)

    def fail(self, problem: str, remedy: str = _EXAMPLES, *, at: int | None = None) -> NoReturn:
        """Raise RuleSyntaxError at the character that is read, or at another one."""
        position = self.position if at is None else at
        where = f" (at character {position + 1} of {self.text!r})" if self.text.strip() else ""
        raise RuleSyntaxError(f"{problem}{where}.", expression=self.text, position=position, remedy=remedy)


_Aggregated = tuple[Aggregate, float | None, tuple[Comparator, float] | None]


def _aggregate(reader: _Reader, metric: Metric | None) -> _Aggregated:
    word = reader.take(_WORD)
    start = reader.position - len(word or "")
    if word is None:
        return Aggregate.VALUE, None, None
    if word not in _AGGREGATES:
        reader.fail(f"there is no aggregate {word!r}", _instead_of(word, reader, metric), at=start)
    aggregate = Aggregate(word)
    if aggregate is Aggregate.QUANTILE:
        return aggregate, _quantile(reader), None
    if aggregate is Aggregate.SHARE:
        return aggregate, None, _edge(reader, metric)
    return aggregate, None, None


def _instead_of(word: str, reader: _Reader, metric: Metric | None) -> str:
    if re.fullmatch(r"p\d+", word):
        return f"Write p({word[1:]})."
    rest = reader.text[reader.position :].strip()
    if metric is not None and word == metric.name and rest:
        return f"The metric stands under metric: write only {rest}."
    return f"Known are {', '.join(sorted(_AGGREGATES))}."


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
        reader.fail(*_no_comparator(reader.text[reader.position :], first=reader.position == 0))
    return Comparator(found)


def _no_comparator(rest: str, *, first: bool) -> tuple[str, str]:
    """Return what is wrong with a text that should begin with a comparator, and what to write."""
    slip = next((slip for slip in _SLIPS if rest.startswith(slip)), None)
    if slip is not None:
        return f"{slip!r} is no comparator", f"Write {_SLIPS[slip]}."
    if rest[:1] == "(" and not first:
        return "nothing belongs in brackets here", "Only p(95) and share(>300ms) have brackets."
    if rest[:1].isdigit() and first:
        return "a comparator is missing before the limit", f"Write >={rest} or <={rest}."
    return "a comparator is expected", f"Use one of {', '.join(Comparator)}. {_EXAMPLES}"


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
        close = get_close_matches(unit, list(UNITS), n=1)
        remedy = f"Did you mean {close[0]}? " if close else ""
        remedy = "Write %." if unit == "percent" else f"{remedy}Known are {', '.join(UNITS)}."
        reader.fail(f"there is no unit {unit!r}", remedy, at=reader.position - len(unit))
    if unit is None:
        reader.position = start
    return number, unit


def _number(reader: _Reader) -> float:
    found = reader.take(_NUMBER)
    if found is None:
        reader.fail(*_no_number(reader.text[reader.position :]))
    if reader.take(_COMMA):
        remedy = "Write 1000 for a thousand, and a point in fractions: 0.95."
        reader.fail("a number has no commas", remedy, at=reader.position - 1)
    number = float(found)
    if not math.isfinite(number):
        reader.fail(f"{found} is too large", at=reader.position - len(found))
    return number


def _no_number(rest: str) -> tuple[str, str]:
    """Return what is wrong with a text that should begin with a number, and what to write."""
    if rest[:1] in {"+", "-"}:
        return "one sign is enough", "Write +10%, or -1pp."
    if rest[:1] == ".":
        return "a digit must stand before the point", f"Write 0{rest}."
    if rest[:3].lower() in {"nan", "inf"}:
        return f"{rest!r} is no number that a value can be compared with", _EXAMPLES
    return "a number such as 300 or 0.95 is expected", _EXAMPLES


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
        if of == SHARE and number > 1:
            remedy = f"Write {number:g}%, or {number:g}pp with a sign for a difference."
            written = re.search(r"[\d.e]+$", reader.text[:at].rstrip())
            start = written.start() if written else at
            reader.fail(f"a share lies between 0 and 1, {number:g} does not", remedy, at=start)
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


def dimension(metric: Metric | None, aggregate: Aggregate) -> str | None:
    """Return what an aggregate of a metric measures; None where the metric is not known before the run."""
    if aggregate in {Aggregate.SHARE, Aggregate.RATE}:
        return SHARE
    if aggregate is Aggregate.COUNT:
        return COUNT
    return None if metric is None else dimension_of(metric.unit)


def units_of(dimension_name: str) -> str:
    """Return the units a limit of this dimension may have, to be listed in a message."""
    return ", ".join(name for name, unit in UNITS.items() if unit.dimension == dimension_name and name != "pp")
