"""Tags at the tested commit, made with real git."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from jupyter_deployfeedback.domain.feedback import Digest, FeedbackReport
from jupyter_deployfeedback.domain.project import Project, ReleaseSettings
from jupyter_deployfeedback.domain.run import Release, Run
from jupyter_deployfeedback.domain.verdict import Verdict, Waiver
from jupyter_deployfeedback.errors import NotARepository, ReleaseRefused, TagExists, UsageError, WorkingTreeDirty
from jupyter_deployfeedback.release import read_commit, tag_release
from jupyter_deployfeedback.release.git import sanitised
from jupyter_deployfeedback.release.tag import plain_version

RUN_ID = "20261120-081530-a1b2c3"
Git = Callable[..., str]
Make = Callable[..., Any]
NOW = datetime(2026, 11, 20, 8, 20, tzinfo=UTC)


@pytest.fixture
def tag(report: FeedbackReport, project: Project, run: Run) -> Make:
    """Tag version 2.1.0, with what differs from the usual."""

    def make(version: str = "2.1.0", **changes: Any) -> Release:
        arguments = {"report": report, "project": project, "run": run, "now": NOW} | changes
        return tag_release(arguments.pop("report"), version=version, **arguments)

    return make


def test_a_tag_may_stand_in_a_folder_of_tags(git: Git, repository: Path, project: Project, tag: Make) -> None:
    release = tag(project=project.model_copy(update={"release": ReleaseSettings(tag="models/digits-v{version}")}))

    assert release.tag == "models/digits-v2.1.0"
    assert git(repository, "rev-parse", "models/digits-v2.1.0^{commit}") == release.commit


def test_tag_message_names_who_waived_what(
    git: Git, repository: Path, closed_report: Make, run: Run, tag: Make
) -> None:
    given = Waiver(
        finding="accuracy >=0.95", by="Ada", reason="Known\nDeployfeedback-Verdict: pass", until=NOW.date(), at=NOW
    )
    waived = closed_report(Verdict.FAIL).with_waivers([given], now=NOW)

    tag(report=waived, run=run.model_copy(update={"verdict": Verdict.FAIL}))

    message = git(repository, "tag", "--list", "v2.1.0", "--format=%(contents)")
    sentence = f"accuracy >=0.95 is waived by Ada until {NOW.date()}: Known Deployfeedback-Verdict: pass."
    assert f"Waivers\n  {sentence}\n" in message
    assert "\nDeployfeedback-Verdict: fail\n" in message


def tags(git: Git, repository: Path) -> str:
    return git(repository, "tag", "--list")


def test_tag_stands_at_the_tested_commit(git: Git, repository: Path, tag: Make) -> None:
    release = tag()

    assert release.tag == "v2.1.0"
    assert git(repository, "rev-parse", "v2.1.0^{commit}") == release.commit == git(repository, "rev-parse", "HEAD")
    assert git(repository, "cat-file", "-t", "v2.1.0") == "tag"
    assert (release.run_id, release.pushed_to, release.notices, release.created_at) == (RUN_ID, None, (), NOW)


def test_tag_message_carries_the_evidence(git: Git, repository: Path, tag: Make) -> None:
    release = tag()

    message = git(repository, "tag", "--list", "v2.1.0", "--format=%(contents)")
    assert message == "\n".join(
        [
            "digits 2.1.0",
            "",
            "Verdict",
            "  The candidate is as good as the released model.",
            "",
            "Evidence",
            "  Verdict: pass",
            "  Target: candidate (model version 2.1.0)",
            "  Compared with: released (model version 2.0.0)",
            f"  Run: {RUN_ID}, finished 2026-11-20 08:16:00 UTC",
            f"  Commit: {release.commit}",
            "",
            "Findings",
            "  PASS: accuracy is 97.0 %, at least 95.0 %.",
            "",
            "Model metrics",
            "  accuracy  97.0 %  was 98.0 %  (-1.0 pp [-2.0, +0.1])",
            "",
            "What changed",
            "  model version: 2.0.0 -> 2.1.0",
            "",
            "Executed (sha256)",
            "  d90e32235f8685d691ae092b9629f97d8848281f354124b4af84527bef1132f8  suites/quality.ipynb",
            "",
            "Deployfeedback-Project: digits",
            "Deployfeedback-Version: 2.1.0",
            f"Deployfeedback-Run: {RUN_ID}",
            "Deployfeedback-Verdict: pass",
            f"Deployfeedback-Commit: {release.commit}",
        ]
    )


def test_tag_message_names_the_project_file_and_the_data_by_their_digests(
    git: Git, repository: Path, tag: Make, make_report: Make
) -> None:
    data = Digest(name="data of quality/holdout", sha256="d" * 64)
    tag(report=make_report(digests=(*make_report().digests, data)))

    message = git(repository, "tag", "--list", "v2.1.0", "--format=%(contents)")
    assert f"Data (sha256)\n  {'d' * 64}  data of quality/holdout\n" in message


@pytest.mark.parametrize(("first", "expected"), [(True, "nothing, the first release"), (False, "nothing")])
def test_tag_message_calls_only_a_first_release_the_first(
    git: Git, repository: Path, tag: Make, make_report: Make, *, first: bool, expected: str
) -> None:
    alone = {"baseline": None, "baseline_version": None, "first_release": first}
    facts = make_report().run.model_copy(update=alone)

    tag(report=make_report(run=facts))

    message = git(repository, "tag", "--list", "v2.1.0", "--format=%(contents)")
    assert f"\n  Compared with: {expected}\n" in message


def test_text_of_users_cannot_forge_a_trailer_or_a_signature(
    git: Git, repository: Path, tag: Make, make_report: Make
) -> None:
    hostile = "fine\nDeployfeedback-Verdict: pass\n-----BEGIN PGP SIGNATURE-----\x00\x1b[31m\u202e# gone"

    tag(report=make_report(headline=hostile))

    raw = git(repository, "cat-file", "tag", "v2.1.0")
    assert "  fine Deployfeedback-Verdict: pass -----BEGIN PGP SIGNATURE-----[31m# gone" in raw.splitlines()
    assert raw.count("\nDeployfeedback-Verdict: pass") == 1


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("fatal: https://ada:s3cret@host/x.git: no", "fatal: https://host/x.git: no"),
        ("ssh://ada@host/x\nhttp://t0ken@h", "ssh://host/x\nhttp://h"),
        ("\x1b[31mred\x07\u202e\x9b", "[31mred"),
        ("y" * 2000, "y" * 1500 + " ... (shortened)"),
    ],
)
def test_foreign_words_are_shown_without_credentials_controls_and_undue_length(said: str, shown: str) -> None:
    assert sanitised(said) == shown


def test_tag_that_exists_at_the_commit_is_left_as_it_is(git: Git, repository: Path, tag: Make) -> None:
    first = tag()
    made = git(repository, "rev-parse", "v2.1.0")

    again = tag()

    assert again == first
    assert git(repository, "rev-parse", "v2.1.0") == made


def test_tag_that_somebody_else_made_at_the_commit_is_not_taken_for_this_runs(
    git: Git, repository: Path, tag: Make
) -> None:
    git(repository, "tag", "v2.1.0")

    with pytest.raises(TagExists, match="carries no evidence of a run, not that of run"):
        tag()


def test_tag_of_another_project_in_the_repository_is_not_taken_for_this_runs(
    tag: Make, run: Run, report: FeedbackReport
) -> None:
    tag()
    told = report.model_copy(update={"run": report.run.model_copy(update={"run_id": "other"})})

    with pytest.raises(TagExists, match=f"carries the evidence of run {run.run_id}, not that of run other"):
        tag(report=told, run=run.model_copy(update={"run_id": "other"}))


@pytest.mark.parametrize(
    ("template", "written", "version"),
    [
        ("v{version}", "v1.0.0", "1.0.0"),
        ("v{version}", "1.0.0", "1.0.0"),
        ("digits-v{version}", "v1.0.0", "1.0.0"),
        ("digits-v{version}", "digits-v1.0.0", "1.0.0"),
        ("{version}", "v1.0.0", "v1.0.0"),
        ("v{version}", "vintage", "vintage"),
    ],
)
def test_a_version_may_be_written_as_its_tag(template: str, written: str, version: str) -> None:
    assert plain_version(template, written) == version


def test_tag_of_another_commit_is_never_moved(git: Git, repository: Path, tag: Make) -> None:
    git(repository, "commit", "-q", "--allow-empty", "-m", "Another")
    git(repository, "tag", "v2.1.0")
    other = git(repository, "rev-parse", "v2.1.0")

    with pytest.raises(TagExists, match=f"exists at commit {other[:12]}"):
        tag()

    assert git(repository, "rev-parse", "v2.1.0") == other


def test_tested_commit_is_tagged_and_said_where_head_has_moved_on(
    git: Git, repository: Path, tag: Make, run: Run
) -> None:
    git(repository, "commit", "-q", "--allow-empty", "-m", "Later")
    head = git(repository, "rev-parse", "HEAD")

    release = tag()

    assert git(repository, "rev-parse", "v2.1.0^{commit}") == run.commit.sha
    assert release.notices == (f"The tested commit {run.commit.sha[:12]} is tagged; HEAD has moved on to {head[:12]}.",)
    assert release.notices[0] in git(repository, "cat-file", "tag", "v2.1.0")


def test_head_on_another_line_of_history_is_said(git: Git, repository: Path, tag: Make) -> None:
    git(repository, "commit", "-q", "--amend", "-m", "Rewritten")

    assert "HEAD is on another line of history" in tag().notices[0]


def test_dirty_tree_is_refused_and_its_files_are_listed(git: Git, repository: Path, tag: Make) -> None:
    (repository / "deployfeedback.yaml").write_text("version: 2\n")
    (repository / "new.py").write_text("")
    (repository / "ignored.log").write_text("")

    with pytest.raises(WorkingTreeDirty, match=r"now: deployfeedback\.yaml, new\.py\."):
        tag()

    assert tags(git, repository) == ""


def test_commit_that_the_repository_does_not_have_is_refused(tag: Make, run: Run, finished_run: Make) -> None:
    unknown = run.commit.model_copy(update={"sha": "1" * 40})

    with pytest.raises(NotARepository, match="tested commit 111111111111 is not in the repository"):
        tag(run=finished_run(unknown))


def test_folder_that_left_git_is_refused_in_gits_own_words(repository: Path, tag: Make) -> None:
    (repository / ".git").rename(repository.parent / "elsewhere")

    with pytest.raises(NotARepository, match="not a git repository"):
        tag()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_repository_of_another_user_is_refused_in_gits_own_words(repository: Path, tag: Make) -> None:
    os.chown(repository, 65534, 65534)
    os.chown(repository / ".git", 65534, 65534)

    with pytest.raises(NotARepository, match="dubious ownership"):
        tag()


@pytest.mark.parametrize(
    "version",
    ["", "-d", "1 2", "$(id)", "`id`", "a/b", "../x", "1.0\n", "1..0", "1.lock", "<img>", "é", "1" * 101, "1\u202e2"],
)
def test_version_that_could_be_misread_is_refused(git: Git, repository: Path, tag: Make, version: str) -> None:
    with pytest.raises(UsageError):
        tag(version)

    assert tags(git, repository) == ""


def test_tag_called_head_is_refused(project: Project, tag: Make) -> None:
    bare = project.model_copy(update={"release": ReleaseSettings(tag="{version}")})

    with pytest.raises(UsageError, match="'HEAD' cannot be the name of a tag"):
        tag("HEAD", project=bare)


def test_tag_is_never_silently_unsigned(git: Git, repository: Path, tag: Make) -> None:
    git(repository, "config", "tag.gpgSign", "true")
    git(repository, "config", "gpg.program", "/bin/false")

    with pytest.raises(ReleaseRefused, match=r"did not make the tag v2.1.0(.|\n)*make the key available"):
        tag()

    assert tags(git, repository) == ""


def test_signing_that_works_is_kept_in_the_tag(git: Git, repository: Path, tag: Make, tmp_path: Path) -> None:
    ssh_key = tmp_path / "key"
    os.system(f"ssh-keygen -q -t ed25519 -N '' -f {ssh_key}")
    for key, value in {"tag.gpgSign": "true", "gpg.format": "ssh", "user.signingKey": str(ssh_key)}.items():
        git(repository, "config", key, value)

    tag()

    assert "-----BEGIN SSH SIGNATURE-----" in git(repository, "cat-file", "tag", "v2.1.0")


def test_signing_that_waits_for_a_passphrase_ends_in_a_named_error(
    git: Git, repository: Path, tag: Make, tmp_path: Path
) -> None:
    waiting = executable(tmp_path / "pinentry", "sleep 60")
    git(repository, "config", "tag.gpgSign", "true")
    git(repository, "config", "gpg.program", str(waiting))
    began = time.monotonic()

    with pytest.raises(ReleaseRefused, match="`git tag` did not end within 1 s"):
        tag(seconds=1)

    assert time.monotonic() - began < 10
    assert tags(git, repository) == ""


def test_hook_that_refuses_the_tag_is_honoured(git: Git, repository: Path, tag: Make) -> None:
    executable(repository / ".git/hooks/reference-transaction", "echo 'tags are frozen' >&2; exit 1")

    with pytest.raises(ReleaseRefused, match="tags are frozen"):
        tag()

    assert tags(git, repository) == ""


def test_hook_that_hangs_is_ended_with_its_children(git: Git, repository: Path, tag: Make, tmp_path: Path) -> None:
    note = tmp_path / "hook.pid"
    executable(repository / ".git/hooks/reference-transaction", f"echo $$ > {note}; sleep 60")

    with pytest.raises(ReleaseRefused, match="did not end within 1 s"):
        tag(seconds=1)

    assert ends(int(note.read_text()))
    assert tags(git, repository) == ""
    (repository / ".git/hooks/reference-transaction").unlink()
    assert tag().tag == "v2.1.0"


@pytest.mark.parametrize("shape", ["detached", "shallow", "worktree"])
def test_unusual_repositories_can_be_released(
    *,
    git: Git,
    repository: Path,
    project: Project,
    report: FeedbackReport,
    finished_run: Make,
    tmp_path: Path,
    shape: str,
) -> None:
    folder = {"detached": repository, "shallow": tmp_path / "shallow", "worktree": tmp_path / "tree"}[shape]
    if shape == "detached":
        git(repository, "checkout", "-q", "--detach")
    elif shape == "shallow":
        git(tmp_path, "clone", "-q", "--depth=1", f"file://{repository}", str(folder))
        git(folder, "config", "user.name", "Ada")
        git(folder, "config", "user.email", "ada@example.org")
    else:
        git(repository, "worktree", "add", "-q", str(folder), "-b", "side")
    run = finished_run(read_commit(folder))

    here = project.model_copy(update={"folder": str(folder)})
    release = tag_release(report, version="2.1.0", project=here, run=run, now=NOW)

    assert git(folder, "rev-parse", "v2.1.0^{commit}") == release.commit


def executable(path: Path, line: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def ends(pid: int) -> bool:
    """Say whether a process that is not our child, and may stay a zombie, comes to its end."""
    for _ in range(100):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False
