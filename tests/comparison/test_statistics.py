"""F1 and its like: the score itself, its bootstrap interval, and predictions that never differed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import bootstrap

from jupyter_deployfeedback.comparison.comparing import compare
from jupyter_deployfeedback.domain.comparison import Estimate
from jupyter_deployfeedback.domain.evaluation import Task
from tests.comparison.evidence import answers, asked, evaluation, evidence, rule, side, suite_result

DRAW = np.random.default_rng(4)
TRUTH = [int(each) for each in DRAW.integers(0, 3, 240)]
GUESS = [each if keep else (each + 1) % 3 for each, keep in zip(TRUTH, DRAW.random(240) < 0.9, strict=True)]


def f1(truth: list[int], guess: list[int], expression: str, *, baseline: list[int] | None = None) -> Estimate:
    before = None if baseline is None else answers(predictions=baseline, target="released")
    seen = evidence(
        suite_result(evaluation(answers(predictions=guess), before, truth=truth)), baseline=side("released")
    )
    return compare(seen, stored=None, baseline="released", estimands=asked(rule("f1", expression))).estimates[0]


def regression(name: str, expression: str, errors: list[float]) -> Estimate:
    truth = [float(row) for row in range(len(errors))]
    guess = [real + error for real, error in zip(truth, errors, strict=True)]
    seen = evidence(suite_result(evaluation(answers(predictions=guess), truth=truth, task=Task.REGRESSION)))
    return compare(seen, stored=None, baseline=None, estimands=asked(rule(name, expression))).estimates[0]


def test_f1_is_the_macro_average_of_scikit_learn() -> None:
    from sklearn.metrics import f1_score

    assert f1(TRUTH, GUESS, ">=0.5").value == pytest.approx(f1_score(TRUTH, GUESS, average="macro"))


def macro_f1(truth: npt.NDArray[np.intp], guess: npt.NDArray[np.intp]) -> float:
    hits, there, claimed = (np.bincount(each, minlength=3) for each in (truth[truth == guess], truth, guess))
    return float(np.mean(2 * hits / (there + claimed)))


def test_f1_interval_is_bca_of_scipy() -> None:
    expected = bootstrap(
        (np.array(TRUTH), np.array(GUESS)),
        macro_f1,
        paired=True,
        vectorized=False,
        confidence_level=0.90,
        n_resamples=2000,
        method="BCa",
        rng=np.random.default_rng(0),
    ).confidence_interval

    assert f1(TRUTH, GUESS, ">=0.5").interval == pytest.approx((expected.low, expected.high), abs=0.005)


def test_identical_predictions_pass_only_with_enough_of_the_smallest_class() -> None:
    truth = [0] * 300 + [1] * 149

    found = f1(truth, truth, ">=-2pp", baseline=truth)

    assert found.value == 0.0
    assert found.interval is not None
    assert found.interval[0] == pytest.approx(-0.0199, abs=1e-4)


def test_identical_predictions_that_are_half_wrong_leave_a_ratio_twice_as_open() -> None:
    truth, guess = [0, 1] * 200, [0, 1, 1, 0] * 100

    found = f1(truth, guess, ">=-2%", baseline=guess)

    assert found.value == 0.0
    assert found.interval == pytest.approx((-0.0297, 0.0297), abs=1e-4)  # of a difference half as much


@pytest.mark.parametrize(("guess", "expected"), [([0, 1], (0.9801, 1.0)), ([1, 0], (0.0, 0.0199))])
def test_predictions_all_right_or_all_wrong_prove_no_more_than_their_smallest_class(
    guess: list[int], expected: tuple[float, float]
) -> None:
    truth = [0, 1] * 149

    assert f1(truth, guess * 149, ">=0.5").interval == pytest.approx(expected, abs=1e-4)


def test_a_small_class_is_below_the_floor() -> None:
    truth = [0] * 300 + [1] * 29

    assert f1(truth, truth, ">=0.5").below_floor == "the smallest class has 29 examples, at least 30 are needed"


def test_the_interval_of_a_skewed_score_leans_as_bca_of_scipy_does() -> None:
    errors = np.random.default_rng(8).lognormal(0, 1, 100)

    found = regression("root_mean_squared_error", "<=9", list(errors)).interval

    expected = bootstrap(
        (errors,),
        lambda drawn, axis: np.sqrt(np.mean(drawn**2, axis=axis)),
        confidence_level=0.90,
        n_resamples=20_000,
        method="BCa",
        rng=np.random.default_rng(0),
    ).confidence_interval
    assert found == pytest.approx((expected.low, expected.high), rel=0.03)


def test_errors_of_a_regression() -> None:
    errors = [1.0, -1.0] * 50

    assert regression("mean_absolute_error", "<=2", errors).value == 1.0
    assert regression("root_mean_squared_error", "<=2", errors).value == 1.0
    assert regression("r2", ">=0.5", errors).value == pytest.approx(1 - 100 / (100 * (100**2 - 1) / 12))


def test_the_order_of_the_examples_does_not_change_the_interval() -> None:
    order = np.random.default_rng(2).permutation(240)

    first = f1(TRUTH, GUESS, ">=0.5")
    second = f1([TRUTH[row] for row in order], [GUESS[row] for row in order], ">=0.5")

    assert first.interval == second.interval
