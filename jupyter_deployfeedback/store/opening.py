"""Find the store and open it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL, make_url

from jupyter_deployfeedback.store.database import BUSY_SECONDS, Database
from jupyter_deployfeedback.store.failures import store_failures
from jupyter_deployfeedback.store.folder import DATABASE_NAME, default_folder, named_place
from jupyter_deployfeedback.store.store import Store, utc_now


def open_store(
    url: str | None = None,
    *,
    environment: Mapping[str, str],
    clock: Callable[[], datetime] = utc_now,
    busy_seconds: float = BUSY_SECONDS,
) -> Store:
    """Open the store, and make it where it is missing.

    ``url`` is a folder or an SQLAlchemy URL; without it DEPLOYFEEDBACK_STORE decides, else it lies in Jupyter's data
    folder. ``busy_seconds`` is how long a write waits for another process. Raises StoreUnavailable or
    PermissionMissing where it cannot be used.
    """
    place = named_place(url, environment=environment)
    with store_failures(place):
        database = make_url(place) if "://" in place else _in_folder(Path(place))
    folder = Path(database.database or "").absolute().parent if _is_file(database) else default_folder()
    return Store(Database(database, busy_seconds=busy_seconds), artifacts=folder / "artifacts", clock=clock)


def _in_folder(folder: Path) -> URL:
    return URL.create("sqlite", database=str(folder.expanduser().absolute() / DATABASE_NAME))


def _is_file(database: URL) -> bool:
    return database.get_backend_name() == "sqlite"
