"""The example as a user has it: copied, trained, and both versions deployed on this machine."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

EXAMPLE = Path(__file__).parents[2] / "example-notebooks"
VERSIONS = {"released": "2.0.0", "candidate": "2.1.0"}


@dataclass(frozen=True)
class Deployment:
    """One version of the model that is really served."""

    url: str
    model_version: str

    def get(self, path: str) -> requests.Response:
        return requests.get(f"{self.url}{path}", timeout=10)

    def predict(self, body: Any) -> requests.Response:
        return requests.post(f"{self.url}/predict", json=body, timeout=10)


@dataclass(frozen=True)
class Holdout:
    """The images of ``data/holdout.csv`` with their ids and digits."""

    ids: list[str]
    digits: list[int]
    images: list[list[int]]


@pytest.fixture(scope="session")
def project_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example whose two models are trained."""
    folder = tmp_path_factory.mktemp("example") / "digits"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("models", "__pycache__", "*.log"))
    subprocess.run([sys.executable, "train.py"], cwd=folder / "deployment", check=True, capture_output=True, timeout=60)
    return folder


@contextmanager
def served(folder: Path, version: str, *, port: int = 0) -> Iterator[Deployment]:
    """Serve one version; its first line of output says where."""
    command = [sys.executable, "app.py", "--model", f"models/{version}.joblib", "--port", str(port)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, cwd=folder / "deployment", stdout=subprocess.PIPE, text=True, env=environment
    ) as server:
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            assert line.startswith(f"Serving {version} at http://"), line
            yield Deployment(url=line.split()[-1], model_version=VERSIONS[version])
        finally:
            server.terminate()


@pytest.fixture(scope="session")
def deployments(project_folder: Path) -> Iterator[dict[str, Deployment]]:
    """Both versions, deployed."""
    with ExitStack() as stack:
        yield {version: stack.enter_context(served(project_folder, version)) for version in VERSIONS}


@pytest.fixture(params=list(VERSIONS))
def deployment(request: pytest.FixtureRequest, deployments: dict[str, Deployment]) -> Deployment:
    """Each version in turn."""
    return deployments[request.param]


@pytest.fixture(scope="session")
def holdout() -> Holdout:
    """The images that no version was trained on."""
    with (EXAMPLE / "data" / "holdout.csv").open() as file:
        rows = list(csv.DictReader(file))
    return Holdout(
        ids=[row["id"] for row in rows],
        digits=[int(row["digit"]) for row in rows],
        images=[[int(value) for name, value in row.items() if name.startswith("pixel_")] for row in rows],
    )
