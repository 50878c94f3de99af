"""Scores of a whole set of examples, such as F1: resampled, because they are no mean of single examples."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from jupyter_deployfeedback.comparison.measured import MEAN, SLICE, SMALLEST_CLASS, Measured, Missing, finite
from jupyter_deployfeedback.comparison.methods.bootstrap import At, Score, bca, never_differed
from jupyter_deployfeedback.comparison.samples import Bools, Floats, Integers, Samples
from jupyter_deployfeedback.comparison.sides import Selection
from jupyter_deployfeedback.domain.rules.rule import Relation


@dataclass(frozen=True)
class Kinds:
    """Examples sorted into kinds that every score treats alike; ``scores`` has one score for each side."""

    of: Integers
    scores: tuple[Score, ...]


@dataclass(frozen=True)
class Statistic:
    """Which rows count, and how the sides' samples become kinds of examples and scores of them."""

    counted: Callable[[Samples], Bools]
    kinds: Callable[[list[Samples]], Kinds]


def measure_statistic(name: str, relation: Relation, chosen: Selection) -> Measured | Missing:
    """Return a score, or its difference or ratio to the baseline's, with a bias-corrected bootstrap interval."""
    statistic = STATISTICS[name]
    sides = [side for side in (chosen.candidate, chosen.baseline) if side is not None]
    rows = np.logical_and.reduce([statistic.counted(side) for side in sides])
    if not rows.any():
        return Missing("no answer yields a number for it")
    sides = [side.take(rows) for side in sides]
    kinds = statistic.kinds(sides)
    everything = np.bincount(kinds.of).astype(float)[None, :]
    ends = [float(score(everything)[0]) for score in kinds.scores]
    if not finite(*ends):
        return Missing("all true numbers are the same, so there is no R²")
    if relation is Relation.RATIO and ends[1] <= 0:
        return Missing("the baseline's score is not above 0, so there is no ratio to it; write a difference")
    effect = _effect(kinds.scores, relation)
    value = float(effect(everything)[0])
    alone = relation is Relation.ABSOLUTE
    alike = name == "f1" and (value in {0.0, 1.0} if alone else _alike(*sides))
    smallest = _smallest_class(sides[0]) if name == "f1" else SMALLEST_CLASS
    drawn = bca(effect, kinds.of, sent_at=sides[0].sent_at)
    found = Measured(
        value=value,
        n=len(kinds.of),
        method="bca-bootstrap" if alone else "bca-bootstrap-paired",
        candidate=ends[0],
        baseline=ends[1] if len(ends) > 1 else None,
        interval_at=_never_differed(value, ends, smallest, relation) if alike else drawn,
        alike=alike,
        below_floor=None if smallest >= SMALLEST_CLASS else _too_small(smallest),
    )
    return found.needing(SLICE if name == "f1" else MEAN)


def _effect(scores: tuple[Score, ...], relation: Relation) -> Score:
    if relation is Relation.ABSOLUTE:
        return scores[0]
    if relation is Relation.RATIO:
        return lambda drawn: scores[0](drawn) / scores[1](drawn) - 1
    return lambda drawn: scores[0](drawn) - scores[1](drawn)


def _never_differed(value: float, ends: list[float], smallest: int, relation: Relation) -> At:
    lowest = 0.0 if relation is Relation.ABSOLUTE else -1.0
    before = ends[1] if relation is Relation.RATIO else 1.0
    return never_differed(value, smallest, lowest=lowest, relative_to=before)


def _macro_f1(sides: list[Samples]) -> Kinds:
    """Sort examples by truth and predictions; F1 is averaged over the classes really there, each weighing the same."""
    columns = [sides[0].truth, *(side.prediction for side in sides)]
    codes = max(int(column.max()) for column in columns) + 2  # -1 stands for no answer
    together = np.zeros(sides[0].n, dtype=np.intp)
    for column in columns:
        together = together * codes + column + 1
    _, first, of = np.unique(together, return_index=True, return_inverse=True)
    classes = np.unique(sides[0].truth)
    is_truth, *is_guess = (np.asarray(column[first, None] == classes, dtype=np.float64) for column in columns)
    return Kinds(of=of.reshape(-1), scores=tuple(_f1_of(is_truth, guess) for guess in is_guess))


def _f1_of(is_truth: Floats, is_guess: Floats) -> Score:
    def score(drawn: Floats) -> Floats:
        there, hits = drawn @ is_truth, drawn @ (is_truth * is_guess)
        each = 2 * hits / np.maximum(there + drawn @ is_guess, 1)
        return np.asarray(np.sum(each, axis=1, where=there > 0) / np.sum(there > 0, axis=1))

    return score


def _rmse(sides: list[Samples]) -> Kinds:
    """Take each example as a kind of its own, in an order that does not depend on the rows'."""
    order = np.lexsort([side.error for side in sides])
    scores = tuple(_rmse_of(side.error[order] ** 2) for side in sides)
    return Kinds(of=np.argsort(order), scores=scores)


def _rmse_of(squares: Floats) -> Score:
    return lambda drawn: np.asarray(np.sqrt(drawn @ squares / np.sum(drawn, axis=1)))


def _r2(sides: list[Samples]) -> Kinds:
    order = np.lexsort([side.error for side in sides])
    truth = sides[0].true_number[order]
    centred = truth - np.mean(truth)
    return Kinds(of=np.argsort(order), scores=tuple(_r2_of(side.error[order] ** 2, centred) for side in sides))


def _r2_of(squares: Floats, truth: Floats) -> Score:
    def score(drawn: Floats) -> Floats:
        spread = drawn @ truth**2 - (drawn @ truth) ** 2 / np.sum(drawn, axis=1)
        return np.asarray(1 - drawn @ squares / np.where(spread > 0, spread, np.nan))

    return score


def _alike(one: Samples, other: Samples) -> bool:
    return bool(np.array_equal(one.prediction, other.prediction))


def _smallest_class(samples: Samples) -> int:
    return int(np.unique(samples.truth, return_counts=True)[1].min())


def _too_small(smallest: int) -> str:
    return f"the smallest class has {smallest} examples, at least {SMALLEST_CLASS} are needed"


def _with_numbers(samples: Samples) -> Bools:
    return samples.numeric & np.isfinite(samples.error)


STATISTICS: Mapping[str, Statistic] = {
    "f1": Statistic(lambda samples: samples.scored, _macro_f1),
    "root_mean_squared_error": Statistic(_with_numbers, _rmse),
    "r2": Statistic(_with_numbers, _r2),
}
