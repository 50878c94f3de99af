"""Where a browser finds what was tested, and that only what a remote has is called found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_deployfeedback.release import read_commit

Git = Callable[..., str]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://github.com/org/digits.git", "https://github.com/org/digits"),
        ("https://user:secret@git.example:8443/org/digits", "https://git.example:8443/org/digits"),
        ("git@github.com:org/digits.git", "https://github.com/org/digits"),
        ("ssh://git@git.example:2222/org/digits.git", "https://git.example/org/digits"),
        ("https://git.example/org/a b(c).git", "https://git.example/org/a%20b%28c%29"),
        ("/srv/git/digits.git", None),
        ("work-alias:org/digits", None),
        ("file:///srv/git/digits.git", None),
        ("https://evil.example](x)/org/digits", None),
    ],
)
def test_commit_that_a_remote_has_is_found_at_its_web_address(
    git: Git, repository: Path, address: str, expected: str | None
) -> None:
    git(repository, "config", "remote.origin.url", address)
    git(repository, "update-ref", "refs/remotes/origin/main", "HEAD")
    sha = git(repository, "rev-parse", "HEAD")

    commit = read_commit(repository / "suites")

    assert commit.page == (expected and f"{expected}/blob/{sha}/suites/")


def test_commit_that_was_not_pushed_has_no_page(git: Git, repository: Path) -> None:
    git(repository, "config", "remote.origin.url", "https://github.com/org/digits")
    git(repository, "update-ref", "refs/remotes/origin/main", "HEAD")
    git(repository, "commit", "-q", "--allow-empty", "-m", "Only here")

    assert read_commit(repository).page is None


def test_commit_of_a_pull_request_that_ci_checked_out_is_found(git: Git, repository: Path) -> None:
    git(repository, "config", "remote.origin.url", "https://github.com/org/digits")
    git(repository, "update-ref", "-d", "refs/remotes/origin/main")
    git(repository, "update-ref", "refs/remotes/pull/12/merge", "HEAD")
    sha = git(repository, "rev-parse", "HEAD")

    assert read_commit(repository).page == f"https://github.com/org/digits/blob/{sha}/"
