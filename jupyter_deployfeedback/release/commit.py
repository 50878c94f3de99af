"""Read what git knows of a project's folder: its commit, the page that shows it, the releases that were tagged."""

import hashlib
import json
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from urllib.parse import quote

from jupyter_deployfeedback.domain.project import VOLATILE, Project
from jupyter_deployfeedback.domain.run import Commit, Release
from jupyter_deployfeedback.domain.verdict import Verdict
from jupyter_deployfeedback.errors import FiltersUntrusted, NotARepository, ReleaseRefused, UsageError
from jupyter_deployfeedback.release.git import (
    LARGE_BYTES,
    Answer,
    confirmed,
    known_person,
    look,
    look_at_files,
    look_through_filters,
    sanitised,
    untrusted_filters,
)
from jupyter_deployfeedback.release.trust import FLAG, has_trusted_filters

DIRTY_FILES = 1000
SHOWN_BYTES = 100_000  # of what differs in a file
_ALLOW = re.compile(r"git config --global --add safe\.directory .+")  # as git itself says it, in any language
_COMMITTER = re.compile(r"^committer .*> (\d{1,11}) [+-]\d{4}$", re.MULTILINE)
MADE_BY_RUNNING = frozenset({".ipynb_checkpoints", "__pycache__"})
"""Folders that Jupyter and Python leave where notebooks are edited and run: untracked, they change nothing tested."""
_CI_VARIABLES = frozenset({"CI", "BUILD_NUMBER", "TF_BUILD"})  # Jenkins and Azure Pipelines set no CI
PROJECT_TRAILER = "Deployfeedback-Project"
_FORMAT = "--format=%(creatordate:unix) %(refname:strip=2)%00%(contents:trailers)%00"
_HOST = r"(?P<host>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)"  # with a dot: an alias of ssh has none
_URL = re.compile(rf"(?P<scheme>https?|ssh|git)://(?:[^@/]*@)?{_HOST}(?P<port>:[0-9]+)?/(?P<path>.+)")
_SCP = re.compile(rf"(?:[^@/:]+@)?{_HOST}:(?!/)(?P<path>.+)")


def read_commit(folder: Path, *, honour_filters: bool = False, without: tuple[str, ...] = VOLATILE) -> Commit | None:
    """Return the commit checked out in a folder and the files that differ from it; None where there is no commit.

    Untracked files count unless git ignores them. Nothing that is configured is executed, so files under a clean filter
    (git-lfs, nbstripout) are judged by their bytes and may look changed. ``honour_filters`` is meant for what a user
    asked for: the filters that user or system configured are executed, the repository's own where the user trusts them.
    Notebooks are compared ``without`` some of their metadata.
    Raises FiltersUntrusted where filters that nobody trusts would have to be executed to tell.
    """
    try:
        head = look(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except ReleaseRefused:  # no git on this machine
        return None
    if head.code != 0:
        return None
    branch = look(folder, "symbolic-ref", "--quiet", "--short", "HEAD")
    written = look(folder, "cat-file", "commit", head.text).output.decode(errors="replace")
    return Commit(
        sha=head.text,
        branch=branch.text or None,
        dirty=dirty_files(folder, honour_filters=honour_filters, without=without),
        hidden=hidden_files(folder),
        subject=_subject(written),
        committed_at=_committed_at(written),
        page=commit_page(folder, head.text),
    )


def dirty_files(
    folder: Path, *, honour_filters: bool = False, trusted: bool = False, without: tuple[str, ...] = VOLATILE
) -> tuple[str, ...]:
    """Return the files, submodules included, that differ from the commit; relative to the repository's top.

    Who trusts the filters of a repository trusts those of its submodules.
    """
    top = top_folder(folder)
    trusted = trusted or (honour_filters and has_trusted_filters(top))
    changed = _changed_after_filters(top, trusted=trusted) if honour_filters else _changed(top)
    noted = _noted(top) if changed else {}
    differ = (
        path for path in changed if not (_is_ours(top, path, noted) or _same_notebook(top, path, without=without))
    )
    own = islice(differ, DIRTY_FILES)
    inner = [
        f"{module}/{path}"
        for module in _submodules(top)
        for path in dirty_files(top / module, honour_filters=honour_filters, trusted=trusted, without=without)
    ]
    return tuple([*own, *inner][:DIRTY_FILES])


def moved_files(folder: Path, sha: str) -> tuple[str, ...]:
    """Return the files in which HEAD differs from a commit, where it has moved since; relative to the top."""
    top = top_folder(folder)
    asked = ("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", sha, "HEAD")
    return tuple(_files(look(top, *asked), top=top))


def hidden_files(folder: Path) -> dict[str, str]:
    """Return the files that git was told not to look at, submodules included, each with the command that ends it.

    What a sparse checkout leaves out is not there to be tested, and is none of them.
    """
    top = top_folder(folder)
    marked = _files(look(top, "ls-files", "-v", "-z", most=LARGE_BYTES), top=top)
    found: dict[str, str] = {}
    for mark, path in ((each[0], each[2:]) for each in marked if each[0] == "S" or each[0].islower()):
        if mark == "S" and not (top / path).exists() and _is_sparse(top):
            continue
        flags = ["--no-skip-worktree"] * (mark in "Ss") + ["--no-assume-unchanged"] * mark.islower()
        file = shlex.quote(os.path.relpath(top / path, folder))
        found[path] = " && ".join(f"git update-index {flag} -- {file}" for flag in flags)
    for module in _submodules(top):
        inside = hidden_files(top / module)
        found |= {f"{module}/{path}": f"cd {shlex.quote(module)} && {command}" for path, command in inside.items()}
    return found


def top_folder(folder: Path) -> Path:
    """Return the top of the work tree; raise NotARepository with git's own words where there is none."""
    answer = look(folder, "rev-parse", "--show-toplevel")
    if answer.code != 0 or not answer.text:
        raise not_a_repository(folder, answer)
    return Path(answer.text)


def blob(folder: Path, name: str) -> bytes | None:
    """Return the bytes of ``COMMIT:PATH`` as git keeps them, before filters; None where there is no such file."""
    answer = look(folder, "cat-file", "blob", name, most=LARGE_BYTES)
    return answer.output if answer.code == 0 else None


def is_ancestor(folder: Path, ancestor: str, *, of: str) -> bool:
    """Say whether a commit is contained in the history of another."""
    return look(folder, "merge-base", "--is-ancestor", ancestor, of).code == 0


def why_no_commit(folder: Path) -> str:
    """Say why git gives no commit, and what mends it, where there may be one; else nothing."""
    if not any((each / ".git").exists() for each in (folder, *folder.absolute().parents)):
        return ""  # nothing to ask git about
    try:
        head = look(folder, "rev-parse", "--verify", "HEAD^{commit}")
    except ReleaseRefused as error:
        return str(error)
    return str(not_a_repository(folder, head)) if _ALLOW.search(head.said) else ""


def not_a_repository(folder: Path, answer: Answer) -> NotARepository:
    """Return the error that passes git's own words on, such as its refusal of another user's repository."""
    if allow := _ALLOW.search(answer.said):
        problem = f"git refuses the repository of {folder}: it belongs to another user (dubious ownership)."
        return NotARepository(problem, remedy=f"If you trust it: `{allow[0]}`.")
    said = answer.said.removeprefix("fatal: ") or "it has no commit"
    return NotARepository(
        f"The project's folder {folder} is not in a git repository with a commit: {said}",
        remedy="Commit the project (`git init`, `git add`, `git commit`) and run again.",
    )


def _changed(top: Path) -> list[str]:
    # git would look into submodules with their own filters: each is asked by itself instead
    arguments = ("status", "--porcelain=v1", "-z", "--untracked-files=all", "--ignore-submodules=dirty")
    fields = iter(_files(look_at_files(top, *arguments), top=top))
    paths = []
    for field in fields:
        state, path = field[:2], field[3:]
        if not (state == "??" and _made_by_running(path)):
            paths.append(path)
        if "R" in state or "C" in state:
            next(fields, None)  # the path it had before
    return paths


def _changed_after_filters(top: Path, *, trusted: bool) -> list[str]:
    # `git status` calls a file changed by its size alone, `git diff` compares what the filters make of it
    asked = ("diff", "--name-only", "-z", "--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty", "HEAD")
    changed = _files(look_through_filters(top, *asked, own=trusted), top=top)
    if not trusted:
        _refuse_untrusted(top, untrusted_filters(top, changed))
    others = look(top, "ls-files", "-z", "--others", "--exclude-standard")
    return [*changed, *(path for path in _files(others, top=top) if not _made_by_running(path))]


def _refuse_untrusted(top: Path, found: Mapping[str, str]) -> None:
    for path, name in found.items():
        raise FiltersUntrusted(
            f"git cannot tell whether files changed in {top}: {sanitised(path)} goes through the filter "
            f"{sanitised(name)!r}, a command that only the repository's own configuration names.",
            remedy=f"If you trust it: jupyter deployfeedback run {FLAG}, once for this repository.",
        )


def _files(answer: Answer, *, top: Path) -> list[str]:
    if answer.code != 0:
        raise ReleaseRefused(f"git cannot read the state of {top}: {answer.said}", remedy="Run `git status` there.")
    return [path for path in answer.output.decode(errors="replace").split("\0") if path]


def differences(folder: Path, file: str) -> str:
    """Return how a file of the repository differs from HEAD, as git writes it; all of one that git does not have."""
    top = top_folder(folder)
    asked = ("diff", "--no-ext-diff", "--no-textconv", "--no-color")
    known = look_at_files(top, *asked, "HEAD", "--", f":(literal){file}").output
    shown = known or look_at_files(top, *asked, "--no-index", "--", os.devnull, file).output
    return shown[:SHOWN_BYTES].decode(errors="replace")


def commit_files(folder: Path, files: Sequence[str], *, message: str, by: str = "") -> None:
    """Commit exactly these changed files, whatever else is staged; hooks and signing work as for any commit.

    Raises PersonUnknown where neither git nor ``by`` says who does it, ReleaseRefused with git's own words.
    """
    top = top_folder(folder)
    known_person(top, by=by)
    paths = [f":(top,literal){file}" for file in files]
    for command in (("add", "--all", "--"), ("commit", "--quiet", "--only", "--file=-", "--")):
        answer = confirmed(top, *command, *paths, stdin=message, by=by)
        if answer.code != 0:
            remedy = "Mend what git names, or commit on the command line."
            raise ReleaseRefused(f"git did not commit: {answer.said or answer.text}", remedy=remedy)


def note_output(file: Path) -> None:
    """Note in git's own folder what we wrote into a work tree: untracked and as we wrote it, it is no change.

    Where that cannot be noted, the file counts as any other. A pipe or device is none.
    """
    if not file.is_file():
        return
    with suppress(ReleaseRefused, OSError, ValueError):
        top = top_folder(file.parent)
        noted = {path: digest for path, digest in _noted(top).items() if (top / path).exists()}
        noted[file.resolve().relative_to(top.resolve()).as_posix()] = _digest(file)
        _notes(top).write_text(json.dumps(noted))


def _notes(top: Path) -> Path:
    return top / look(top, "rev-parse", "--git-path", "deployfeedback-outputs.json").text


def _noted(top: Path) -> dict[str, str]:
    try:
        return dict(json.loads(_notes(top).read_bytes()))
    except (OSError, ValueError, TypeError):
        return {}


def _is_ours(top: Path, path: str, noted: dict[str, str]) -> bool:
    file = top / path
    if path not in noted or file.is_symlink() or not file.is_file() or _digest(file) != noted[path]:
        return False
    return look(top, "--literal-pathspecs", "ls-files", "--error-unmatch", "--", path).code != 0


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _same_notebook(top: Path, path: str, *, without: tuple[str, ...]) -> bool:
    """Say whether a notebook says the same as at HEAD: what an editor writes anew wherever it saves is left out."""
    file = top / path
    if not path.endswith(".ipynb") or file.is_symlink() or not file.is_file():
        return False
    try:
        before = blob(top, f"HEAD:{path}")
        return before is not None and _meaning(before, without) == _meaning(file.read_bytes(), without)
    except (ReleaseRefused, OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return False  # too large, or no notebook: its bytes differ


def _meaning(written: bytes, without: tuple[str, ...]) -> object:
    """Return what a notebook says; ids, and the minor format that brought them, change nothing that is executed."""
    from nbformat import reader  # slow to load, and only notebooks that differ need it

    notebook = reader.reads(written.decode())
    notebook.pop("nbformat_minor")
    for part in (notebook, *notebook.cells):
        part.pop("id", None)
        for name in without:
            part.metadata.pop(name, None)
        if "outputs" in without:
            part.pop("outputs", None)
            part.pop("execution_count", None)
    return notebook


def _is_sparse(top: Path) -> bool:
    return look(top, "config", "--type=bool", "--get", "core.sparseCheckout").text == "true"


def _made_by_running(path: str) -> bool:
    return not MADE_BY_RUNNING.isdisjoint(path.split("/"))


def _submodules(top: Path) -> list[str]:
    if not (top / ".gitmodules").is_file():
        return []
    answer = look(top, "config", "--null", "--file", ".gitmodules", "--get-regexp", r"^submodule\..*\.path$")
    named = [entry.partition("\n")[2] for entry in answer.output.decode(errors="replace").split("\0") if entry]
    return [path for path in named if _is_module(top, path)]


def _is_module(top: Path, path: str) -> bool:
    """Say whether a repository of its own is checked out there, below the top: links and .gitmodules lead anywhere."""
    real = Path(os.path.realpath(top / path))
    below = Path(os.path.realpath(top)) in real.parents
    return below and (real / ".git").exists() and top_folder(real) == real


def _subject(commit: str) -> str:
    _, _, message = commit.partition("\n\n")
    return message.strip().partition("\n")[0]


def _committed_at(commit: str) -> datetime | None:
    """Return the time of a commit object's committer line; None where git wrote none that can be read."""
    found = _COMMITTER.search(commit.partition("\n\n")[0])
    return datetime.fromtimestamp(int(found[1]), UTC) if found else None


def release_tags(folder: Path, *, template: str, project: str = "") -> dict[str, datetime]:
    """Return the tags that look like releases (``v{version}``, a digit first) and when each was made.

    Tags of all branches count, those that say they are of another ``project`` in the repository do not. Empty where
    there is no repository, or no git; nothing it configures is executed.
    """
    try:
        answer = look(folder, "for-each-ref", _FORMAT, "refs/tags")
    except ReleaseRefused:  # no git on this machine
        return {}
    before, after = map(re.escape, template.split("{version}", 1))
    line = re.compile(rf"^(\d{{1,11}}) ({before}\d[^\s\0]*{after})\0([^\0]*)\0$", re.MULTILINE)
    found = line.finditer(answer.text if answer.code == 0 else "")
    return {each[2]: datetime.fromtimestamp(int(each[1]), UTC) for each in found if _is_of(project, each[3])}


def _is_of(project: str, trailers: str) -> bool:
    named = re.findall(rf"^{PROJECT_TRAILER}: (.*)$", trailers, re.MULTILINE)
    return not (project and named) or project in named


def may_lack_tags(folder: Path, *, environment: Mapping[str, str]) -> bool:
    """Say whether a remote may have release tags that this clone was made without: shallow, ``--no-tags``, or in CI."""
    try:
        shallow = look(folder, "rev-parse", "--is-shallow-repository").text == "true"
        without = look(folder, "config", "--get-regexp", r"^remote\..*\.tagopt$", "^--no-tags$").code == 0
        remote = look(folder, "remote").text != ""
    except ReleaseRefused:  # no git on this machine
        return False
    return shallow or (remote and (without or not _CI_VARIABLES.isdisjoint(environment)))


def known_release(project: Project, tag: str) -> Release:
    """Return a release that git knows and no run of ours justified; its ``run_id`` is still empty.

    Raises UsageError where git has no such tag.
    """
    folder, template = Path(project.folder), project.release.tag
    made = release_tags(folder, template=template)
    if tag not in made:
        known = ", ".join(sorted(made, key=lambda each: made[each], reverse=True)[:10]) or "none"
        raise UsageError(f"git has no release {tag!r} that is tagged like {template!r}.", remedy=f"There is {known}.")
    before, after = template.split("{version}", 1)
    return Release(
        version=tag.removeprefix(before).removesuffix(after),
        tag=tag,
        commit=look(folder, "rev-parse", "--verify", "--quiet", f"refs/tags/{tag}^{{commit}}").text,
        run_id="",
        project_file=project.file,
        verdict=Verdict.ERROR,
        created_at=made[tag],
        notices=("Its numbers were imported from AICoE-CI; nothing was judged.",),
    )


def commit_page(folder: Path, sha: str) -> str | None:
    """Return ``https://HOST/ORG/REPOSITORY/blob/SHA/FOLDER/``, None where no remote is known to have the commit.

    No remote is asked: what was fetched or pushed last says what it has. Remotes without a web address have no page.
    """
    asked = ("--count=1", "--contains", sha, "--format=%(refname:lstrip=2)", "refs/remotes")
    answer = look(folder, "for-each-ref", *asked)
    if answer.code != 0 or not answer.text:
        return None
    names = (answer.text.partition("/")[0], "origin")  # a pull request is checked out as refs/remotes/pull/12/merge
    urls = (look(folder, "remote", "get-url", name) for name in names)
    web = next((_web_address(url.text) for url in urls if url.code == 0), None)
    if web is None:
        return None
    prefix = look(folder, "rev-parse", "--show-prefix").text
    return f"{web}/blob/{sha}/{quote(prefix)}"


def _web_address(remote: str) -> str | None:
    """Return the web address of a repository, without user and password, None for what is no server's."""
    found = _URL.fullmatch(remote) or _SCP.fullmatch(remote)
    path = quote(found["path"].strip("/").removesuffix(".git")) if found else ""
    if found is None or not path:
        return None
    parts = found.groupdict()
    web = (parts.get("scheme") or "").startswith("http")
    return f"{parts['scheme'] if web else 'https'}://{parts['host']}{(web and parts['port']) or ''}/{path}"
