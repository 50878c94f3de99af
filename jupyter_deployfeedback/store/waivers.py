"""Rows of the waivers table; they are added and read, never changed."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from jupyter_deployfeedback.domain.waiver import Waiver
from jupyter_deployfeedback.store.tables import waivers


def add(connection: Connection, run_id: str, waiver: Waiver) -> None:
    """Write a waiver of one of a run's findings."""
    connection.execute(insert(waivers).values(run_id=run_id, **waiver.model_dump()))


def of_run(connection: Connection, run_id: str) -> list[Waiver]:
    """Return a run's waivers, oldest first."""
    query = select(*(waivers.c[name] for name in Waiver.model_fields)).where(waivers.c.run_id == run_id)
    return [Waiver(**row._mapping) for row in connection.execute(query.order_by(waivers.c.number))]  # noqa: SLF001 - SQLAlchemy's public name
