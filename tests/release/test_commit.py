"""What is read of a repository, and that reading executes nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jupyter_deployfeedback.release import read_commit

Git = Callable[..., str]


def test_commit_tells_sha_branch_and_subject(git: Git, repository: Path) -> None:
    commit = read_commit(repository / "suites")

    assert commit.sha == git(repository, "rev-parse", "HEAD")
    assert (commit.branch, commit.subject, commit.dirty) == ("main", "Train the model", ())


def test_files_that_differ_are_judged_for_the_whole_repository(git: Git, repository: Path) -> None:
    (repository / "deployfeedback.yaml").write_text("version: 2\n")
    (repository / "staged ü.py").write_text("x = 1\n")
    git(repository, "add", "staged ü.py")
    (repository / "new\nline.py").write_text("")
    git(repository, "mv", "suites/quality.ipynb", "suites/renamed.ipynb")

    commit = read_commit(repository / "suites")

    assert sorted(commit.dirty) == ["deployfeedback.yaml", "new\nline.py", "staged ü.py", "suites/renamed.ipynb"]


@pytest.mark.parametrize("path", ["run.log", ".ipynb_checkpoints/model-checkpoint.ipynb", "lib/__pycache__/a.pyc"])
def test_ignored_files_and_what_running_leaves_are_not_dirty(repository: Path, path: str) -> None:
    (repository / path).parent.mkdir(exist_ok=True, parents=True)
    (repository / path).write_text("")

    assert read_commit(repository).dirty == ()


def test_submodules_are_looked_into(git: Git, repository: Path, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    git(tmp_path, "clone", "-q", str(repository), str(inner))
    git(repository, "submodule", "--quiet", "add", str(inner), "vendor/inner")
    git(repository, "commit", "-q", "-m", "Add a submodule")
    assert read_commit(repository).dirty == ()

    (repository / "vendor/inner/deployfeedback.yaml").write_text("changed\n")

    assert read_commit(repository).dirty == ("vendor/inner/deployfeedback.yaml",)


def test_there_is_no_commit_outside_a_repository_or_before_the_first(git: Git, tmp_path: Path) -> None:
    assert read_commit(tmp_path) is None

    git(tmp_path, "init", "-q")
    assert read_commit(tmp_path) is None


def test_detached_head_has_no_branch(git: Git, repository: Path) -> None:
    git(repository, "checkout", "-q", "--detach")

    assert read_commit(repository).branch is None


def test_bare_repository_has_no_files_to_test(git: Git, remote: Path) -> None:
    assert read_commit(remote) is None


def test_variables_of_a_calling_git_do_not_lead_elsewhere(
    git: Git, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    git(tmp_path, "init", "-q", str(other))
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))

    assert read_commit(repository).subject == "Train the model"


def test_looking_at_a_hostile_repository_executes_nothing(git: Git, repository: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    touch = f"sh -c 'echo $0 >> {canary}' "
    arm(repository, git, touch=touch)

    commit = read_commit(repository)

    assert commit.dirty != ()
    assert not canary.exists(), canary.read_text()


def test_submodule_with_filters_of_its_own_executes_nothing(git: Git, repository: Path, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    git(tmp_path, "clone", "-q", str(repository), str(inner))
    git(repository, "submodule", "--quiet", "add", str(inner), "vendor")
    git(repository, "commit", "-q", "-m", "Add a submodule")
    canary = tmp_path / "canary"
    arm(repository / "vendor", git, touch=f"sh -c 'echo $0 >> {canary}' ")

    read_commit(repository)

    assert not canary.exists(), canary.read_text()


def test_the_same_repository_does_execute_in_a_plain_git_status(git: Git, repository: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    arm(repository, git, touch=f"sh -c 'echo $0 >> {canary}' ")

    subprocess.run(["git", "status"], cwd=repository, capture_output=True, check=False)

    called = set(canary.read_text().split())
    assert {"fsmonitor", "clean.plain", "clean.odd=name", "clean.with.dots", "required.must", "process.long"} <= called


def arm(repository: Path, git: Git, *, touch: str) -> None:
    """Let every setting that git executes on a look leave its name in the canary file; make files look changed."""
    names = {
        "plain": "*.yaml",
        "odd=name": "*.ipynb",
        "with.dots": "*.txt",
        "must": "*.csv",
        "long": "*.zip",
    }  # git dies of the last one, so it comes last
    for name, pattern in names.items():
        with (repository / ".gitattributes").open("a") as file:
            file.write(f"{pattern} filter={name}\n")
        (repository / f"a{pattern[1:]}").write_text("1")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "Before")
    config = repository / git(repository, "rev-parse", "--git-dir") / "config"
    lines = [
        f'[filter "{name}"]\n clean = "{touch} clean.{name}"\n smudge = "{touch} smudge.{name}"'
        for name in ("plain", "odd=name", "with.dots")
    ]
    lines.append(f'[filter "must"]\n clean = "{touch} required.must"\n required = true')
    lines.append(f'[filter "long"]\n process = "{touch} process.long"\n required = true')
    lines.append(f'[core]\n fsmonitor = "{touch} fsmonitor"\n pager = "{touch} pager"\n sshCommand = "{touch} ssh"')
    lines.append(f' editor = "{touch} editor"\n alternateRefsCommand = "{touch} alternates"\n hooksPath = hooks')
    lines.append(f'[diff]\n external = "{touch} diff"\n[gpg]\n program = "{touch} gpg"\n[log]\n showSignature = true')
    lines.append(f'[credential]\n helper = "!{touch} credential"\n[status]\n submoduleSummary = true')
    with config.open("a") as file:
        file.write("\n".join(lines) + "\n")
    hooks = repository / "hooks"
    hooks.mkdir()
    for hook in ("post-index-change", "reference-transaction", "post-checkout", "pre-auto-gc", "fsmonitor-watchman"):
        (hooks / hook).write_text(f"#!/bin/sh\n{touch} hook.{hook}\n")
        (hooks / hook).chmod(0o755)
    for pattern in names.values():
        (repository / f"a{pattern[1:]}").write_text("2")  # as long as before: git must read them to tell
    (repository / "suites" / "quality.ipynb").write_text('{"cells": {}}\n')


def test_commit_says_when_it_was_made(git: Git, repository: Path) -> None:
    commit = read_commit(repository)

    assert commit is not None
    assert commit.committed_at == datetime.fromtimestamp(int(git(repository, "log", "-1", "--format=%ct")), UTC)
