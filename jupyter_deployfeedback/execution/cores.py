"""How many suites run at once on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from jupyter_deployfeedback.domain.suite import Suite
from jupyter_deployfeedback.execution.plan import turns

MAX_PARALLEL_VARIABLE = "DEPLOYFEEDBACK_MAX_PARALLEL"  # the most suites at once that this machine's admin allows
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def parallelism(suites: Iterable[Suite], *, wanted: int | None, environment: Mapping[str, str]) -> int:
    """Return how many of these suites run at once: as many as are ``wanted``, by default one per core.

    No more than the admin of this machine allows in ``MAX_PARALLEL_VARIABLE``, or than ever may run together.
    """
    most = max((len(turn) for turn in turns(suites)), default=1)
    said = environment.get(MAX_PARALLEL_VARIABLE, "")
    allowed = int(said) if said.isdecimal() else most
    return max(1, min(wanted or usable_cores(), most, allowed))


def usable_cores(quota: Path = _QUOTA) -> int:
    """Return the cores this process may use, at least 1: fewer than the machine has where a container is limited.

    The limit is that of control groups, version 2; https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files
    """
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(available, _quota(quota, otherwise=available)))


def _quota(file: Path, *, otherwise: int) -> int:
    """Return the container's share in whole cores."""
    try:
        allowed, period = file.read_text(encoding="ascii").split()
        return int(allowed) // int(period)
    except (OSError, ValueError):  # another system, or the word max
        return otherwise
