"""Find the runs nobody works on any more."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from jupyter_deployfeedback.domain.run import Run, RunState
from jupyter_deployfeedback.store import runs
from jupyter_deployfeedback.store.owner import is_gone
from jupyter_deployfeedback.store.runs import OwnedRun

SILENCE = timedelta(hours=24)
"""After how long without a sign of life a run of another host, whose processes cannot be seen, is lost."""


def abandoned(connection: Connection, *, now: datetime) -> Sequence[OwnedRun]:
    """Return the open runs whose process is gone; one query where no run is open."""
    return [owned for owned in runs.open_runs(connection) if why_lost(owned, now=now) is not None]


def reap(connection: Connection, *, now: datetime) -> list[Run]:
    """Turn abandoned runs into lost ones and return them."""
    return [
        runs.move(connection, owned.run.run_id, to=RunState.LOST, now=now, message=why_lost(owned, now=now))
        for owned in abandoned(connection, now=now)
    ]


def seen_as_lost(owned: OwnedRun, *, now: datetime) -> Run:
    """Return an abandoned run as it really stands, for a store that cannot be written."""
    return owned.run.model_copy(update={"state": RunState.LOST, "message": why_lost(owned, now=now)})


def why_lost(owned: OwnedRun, *, now: datetime) -> str | None:
    """Say in one sentence why nobody works on a run any more, None while somebody does."""
    owner = owned.owner
    if owner.host != socket.gethostname():
        silent = now - owned.alive_at > SILENCE
        return f"Nothing was heard of it for a day; it ran on {owner.host}." if silent else None
    return f"The process that worked on it (pid {owner.pid}) ended before it did." if is_gone(owner) else None
