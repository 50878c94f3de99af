"""How many suites run at once on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from jupyter_deployfeedback.domain.suite import Suite
from jupyter_deployfeedback.execution.control_group import cores_allowed
from jupyter_deployfeedback.execution.plan import turns

MAX_PARALLEL_VARIABLE = "DEPLOYFEEDBACK_MAX_PARALLEL"  # the most suites at once that this machine's admin allows


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
