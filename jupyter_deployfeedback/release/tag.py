"""Make the release tag at the tested commit, with the evidence in its message, and push it where that is asked for."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from jupyter_deployfeedback.domain.feedback import Digest, FeedbackReport, FindingText, MetricRow
from jupyter_deployfeedback.domain.metric import Family
from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.rules.rule import Subject
from jupyter_deployfeedback.domain.run import Release, Run
from jupyter_deployfeedback.domain.verdict import Standing
from jupyter_deployfeedback.errors import (
    NotARepository,
    PushFailed,
    ReleaseRefused,
    TagExists,
    UsageError,
    WorkingTreeDirty,
)
from jupyter_deployfeedback.release.commit import (
    PROJECT_TRAILER,
    blob,
    dirty_files,
    hidden_files,
    is_ancestor,
    not_a_repository,
)
from jupyter_deployfeedback.release.gate import permit, refuse_dirty, refuse_hidden
from jupyter_deployfeedback.release.git import CONFIRMED_SECONDS, confirmed, known_person, look, sanitised

VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
TAG_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/+-]{0,99}")  # git looks at the rest
RUN_TRAILER = "Deployfeedback-Run"
ARRIVED = frozenset("*=")
"""How `git push --porcelain` marks a ref that the remote has: new, or up to date."""


def tag_release(
    report: FeedbackReport,
    *,
    version: str,
    project: Project,
    run: Run,
    to_push: bool = False,
    by: str = "",
    now: datetime,
    seconds: float = CONFIRMED_SECONDS,
) -> Release:
    """Tag the commit that a run tested; a tag that carries the evidence of this very run is left as it is.

    The tag is made at the tested commit even where HEAD has moved on; the notices then say so. One that is to be pushed
    is made only where the remote does not have another of its name; ``push_release`` pushes it. ``by`` is who tags,
    ``Name <mail>``, where git does not know. ``seconds`` limits each step of git, with its hooks. Raises GateClosed,
    RunUnfinished, NotARepository, WorkingTreeDirty, TagExists, PersonUnknown, and ReleaseRefused with git's own words.
    """
    folder = Path(project.folder)
    version = plain_version(project.release.tag, version)
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
    _refuse_unfit(folder, release.commit, without=project.release.ignore_in_notebooks)
    _refuse_other_bytes(folder, release, report)
    if to_push:
        _agree_with_remote(folder, release, remote=choose_remote(folder, project.release.remote), seconds=seconds)
    release = release.model_copy(update={"notices": _notices(folder, release)})
    if not _is_tagged(folder, release):
        known_person(folder, by=by)
        _make_tag(folder, release, message=tag_message(report, release), seconds=seconds, by=by)
    return release


def push_release(release: Release, *, project: Project, seconds: float = CONFIRMED_SECONDS) -> Release:
    """Push a release's tag and return the release with the remote that has it; PushFailed leaves the tag here."""
    folder = Path(project.folder)
    remote = choose_remote(folder, project.release.remote)
    push_tag(folder, remote, tag=release.tag, commit=release.commit, seconds=seconds)
    return release.model_copy(update={"pushed_to": remote})


def plain_version(template: str, version: str) -> str:
    """Return the version alone of what may be written as the tag is: ``v1.0.0`` is 1.0.0 where tags begin with v."""
    before = template.partition("{version}")[0]
    for written in (before, "v" if before.endswith("v") else ""):
        if written and version.startswith(written) and version[len(written) :][:1].isdigit():
            return version.removeprefix(written)
    return version


def tag_name(template: str, *, version: str) -> str:
    """Return the tag's name; raise UsageError for one that git, a shell or a web page could misread."""
    tag = template.replace("{version}", version)
    if not (TAG_NAME.fullmatch(tag) and VERSION.fullmatch(version)) or tag == "HEAD":
        raise UsageError(
            f"{sanitised(tag)!r} cannot be the name of a tag.",
            remedy="Use letters, digits and . _ + - in the version, for example 1.2.0.",
        )
    return tag


def _refuse_unfit(folder: Path, commit: str, *, without: tuple[str, ...]) -> None:
    head = look(folder, "rev-parse", "--verify", "HEAD^{commit}")
    if head.code != 0:
        raise not_a_repository(folder, head)
    if look(folder, "cat-file", "-e", f"{commit}^{{commit}}").code != 0:
        raise NotARepository(
            f"The tested commit {commit[:12]} is not in the repository of {folder}.",
            remedy="Fetch it, or run again on what is there now.",
        )
    refuse_dirty(dirty_files(folder, honour_filters=True, without=without), when="now")
    refuse_hidden(hidden_files(folder))


def _refuse_other_bytes(folder: Path, release: Release, report: FeedbackReport) -> None:
    """Raise WorkingTreeDirty where a file was executed as the commit does not hold it; the work tree is clean here."""
    rewritten = (path for path in report.run.written if blob(folder, f"{release.commit}:{path}") is not None)
    refuse_dirty(tuple(rewritten), when=f"while run {release.run_id} tested it")
    executed = [each for each in report.digests if each.in_commit]
    others = [each.name for each in executed if not _held(folder, release.commit, each)]
    if others or not executed:
        what = f"other bytes than commit {release.commit[:12]} holds: {', '.join(others)}"
        what = what if others else "what an earlier version did not note"
        raise WorkingTreeDirty(f"Run {release.run_id} executed {what}.", remedy="Commit what is meant and run again.")


def _held(folder: Path, commit: str, executed: Digest) -> bool:
    held = blob(folder, f"{commit}:./{executed.name}")
    if held is None or not executed.sha256:
        return False
    if hashlib.sha256(held).hexdigest() == executed.sha256:
        return True
    # filters, line endings, a notebook's volatile metadata: what was executed is still there and called unchanged
    file = folder / executed.name
    same = blob(folder, f"HEAD:./{executed.name}") == held and file.is_file()
    return same and hashlib.sha256(file.read_bytes()).hexdigest() == executed.sha256


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
    return tuple(notices)


def _is_tagged(folder: Path, release: Release) -> bool:
    answer = look(folder, "rev-parse", "--verify", "--quiet", f"refs/tags/{release.tag}^{{commit}}")
    if answer.code == 0 and answer.text != release.commit:
        raise _taken(release, by=answer.text)
    if answer.code == 0 and _tagged_run(folder, release.tag) != release.run_id:
        raise _not_of_this_run(release, run_id=_tagged_run(folder, release.tag))
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


def _not_of_this_run(release: Release, *, run_id: str) -> TagExists:
    evidence = f"the evidence of run {run_id}" if run_id else "no evidence of a run"
    problem = f"The tag {release.tag} is at this commit already and carries {evidence}, not that of run"
    return TagExists(
        f"{problem} {release.run_id}.",
        remedy='Choose another version; projects that share a repository need release: {tag: "{project}-v{version}"}.',
    )


def _make_tag(folder: Path, release: Release, *, message: str, seconds: float, by: str) -> None:
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
    answer = confirmed(folder, *arguments, stdin=message, seconds=seconds, by=by)
    if answer.code != 0:
        raise ReleaseRefused(f"git did not make the tag {release.tag}: {answer.said}", remedy=_remedy(answer.said))


def _remedy(said: str) -> str:
    if "sign" in said:
        return "The repository asks for signed tags (tag.gpgSign): make the key available to git."
    return "Mend what git names and release again."


def tag_message(report: FeedbackReport, release: Release) -> str:
    """Return the tag's message: verdict, findings, waivers, metrics, changes and digests, in the report's words.

    The digests are of what was executed. The last lines are git trailers, for programs. Every line but a heading is
    indented, so that no text of a user is taken for a trailer, a signature or a comment.
    """
    changes = (f"{row.what}: {row.before or '—'} -> {row.after or '—'}" for row in report.changes)
    sections = [
        _section("Verdict", [report.headline, *release.notices]),
        _section("Evidence", _facts(report, release)),
        _section("Findings", (f"{_word(finding)}: {finding.sentence}" for finding in report.findings)),
        _section("Waivers", (waiver.sentence for waiver in report.waivers)),
        *(_section(f"{family.title()} metrics", _metrics(report, family)) for family in Family),
        _section("What changed", changes),
        _section("Executed (sha256)", (f"{each.sha256}  {each.name}" for each in report.digests if each.in_commit)),
        _section("Data (sha256)", (f"{each.sha256}  {each.name}" for each in report.digests if not each.in_commit)),
    ]
    title = _one_line(f"{report.run.project} {release.version}")
    return "\n\n".join([title, *filter(None, sections), _trailers(release, project=report.run.project)]) + "\n"


def _word(finding: FindingText) -> str:
    """Return its verdict, or what it is instead: a rule for information can fail nobody."""
    return {Standing.INFO: "INFORMATION", Standing.NOT_JUDGED: "NOT JUDGED"}.get(
        finding.standing, finding.verdict.upper()
    )


def _section(title: str, lines: Iterable[str]) -> str:
    body = [f"  {_one_line(line)}" for line in lines if line.strip()]
    return "\n".join([title, *body]) if body else ""


def _one_line(text: str) -> str:
    return sanitised(text.replace("\n", " "))


def _facts(report: FeedbackReport, release: Release) -> Iterator[str]:
    run = report.run
    yield f"Verdict: {report.verdict}"
    yield f"Target: {run.target}" + _served(run.model_version)
    nothing = "nothing, the first release" if run.first_release else "nothing"
    yield f"Compared with: {run.baseline or nothing}" + _served(run.baseline_version)
    yield f"Run: {run.run_id}" + (f", finished {run.finished_at:%Y-%m-%d %H:%M:%S %Z}" if run.finished_at else "")
    yield f"Commit: {release.commit}"


def _served(version: str | None) -> str:
    return f" (model version {version})" if version else ""


def _metrics(report: FeedbackReport, family: Family) -> Iterator[str]:
    rows = [row for row in report.metrics if row.family is family]
    names = [Subject(name=row.name, point=row.point).text for row in rows]
    width = max(map(len, names), default=0)
    for name, row in zip(names, rows, strict=True):
        yield f"{name:<{width}}  {_numbers(row)}"


def _numbers(row: MetricRow) -> str:
    if row.value is None and row.missing_because:
        return f"not measured: {row.missing_because}"
    if row.baseline is None:
        return row.text.value
    return f"{row.text.value}  was {row.text.baseline}  ({row.text.difference})"


def _trailers(release: Release, *, project: str) -> str:
    trailers = {
        PROJECT_TRAILER: _one_line(project),
        "Deployfeedback-Version": release.version,
        RUN_TRAILER: release.run_id,
        "Deployfeedback-Verdict": release.verdict,
        "Deployfeedback-Commit": release.commit,
    }
    return "\n".join(f"{name}: {value}" for name, value in trailers.items())


def choose_remote(folder: Path, name: str | None) -> str:
    """Return the remote to push to: the one the project names, else the only one there is."""
    known = look(folder, "remote").text.split()
    if name in known:
        return str(name)
    if name is None and len(known) == 1:
        return known[0]
    wanted = "The project names no remote" if name is None else f"The repository has no remote {name!r}"
    raise ReleaseRefused(
        f"{wanted}; there is {', '.join(known) or 'none'}.",
        remedy="Set release.remote, or add it with `git remote add`.",
    )


def remote_commit(folder: Path, remote: str, *, tag: str, seconds: float) -> str | None:
    """Return the commit that a tag stands for on the remote, None where the remote has no such tag."""
    ref = f"refs/tags/{tag}"
    answer = confirmed(folder, "ls-remote", "--end-of-options", remote, ref, f"{ref}^{{}}", seconds=seconds)
    if answer.code != 0:
        raise ReleaseRefused(
            f"The remote {remote} cannot be asked for its tags: {answer.said}", remedy=f"Try `git ls-remote {remote}`."
        )
    shas = {name: sha for sha, _, name in (line.partition("\t") for line in answer.text.splitlines())}
    return shas.get(f"{ref}^{{}}") or shas.get(ref)  # an annotated tag's own id is not the commit's


def fetch_tag(folder: Path, remote: str, *, tag: str, seconds: float) -> None:
    """Take the remote's tag over, so that there is one tag and not two of the same name."""
    refspec = f"refs/tags/{tag}:refs/tags/{tag}"
    answer = confirmed(folder, "fetch", "--no-tags", "--end-of-options", remote, refspec, seconds=seconds)
    if answer.code != 0:
        raise ReleaseRefused(f"The tag {tag} cannot be fetched: {answer.said}", remedy=f"Try `git fetch {remote}`.")


def push_tag(folder: Path, remote: str, *, tag: str, commit: str, seconds: float) -> None:
    """Push a tag; raise PushFailed with the remote's words where the remote does not have it afterwards."""
    ref = f"refs/tags/{tag}"
    try:
        answer = confirmed(
            folder,
            *("push", "--porcelain", "--no-follow-tags", "--recurse-submodules=no", "--end-of-options"),
            *(remote, f"{ref}:{ref}"),
            seconds=seconds,
        )
        arrived = answer.code == 0 and _flag(answer.text, ref=ref) in ARRIVED
        if arrived or remote_commit(folder, remote, tag=tag, seconds=seconds) == commit:
            return
        why = " ".join(part for part in (_summary(answer.text, ref=ref), answer.said) if part)
    except ReleaseRefused as exc:
        why = exc.message
    raise PushFailed(
        f"The tag {tag} is made here, but {remote} does not have it: {why}",
        tag=tag,
        remedy=f"Mend that and release again, or run `git push {remote} {tag}`.",
    )


def _flag(porcelain: str, *, ref: str) -> str:
    return _line(porcelain, ref=ref)[:1] or "!"


def _summary(porcelain: str, *, ref: str) -> str:
    return sanitised(_line(porcelain, ref=ref).rpartition("\t")[2])


def _line(porcelain: str, *, ref: str) -> str:
    """Return ``<flag>TAB<from>:<to>TAB<summary>`` of our ref, empty where git said nothing of it."""
    return next((line for line in porcelain.splitlines() if line[1:].startswith(f"\t{ref}:{ref}\t")), "")
