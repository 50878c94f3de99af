"""One side's answers as columns: what every estimate is computed from."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt

from jupyter_deployfeedback.domain.base import Scalar
from jupyter_deployfeedback.domain.evaluation import Answers, Evaluation, RequestState, Task
from jupyter_deployfeedback.domain.rules.rule import Aggregate

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]
Objects = npt.NDArray[np.object_]
ENOUGH_ANSWERED = 0.95  # of the planned requests; fewer are an error unless a rule judges the errors themselves


@dataclass(frozen=True)
class Samples:
    """The answers of one target, one row for each planned example.

    ``latency`` is in seconds and infinite where no answer came and no time-out ended the wait: such a request counts
    as slower than every other one. ``right`` is false without an answer. ``error`` is prediction - truth, NaN where
    there is none; ``probability`` and ``true_number`` likewise. ``scored`` rows are classifications with a known truth,
    ``numeric`` rows are regressions with one. ``truth`` and ``prediction`` are codes of labels, -1 without an answer.
    ``request`` numbers the requests: examples sent in one batch share theirs.
    """

    answered: Bools
    timed_out: Bools
    failed: Bools
    latency: Floats
    sent_at: Floats
    scored: Bools
    right: Bools
    numeric: Bools
    truth: Integers
    prediction: Integers
    true_number: Floats
    error: Floats
    probability: Floats
    request: Integers

    @property
    def n(self) -> int:
        """How many examples were planned."""
        return len(self.answered)

    def take(self, rows: Bools) -> Self:
        """Return the chosen rows."""
        if rows.all():
            return self
        return type(self)(**{each.name: getattr(self, each.name)[rows] for each in fields(self)})

    def leads(self) -> Bools:
        """Return one row for each request: the examples of a batch were answered, and timed, together."""
        rows = np.ones(self.n, dtype=bool)
        rows[1:] = self.request[1:] != self.request[:-1]
        return rows


Codes = dict[Scalar, int]


def read(evaluation: Evaluation, answers: Answers, codes: Codes) -> Samples:
    """Return the columns of one evaluation; a time-out counts with the latency it was given and as unanswered.

    ``codes`` number the labels, all sides' and evaluations' alike; see ``number_labels``.
    """
    states = answers.states
    answered = np.fromiter((state is RequestState.ANSWERED for state in states), bool, len(states))
    numeric = evaluation.task is Task.REGRESSION
    known = np.fromiter((truth is not None for truth in evaluation.truth), bool, len(states))
    right = np.fromiter(map(_same, answers.predictions, evaluation.truth), bool, len(states))
    blank = np.zeros_like(answered)
    first = _first_time(evaluation)
    latency, sent_at = _latencies(answers), _floats(answers.sent_at, missing=np.inf)
    return Samples(
        answered=answered,
        timed_out=np.fromiter((state is RequestState.TIMED_OUT for state in states), bool, len(states)),
        failed=np.fromiter((state is RequestState.FAILED for state in states), bool, len(states)),
        latency=latency,
        sent_at=sent_at,
        scored=blank if numeric else known & first,
        right=right & answered & known,
        numeric=known & first if numeric else blank,
        truth=_coded(evaluation.truth, codes),
        prediction=np.where(answered, _coded(answers.predictions, codes), -1),
        true_number=np.where(first, np.fromiter(map(_number, evaluation.truth), np.float64, len(states)), np.nan),
        error=np.where(first, _errors(answers.predictions, evaluation.truth), np.nan)
        if numeric
        else np.full(len(states), np.nan),
        probability=np.where(first, _floats(answers.probabilities or [None] * len(states), missing=np.nan), np.nan),
        request=_requests(sent_at, latency),
    )


def number_labels(columns: Iterable[Iterable[Scalar]]) -> Codes:
    """Give all labels numbers in an order of their own, so that the order of the examples changes nothing."""
    labels = {label for column in columns for label in column}
    return {label: code for code, label in enumerate(sorted(labels, key=lambda each: (str(each), str(type(each)))))}


def pool(parts: Sequence[Samples]) -> Samples:
    """Return the rows of several evaluations under one another; at least one part is needed."""
    columns = {each.name: np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Samples)}
    sizes = [part.n for part in parts]
    columns["request"] += np.repeat(np.cumsum([0, *sizes[:-1]]), sizes)  # no request spans two evaluations
    return Samples(**columns)


def _first_time(evaluation: Evaluation) -> Bools:
    """Return which rows say something new of the model: an example that is sent again only times it anew."""
    if not evaluation.occasions:
        return np.ones(len(evaluation.ids), dtype=bool)
    return np.fromiter((occasion == 1 for occasion in evaluation.occasions), bool, len(evaluation.ids))


def _same(prediction: Scalar, truth: Scalar) -> bool:
    return prediction == truth


def _latencies(answers: Answers) -> Floats:
    """Return seconds; what neither was answered nor timed out has no latency, whatever the column says."""
    kept = {RequestState.ANSWERED, RequestState.TIMED_OUT}
    values = (
        value if state in kept else None for value, state in zip(answers.latency_seconds, answers.states, strict=True)
    )
    return _floats(list(values), missing=np.inf)


def _requests(sent_at: Floats, latency: Floats) -> Integers:
    """Return each row's request: neighbours sent at the same moment and timed alike went out together."""
    begins = np.ones(len(sent_at), dtype=bool)
    together = (sent_at[1:] == sent_at[:-1]) & (latency[1:] == latency[:-1]) & np.isfinite(sent_at[1:])
    begins[1:] = ~together
    return np.asarray(np.cumsum(begins) - 1, dtype=np.intp)


def _errors(predictions: Iterable[Scalar], truth: Iterable[Scalar]) -> Floats:
    pairs = zip(predictions, truth, strict=True)
    return np.array([_number(guess) - _number(real) for guess, real in pairs], dtype=np.float64)


def _number(value: Scalar) -> float:
    return float(value) if isinstance(value, int | float) else np.nan


def _floats(values: Sequence[float | None], *, missing: float) -> Floats:
    return np.fromiter((missing if value is None else value for value in values), np.float64, len(values))


def _coded(values: Sequence[Scalar], codes: Codes) -> Integers:
    return np.fromiter(map(codes.__getitem__, values), np.intp, len(values))


@dataclass(frozen=True)
class Share:
    """A share: ``hits`` among the ``counted`` rows."""

    counted: Callable[[Samples], Bools]
    hits: Callable[[Samples], Bools]


def every_row(samples: Samples) -> Bools:
    """Return all rows: every planned request counts."""
    return np.ones(samples.n, dtype=bool)


SHARES: Mapping[str, Share] = {
    "accuracy": Share(lambda samples: samples.scored, lambda samples: samples.right),
    "error_rate": Share(lambda samples: samples.scored, lambda samples: ~samples.right),
    "failure_rate": Share(every_row, lambda samples: ~samples.answered),
}
"""Judged as they are. An unanswered example is not right, so it is an error of the model too."""

COUNTS: Mapping[str, Callable[[Samples], Bools]] = {
    "requests_attempted": lambda samples: np.isfinite(samples.sent_at),
    "requests_answered": lambda samples: samples.answered,
    "requests_failed": lambda samples: samples.failed,
    "requests_timed_out": lambda samples: samples.timed_out,
}
"""Counts of requests; their ``rate`` is the share of the planned requests."""

MEANS: Mapping[str, Callable[[Samples], Floats]] = {
    "probability_mean": lambda samples: samples.probability,
    "mean_absolute_error": lambda samples: np.abs(samples.error),
}
"""Means over the rows that have the number."""

OF_NUMBERS = frozenset({"mean_absolute_error", "root_mean_squared_error", "r2"})
"""Scores of predictions that are numbers."""

LATENCIES: Mapping[str, tuple[Aggregate, float | None]] = {
    "latency_mean": (Aggregate.MEAN, None),
    "latency_p50": (Aggregate.QUANTILE, 0.50),
    "latency_p95": (Aggregate.QUANTILE, 0.95),
    "latency_p99": (Aggregate.QUANTILE, 0.99),
}
"""Numbers of ``latency`` that have a name of their own."""

SCORES = frozenset({"accuracy", "error_rate", "f1"})
"""Of classifications; what has no answer counts as wrong."""

ERRORS = frozenset({"failure_rate", "requests_failed", "requests_answered", "requests_timed_out"})
"""What is judged however few requests were answered."""

JUDGES_ERRORS = frozenset({"failure_rate", "requests_answered"})
"""A rule on one of these covers all unanswered requests, so that the other rules may be judged with them."""


def applies(name: str, samples: Samples) -> bool:
    """Say whether samples yield a metric: accuracy needs scored examples, an error needs numbers."""
    if name in SCORES:
        return bool(samples.scored.any())
    if name in OF_NUMBERS:
        return bool(samples.numeric.any())
    if name == "probability_mean":
        return bool(np.isfinite(samples.probability).any())
    return name in SHARES or name in COUNTS or name in LATENCIES or name in {"latency", "throughput"}
