"""What a run saw: one number for a metric, or the reason why there is none."""

from datetime import datetime
from typing import Self

from pydantic import AwareDatetime, model_validator

from jupyter_deployfeedback.domain.base import Frozen
from jupyter_deployfeedback.domain.metric import UNITS, Better, Family, Metric


class Window(Frozen):
    """The time span in which a run loaded the target."""

    start: AwareDatetime
    end: AwareDatetime

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end < self.start:
            raise ValueError("a window cannot end before it starts")
        return self

    @property
    def seconds(self) -> float:
        """How long the window is, in seconds."""
        return (self.end - self.start).total_seconds()

    def contains(self, moment: datetime) -> bool:
        """Say whether a moment lies in the window, its edges included."""
        return self.start <= moment <= self.end


class Observation(Frozen):
    """One number a run saw for a metric; without a number it holds the reason.

    ``n`` is how many samples stand behind the number (requests, examples, scrapes), None where that is unknown;
    ``hits`` how many of them it counts, where the number is their share.
    ``source`` says who saw it: a suite's path, ``prometheus`` or ``scrape``; ``query`` what was asked there.
    ``partial`` says why data may be missing behind the number, so that it is shown but not judged; ``doubts`` what
    makes it doubtful, such as a replica that was replaced. ``edges`` are those of the buckets where the number is a
    quantile of a histogram: empty where they are not known, None where it is no such quantile.
    ``no_data`` says of a missing number that its source answers and holds nothing; ``counted_nothing`` that besides the
    counter is proven to exist.
    """

    metric: Metric
    value: float | None = None
    n: int | None = None
    hits: int | None = None
    missing_because: str | None = None
    source: str
    notices: tuple[str, ...] = ()
    query: str | None = None
    partial: str | None = None
    doubts: tuple[str, ...] = ()
    edges: tuple[float, ...] | None = None
    no_data: bool = False
    counted_nothing: bool = False

    @model_validator(mode="after")
    def _a_missing_number_has_a_reason(self) -> Self:
        if (self.value is None) != (self.missing_because is not None):
            raise ValueError("an observation holds either a value or the reason why there is none")
        return self


class LoadedWindow(Frozen):
    """What was seen of one side's platform in one window of a load: one number for each metric, or why not."""

    window: Window
    observations: tuple[Observation, ...]


class Series(Frozen):
    """How a platform metric moved over the window: (seconds since the window's start, value) pairs, oldest first."""

    metric: Metric
    points: tuple[tuple[float, float], ...]


class MetricQuery(Frozen):
    """A metric of the user's own: a PromQL query that yields one number over the window.

    ``exists`` selects series that prove a counter to be there when its query yields nothing.
    """

    name: str
    query: str
    unit: str = ""
    better: Better = Better.NEITHER
    exists: str | None = None

    @property
    def metric(self) -> Metric:
        """The metric that the query measures."""
        return Metric(name=self.name, family=Family.PLATFORM, unit=self.unit, better=self.better)


def in_base_unit(observation: Observation) -> Observation:
    """Return the same observation in seconds, bytes, cores, shares of 1 or per second."""
    unit = UNITS.get(observation.metric.unit)
    if unit is None or unit.factor == 1.0:
        return observation
    value, edges = observation.value, observation.edges
    changed = {
        "metric": observation.metric.model_copy(update={"unit": unit.dimension}),
        "value": None if value is None else value * unit.factor,
        "edges": None if edges is None else tuple(edge * unit.factor for edge in edges),
    }
    return observation.model_copy(update=changed)
