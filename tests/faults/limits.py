"""Control groups with a limit, of version 1 or 2, where this machine lets us make one."""

from __future__ import annotations

import os
import time
from pathlib import Path

MOUNTS = Path("/sys/fs/cgroup")
FILES = {"memory": ("memory.max", "memory.limit_in_bytes"), "pids": ("pids.max",)}


def make_group(controller: str, *, most: int) -> Path | None:
    """Return the folder of a new control group that may have so many bytes, or tasks; None where we may make none."""
    version_1 = MOUNTS / controller
    group = (version_1 if version_1.is_dir() else MOUNTS) / f"deployfeedback-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError:  # not root, another system, or a container that may only look
        return None
    try:
        limit(group, controller, most=most)
    except OSError:
        group.rmdir()
        return None
    return group


def limit(group: Path, controller: str, *, most: int) -> None:
    """Set the group's limit; raises OSError where the controller is not there."""
    file = next((group / name for name in FILES[controller] if (group / name).exists()), None)
    if file is None:
        raise FileNotFoundError(f"{group} has no {controller} controller")
    file.write_text(str(most))


def remove_group(group: Path | None) -> None:
    """Take the group away once those in it have ended."""
    for _ in range(100):
        if group is None or not group.exists():
            return
        try:
            group.rmdir()
        except OSError:  # somebody is still ending
            time.sleep(0.1)
