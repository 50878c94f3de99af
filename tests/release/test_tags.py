"""Releases are known by their tags."""

from __future__ import annotations

from pathlib import Path

from jupyter_deployfeedback.release import release_tags
from tests.release.conftest import Git


def test_tags_that_look_like_releases_are_found_on_every_branch(repository: Path, git: Git) -> None:
    git(repository, "tag", "-a", "-m", "1.0", "model-v1.0")
    git(repository, "tag", "model-v1.1-rc1")
    git(repository, "tag", "model-vendored")
    git(repository, "tag", "v2.0")
    git(repository, "switch", "-q", "-c", "hotfix")
    git(repository, "commit", "-q", "--allow-empty", "-m", "fix")
    git(repository, "tag", "model-v1.2")
    git(repository, "switch", "-q", "-")

    found = release_tags(repository / "suites", template="model-v{version}")

    assert sorted(found) == ["model-v1.0", "model-v1.1-rc1", "model-v1.2"]


def test_there_are_no_tags_outside_a_repository(tmp_path: Path) -> None:
    assert release_tags(tmp_path, template="v{version}") == {}
