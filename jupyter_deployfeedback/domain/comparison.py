"""What a comparison of candidate and baseline yields."""

from enum import StrEnum
from typing import Self

from pydantic import ConfigDict, Field, model_validator

from jupyter_deployfeedback.domain.base import Frozen, Scalar
from jupyter_deployfeedback.domain.evaluation import KnownKind, Picture
from jupyter_deployfeedback.domain.metric import Better, Family, Metric
from jupyter_deployfeedback.domain.rules.rule import Expression, Subject


class Estimand(Frozen):
    """A number that a rule asks for: an expression about one metric, in one slice or in all examples.

    ``point`` is the point of a matrix it is about; None where it is about all other suites together. ``informs`` says
    that no rule that counts asks for it.
    """

    metric: str
    expression: Expression
    slice: tuple[str, str] | None = None
    point: str | None = None
    informs: bool = False
    confidence: float = 0.95  # one-sided; the interval is two-sided at 2 * confidence - 1

    @property
    def subject(self) -> Subject:
        """What it is about, as a finding says it."""
        return Subject(name=self.metric, slice=self.slice, point=self.point)


class Estimate(Frozen):
    """The answer to an estimand: a point and its interval, or the reason why there is none.

    ``exact`` numbers (counts, restarts) have no interval. ``weak`` says why the evidence is weak, None where it is not;
    ``doubt`` what may have been missed, so that good news is weak but bad news is not.
    ``below_floor`` says why there are too few samples to judge, whatever the point says; ``tentative`` is then the
    interval that tells nothing but about how many more it would take. ``alike`` says that no sample differs from the
    others, so that the interval narrows with their number and not with its root. ``p_beyond`` is there where the whole
    interval lies beyond the limit: the smallest one-sided error at which it still does. ``facts`` are the
    raw numbers behind the estimate (``both``, ``candidate_only``, ``baseline_only``, ``neither``, ``p_value`` ...).
    ``unit`` is that of ``value``, ``metric_unit`` that of ``candidate`` and ``baseline``.
    """

    estimand: Estimand
    unit: str = ""
    value: float | None = None
    interval: tuple[float, float] | None = None
    tentative: tuple[float, float] | None = None
    alike: bool = False
    exact: bool = False
    n: int | None = None
    candidate: float | None = None
    baseline: float | None = None
    metric_unit: str = ""
    method: str = ""
    weak: str | None = None
    doubt: str | None = None
    below_floor: str | None = None
    missing_because: str | None = None
    p_beyond: float | None = None
    facts: dict[str, float] = {}
    baseline_missing: bool = False  # the candidate has it, the baseline does not: new metric or first release
    no_data: bool = False  # it was measured, and there was nothing
    counted_nothing: bool = False  # nothing, of a counter that is proven to exist

    @model_validator(mode="after")
    def _a_missing_number_has_a_reason(self) -> Self:
        if self.value is None and self.missing_because is None and self.below_floor is None:
            raise ValueError("an estimate without a value needs the reason")
        return self


class Pilot(Frozen):
    """What is known before a run: how many examples and requests it sends, and how an earlier run scattered.

    ``discordant`` is the share of examples that only one side had right; ``spread`` the standard deviation of the log
    ratio of two latencies of one payload. What is None is assumed, or not computed.
    """

    examples: int | None = None
    requests: int | None = None
    discordant: float | None = None
    spread: float | None = None


class Prospect(Frozen):
    """What n samples can settle: how often an unchanged candidate ``passes`` and one that is ``worse`` ``fails``.

    ``fewest`` is how many samples it takes for a pass to be possible, where only that is known. ``assumed`` says what
    was assumed for want of an earlier run.
    """

    estimand: Estimand
    n: int
    passes: float | None = None
    fails: float | None = None
    worse: float | None = None
    fewest: int | None = None
    assumed: str | None = None

    @property
    def can_pass(self) -> bool:
        """Whether a pass is possible at all with n samples."""
        return self.fewest is None or self.n >= self.fewest


class Change(StrEnum):
    """How a metric moved."""

    IMPROVED = "improved"
    UNCHANGED = "unchanged"
    REGRESSED = "regressed"
    ADDED = "added"
    REMOVED = "removed"
    UNKNOWN = "unknown"


class Delta(Frozen):
    """One metric on both sides. ``point`` is the point of a matrix that measured it.

    ``interval`` surrounds candidate - baseline at the confidence of the rules' intervals, None where it cannot be had.
    ``query`` is what ``source`` was asked for it, None where nothing was asked.
    """

    family: Family
    name: str
    point: str | None = None
    unit: str = ""
    better: Better = Better.NEITHER
    value: float | None = None
    n: int | None = None
    missing_because: str | None = None
    baseline: float | None = None
    difference: float | None = None
    interval: tuple[float, float] | None = None
    change: Change
    source: str
    query: str | None = None
    notices: tuple[str, ...] = ()

    @property
    def metric(self) -> Metric:
        """The metric that both sides have, or one of them."""
        return Metric(name=self.name, family=self.family, unit=self.unit, better=self.better)


class ExampleChange(Frozen):
    """An example that only one side got right."""

    example_id: str
    suite: str
    truth: Scalar
    candidate: Scalar
    baseline: Scalar
    slices: dict[str, str] = {}
    picture: Picture | None = None


class Difference(Frozen):
    """What differs between baseline (``from``) and candidate (``to``) beside the metrics: model, packages, data set."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    what: str
    before: str | None = Field(alias="from")
    after: str | None = Field(alias="to")


class Distribution(Frozen):
    """The quantiles of one metric's samples on both sides, for plots: levels 0 to 1 and the values there."""

    metric: str
    unit: str
    levels: tuple[float, ...]
    candidate: tuple[float, ...]
    baseline: tuple[float, ...] | None = None


class KnownScore(Frozen):
    """How an example whose score is known was scored: by the kernel, and by the methods that judge the run.

    ``where`` names the evaluation. The estimate's rule holds where the example is right, not where it is wrong.
    """

    where: str
    kind: KnownKind
    scored_right: bool
    estimate: Estimate


class Comparison(Frozen):
    """Everything that can be said of candidate against baseline before it is judged.

    ``baseline`` names what it was compared with; None on a first release. ``paired`` says whether the same examples
    went to both sides in this run.
    """

    baseline: str | None
    paired: bool = False
    deltas: tuple[Delta, ...]
    estimates: tuple[Estimate, ...]
    broken: tuple[ExampleChange, ...] = ()
    fixed: tuple[ExampleChange, ...] = ()
    differences: tuple[Difference, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    notices: tuple[str, ...] = ()
