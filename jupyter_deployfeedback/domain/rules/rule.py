"""Rules: the declared conditions a candidate must meet."""

import json
from enum import StrEnum
from typing import NoReturn

from jupyter_deployfeedback.domain.base import Frozen
from jupyter_deployfeedback.errors import RuleSyntaxError

_BRACES = '{}"'
_SPECIAL = f",:{_BRACES}"


class Comparator(StrEnum):
    """How a value stands to its limit."""

    AT_MOST = "<="
    BELOW = "<"
    AT_LEAST = ">="
    ABOVE = ">"
    EQUAL = "=="

    @property
    def is_upper(self) -> bool:
        """Say whether the limit is one to stay below."""
        return self in {Comparator.AT_MOST, Comparator.BELOW}

    def holds(self, value: float, limit: float) -> bool:
        """Say whether a value stands so to its limit; of NaN nothing holds."""
        return {
            Comparator.AT_MOST: value <= limit,
            Comparator.BELOW: value < limit,
            Comparator.AT_LEAST: value >= limit,
            Comparator.ABOVE: value > limit,
            Comparator.EQUAL: value == limit,
        }[self]


_OPPOSITE = {
    Comparator.BELOW: Comparator.AT_LEAST,
    Comparator.AT_MOST: Comparator.ABOVE,
    Comparator.ABOVE: Comparator.AT_MOST,
    Comparator.AT_LEAST: Comparator.BELOW,
}


class Aggregate(StrEnum):
    """Which number of a metric's samples is judged; VALUE is the metric's own number."""

    VALUE = "value"
    QUANTILE = "p"
    MEAN = "avg"
    MEDIAN = "med"
    MINIMUM = "min"
    MAXIMUM = "max"
    COUNT = "count"
    RATE = "rate"
    TYPICAL = "typical"
    SHARE = "share"


class Relation(StrEnum):
    """What the limit is measured against."""

    ABSOLUTE = "absolute"  # the candidate alone
    DIFFERENCE = "difference"  # candidate - baseline
    RATIO = "ratio"  # candidate / baseline - 1


class Expression(Frozen):
    """One condition in base units, for example ``p(95)<300ms`` or ``>=-1pp``; ``text`` is what the user wrote.

    ``limit`` is in the metric's unit for ABSOLUTE and DIFFERENCE and a plain number for RATIO (``+10%`` is 0.10).
    ``quantile`` (0 to 1) belongs to QUANTILE, ``edge`` (comparator, limit) to SHARE.
    """

    text: str
    aggregate: Aggregate = Aggregate.VALUE
    quantile: float | None = None
    edge: tuple[Comparator, float] | None = None
    comparator: Comparator
    relation: Relation = Relation.ABSOLUTE
    limit: float

    @property
    def demand(self) -> tuple[object, ...]:
        """What it demands, however it was written: ``>=95%`` and ``>=0.95`` are the same."""
        return (*self.question, self.comparator, _rounded(self.limit))

    @property
    def question(self) -> tuple[object, ...]:
        """Which number it is about, whatever the limit."""
        edge = None if self.edge is None else (self.edge[0], _rounded(self.edge[1]))
        return self.aggregate, self.quantile, edge, self.relation


class OnFail(StrEnum):
    """What a rule that fails means for the run."""

    FAIL = "fail"
    WARN = "warn"


class OnNoData(StrEnum):
    """What it means that a metric has no number."""

    ERROR = "error"
    FAIL = "fail"
    ZERO = "zero"  # only of counters whose series was there: nothing was counted


class OnSmallSlice(StrEnum):
    """What a slice with too few examples to be judged means for the run."""

    INCONCLUSIVE = "inconclusive"
    INFO = "info"


class RuleList(StrEnum):
    """Which list of a rule an expression stands in."""

    PASS = "pass"  # noqa: S105 - a list, not a password
    WARN = "warn"
    FAIL = "fail"


class SubjectKind(StrEnum):
    """What a finding can be about."""

    METRIC = "metric"
    SUITE = "suite"
    TARGET = "target"
    MODEL_VERSION = "model version"
    BASELINE = "baseline"
    SELF_TEST = "self-test"
    RULES = "rules"


class Subject(Frozen):
    """What a rule or a finding is about: a metric, in one slice or at one point of a matrix, or what the run shows.

    ``name`` is that of the metric, suite or target. ``slice`` is (name, label); the label is None where no example has
    one. ``text`` is for people: it is made of the values, and nothing reads it back.
    """

    kind: SubjectKind = SubjectKind.METRIC
    name: str = ""
    slice: tuple[str, str | None] | None = None
    point: str | None = None

    @property
    def metric(self) -> str | None:
        """The metric it is about, None where it is about none."""
        return self.name if self.kind is SubjectKind.METRIC else None

    @property
    def text(self) -> str:
        """How it is read: ``accuracy{digit:8}``, ``accuracy{suite:quality[n=100]}``, ``suite quality``."""
        if self.kind is not SubjectKind.METRIC:
            return f"{self.kind} {self.name}".rstrip()
        within = [_labelled(*self.slice)] if self.slice else []
        within += [f"suite:{_quoted(self.point, special=_BRACES)}"] if self.point is not None else []
        return f"{self.name}{{{','.join(within)}}}" if within else self.name


class Rule(Frozen):
    """The conditions on one metric; ``rules.checking.read_rule`` makes it of what a user wrote.

    ``passing`` must all hold; ``warning`` is looser; ``failing`` are the conditions that a ``fail`` list breaks, by
    default those of ``passing``. Each value of each of ``slices`` is judged like all examples. ``by_default``: nobody
    wrote it.
    """

    subject: Subject
    passing: tuple[Expression, ...]
    warning: tuple[Expression, ...] = ()
    failing: tuple[Expression, ...] = ()
    slices: tuple[str, ...] = ()
    on_fail: OnFail = OnFail.FAIL
    on_no_data: OnNoData = OnNoData.ERROR
    on_small_slice: OnSmallSlice = OnSmallSlice.INCONCLUSIVE
    info: bool = False
    by_default: bool = False

    @property
    def metric(self) -> str:
        """The metric it is about, slices or not."""
        return self.subject.name

    @property
    def within(self) -> tuple[str, str] | None:
        """The one slice it names, as (name, label); None where it is about all examples."""
        name, label = self.subject.slice or ("", None)
        return None if label is None else (name, label)

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """All its expressions: those that must hold, the looser ones, and those that must not break."""
        return (*self.passing, *self.warning, *self.failing)


def _rounded(limit: float) -> float:
    return float(f"{limit:.12g}")  # 95 * 0.01 is not 0.95


def _labelled(name: str, label: str | None) -> str:
    key = json.dumps(name) if name == "suite" else _quoted(name)  # a point of a matrix is written suite:
    return key if label is None else f"{key}:{_quoted(label)}"


def _quoted(part: str, *, special: str = _SPECIAL) -> str:
    """Return a label as it is, or as a JSON string where it would be taken for something else or is not seen."""
    plain = part and part == part.strip() and part.isprintable() and not set(part) & set(special)
    return part if plain else json.dumps(part, ensure_ascii=not part.isprintable())


def opposite(expression: Expression) -> Expression:
    """Return the condition that a ``fail:`` expression breaks: ``<0.90`` breaks ``>=0.90``; its text stays."""
    if expression.comparator not in _OPPOSITE:
        refuse("== cannot stand in a fail list", expression.text, remedy='Write pass: ["==0"], which fails otherwise.')
    return expression.model_copy(update={"comparator": _OPPOSITE[expression.comparator]})


def refuse(problem: str, expression: str, *, remedy: str) -> NoReturn:
    """Raise the RuleSyntaxError of a whole expression."""
    raise RuleSyntaxError(f"{problem}.", expression=expression, position=0, remedy=remedy)
