"""Filters of git are executed where the user, the system or the user's consent says so, and never for a mere look."""
# ruff: noqa: F811 - the fixtures are those of the tests of stage 8

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from jupyter_deployfeedback.cli.main import group
from jupyter_deployfeedback.errors import FiltersUntrusted
from jupyter_deployfeedback.release import read_commit, trust_filters
from tests.release.conftest import Git, _own_git_settings, git, repository  # noqa: F401

NOTEBOOK = "suites/quality.ipynb"


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """What a filter leaves when it is executed."""
    return tmp_path / "canary"


@pytest.fixture
def strip(canary: Path) -> str:
    """A clean filter as nbstripout is one: what it drops makes no difference."""
    return f"sh -c 'echo >> {canary}; sed -e /output/d'"


@pytest.fixture
def stripped(git: Git, repository: Path) -> Path:
    """A repository whose notebooks go through the filter ``strip``; one differs by what that filter drops."""
    (repository / ".gitattributes").write_text("*.ipynb filter=strip\n")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "Strip outputs")
    (repository / NOTEBOOK).write_text('{"cells": []}\noutput\n')
    return repository


@pytest.fixture(autouse=True)
def user(_own_git_settings: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, git: Git) -> Callable[..., None]:
    """Configure git as the user: in a file of their own, for `git config --global` replaces the file it is given."""
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "jupyter"))
    settings = tmp_path / "gitconfig"
    settings.touch()
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    return lambda name, value: git(tmp_path, "config", "--file", str(settings), name, value)


def named_by(where: str) -> Callable[[Git, Path, str], None]:
    """Configure the filter in one of the ways in which a repository can."""

    def configure(git: Git, top: Path, command: str) -> None:
        if where == "include":
            (top / "inner.gitconfig").write_text(f'[filter "strip"]\n clean = "{command}"\n')
            git(top, "add", "inner.gitconfig")
            git(top, "commit", "-q", "-m", "Include")
            git(top, "config", "include.path", "../inner.gitconfig")
        elif where == "worktree":
            git(top, "config", "extensions.worktreeConfig", "true")
            git(top, "config", "--worktree", "filter.strip.clean", command)
        else:
            git(top, "config", "filter.strip.clean", command)

    return configure


def test_a_filter_of_the_user_works_as_git_does(user: Callable[..., None], stripped: Path, strip: str) -> None:
    user("filter.strip.clean", strip)

    assert read_commit(stripped, honour_filters=True).dirty == ()
    (stripped / NOTEBOOK).write_text('{"cells": [1]}\noutput\n')
    assert read_commit(stripped, honour_filters=True).dirty == (NOTEBOOK,)


@pytest.mark.parametrize("where", ["local", "include", "worktree"])
def test_a_filter_of_the_repository_is_not_executed_unapproved(
    git: Git,
    stripped: Path,
    strip: str,
    canary: Path,
    where: str,
) -> None:
    named_by(where)(git, stripped, strip)
    (stripped / NOTEBOOK).write_text('{"cells": []}\noutput\n')
    canary.unlink(missing_ok=True)

    with pytest.raises(FiltersUntrusted) as refused:
        read_commit(stripped, honour_filters=True)

    assert not canary.exists()
    assert "cannot tell whether files changed" in refused.value.message
    assert f"{NOTEBOOK} goes through the filter 'strip'" in refused.value.message
    assert "--trust-repo-filters" in refused.value.remedy


def test_a_repository_cannot_replace_the_filter_of_a_user(
    user: Callable[..., None], git: Git, stripped: Path, strip: str, canary: Path
) -> None:
    user("filter.strip.clean", "sed -e /output/d")
    git(stripped, "config", "filter.strip.clean", strip)
    assert read_commit(stripped, honour_filters=True).dirty == ()

    git(stripped, "config", "filter.strip.process", strip)
    with pytest.raises(FiltersUntrusted):  # git has no way to take that one back
        read_commit(stripped, honour_filters=True)

    assert not canary.exists()


def test_what_no_filter_of_the_repository_touches_is_told(git: Git, stripped: Path, strip: str) -> None:
    git(stripped, "checkout", "-q", NOTEBOOK)
    git(stripped, "config", "filter.strip.clean", strip)
    assert read_commit(stripped, honour_filters=True).dirty == ()

    (stripped / "deployfeedback.yaml").write_text("version: 2\n")

    assert read_commit(stripped, honour_filters=True).dirty == ("deployfeedback.yaml",)


def test_one_consent_is_kept_outside_the_repository_for_this_one_alone(
    git: Git,
    stripped: Path,
    strip: str,
    tmp_path: Path,
) -> None:
    git(stripped, "config", "filter.strip.clean", strip)
    other = tmp_path / "other"
    git(tmp_path, "clone", "-q", str(stripped), str(other))
    git(other, "config", "filter.strip.clean", strip)
    (other / NOTEBOOK).write_text('{"cells": []}\noutput\n')

    trust_filters(stripped / "suites")
    trust_filters(stripped)

    kept = tmp_path / "jupyter/deployfeedback/trusted-repositories"
    assert (len(kept.read_text().splitlines()), kept.stat().st_mode & 0o777) == (1, 0o600)
    assert read_commit(stripped, honour_filters=True).dirty == ()
    with pytest.raises(FiltersUntrusted):
        read_commit(other, honour_filters=True)


def test_consent_holds_for_submodules(git: Git, stripped: Path, strip: str, tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    git(tmp_path, "init", "-q", str(outer))
    git(outer, "submodule", "--quiet", "add", str(stripped), "inner")
    git(outer, "commit", "-q", "-m", "Add a submodule")
    git(outer / "inner", "config", "filter.strip.clean", strip)
    (outer / "inner" / NOTEBOOK).write_text('{"cells": []}\noutput\n')
    with pytest.raises(FiltersUntrusted):
        read_commit(outer, honour_filters=True)

    trust_filters(outer)

    assert read_commit(outer, honour_filters=True).dirty == ()


def test_a_mere_look_executes_no_filter_whoever_configured_it(
    user: Callable[..., None],
    git: Git,
    stripped: Path,
    strip: str,
    canary: Path,
) -> None:
    git(stripped, "config", "filter.strip.clean", strip)
    user("filter.strip.process", strip)
    trust_filters(stripped)

    assert read_commit(stripped).dirty == (NOTEBOOK,)
    assert not canary.exists()


def test_on_a_run_no_hook_or_monitor_of_the_repository_is_executed(
    git: Git,
    stripped: Path,
    canary: Path,
) -> None:
    git(stripped, "checkout", "-q", NOTEBOOK)
    for name in ("core.fsmonitor", "diff.external", "diff.x.textconv", "core.pager"):
        git(stripped, "config", name, f"sh -c 'echo {name} >> {canary}'")
    canary.unlink(missing_ok=True)

    read_commit(stripped, honour_filters=True)

    assert not canary.exists(), canary.read_text()


@pytest.mark.parametrize("words", [["run"], ["release", "1.0.0", "--run", "20000101-000000-000000"]])
def test_the_command_that_the_refusal_names_is_there(stripped: Path, tmp_path: Path, words: list[str]) -> None:
    (stripped / "deployfeedback.yaml").write_text("version: 2\n")  # it goes no further than the project's file

    CliRunner().invoke(group, [*words, "--trust-repo-filters", "--project", str(stripped)])

    kept = tmp_path / "jupyter/deployfeedback/trusted-repositories"
    assert kept.read_text() == f'"{os.path.realpath(stripped)}"\n'
