"""What `pip install jupyter_deployfeedback` brings, and what needs an extra."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from jupyter_deployfeedback.errors import StoreUnavailable
from jupyter_deployfeedback.feedback import Format, render
from jupyter_deployfeedback.store import open_store
from tests.feedback.runs import failing, target_is_down

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
FOR_DEVELOPERS = {"bench", "docs", "test"}
IMPORT_ALL = """
import importlib, pkgutil, sys
import jupyter_deployfeedback as package

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in HIDDEN:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

HIDDEN = set(sys.argv[1].split(","))
sys.meta_path.insert(0, Hidden())
names = [each.name for each in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
for name in names:
    if not name.endswith("__main__") and ".migrations." not in name:
        importlib.import_module(name)
print(len(names))
"""
ONLY_IN_EXTRAS = "behave,dask,flask,jupyterlab,jupytext,keyring,matplotlib,mlflow,pandas,psycopg,sklearn,statsmodels,vl_convert,waitress"


def uninstall(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # importing it is a ModuleNotFoundError


def test_what_an_extra_brings_is_not_in_the_plain_install() -> None:
    optional = {Requirement(each).name for extra in EXTRAS.values() for each in extra} - {PROJECT["name"]}

    assert not optional & {Requirement(each).name for each in PROJECT["dependencies"]}


def test_every_module_is_imported_without_what_only_extras_bring() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, ONLY_IN_EXTRAS], capture_output=True, text=True, check=False, cwd=ROOT
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 100


def test_a_page_without_the_charts_extra_says_so_in_one_line_and_has_all_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = render(failing(), Format.HTML)
    uninstall("vl_convert", monkeypatch)
    page = render(failing(), Format.HTML)

    line = re.compile(r'<p class="note">The plots are left out.*pip install "jupyter_deployfeedback\[charts]"</p>')
    assert len(line.findall(page)) == 1
    assert line.sub("", page) == re.sub(r'<section class="plots".*?</section>', "", whole, flags=re.DOTALL)


def test_a_page_that_would_have_no_plots_asks_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    uninstall("vl_convert", monkeypatch)

    assert "charts" not in render(target_is_down(), Format.HTML)


@pytest.mark.parametrize("form", sorted(set(Format) - {Format.HTML}))
def test_other_renderings_need_no_extra(form: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = render(failing(), form)
    uninstall("vl_convert", monkeypatch)

    assert render(failing(), form) == whole


def test_a_store_whose_driver_is_missing_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    uninstall("psycopg", monkeypatch)

    with pytest.raises(
        StoreUnavailable, match=r"psycopg.*pip install \"jupyter_deployfeedback\[postgresql\]"
    ) as caught:
        open_store("postgresql+psycopg://ada:s3cret@127.0.0.1:9/digits", environment={})

    assert "s3cret" not in str(caught.value)


def test_the_extra_all_has_every_extra_for_users() -> None:
    (everything,) = EXTRAS["all"]

    named = everything.partition("[")[2].rstrip("]").split(",")
    assert named == sorted(EXTRAS.keys() - FOR_DEVELOPERS - {"all"})


def test_the_guide_names_every_extra_for_users() -> None:
    guide = (ROOT / "docs" / "guide.md").read_text()

    assert set(re.findall(r"^\| `([a-z]+)` \|", guide, flags=re.MULTILINE)) == EXTRAS.keys() - FOR_DEVELOPERS
