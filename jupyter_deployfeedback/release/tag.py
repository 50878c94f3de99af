"""Make the release tag at the tested commit, with the evidence in its message, and push it where that is asked for."""

import hashlib
import re
from datetime import datetime
from pathlib import Path

from jupyter_deployfeedback.domain.feedback import FeedbackReport
from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.run import Release, Run
from jupyter_deployfeedback.errors import NotARepository, ReleaseRefused, TagExists, UsageError
from jupyter_deployfeedback.release.commit import dirty_files, is_ancestor, not_a_repository
from jupyter_deployfeedback.release.gate import permit, refuse_dirty
from jupyter_deployfeedback.release.git import CONFIRMED_SECONDS, confirmed, look, sanitised
from jupyter_deployfeedback.release.message import RUN_TRAILER, tag_message
from jupyter_deployfeedback.release.push import choose_remote, fetch_tag, push_tag, remote_commit

VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
TAG_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/+-]{0,99}")  # git looks at the rest


def tag_release(
    report: FeedbackReport,
    *,
    version: str,
    project: Project,
    run: Run,
    to_push: bool = False,
    now: datetime,
    seconds: float = CONFIRMED_SECONDS,
) -> Release:
    """Tag the commit that a run tested; the same tag at that commit is left as it is and returned.

    The tag is made at the tested commit even where HEAD has moved on; the notices then say so. One that is to be pushed
    is made only where the remote does not have another of its name; ``push_release`` pushes it. ``seconds`` limits each
    step of git, with its hooks. Raises GateClosed, RunUnfinished, NotARepository, WorkingTreeDirty, TagExists, and
    ReleaseRefused with git's own words.
    """
    folder = Path(project.folder)
    tag = tag_name(project.release.tag, version=version)
    release = Release(
        version=version,
        tag=tag,
        commit=permit(report, run=run).sha,
        run_id=run.run_id,
        project_file=project.file,
        verdict=report.verdict,
        created_at=now,
    )
    _refuse_unfit(folder, release.commit)
    if to_push:
        _agree_with_remote(folder, release, remote=choose_remote(folder, project.release.remote), seconds=seconds)
    release = release.model_copy(update={"notices": _notices(folder, release)})
    if not _is_tagged(folder, release):
        _make_tag(folder, release, message=_message(report, release, folder=folder), seconds=seconds)
    return release


def push_release(release: Release, *, project: Project, seconds: float = CONFIRMED_SECONDS) -> Release:
    """Push a release's tag and return the release with the remote that has it; PushFailed leaves the tag here."""
    folder = Path(project.folder)
    remote = choose_remote(folder, project.release.remote)
    push_tag(folder, remote, tag=release.tag, commit=release.commit, seconds=seconds)
    return release.model_copy(update={"pushed_to": remote})


def tag_name(template: str, *, version: str) -> str:
    """Return the tag's name; raise UsageError for one that git, a shell or a web page could misread."""
    tag = template.replace("{version}", version)
    if not (TAG_NAME.fullmatch(tag) and VERSION.fullmatch(version)) or tag == "HEAD":
        raise UsageError(
            f"{sanitised(tag)!r} cannot be the name of a tag.",
            remedy="Use letters, digits and . _ + - in the version, for example 1.2.0.",
        )
    return tag


def _refuse_unfit(folder: Path, commit: str) -> None:
    head = look(folder, "rev-parse", "--verify", "HEAD^{commit}")
    if head.code != 0:
        raise not_a_repository(folder, head)
    if look(folder, "cat-file", "-e", f"{commit}^{{commit}}").code != 0:
        raise NotARepository(
            f"The tested commit {commit[:12]} is not in the repository of {folder}.",
            remedy="Fetch it, or run again on what is there now.",
        )
    refuse_dirty(dirty_files(folder, honour_filters=True), when="now")


def _agree_with_remote(folder: Path, release: Release, *, remote: str, seconds: float) -> None:
    there = remote_commit(folder, remote, tag=release.tag, seconds=seconds)
    if there is None:
        return
    if there != release.commit:
        raise _taken(release, by=there, where=f" on {remote}")
    if not _is_tagged(folder, release):
        fetch_tag(folder, remote, tag=release.tag, seconds=seconds)


def _notices(folder: Path, release: Release) -> tuple[str, ...]:
    notices = []
    head = look(folder, "rev-parse", "--verify", "HEAD^{commit}").text
    if head != release.commit:
        inside = is_ancestor(folder, release.commit, of=head)
        where = "has moved on to" if inside else "is on another line of history, at"
        notices.append(f"The tested commit {release.commit[:12]} is tagged; HEAD {where} {head[:12]}.")
    if _is_tagged(folder, release) and _tagged_run(folder, release.tag) != release.run_id:
        notices.append(f"The tag {release.tag} was there already and does not carry the evidence of this run.")
    return tuple(notices)


def _is_tagged(folder: Path, release: Release) -> bool:
    answer = look(folder, "rev-parse", "--verify", "--quiet", f"refs/tags/{release.tag}^{{commit}}")
    if answer.code == 0 and answer.text != release.commit:
        raise _taken(release, by=answer.text)
    return answer.code == 0


def _tagged_run(folder: Path, tag: str) -> str:
    answer = look(folder, "cat-file", "tag", f"refs/tags/{tag}")
    trailers = [
        line.partition(f"{RUN_TRAILER}: ")[2] for line in answer.text.splitlines() if line.startswith(RUN_TRAILER)
    ]
    return trailers[-1] if trailers else ""


def _taken(release: Release, *, by: str, where: str = "") -> TagExists:
    return TagExists(
        f"The tag {release.tag} exists{where} at commit {by[:12]}, but the run tested {release.commit[:12]}.",
        remedy="Choose another version.",
    )


def _message(report: FeedbackReport, release: Release, *, folder: Path) -> str:
    sources = [suite.source for suite in report.suites]
    blobs = {source: look(folder, "cat-file", "blob", f"{release.commit}:./{source}") for source in sources}
    digests = {source: hashlib.sha256(blob.output).hexdigest() for source, blob in blobs.items() if blob.code == 0}
    return tag_message(report, release, digests=digests)


def _make_tag(folder: Path, release: Release, *, message: str, seconds: float) -> None:
    ref = f"refs/tags/{release.tag}"
    if look(folder, "check-ref-format", ref).code != 0:
        raise UsageError(f"git does not accept {release.tag!r} as the name of a tag.", remedy="Choose another version.")
    arguments = (
        "tag",
        "--annotate",
        "--cleanup=whitespace",
        "--file=-",
        "--end-of-options",
        release.tag,
        release.commit,
    )
    answer = confirmed(folder, *arguments, stdin=message, seconds=seconds)
    if answer.code != 0:
        raise ReleaseRefused(f"git did not make the tag {release.tag}: {answer.said}", remedy=_remedy(answer.said))


def _remedy(said: str) -> str:
    if "user.email" in said:
        return "Set user.name and user.email with `git config`."
    if "sign" in said:
        return "The repository asks for signed tags (tag.gpgSign): make the key available to git."
    return "Mend what git names and release again."
