"""How a run's state may change; anything else is refused."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from jupyter_deployfeedback.domain.run import RunState

NEXT_STATES: Mapping[RunState, frozenset[RunState]] = MappingProxyType(
    {
        RunState.QUEUED: frozenset({RunState.RUNNING, RunState.CANCELLED, RunState.LOST}),
        RunState.RUNNING: frozenset({RunState.FINISHED, RunState.CANCELLED, RunState.LOST}),
        RunState.FINISHED: frozenset(),
        RunState.CANCELLED: frozenset(),
        RunState.LOST: frozenset(),
    }
)

OPEN_STATES = tuple(state for state in RunState if not state.terminal)
"""The states in which somebody must be working on the run."""


def may_become(state: RunState, following: RunState) -> bool:
    """Say whether a run in ``state`` may become ``following``."""
    return following in NEXT_STATES[state]
