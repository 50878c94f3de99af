"""The environment that an overlay's ``Pipfile.lock`` pins: really installed, by pip, from where pip is set up for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from jupyter_deployfeedback.domain.run import Outcome, SuiteResult

RunFeatures = Callable[..., SuiteResult]
Repository = Callable[..., Path]
PINNED = {
    "behave": ("1.3.3", "89bdb62af8fb9f147ce245736a5de69f025e5edfb66f1fbe16c5007493f842c0"),
    "colorama": ("0.4.6", "4f1d9991f5acc0ca119f9d443620b77f9d6b33703e51011c16baf57afb285fc6"),
    "cucumber-expressions": ("20.1.0", "640782ebaef82313dc64e4684d0e5c5efbab0611b23f0cfad64f90c7041cf73d"),
    "cucumber-tag-expressions": ("11.0.1", "8ee5433a3b1ad16ca607c905fa3bb6d85d57f087ba119b14ea5e82cd35ea98c5"),
    "iniconfig": ("2.0.0", "b6a85871a79d2e3b22d2d1b94ac2824226a63c6b741c88f7ae975f18b6778374"),
    "parse": ("1.22.4", "ae430a4477316eed4a9710f642b2db968ec89d5d82e6b0908b8169673b476847"),
    "parse-type": ("0.6.6", "3ca79bbe71e170dfccc8ec6c341edfd1c2a0fc1e5cfd18330f93af938de2348c"),
    "six": ("1.17.0", "4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274"),
}
TELL = """
    import os, sys
    from importlib.metadata import version
    from behave import step


    @step("it tells its Python")
    def tell(context):
        open("told", "w").write(f"{sys.prefix} {version('iniconfig')}")
"""
TELLS = "Feature: tell\n  Scenario: tells\n    Given it tells its Python\n"


def lock_of(default: dict[str, Any], **meta: Any) -> dict[str, Any]:
    own = {"requires": {"python_version": f"{sys.version_info[0]}.{sys.version_info[1]}"}, "sources": []}
    return {"_meta": own | meta, "default": default, "develop": {"no-such-package": {"version": "==1"}}}


def pinned(**change: dict[str, Any]) -> dict[str, Any]:
    entries = {
        name: {"version": f"=={version}", "hashes": [f"sha256:{digest}"]} for name, (version, digest) in PINNED.items()
    }
    return entries | change


@pytest.fixture
def locked(repository: Repository) -> Callable[..., Path]:
    """A repository whose tests have this lock."""

    def write(lock: dict[str, Any], *, pipfile: str = 'behave = "*"') -> Path:
        folder = repository({"tell": TELLS}, **{"features/steps/tell.py": TELL})
        (folder / "overlays/test").mkdir(parents=True, exist_ok=True)
        (folder / "overlays/test/Pipfile").write_text(f"[packages]\n{pipfile}\n")
        (folder / "overlays/test/Pipfile.lock").write_text(json.dumps(lock))
        return folder

    return write


@pytest.fixture
def run_locked(run_features: RunFeatures, data_folder: Path) -> Callable[[Path], SuiteResult]:
    """Run it with the environments that these tests share."""

    def run(folder: Path) -> SuiteResult:
        return run_features(folder, {"packages": "overlays/test"}, environment={"JUPYTER_DATA_DIR": str(data_folder)})

    return run


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.mark.slow
def test_c9_two_runs_that_ask_at_once_have_one_environment_built_and_run_in_it(
    locked: Callable[..., Path], run_locked: Callable[[Path], SuiteResult], data_folder: Path
) -> None:
    folder = locked(lock_of(pinned()))
    results: list[SuiteResult] = []

    threads = [threading.Thread(target=lambda: results.append(run_locked(folder)), daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    notices = [notice for result in results for notice in result.notices if "were installed in" in notice]
    prefix, iniconfig = (folder / "told").read_text().split()
    assert [result.outcome for result in results] == [Outcome.PASSED, Outcome.PASSED], results
    assert (len(notices), iniconfig) == (1, "2.0.0")
    assert "The packages of overlays/test/Pipfile.lock were installed in" in notices[0]
    assert "behave 1.3.3" in notices[0]
    assert Path(prefix).is_relative_to(data_folder / "deployfeedback/environments")


@pytest.mark.slow
def test_installation_that_was_killed_is_not_used_and_made_anew(
    locked: Callable[..., Path], run_features: RunFeatures, tmp_path: Path
) -> None:
    folder, environments = locked(lock_of(pinned())), tmp_path / "data/deployfeedback/environments"
    code = (
        "import json, math, os, sys\n"
        "from pathlib import Path\n"
        "from jupyter_deployfeedback.execution.suites.behave import asked, interpreter\n"
        "about = asked.Asked(Path(sys.argv[1]), Path(sys.argv[1], 'features'), None, None,\n"
        "    Path(sys.argv[1], 'overlays/test'), None, ())\n"
        "interpreter.choose_interpreter(about, environment=dict(os.environ), deadline=math.inf)\n"
    )
    installing = subprocess.Popen(
        [sys.executable, "-c", code, folder],
        env={**os.environ, "JUPYTER_DATA_DIR": str(tmp_path / "data")},
        stdout=subprocess.DEVNULL,
    )
    while not list(environments.glob("*/*/bin/python")):  # it has begun to fill the environment
        assert installing.poll() is None
        time.sleep(0.02)
    for process in [*psutil.Process(installing.pid).children(recursive=True), installing]:
        process.kill()
    installing.wait()

    data = {"JUPYTER_DATA_DIR": str(tmp_path / "data")}
    result = run_features(folder, {"packages": "overlays/test"}, environment=data)

    (home,) = environments.iterdir()
    assert result.outcome is Outcome.PASSED, result
    assert sorted(each.is_symlink() for each in home.iterdir()) == [False, True]
    assert (home / "ready").resolve().parent == home


def test_what_cannot_be_installed_is_errored_with_pips_words_and_nothing_is_kept(
    locked: Callable[..., Path], run_features: RunFeatures, tmp_path: Path
) -> None:
    wrong = {"version": "==2.0.0", "hashes": ["sha256:" + "0" * 64]}
    folder = locked(lock_of(pinned(iniconfig=wrong)))

    result = run_features(
        folder, {"packages": "overlays/test"}, environment={"JUPYTER_DATA_DIR": str(tmp_path / "data")}
    )

    (home,) = (tmp_path / "data/deployfeedback/environments").iterdir()
    assert (result.outcome, result.cases, list(home.iterdir())) == (Outcome.ERRORED, (), [])
    assert "The packages of overlays/test/Pipfile.lock could not be installed: " in (result.reason or "")
    assert PINNED["iniconfig"][1] in (result.reason or "")
    assert not (folder / "told").exists()


@pytest.mark.parametrize(
    ("lock", "said"),
    [
        ({}, "overlays/test/Pipfile.lock cannot be read: KeyError: '_meta'."),
        (lock_of({"thing": {"git": "https://example.org/thing", "ref": "abc"}}), "does not pin thing by version and"),
        (lock_of({"thing": {"version": "==1.0"}}), "does not pin thing by version and hashes. Choose a Python"),
        (lock_of({"thing": {"version": ">=1.0", "hashes": ["sha256:00"]}}), "does not pin thing by version and"),
        (lock_of({"thing": {"version": "==1\n-e .", "hashes": ["sha256:00"]}}), "pins thing in a way that cannot be"),
        (lock_of({}, sources=[{"url": "https://${WHO}:${WORD}@x"}]), "a source whose address holds a variable. Choose"),
    ],
)
def test_lock_that_cannot_be_followed_to_the_letter_is_errored(
    locked: Callable[..., Path], run_locked: Callable[[Path], SuiteResult], lock: dict[str, Any], said: str
) -> None:
    result = run_locked(locked(lock))

    assert result.outcome is Outcome.ERRORED
    assert said in (result.reason or "")


def test_lock_that_is_older_than_the_pipfile_is_errored(
    locked: Callable[..., Path], run_locked: Callable[[Path], SuiteResult]
) -> None:
    result = run_locked(locked(lock_of(pinned()), pipfile='behave = "*"\nno-such = "==1.0"'))

    assert (result.outcome, result.reason) == (
        Outcome.ERRORED,
        "overlays/test/Pipfile needs no-such==1.0, which overlays/test/Pipfile.lock does not pin. Lock it anew.",
    )


def test_interpreter_that_was_chosen_comes_before_the_lock(
    locked: Callable[..., Path], run_features: RunFeatures, tmp_path: Path
) -> None:
    folder = locked(lock_of(pinned()))

    data = {"JUPYTER_DATA_DIR": str(tmp_path / "data")}
    result = run_features(folder, {"packages": "overlays/test", "python": sys.executable}, environment=data)

    assert result.outcome is Outcome.PASSED, result
    assert not (tmp_path / "data/deployfeedback/environments").exists()
