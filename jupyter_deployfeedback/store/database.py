"""Open the database behind a store: connections, transactions, journal and schema."""

import errno
import logging
import os
import sqlite3
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from jupyter_deployfeedback.errors import DeployFeedbackError, PermissionMissing, StoreUnavailable, UsageError
from jupyter_deployfeedback.store import schema
from jupyter_deployfeedback.store.folder import make_private, make_private_file, network_file_system

log = logging.getLogger(__name__)

BUSY_SECONDS = 10.0
"""How long a write waits for another process before it is refused as locked."""


class Database:
    """One database, with read and write transactions; every failure in them is StoreUnavailable or PermissionMissing.

    ``read_only`` stores can be read where nothing may be written; ``notices`` say what a user should know of it.
    """

    def __init__(self, url: URL, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self.url = url.render_as_string(hide_password=False)
        self.place = str(url.database) if url.get_backend_name() == "sqlite" else url.render_as_string()
        self.read_only = False
        self.notices: tuple[str, ...] = ()
        self._may_spare_syncs = False
        with store_failures(self.place):
            self._engine = self._open(url, busy_seconds=busy_seconds)
        _close_before_fork(self._engine)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one consistent state."""
        with store_failures(self.place), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Connection]:
        """Give a connection whose changes are kept when the block ends, and undone where it raises.

        They survive the end of this process, and where ``durable`` that of the machine, which costs milliseconds.
        """
        if self.read_only:
            raise PermissionMissing(
                f"The store {self.place} can only be read.",
                remedy="Make its folder writable for you, or name another place in DEPLOYFEEDBACK_STORE.",
            )
        writing = _writing(self._engine, durable=durable or not self._may_spare_syncs)
        with store_failures(self.place), writing.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close the idle connections; a later use opens new ones."""
        self._engine.dispose()

    def _open(self, url: URL, *, busy_seconds: float) -> Engine:
        if url.get_backend_name() != "sqlite":
            engine = create_engine(url, pool_pre_ping=True)
            _prepare_schema(engine, place=self.place)
            return engine
        file = _database_file(url)
        try:
            return self._open_sqlite(file, busy_seconds=busy_seconds)
        except (OSError, OperationalError, sqlite3.Error) as exc:
            if not (file.is_file() and _is_about_writing(exc)):
                raise
            return self._open_unwritable(file)

    def _open_sqlite(self, file: Path, *, busy_seconds: float) -> Engine:
        make_private(file.parent)
        make_private_file(file)
        engine = _sqlite_engine(str(file), busy_seconds=busy_seconds)
        kind = network_file_system(file.parent)
        if kind is not None:
            self.notices = (f"The store lies on a network file system ({kind}): it is slower, and keep to one server.",)
            log.warning("store %s lies on a network file system (%s): using a rollback journal", file, kind)
        self._may_spare_syncs = kind is None  # a rollback journal without them can be torn
        _choose_journal(engine, "delete" if kind else "wal", seconds=busy_seconds)
        _prepare_schema(engine, place=self.place)
        return engine

    def _open_unwritable(self, file: Path) -> Engine:
        # a write-ahead log does not open on a read-only mount, not even for reading, unless it is called immutable
        engine = _sqlite_engine(f"file:{file}?mode=ro&immutable=1&uri=true", busy_seconds=0)
        with engine.connect() as connection:
            if not schema.is_current(connection):
                raise StoreUnavailable(f"The store {file} has another schema and cannot be changed here.")
        self.read_only = True
        left = file.with_name(file.name + "-wal")
        newest = " Its newest entries are not shown." if left.is_file() and left.stat().st_size else ""
        self.notices = (f"The store {file} cannot be written: history can be read, but nothing can be run.{newest}",)
        return engine


def _database_file(url: URL) -> Path:
    if not url.database or url.database == ":memory:":
        raise UsageError(
            "A store in memory keeps nothing.", remedy="Name a folder or a database file in DEPLOYFEEDBACK_STORE."
        )
    return Path(url.database).absolute()


def _is_about_writing(exc: Exception) -> bool:
    return isinstance(exc, OSError) or sqlite_code(exc) in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}


def _sqlite_engine(database: str, *, busy_seconds: float) -> Engine:
    url = make_url(f"sqlite:///{database}") if database.startswith("file:") else URL.create("sqlite", database=database)
    engine = create_engine(url, connect_args={"timeout": busy_seconds})
    event.listen(engine, "connect", _set_up_connection)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up_connection(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # sqlite3 begins no transactions of its own; _begin does
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("writes", False):
        connection.exec_driver_sql("BEGIN")
        return
    # FULL: what is acknowledged is on the disk. NORMAL spares an event the wait; a write-ahead log stays whole with it
    connection.exec_driver_sql(f"PRAGMA synchronous = {'FULL' if options.get('durable', True) else 'NORMAL'}")
    # a transaction that reads first and then writes must take the lock at once, or it fails without waiting
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _writing(engine: Engine, *, durable: bool = True) -> Engine:
    return engine.execution_options(writes=True, durable=durable)


def _choose_journal(engine: Engine, journal: str, *, seconds: float) -> None:
    """Set the journal mode where it differs; changing it does not wait for other processes, so we do."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return _set_journal(engine, journal)
        except (OperationalError, sqlite3.OperationalError) as exc:
            if sqlite_code(exc) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _set_journal(engine: Engine, journal: str) -> None:
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        if cursor.execute("PRAGMA journal_mode").fetchone()[0] != journal:
            cursor.execute(f"PRAGMA journal_mode = {journal}")
        cursor.close()
    finally:
        connection.close()


def _prepare_schema(engine: Engine, *, place: str) -> None:
    try:
        with engine.connect() as connection:
            current = schema.is_current(connection)
        if not current:
            with _writing(engine).begin() as connection:
                schema.upgrade(connection, place=place)
    except BaseException:
        engine.dispose()  # nobody else will
        raise


def _close_before_fork(engine: Engine) -> None:
    # SQLite's locks do not survive a fork: the parent shuts its idle connections, and both sides open new ones
    reference = weakref.ref(engine)

    def close() -> None:
        if (alive := reference()) is not None:
            with suppress(sqlite3.Error):
                alive.dispose()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=close)


class _Failure(NamedTuple):
    error: type[DeployFeedbackError]
    what: str
    remedy: str


_ELSEWHERE = "or name another place in DEPLOYFEEDBACK_STORE."
_LOCKED = _Failure(
    StoreUnavailable,
    "The store {place} is locked by another program.",
    "Wait until that program is done, or end it, and try again.",
)
_READ_ONLY = _Failure(
    PermissionMissing, "The store {place} cannot be written.", f"Make its folder writable for you, {_ELSEWHERE}"
)
_FULL = _Failure(
    StoreUnavailable,
    "The disk that holds the store {place} is full.",
    f"Free some space and try again, {_ELSEWHERE} What was kept before is intact.",
)
_BROKEN = _Failure(
    StoreUnavailable,
    "The store {place} is damaged or is not a database.",
    "It was left as it is: move it aside, with its -wal and -shm files, and try again to begin a new store.",
)
_UNOPENED = _Failure(
    StoreUnavailable,
    "The store {place} cannot be opened.",
    f"Look whether the folder exists and may be entered, {_ELSEWHERE}",
)
_UNREADABLE = _Failure(
    StoreUnavailable, "The store {place} cannot be read or written: {reason}.", f"Look at the disk, {_ELSEWHERE}"
)
_UNANSWERED = _Failure(
    StoreUnavailable, "The store {place} did not answer: {reason}.", "Look whether the database server runs."
)
_MISNAMED = _Failure(
    StoreUnavailable,
    "The store {place} cannot be used: {reason}.",
    "DEPLOYFEEDBACK_STORE takes a folder or a URL such as postgresql+psycopg://user@host/database.",
)
_UNDRIVEN = _Failure(
    StoreUnavailable,
    "The store {place} cannot be used, because its driver is not installed: {reason}.",
    'For PostgreSQL: pip install "jupyter_deployfeedback[postgresql]", and write postgresql+psycopg://user@host/database.',
)

_BY_SQLITE_CODE = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_CORRUPT: _BROKEN,
    sqlite3.SQLITE_NOTADB: _BROKEN,
    sqlite3.SQLITE_CANTOPEN: _UNOPENED,
}
_BY_ERRNO = {
    errno.EACCES: _READ_ONLY,
    errno.EPERM: _READ_ONLY,
    errno.EROFS: _READ_ONLY,
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
}


@contextmanager
def store_failures(place: str) -> Iterator[None]:
    """Raise what goes wrong inside as StoreUnavailable or PermissionMissing, with the remedy."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as exc:
        cause = exc.orig if isinstance(exc, DBAPIError) else exc
        raise _error(_of_database(exc), place=place, reason=str(cause)) from exc
    except ModuleNotFoundError as exc:
        raise _error(_UNDRIVEN, place=place, reason=str(exc)) from exc
    except (ArgumentError, NoSuchModuleError) as exc:
        raise _error(_MISNAMED, place=place, reason=str(exc)) from exc
    except SQLAlchemyError as exc:
        raise _error(_UNREADABLE, place=place, reason=str(exc)) from exc
    except OSError as exc:
        reason = exc.strerror or str(exc)
        raise _error(_BY_ERRNO.get(exc.errno or 0, _UNREADABLE), place=place, reason=reason) from exc


def sqlite_code(exc: BaseException) -> int | None:
    """Return SQLite's primary result code, None where the error is not SQLite's."""
    cause = exc.orig if isinstance(exc, DBAPIError) else exc
    if not isinstance(cause, sqlite3.Error):
        return None
    return int(getattr(cause, "sqlite_errorcode", 0)) & 0xFF  # the bits above refine it


def _of_database(exc: BaseException) -> _Failure:
    code = sqlite_code(exc)
    return _UNANSWERED if code is None else _BY_SQLITE_CODE.get(code, _UNREADABLE)


def _error(failure: _Failure, *, place: str, reason: str) -> DeployFeedbackError:
    reason = " ".join(reason.split()).rstrip(".")
    return failure.error(failure.what.format(place=place, reason=reason), remedy=failure.remedy)
