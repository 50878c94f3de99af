"""Rules: the declared conditions a candidate must meet."""

from __future__ import annotations

from enum import StrEnum

from jupyter_deployfeedback.domain.base import Frozen


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


class Rule(Frozen):
    """The conditions on one metric.

    ``passing`` must all hold; ``warning`` is looser; ``failing`` defaults to the complement of ``passing``.
    The expressions are kept as the user wrote them; ``verdict.language.parse`` gives them their meaning.
    """

    metric: str
    passing: tuple[str, ...]
    warning: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()
    slices: tuple[str, ...] = ()
    on_fail: OnFail = OnFail.FAIL
    on_no_data: OnNoData = OnNoData.ERROR
    on_small_slice: OnSmallSlice = OnSmallSlice.INCONCLUSIVE
    info: bool = False
