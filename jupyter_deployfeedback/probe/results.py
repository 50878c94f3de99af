"""What was measured, as a suite sees it: scores, latencies, predictions, a summary. Verdicts are computed elsewhere."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TypeVar, overload

from jupyter_deployfeedback.errors import DeployFeedbackError, HarnessError, UsageError
from jupyter_deployfeedback.probe.answers import Collected
from jupyter_deployfeedback.probe.examples import Examples
from jupyter_deployfeedback.probe.protocols.base import Scalar
from jupyter_deployfeedback.probe.target import RequestState

CLASSIFICATION = "classification"
REGRESSION = "regression"
_MEASURED = frozenset({RequestState.ANSWERED, RequestState.TIMED_OUT})


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


class Asked:
    """What a target's answers tell whatever it was asked for."""

    answers: Collected

    @property
    def target(self) -> str:
        """The name of the target that answered."""
        return self.answers.target

    @property
    def latency(self) -> Samples:
        """Seconds at the client, of answered and timed-out requests; a timed-out one counts with its timeout."""
        seconds = zip(self.answers.latency_seconds, self.answers.states, strict=True)
        return Samples([value for value, state in seconds if state in _MEASURED and value is not None], what="latency")

    @property
    def counts(self) -> dict[str, int]:
        """How many were planned, answered, failed, timed_out and not_sent; the four add up to the first."""
        found = Counter(self.answers.states)
        return {"planned": len(self.answers.states), **{state.value: found[state] for state in RequestState}}

    @property
    def versions(self) -> tuple[str, ...]:
        """The distinct model versions that answered; more than one means that the model changed meanwhile."""
        return tuple(self.answers.versions)

    @property
    def errors(self) -> dict[str, int]:
        """The distinct reasons why there is no answer, most frequent first, and how often each came."""
        return {failure.text: count for failure, count in self.answers.failures.counted()}


Side = TypeVar("Side", bound="Asked")
NOT_MEASURED = "–"
_ERRORS_SHOWN = 3


@dataclass(frozen=True, eq=False, repr=False)
class SideResult(Asked):
    """One target's side of an evaluation.

    An example without an answer is not right, so ``accuracy`` counts it as an error; ``counts`` says how many.
    A score without any answer at all raises ``HarnessError``: a number that was not measured is never 0 and never NaN.
    """

    examples: Examples
    answers: Collected
    task: str

    @property
    def accuracy(self) -> float:
        """Share of the planned examples that were answered with the truth (classification)."""
        self._refuse_without_meaning("accuracy", task=CLASSIFICATION)
        return sum(self.right.values()) / len(self.right)

    @property
    def error_rate(self) -> float:
        """Share of the planned examples that were not answered with the truth: 1 - accuracy."""
        self._refuse_without_meaning("error_rate", task=CLASSIFICATION)
        return sum(not right for right in self.right.values()) / len(self.right)

    @property
    def mean_absolute_error(self) -> float:
        """Mean of abs(prediction - truth) over the answered examples (regression)."""
        return math.fsum(map(abs, self._residuals("mean_absolute_error"))) / self.counts["answered"]

    @property
    def root_mean_squared_error(self) -> float:
        """Square root of the mean of (prediction - truth) squared over the answered examples (regression)."""
        residuals = self._residuals("root_mean_squared_error")
        return math.hypot(*residuals) / math.sqrt(len(residuals))  # whose squares may be too large for a float

    @property
    def probability(self) -> Samples:
        """The predicted classes' probabilities, where the target gives them."""
        given = [value for value in self.answers.probabilities if value is not None]
        if not given and self.counts["answered"]:
            raise UsageError(
                f"{self.target} gives no probabilities that are known of.",
                remedy='Say where the answer holds them: response.probabilities, such as "$.probabilities".',
            )
        return Samples(given, what="probability")

    @property
    def predictions(self) -> dict[str, Scalar | None]:
        """The prediction for each example id, None where there was no answer."""
        return dict(zip(self.examples.ids, self.answers.predictions, strict=True))

    @property
    def right(self) -> dict[str, bool]:
        """Whether each example was answered with the truth; one without an answer was not."""
        rows = zip(self.examples.ids, self.answers.predictions, self.examples.truth, strict=True)
        return {one: predicted is not None and predicted == true for one, predicted, true in rows}

    def __repr__(self) -> str:

        return side_summary(self)

    def _residuals(self, score: str) -> list[float]:
        self._refuse_without_meaning(score, task=REGRESSION)
        rows = zip(self.answers.predictions, self.examples.truth, strict=True)
        return [_difference(predicted, true) for predicted, true in rows if predicted is not None]

    def _refuse_without_meaning(self, score: str, *, task: str) -> None:
        if self.task != task:
            raise UsageError(f"{score} has no meaning for {self.task}.", remedy=_MEANT[self.task])
        if not self.counts["answered"]:
            nothing = f"none of {len(self.examples.ids)} examples was answered"
            first = next((failure for failure, _ in self.answers.failures.counted()), None)
            reason = "no reason is known." if first is None else first.text
            remedy = "" if first is None else first.remedy
            raise HarnessError(f"{self.target} has no {score}: {nothing}; most often: {reason}", remedy=remedy)


_MEANT = {
    REGRESSION: "Truth and answers are numbers: take mean_absolute_error or root_mean_squared_error. "
    'Of labels say task="classification" to evaluate.',
    CLASSIFICATION: 'Truth and answers are labels: take accuracy. Of numbers say task="regression" to evaluate.',
}
_SCORES: dict[str, dict[str, Callable[[SideResult], str]]] = {
    "classification": {"accuracy": lambda side: f"{side.accuracy:.2%}"},
    "regression": {
        "mean absolute error": lambda side: f"{side.mean_absolute_error:.4g}",
        "root mean squared error": lambda side: f"{side.root_mean_squared_error:.4g}",
    },
}


def _seconds(value: float) -> str:
    return f"{value * 1000:.3g} ms" if value < 1 else f"{value:.3g} s"


_LATENCIES: dict[str, Callable[[Asked], str]] = {
    "latency p50": lambda side: _seconds(side.latency.p50),
    "latency p95": lambda side: _seconds(side.latency.p95),
}
_COUNTS = ("answered", "failed", "timed_out", "not_sent")


@dataclass(frozen=True, eq=False, repr=False)
class EvaluationResult(SideResult):
    """What ``evaluate`` found for the target under test; ``baseline`` is the same for the live baseline."""

    name: str
    baseline: SideResult | None = None

    @property
    def broken(self) -> tuple[str, ...]:
        """Ids of the examples that the baseline has right and the target under test has wrong."""
        return self._moved(was_right=True)

    @property
    def fixed(self) -> tuple[str, ...]:
        """Ids of the examples that the baseline has wrong and the target under test has right."""
        return self._moved(was_right=False)

    def _moved(self, *, was_right: bool) -> tuple[str, ...]:
        before = {} if self.baseline is None else self.baseline.right
        now = self.right
        return tuple(one for one, right in now.items() if before.get(one) is was_right and right is not was_right)

    def __repr__(self) -> str:

        return text_summary(self)

    def _repr_html_(self) -> str:

        return html_summary(self)


def _difference(predicted: Scalar, true: Scalar) -> float:
    if isinstance(predicted, str) or isinstance(true, str):
        raise UsageError(f"{predicted!r} and {true!r} are not both numbers.", remedy="Regression needs numbers.")
    return float(predicted) - float(true)


@dataclass(frozen=True, eq=False, repr=False)
class LoadSide(Asked):
    """How one target answered while it was loaded."""

    answers: Collected


@dataclass(frozen=True, eq=False, repr=False)
class LoadResult(LoadSide):
    """What ``load`` found for the target under test; ``baseline`` is the same for the live baseline."""

    name: str
    rate: float
    seconds: float
    windows: int
    baseline: LoadSide | None = None

    def __repr__(self) -> str:
        return load_summary(self)


def text_summary(result: EvaluationResult) -> str:
    """Return the evaluation as a few lines of text."""
    lines = [f"{result.name}: {len(result.examples.ids)} examples"]
    lines += [f"  {side_summary(side)}" for side in _sides(result)]
    if result.baseline is not None and result.task == "classification":
        lines.append(f"  {len(result.broken)} broken, {len(result.fixed)} fixed")
    lines += [f"  {side.target}: {count} x {error}" for side in _sides(result) for error, count in _errors(side)]
    return "\n".join(lines)


def load_summary(result: LoadResult) -> str:
    """Return a load as a few lines of text."""
    sides = [result, *([result.baseline] if result.baseline else [])]
    windows = "1 window" if result.windows == 1 else f"{result.windows} windows"
    lines = [f"{result.name}: {windows} of {result.seconds:g} s at {result.rate:g} requests a second"]
    lines += [f"  {_line(side, _LATENCIES)}" for side in sides]
    lines += [f"  {side.target}: {count} x {error}" for side in sides for error, count in _errors(side)]
    return "\n".join(lines)


def side_summary(side: SideResult) -> str:
    """Return one target's side on one line."""
    return _line(side, _measures(side.task))


def _line(side: Side, measured: Mapping[str, Callable[[Side], str]]) -> str:
    measures = ", ".join(f"{label} {_shown(of, side)}" for label, of in measured.items())
    counts = ", ".join(f"{side.counts[label]} {label.replace('_', ' ')}" for label in _COUNTS)
    again = f", {side.answers.retries} sent again as it asked" if side.answers.retries else ""
    version = f", model version {', '.join(side.versions)}" if side.versions else ""
    return f"{side.target}: {measures}; {counts}{again}{version}"


def html_summary(result: EvaluationResult) -> str:
    """Return the evaluation as a table, one column for each target; every text from outside is escaped."""
    sides = _sides(result)
    head = "".join(f"<th>{escape(side.target)}</th>" for side in sides)
    rows = [(label, [_shown(of, side) for side in sides]) for label, of in _measures(result.task).items()]
    rows += [(label.replace("_", " "), [str(side.counts[label]) for side in sides]) for label in _COUNTS]
    rows += [("model version", [", ".join(side.versions) or NOT_MEASURED for side in sides])]
    if result.baseline is not None and result.task == "classification":
        rows.append(("broken / fixed", [f"{len(result.broken)} / {len(result.fixed)}", ""]))
    body = "".join(_row(label, cells) for label, cells in rows)
    errors = "".join(
        f"<li>{escape(side.target)}: {count} × {escape(error)}</li>" for side in sides for error, count in _errors(side)
    )
    title = f"{escape(result.name)}: {len(result.examples.ids)} examples"
    table = f"<table><caption>{title}</caption><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"{table}<ul>{errors}</ul>" if errors else table


def _sides(result: EvaluationResult) -> list[SideResult]:
    return [result] if result.baseline is None else [result, result.baseline]


def _measures(task: str) -> dict[str, Callable[[SideResult], str]]:
    return _SCORES[task] | _LATENCIES


def _shown(of: Callable[[Side], str], side: Side) -> str:
    try:
        return of(side)
    except DeployFeedbackError:  # nothing was answered; the errors below the table say why
        return NOT_MEASURED


def _row(label: str, cells: list[str]) -> str:
    return f"<tr><th>{label}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"


def _errors(side: Asked) -> list[tuple[str, int]]:
    """Return the most frequent reasons with their counts, and where nothing was answered also what was sent."""
    nothing = not side.counts["answered"]
    told = side.answers.failures.counted()[:_ERRORS_SHOWN]
    return [
        (f"{failure.text} Sent was: {failure.sent}" if nothing and failure.sent else failure.text, count)
        for failure, count in told
    ]
