"""Push one tag, never by force, and believe only what the remote said of it."""

from pathlib import Path

from jupyter_deployfeedback.errors import PushFailed, ReleaseRefused
from jupyter_deployfeedback.release.git import confirmed, look, sanitised

ARRIVED = frozenset("*=")
"""How `git push --porcelain` marks a ref that the remote has: new, or up to date."""


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
