"""The story the example tells is true: a cheaper candidate, a little worse, within its declared tolerance."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_digits

from jupyter_deployfeedback.comparison.methods.proportion import clopper_pearson, newcombe_paired
from jupyter_deployfeedback.project import inspect_suite, load_project

if TYPE_CHECKING:
    from tests.example.conftest import Holdout

EXAMPLE = Path(__file__).parents[2] / "example-notebooks"


@pytest.fixture(scope="module")
def train() -> ModuleType:
    """The example's training script, as a module."""
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("train", EXAMPLE / "deployment" / "train.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["train"] = module  # its dataclass looks itself up there
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def right(project_folder: Path, holdout: Holdout) -> dict[str, np.ndarray]:
    """For each version, which images of the holdout it reads correctly."""
    models = project_folder / "deployment" / "models"
    images, digits = np.array(holdout.images), np.array(holdout.digits)
    return {
        version: joblib.load(models / f"{version}.joblib").predict(images) == digits
        for version in ("released", "candidate")
    }


def test_holdout_holds_exactly_the_images_that_no_version_was_trained_on(train: ModuleType, holdout: Holdout) -> None:
    images, digits = load_digits(return_X_y=True)
    places = [int(one.removeprefix("digits-")) for one in holdout.ids]

    assert sorted(places) == list(range(train.TRAINED_ON, len(images)))
    assert holdout.images == images[places].astype(int).tolist()
    assert holdout.digits == digits[places].tolist()


def test_written_holdout_is_the_one_that_is_shipped(train: ModuleType, tmp_path: Path) -> None:
    train.write_holdout(tmp_path / "holdout.csv")

    assert (tmp_path / "holdout.csv").read_text() == (EXAMPLE / "data" / "holdout.csv").read_text()


def test_training_twice_gives_the_same_model(train: ModuleType, holdout: Holdout) -> None:
    training, _ = train.load_split()

    first, second = train.train_forest(*training), train.train_forest(*training)

    assert np.array_equal(first.predict_proba(holdout.images), second.predict_proba(holdout.images))


def test_candidate_is_the_released_forest_with_a_quarter_of_its_trees(project_folder: Path) -> None:
    models = project_folder / "deployment" / "models"
    released, candidate = (joblib.load(models / f"{name}.joblib") for name in ("released", "candidate"))

    assert (len(released.estimators_), len(candidate.estimators_)) == (80, 20)
    for kept, original in zip(candidate.estimators_, released.estimators_[:20], strict=True):
        assert np.array_equal(kept.tree_.threshold, original.tree_.threshold)


def test_candidate_breaks_some_images_and_fixes_fewer(right: dict[str, np.ndarray]) -> None:
    broken = int((right["released"] & ~right["candidate"]).sum())
    fixed = int((~right["released"] & right["candidate"]).sum())

    assert 5 <= broken <= 25
    assert 2 <= fixed < broken


def test_loss_of_accuracy_is_settled_within_the_tolerance_by_the_whole_holdout(right: dict[str, np.ndarray]) -> None:
    released, candidate = right["released"], right["candidate"]
    table = [int(cell.sum()) for cell in (
        released & candidate, ~released & candidate, released & ~candidate, ~released & ~candidate
    )]  # fmt: skip

    low, high = newcombe_paired(*table, confidence=0.90)

    assert -0.02 < low < high < 0.02  # the file's rule: >=-2pp
    assert (table[1] - table[2]) / sum(table) < 0


def test_accuracy_of_the_candidate_is_settled_above_the_absolute_limit(right: dict[str, np.ndarray]) -> None:
    low, _ = clopper_pearson(int(right["candidate"].sum()), len(right["candidate"]), confidence=0.90)

    assert low > 0.94  # the file's rule: >=0.94


def test_suites_ask_about_each_image_of_the_holdout_once(holdout: Holdout) -> None:
    project = load_project(EXAMPLE / "deployfeedback.yaml", environment={})
    quality, latency = (
        next(suite for suite in project.suites if suite.name == name) for name in ("quality", "latency")
    )

    sent = inspect_suite(project, latency).parameters
    assert quality.parameters["n"] == int(sent["first"])
    assert int(sent["first"]) + int(sent["n"]) == len(holdout.ids)


def test_project_file_loads_with_the_targets_and_rules_of_the_story() -> None:
    project = load_project(EXAMPLE / "deployfeedback.yaml", environment={})

    assert list(project.targets) == ["released", "candidate"]
    assert (project.default_target, project.baseline) == ("candidate", "released")
    assert project.targets["candidate"].expect_version == "2.1.0"
    assert {rule.metric for rule in project.rules} >= {"accuracy", "latency", "memory_max"}
