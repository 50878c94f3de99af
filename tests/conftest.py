"""What every test stands on: a store of its own, git that knows nobody's settings, and the really deployed example."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_deployfeedback.cli.demo import deployed, prepare_example
from jupyter_deployfeedback.execution.standby.orders import FOLDER_VARIABLE
from jupyter_deployfeedback.execution.standby.stock import Stock
from jupyter_deployfeedback.probe import redaction
from tests.shell import Shell

DEAR = {"prometheus", "old_python"}  # fixtures of the whole session that take seconds to make


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep those tests on one worker that share what is made once for them: a second worker would make it again."""
    for item in items:
        if isinstance(item, pytest.Function) and item.get_closest_marker("xdist_group") is None:
            fixtures = item._fixtureinfo.name2fixturedefs
            of_its_module = any(each[-1].scope == "module" for each in fixtures.values())
            for group in [*sorted(DEAR & set(fixtures)), *([item.path.name] if of_its_module else [])][:1]:
                item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def no_settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty file for git's settings: one that is written replaces it, as it would the null device."""
    file = tmp_path_factory.mktemp("nobody") / "gitconfig"
    file.touch()
    return file


@pytest.fixture(autouse=True)
def _own_store(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, no_settings: Path
) -> None:
    monkeypatch.setenv("DEPLOYFEEDBACK_STORE", str(tmp_path / "deployfeedback-store"))
    settings = tmp_path_factory.getbasetemp() / "jupyter-config"  # what its user allowed is there
    shutil.rmtree(settings, ignore_errors=True)
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(settings))
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


@pytest.fixture(scope="session")
def shell() -> Iterator[Shell]:
    """Calls of the command line."""
    shell = Shell()
    yield shell
    shell.close()


@pytest.fixture(scope="session")
def stock_at_hand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Stock]]:
    """Kernels that stand by, for suites of which it is not tested how they get theirs: a second less for each.

    That a forked kernel gives what a started one gives is shown in tests/execution/standby/test_stock.py.
    """
    folder = tmp_path_factory.mktemp("kernels")
    stock = Stock(folder)
    yield folder, stock
    stock.close()
    for process in stock._running.values():
        process.wait(5.0)


@pytest.fixture
def kernels_at_hand(stock_at_hand: tuple[Path, Stock]) -> dict[str, str]:
    """The environment of a run whose kernels are forked instead of started."""
    folder, stock = stock_at_hand
    stock.tend(busy=True)
    return {FOLDER_VARIABLE: str(folder)}
