"""Rows of the releases table, which commit was tagged on which evidence, and of the waivers table, only ever added."""

import json
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from jupyter_deployfeedback.domain.run import Release
from jupyter_deployfeedback.domain.verdict import Waiver
from jupyter_deployfeedback.store.tables import releases, waivers


def keep(connection: Connection, release: Release) -> Release:
    """Write a release and return it with where it was pushed, now or before.

    The same tag at the same commit is the same release, and only learns where it was pushed.
    """
    same_tag = (releases.c.project_file == release.project_file) & (releases.c.tag == release.tag)
    known = connection.execute(select(releases.c.commit, releases.c.pushed_to).where(same_tag)).one_or_none()
    if known is not None and known.commit == release.commit:
        pushed_to = release.pushed_to or known.pushed_to
        connection.execute(update(releases).where(same_tag).values(pushed_to=pushed_to))
        return release.model_copy(update={"pushed_to": pushed_to})
    connection.execute(delete(releases).where(same_tag))  # somebody deleted the tag in git and released anew
    connection.execute(insert(releases).values(_columns(release)))
    return release


def newest(connection: Connection, project_file: str, *, limit: int) -> list[Release]:
    """Return a project's releases, newest first; one that was imported may be older than those kept before it."""
    query = select(releases).where(releases.c.project_file == project_file)
    ordered = query.order_by(releases.c.created_at.desc(), releases.c.number.desc())
    return [_to_release(row) for row in connection.execute(ordered.limit(limit))]


def _columns(release: Release) -> dict[str, object]:
    return release.model_dump() | {"notices": json.dumps(release.notices)}


def _to_release(row: Row[Any]) -> Release:
    columns = {name: row._mapping[name] for name in Release.model_fields}  # noqa: SLF001 - SQLAlchemy's public name
    return Release(**columns | {"notices": tuple(json.loads(row.notices))})


def add_waiver(connection: Connection, run_id: str, waiver: Waiver) -> None:
    """Write a waiver of one of a run's findings."""
    connection.execute(insert(waivers).values(run_id=run_id, **waiver.model_dump()))


def waivers_of(connection: Connection, run_id: str) -> list[Waiver]:
    """Return a run's waivers, oldest first."""
    query = select(*(waivers.c[name] for name in Waiver.model_fields)).where(waivers.c.run_id == run_id)
    return [Waiver(**row._mapping) for row in connection.execute(query.order_by(waivers.c.number))]  # noqa: SLF001 - SQLAlchemy's public name
