"""What each standard metric is, said of samples: the definitions behind the names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from jupyter_deployfeedback.comparison.samples import Bools, Floats, Samples
from jupyter_deployfeedback.domain.rules.rule import Aggregate

ENOUGH_ANSWERED = 0.95  # of the planned requests; fewer are an error unless a rule judges the errors themselves


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

ERRORS = frozenset({"failure_rate", "requests_failed", "requests_answered", "requests_timed_out"})
"""What is judged however few requests were answered."""

JUDGES_ERRORS = frozenset({"failure_rate", "requests_answered"})
"""A rule on one of these covers all unanswered requests, so that the other rules may be judged with them."""


def applies(name: str, samples: Samples) -> bool:
    """Say whether samples yield a metric: accuracy needs scored examples, an error needs numbers."""
    if name in {"accuracy", "error_rate", "f1"}:
        return bool(samples.scored.any())
    if name in OF_NUMBERS:
        return bool(samples.numeric.any())
    if name == "probability_mean":
        return bool(np.isfinite(samples.probability).any())
    return name in SHARES or name in COUNTS or name in LATENCIES or name in {"latency", "throughput"}
