"""Pushes: no release is reported that the remote does not have."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jupyter_deployfeedback.domain.feedback import FeedbackReport
from jupyter_deployfeedback.domain.project import Project, ReleaseSettings
from jupyter_deployfeedback.domain.run import Release, Run
from jupyter_deployfeedback.errors import PushFailed, ReleaseRefused, TagExists
from jupyter_deployfeedback.release import push_release, tag_release
from jupyter_deployfeedback.release.git import CONFIRMED_SECONDS

Git = Callable[..., str]
Make = Callable[..., Any]
NOW = datetime(2026, 11, 20, 8, 20, tzinfo=UTC)


@pytest.fixture
def push(report: FeedbackReport, project: Project, run: Run) -> Make:
    """Tag version 2.1.0 and push it."""

    def make(**changes: Any) -> Release:
        arguments = {"project": project, "run": run, "to_push": True, "now": NOW} | changes
        made = tag_release(report, version="2.1.0", **arguments)
        if not arguments["to_push"]:
            return made
        return push_release(made, project=arguments["project"], seconds=arguments.get("seconds", CONFIRMED_SECONDS))

    return make


def test_pushed_tag_is_on_the_remote(git: Git, repository: Path, remote: Path, push: Make) -> None:
    release = push()

    assert release.pushed_to == "origin"
    assert git(remote, "rev-parse", "v2.1.0") == git(repository, "rev-parse", "v2.1.0")


def test_nothing_but_the_tag_is_pushed(git: Git, repository: Path, remote: Path, push: Make) -> None:
    git(repository, "tag", "-a", "-m", "x", "other")
    git(repository, "config", "push.followTags", "true")

    push()

    assert git(remote, "tag", "--list") == "v2.1.0"


def test_pushing_again_is_the_same_release(push: Make, remote: Path) -> None:
    assert push() == push()


def test_tag_made_before_can_be_pushed_later(git: Git, remote: Path, push: Make, project: Project) -> None:
    made = push(to_push=False)

    assert push_release(made, project=project) == made.model_copy(update={"pushed_to": "origin"})
    assert git(remote, "rev-parse", "v2.1.0^{commit}") == made.commit


def test_refusal_of_the_remote_keeps_the_tag_here_and_says_why(
    git: Git, repository: Path, remote: Path, push: Make
) -> None:
    hook(remote / "hooks/pre-receive", "printf 'tags are \\033[31mprotected\\n' >&2; exit 1")

    with pytest.raises(PushFailed, match=r"\[remote rejected\] \(pre-receive hook declined\)") as caught:
        push()

    assert "tags are [31mprotected" in caught.value.message
    assert "\x1b" not in caught.value.message
    assert caught.value.tag == "v2.1.0"
    assert git(repository, "tag", "--list") == "v2.1.0"
    assert git(remote, "tag", "--list") == ""


def test_refused_push_can_be_repeated_once_the_remote_lets_it(remote: Path, push: Make) -> None:
    hook(remote / "hooks/pre-receive", "exit 1")
    with pytest.raises(PushFailed):
        push()
    (remote / "hooks/pre-receive").unlink()

    assert push().pushed_to == "origin"


def test_pre_push_hook_is_honoured(git: Git, repository: Path, remote: Path, push: Make) -> None:
    hook(repository / ".git/hooks/pre-push", "echo 'ask Grace first' >&2; exit 1")

    with pytest.raises(PushFailed, match="ask Grace first"):
        push()

    assert git(remote, "tag", "--list") == ""


def test_pre_push_hook_that_hangs_is_ended(git: Git, repository: Path, remote: Path, push: Make) -> None:
    hook(repository / ".git/hooks/pre-push", "sleep 60")

    with pytest.raises(PushFailed, match="`git push` did not end within 2 s"):
        push(seconds=2)

    assert git(remote, "tag", "--list") == ""


def test_tag_of_another_commit_on_the_remote_stops_before_anything_is_made(
    git: Git, repository: Path, remote: Path, push: Make
) -> None:
    git(repository, "commit", "-q", "--allow-empty", "-m", "Another")
    git(repository, "push", "-q", "origin", "HEAD:refs/tags/v2.1.0")
    there = git(remote, "rev-parse", "v2.1.0")

    with pytest.raises(TagExists, match=f"exists on origin at commit {there[:12]}"):
        push()

    assert git(repository, "tag", "--list") == ""
    assert git(remote, "rev-parse", "v2.1.0") == there


def test_tag_of_the_same_commit_on_the_remote_is_taken_over(
    git: Git, repository: Path, remote: Path, push: Make
) -> None:
    made = push()
    git(repository, "tag", "--delete", "v2.1.0")

    assert push() == made
    assert git(repository, "rev-parse", "v2.1.0") == git(remote, "rev-parse", "v2.1.0")


def test_tag_that_appears_on_the_remote_meanwhile_is_never_overwritten(
    *, git: Git, repository: Path, remote: Path, push: Make, project: Project
) -> None:
    made = push(to_push=False)
    git(repository, "commit", "-q", "--allow-empty", "-m", "Another")
    git(repository, "push", "-q", "origin", "HEAD:refs/tags/v2.1.0")
    there = git(remote, "rev-parse", "v2.1.0")

    with pytest.raises(PushFailed, match="already exists"):
        push_release(made, project=project)

    assert git(remote, "rev-parse", "v2.1.0") == there


def test_remote_that_cannot_be_reached_stops_before_anything_is_made(
    git: Git, repository: Path, remote: Path, push: Make
) -> None:
    remote.rename(remote.with_name("gone.git"))

    with pytest.raises(ReleaseRefused, match="remote origin cannot be asked"):
        push()

    assert git(repository, "tag", "--list") == ""


def test_credentials_in_a_remotes_url_are_not_shown(git: Git, repository: Path, remote: Path, push: Make) -> None:
    git(repository, "remote", "set-url", "origin", "http://ada:s3cret@127.0.0.1:9/digits.git")

    with pytest.raises(ReleaseRefused) as caught:
        push()

    assert "127.0.0.1" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_missing_remote_is_refused_with_those_there_are(project: Project, push: Make) -> None:
    with pytest.raises(ReleaseRefused, match="names no remote; there is none"):
        push()

    with pytest.raises(ReleaseRefused, match="has no remote 'upstream'; there is none"):
        push(project=project.model_copy(update={"release": ReleaseSettings(remote="upstream")}))


def test_two_remotes_ask_for_a_choice(
    *, git: Git, repository: Path, remote: Path, project: Project, push: Make
) -> None:
    git(repository, "remote", "add", "fork", str(remote))

    with pytest.raises(ReleaseRefused, match="there is fork, origin"):
        push()

    chosen = project.model_copy(update={"release": ReleaseSettings(remote="fork")})
    assert push(project=chosen).pushed_to == "fork"


def hook(path: Path, line: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
