"""Bring a store's tables to the version this program knows, or refuse.

A current store costs one query; alembic is imported only where something must be made or changed.
"""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from jupyter_deployfeedback.errors import StoreUnavailable
from jupyter_deployfeedback.store.folder import make_private_file

log = logging.getLogger(__name__)

HEAD = "0001"
VERSION_TABLE = "deployfeedback_version"
UPGRADE_LOCK = 0x64_66_62_6B  # any number that all our processes agree on
MIGRATIONS = Path(__file__).parent / "migrations"


def is_current(connection: Connection) -> bool:
    """Say whether the tables have the version this program knows."""
    return _version(connection) == HEAD


def upgrade(connection: Connection, *, place: str) -> None:
    """Make or change the tables inside the caller's transaction; raise StoreUnavailable for a store that is not ours.

    It holds the write lock, so a process that waited for another one's upgrade finds nothing left to do. A file of an
    earlier version is kept beside the store as it was.
    """
    if connection.dialect.name == "postgresql":  # SQLite's transaction took its lock when it began
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK})
    version = _version(connection)
    if version == HEAD:
        return
    if version is None:
        _refuse_foreign_tables(connection, place=place)
    _run_alembic(connection, version=version, place=place)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - a constant


def _refuse_foreign_tables(connection: Connection, *, place: str) -> None:
    strangers = inspect(connection).get_table_names()
    if connection.dialect.name == "sqlite" and strangers:
        raise StoreUnavailable(
            f"{place} holds tables of another program: {', '.join(strangers[:3])}.",
            remedy="Name another place in DEPLOYFEEDBACK_STORE.",
        )


def _run_alembic(connection: Connection, *, version: str | None, place: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in known:
        raise StoreUnavailable(
            f"{place} was written by a newer jupyter_deployfeedback (schema {version}, known is {HEAD}).",
            remedy="Run `pip install -U jupyter_deployfeedback`, or name another place in DEPLOYFEEDBACK_STORE.",
        )
    if version is not None and connection.dialect.name == "sqlite":
        _keep_copy(Path(place), version=version)
    command.upgrade(config, "head")


def _keep_copy(file: Path, *, version: str) -> None:
    """Copy a store as it stands before its upgrade, which an earlier version could not open afterwards."""
    kept = file.with_name(f"{file.name}.{version}.bak")
    unfinished = kept.with_name(f"{kept.name}.part")
    make_private_file(unfinished)
    with closing(sqlite3.connect(file)) as before, closing(sqlite3.connect(unfinished)) as copy:
        before.backup(copy)  # reads what was committed, while the upgrade holds the write lock
    unfinished.replace(kept)
    log.info("store %s is upgraded from schema %s to %s; as it was: %s", file, version, HEAD, kept)
