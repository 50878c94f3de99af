"""Which repositories may have their own filters executed: a file of the user's, outside every repository."""

import json
import os
from pathlib import Path

from jupyter_core.paths import jupyter_config_dir

from jupyter_deployfeedback.release.git import look

FLAG = "--trust-repo-filters"


def trust_filters(folder: Path) -> None:
    """Note that the user lets git execute the filters that this folder's repository configures; nothing outside one."""
    answer = look(folder, "rev-parse", "--show-toplevel")
    if answer.code == 0 and not has_trusted_filters(Path(answer.text)):
        file = _file()
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), "a", encoding="utf-8") as lines:  # noqa: PTH123 - with its mode
            lines.write(json.dumps(os.path.realpath(answer.text)) + "\n")


def has_trusted_filters(top: Path) -> bool:
    """Say whether the user trusts the filters of the repository with this top."""
    try:
        return json.dumps(os.path.realpath(top)) in _file().read_text(encoding="utf-8").splitlines()
    except OSError:
        return False


def _file() -> Path:
    return Path(jupyter_config_dir()) / "deployfeedback" / "trusted-repositories"
