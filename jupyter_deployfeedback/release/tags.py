"""Which releases a repository knows, whether or not this store has seen them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.release import Release
from jupyter_deployfeedback.domain.verdict import Verdict
from jupyter_deployfeedback.errors import ReleaseRefused, UsageError
from jupyter_deployfeedback.release.git import look

_FORMAT = "--format=%(creatordate:unix) %(refname:strip=2)"


def release_tags(folder: Path, *, template: str) -> dict[str, datetime]:
    """Return the tags that look like releases (``v{version}``, a digit first) and when each was made.

    Tags of all branches count. Empty where there is no repository, or no git; nothing it configures is executed.
    """
    try:
        answer = look(folder, "for-each-ref", _FORMAT, "refs/tags")
    except ReleaseRefused:  # no git on this machine
        return {}
    before, after = map(re.escape, template.split("{version}", 1))
    line = re.compile(rf"(\d{{1,11}}) ({before}\d\S*{after})")
    found = map(line.fullmatch, answer.text.splitlines() if answer.code == 0 else ())
    return {each[2]: datetime.fromtimestamp(int(each[1]), UTC) for each in found if each}


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
