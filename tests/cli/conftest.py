from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.shell import Shell

Called = subprocess.CompletedProcess[str]


@pytest.fixture
def jdf(tmp_path: Path, shell: Shell, kernels_at_hand: dict[str, str]) -> Callable[..., Called]:
    """Call the command line as a shell would."""

    def call(*arguments: str, cwd: Path = tmp_path, env: Mapping[str, str] | None = None) -> Called:
        return shell.call(*arguments, cwd=cwd, env={**os.environ, **kernels_at_hand, **(env or {})})

    return call


QUICK = """\
version: 1
name: digits
targets:
  released: {url: "${DIGITS_RELEASED_URL:-http://127.0.0.1:8001}", health: /ready, response: &it {probabilities: $.probabilities}}
  candidate: {url: "${DIGITS_CANDIDATE_URL:-http://127.0.0.1:8002}", health: /ready, response: *it}
baseline: released
suites: [{notebook: suites/quality.ipynb, parameters: {n: 150}}]
rules: [{metric: accuracy, pass: [">=0.8"]}]
"""


@pytest.fixture
def quick(project: Path) -> Path:
    """The example with one short suite and one rule, committed."""
    (project / "deployfeedback.yaml").write_text(QUICK)
    subprocess.run(["git", "commit", "--quiet", "--all", "--message=Quick"], cwd=project, check=True)
    return project


@pytest.fixture
def project(tmp_path: Path, example: Path) -> Path:
    """A fresh clone of the example; nothing is deployed where it looks."""
    folder = tmp_path / "digits"
    shutil.copytree(example, folder, ignore=shutil.ignore_patterns("models", "*.log"))
    return folder
