"""What this machine allows a run: its control group (a container's, a hub's, systemd's), and how many suites at once.

Linux, versions 1 and 2 of control groups: https://docs.kernel.org/admin-guide/cgroup-v2.html and
https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from jupyter_deployfeedback.domain.run import Suite
from jupyter_deployfeedback.execution.plan import turns

_MOUNTS = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")
MAX_PARALLEL_VARIABLE = "DEPLOYFEEDBACK_MAX_PARALLEL"  # the most suites at once that this machine's admin allows


def cores_allowed(mounts: Path = _MOUNTS, own: Path = _OWN) -> float | None:
    """Return how many cores' time this group may use, or one around it where that allows less; None: no limit."""
    limits = [limit for folder in _folders("cpu", mounts, own) if (limit := _quota(folder)) is not None]
    return min(limits, default=None)


def memory_kills(mounts: Path = _MOUNTS, own: Path = _OWN) -> int:
    """Return how many processes of this group were killed so far because memory was used up; 0 where nobody counts."""
    for folder in _folders("memory", mounts, own):
        for line in (*_lines(folder / "memory.events"), *_lines(folder / "memory.oom_control")):
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def _folders(controller: str, mounts: Path, own: Path) -> Iterator[Path]:
    """Yield the folders of this process's group and of those around it, innermost first; none on another system.

    A container sees its group as the outermost one though the path may be that on its host: such folders are empty.
    """
    paths = {names: path for _, names, path in (line.split(":", 2) for line in _lines(own))}
    version_1 = next((path for names, path in paths.items() if controller in names.split(",")), None)
    mount, path = (mounts, paths.get("", "/")) if version_1 is None else (mounts / controller, version_1)
    inner = mount / path.lstrip("/")
    yield from (folder for folder in (inner, *inner.parents) if folder.is_relative_to(mount))


def _quota(folder: Path) -> float | None:
    """Return the cores of ``cpu.max``: quota and period in one file, in version 1 in two; a quota may be max, or -1."""
    in_two = (*_lines(folder / "cpu.cfs_quota_us"), *_lines(folder / "cpu.cfs_period_us"))
    said = next(iter(_lines(folder / "cpu.max")), " ".join(in_two)).split()
    return int(said[0]) / int(said[1]) if len(said) == 2 and said[0].isdecimal() else None


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def parallelism(suites: Iterable[Suite], *, wanted: int | None, environment: Mapping[str, str]) -> int:
    """Return how many of these suites run at once: as many as are ``wanted``, by default one per core.

    No more than the admin of this machine allows in ``MAX_PARALLEL_VARIABLE``, or than ever may run together.
    """
    most = max((len(turn) for turn in turns(suites)), default=1)
    said = environment.get(MAX_PARALLEL_VARIABLE, "")
    allowed = int(said) if said.isdecimal() else most
    return max(1, min(wanted or _usable_cores(), most, allowed))


def _usable_cores() -> int:
    """Return the cores this process may use in whole: fewer than the machine has where a container is limited."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    allowed = cores_allowed()
    return available if allowed is None else min(available, int(allowed))
