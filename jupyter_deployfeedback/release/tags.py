"""Which releases a repository knows, whether or not this store has seen them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from jupyter_deployfeedback.errors import ReleaseRefused
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
