"""Scores of a whole set of examples, such as F1: resampled, because they are no mean of single examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jupyter_deployfeedback.comparison.measured import Measured, Missing
from jupyter_deployfeedback.comparison.methods import floors
from jupyter_deployfeedback.comparison.methods.resampling import Effect, bca, never_differed
from jupyter_deployfeedback.comparison.samples import Bools, Floats, Samples
from jupyter_deployfeedback.comparison.selection import Selection
from jupyter_deployfeedback.domain.rule import Relation

Rows = npt.NDArray[np.intp]
Codes = npt.NDArray[np.intp]
Score = Callable[[Rows], float]


@dataclass(frozen=True)
class Statistic:
    """Which rows count, and how a side's samples become a score of any choice of those rows."""

    counted: Callable[[Samples], Bools]
    score: Callable[[Samples], Score]


def measure_statistic(name: str, relation: Relation, chosen: Selection) -> Measured | Missing:
    """Return a score, or its difference or ratio to the baseline's, with a bias-corrected bootstrap interval."""
    statistic = STATISTICS[name]
    sides = [side for side in (chosen.candidate, chosen.baseline) if side is not None]
    rows = np.logical_and.reduce([statistic.counted(side) for side in sides])
    if not rows.any():
        return Missing("no samples")
    sides = [side.take(rows) for side in sides]
    every, scores = np.arange(int(np.count_nonzero(rows))), [statistic.score(side) for side in sides]
    ends = [score(every) for score in scores]
    if relation is Relation.RATIO and ends[1] <= 0:
        return Missing("the baseline's score is not above 0, so there is no ratio to it; write a difference")
    effect = _effect(scores, relation)
    same = name == "f1" and len(sides) > 1 and _alike(sides[0], sides[1])
    return Measured(
        value=effect(every),
        n=len(every),
        method="bca-bootstrap-paired" if len(sides) > 1 else "bca-bootstrap",
        candidate=ends[0],
        baseline=ends[1] if len(ends) > 1 else None,
        interval_at=never_differed(_smallest_class(sides[0])) if same else bca(effect, sent_at=sides[0].sent_at),
        below_floor=_too_small(name, sides[0]),
    ).needing(floors.SLICE if name == "f1" else floors.MEAN)


def _effect(scores: list[Score], relation: Relation) -> Effect:
    if relation is Relation.ABSOLUTE:
        return scores[0]
    if relation is Relation.RATIO:
        return lambda rows: scores[0](rows) / scores[1](rows) - 1
    return lambda rows: scores[0](rows) - scores[1](rows)


def _macro_f1(samples: Samples) -> Score:
    """Return F1 averaged over the classes that are really there, each weighing the same."""
    classes = {truth: code for code, truth in enumerate(dict.fromkeys(samples.truth))}
    truth = _codes(samples.truth, classes)
    guess = np.where(samples.answered, _codes(samples.prediction, classes), -1)

    def score(rows: Rows) -> float:
        real, said = truth[rows], guess[rows]
        hits = np.bincount(real[real == said], minlength=len(classes))
        there = np.bincount(real, minlength=len(classes))
        claimed = np.bincount(said[said >= 0], minlength=len(classes))
        return float(np.mean((2 * hits / np.maximum(there + claimed, 1))[there > 0]))

    return score


def _codes(values: npt.NDArray[np.object_], classes: Mapping[object, int]) -> Codes:
    return np.fromiter((classes.get(value, -1) for value in values), np.intp, len(values))


def _rmse(samples: Samples) -> Score:
    squares = samples.error**2
    return lambda rows: float(np.sqrt(np.mean(squares[rows])))


def _r2(samples: Samples) -> Score:
    squares: Floats = samples.error**2
    truth = samples.truth.astype(np.float64)

    def score(rows: Rows) -> float:
        spread = float(np.sum((truth[rows] - np.mean(truth[rows])) ** 2))
        return 1 - float(np.sum(squares[rows])) / spread if spread > 0 else float("nan")

    return score


def _alike(one: Samples, other: Samples) -> bool:
    return bool(np.all((one.prediction == other.prediction) & (one.answered == other.answered)))


def _smallest_class(samples: Samples) -> int:
    classes = {truth: code for code, truth in enumerate(dict.fromkeys(samples.truth))}
    return int(np.bincount(_codes(samples.truth, classes)).min())


def _too_small(name: str, samples: Samples) -> str | None:
    if name != "f1" or (smallest := _smallest_class(samples)) >= floors.SMALLEST_CLASS:
        return None
    return f"the smallest class has {smallest} examples, at least {floors.SMALLEST_CLASS} are needed"


def _with_numbers(samples: Samples) -> Bools:
    return samples.numeric & np.isfinite(samples.error)


STATISTICS: Mapping[str, Statistic] = {
    "f1": Statistic(lambda samples: samples.scored, _macro_f1),
    "root_mean_squared_error": Statistic(_with_numbers, _rmse),
    "r2": Statistic(_with_numbers, _r2),
}
