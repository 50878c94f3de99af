"""What every test stands on: a store of its own, git that knows nobody's settings, and the really deployed example."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_deployfeedback.cli.demo import deployed, prepare_example
from jupyter_deployfeedback.probe import redaction


@pytest.fixture(scope="session")
def no_settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty file for git's settings: one that is written replaces it, as it would the null device."""
    file = tmp_path_factory.mktemp("nobody") / "gitconfig"
    file.touch()
    return file


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_settings: Path) -> None:
    monkeypatch.setenv("DEPLOYFEEDBACK_STORE", str(tmp_path / "deployfeedback-store"))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "jupyter-config"))  # what its user allowed is there
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(no_settings))
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "A Tester")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "tester@localhost")


@pytest.fixture(autouse=True)
def _no_secret_of_another_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_known", {})
    monkeypatch.setattr(redaction, "_forms", [])


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example project in a folder and repository of its own, both models trained."""
    return prepare_example(tmp_path_factory.mktemp("example") / "digits")


@pytest.fixture(scope="session")
def deployments(example: Path) -> Iterator[dict[str, str]]:
    """The environment variables that lead to the released and the candidate model, really served."""
    with deployed(example) as environment:
        yield environment
