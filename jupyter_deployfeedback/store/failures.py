"""The one place where failures of the database and its files become our errors."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from jupyter_deployfeedback.errors import DeployFeedbackError, PermissionMissing, StoreUnavailable


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
