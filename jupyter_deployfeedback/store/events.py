"""Rows of the events table: what a run told, numbered from 1 without gaps."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select

from jupyter_deployfeedback.domain.event import RunEvent, Step
from jupyter_deployfeedback.store.tables import events


def append(connection: Connection, run_id: str, step: Step, *, seq: int, at: datetime) -> RunEvent:
    """Write one event; the caller holds the run's row, so that ``seq`` is taken once."""
    event = RunEvent(run_id=run_id, seq=seq, at=at, **dict(step))
    body = event.model_dump_json(exclude_none=True)
    connection.execute(insert(events).values(run_id=run_id, seq=seq, body=body))
    return event


def since(connection: Connection, run_id: str, *, after: int) -> list[RunEvent]:
    """Return the events with a greater ``seq``, oldest first."""
    bodies = connection.execute(
        select(events.c.body).where(events.c.run_id == run_id, events.c.seq > after).order_by(events.c.seq)
    ).scalars()
    return [RunEvent.model_validate_json(body, extra="ignore") for body in bodies]
