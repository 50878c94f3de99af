"""Train the released and the candidate model on scikit-learn's handwritten digits: ``python train.py [FOLDER]``.

The images lie in the order in which they were collected, so the last 900 differ more from the first 897 than a shuffled
split would let them: a harder test, and nearer to what a deployment meets. We train on the first part; the second is
``data/holdout.csv``, which the suites send to the deployments.
"""

from __future__ import annotations

import csv
import json
import sys
from copy import copy
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import sklearn
from sklearn.datasets import load_digits
from sklearn.ensemble import ExtraTreesClassifier

TRAINED_ON = 897  # images; the other 900 are the holdout
SHIFTS = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))  # pixels down and right
MODELS = Path(__file__).parent / "models"


@dataclass(frozen=True)
class Version:
    """One version of the model. ``trees`` is how many of the forest's trees it keeps."""

    name: str
    model_version: str
    trees: int


RELEASED = Version("released", "2.0.0", trees=80)
CANDIDATE = Version("candidate", "2.1.0", trees=20)


def load_split() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Return (images, digits) to train on and (images, digits) to test with; an image is 64 values from 0 to 16."""
    images, digits = load_digits(return_X_y=True)
    return (images[:TRAINED_ON], digits[:TRAINED_ON]), (images[TRAINED_ON:], digits[TRAINED_ON:])


def shifted(images: np.ndarray, *, down: int, right: int) -> np.ndarray:
    """Move 8 x 8 images by whole pixels; what leaves at one edge is lost, what enters at the other is white."""
    square = images.reshape(-1, 8, 8)
    moved = np.zeros_like(square)
    moved[:, max(down, 0) : 8 + min(down, 0), max(right, 0) : 8 + min(right, 0)] = square[
        :, max(-down, 0) : 8 + min(-down, 0), max(-right, 0) : 8 + min(-right, 0)
    ]
    return moved.reshape(-1, 64)


def train_forest(images: np.ndarray, digits: np.ndarray) -> ExtraTreesClassifier:
    """Train the full forest on the images and on copies that are moved by one pixel in each direction."""
    copies = np.vstack([shifted(images, down=down, right=right) for down, right in SHIFTS])
    forest = ExtraTreesClassifier(RELEASED.trees, max_features=12, random_state=0)
    return forest.fit(copies, np.tile(digits, len(SHIFTS)))


def pruned(forest: ExtraTreesClassifier, *, trees: int) -> ExtraTreesClassifier:
    """Return the same forest with only its first trees: smaller and faster, and a little less sure of itself."""
    smaller = copy(forest)
    smaller.estimators_ = forest.estimators_[:trees]
    smaller.n_estimators = trees
    return smaller


def save(forest: ExtraTreesClassifier, version: Version, *, folder: Path) -> Path:
    """Write a model and, beside it, what it is; return the model's file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{version.name}.joblib"
    joblib.dump(forest, file, compress=3)
    card = {
        "model_version": version.model_version,
        "trees": version.trees,
        "trained_on": f"scikit-learn digits, images 0 to {TRAINED_ON - 1}, {len(SHIFTS)} shifts",
        "scikit_learn": sklearn.__version__,
    }
    file.with_suffix(".json").write_text(json.dumps(card, indent=2) + "\n")
    return file


def write_holdout(file: Path) -> None:
    """Write the images that no version has seen: id, digit and the 64 pixels, one image a line.

    In a random order that never changes, so that any part of the file is like the whole.
    """
    _, (images, digits) = load_split()
    with file.open("w", newline="") as out:
        lines = csv.writer(out, lineterminator="\n")
        lines.writerow(["id", "digit", *(f"pixel_{row}{column}" for row in range(8) for column in range(8))])
        for place in np.random.default_rng(0).permutation(len(images)):
            lines.writerow([f"digits-{TRAINED_ON + place:04d}", digits[place], *images[place].astype(int)])


def main(folder: Path) -> None:
    """Train the forest once and save both versions."""
    training, (images, digits) = load_split()
    forest = train_forest(*training)
    for version in (RELEASED, CANDIDATE):
        model = pruned(forest, trees=version.trees)
        file = save(model, version, folder=folder)
        sys.stdout.write(f"{file}: {version.trees} trees, accuracy {model.score(images, digits):.4f}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else MODELS)
