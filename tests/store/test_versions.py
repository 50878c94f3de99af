"""Stores that another version of this package made."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from jupyter_deployfeedback.domain.run import Run
from jupyter_deployfeedback.errors import StoreUnavailable
from jupyter_deployfeedback.store import Store, open_store, schema

Start, Finish = Callable[..., Run], Callable[..., Run]


VERSION = "SELECT version_num FROM deployfeedback_version"
COLOURS = """
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.add_column("runs", sa.Column("colour", sa.String, nullable=False, server_default="green"))
"""


def change(folder: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(folder / "store.sqlite")) as connection:
        connection.execute(statement, values)
        connection.commit()


def read(file: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture
def later_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Turn this program into a later version, whose schema has one step more."""

    def install() -> None:
        monkeypatch.setattr(schema, "MIGRATIONS", shutil.copytree(schema.MIGRATIONS, tmp_path / "later"))
        monkeypatch.setattr(schema, "HEAD", "0002")
        (schema.MIGRATIONS / "versions" / "colours.py").write_text(COLOURS)

    return install


def test_an_upgrade_keeps_the_runs_and_a_private_copy_of_the_store_as_it_was(
    *, store: Store, folder: Path, start: Start, finish: Finish, later_version: Callable[[], None]
) -> None:
    run = finish(start())
    store.close()
    later_version()

    with open_store(str(folder), environment={}) as opened:
        assert opened.feedback(run.run_id).run.run_id == run.run_id
    assert read(folder / "store.sqlite", "SELECT colour FROM runs") == [("green",)]

    copy = folder / "store.sqlite.0001.bak"
    assert read(copy, "SELECT run_id, state FROM runs") == [(run.run_id, "finished")]
    assert read(copy, VERSION) == [("0001",)]
    assert copy.stat().st_mode & 0o777 == 0o600
    assert list(folder.glob("*.part")) == []


def test_an_upgrade_that_cannot_keep_a_copy_changes_nothing(
    store: Store, folder: Path, start: Start, later_version: Callable[[], None]
) -> None:
    run = start()
    store.close()
    later_version()
    (folder / "store.sqlite.0001.bak").mkdir()

    with pytest.raises(StoreUnavailable):
        open_store(str(folder), environment={})

    assert read(folder / "store.sqlite", VERSION) == [("0001",)]
    assert read(folder / "store.sqlite", "SELECT * FROM runs")[0][1] == run.run_id
    with pytest.raises(sqlite3.OperationalError):
        read(folder / "store.sqlite", "SELECT colour FROM runs")


def test_a_store_that_a_later_version_upgraded_is_refused(
    store: Store, folder: Path, later_version: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    store.close()
    later_version()
    open_store(str(folder), environment={}).close()
    monkeypatch.undo()

    with pytest.raises(StoreUnavailable, match=r"newer jupyter_deployfeedback \(schema 0002, known is 0001\)"):
        open_store(str(folder), environment={})


def test_a_new_store_keeps_no_copy(store: Store, folder: Path) -> None:
    store.close()

    assert list(folder.glob("*.bak")) == []


def test_what_a_later_version_keeps_besides_is_passed_over(
    store: Store, folder: Path, start: Start, finish: Finish
) -> None:
    run = finish(start())
    change(folder, "UPDATE documents SET body = json_insert(CAST(body AS TEXT), '$.colour', 'green')")
    change(folder, "UPDATE documents SET body = json_insert(CAST(body AS TEXT), '$.run.colour', 'green')")
    change(folder, "UPDATE runs SET request = json_insert(request, '$.colour', 'green')")
    change(folder, "UPDATE events SET body = json_insert(body, '$.colour', 'green')")

    assert store.get(run.run_id).request == run.request
    assert store.feedback(run.run_id).headline.startswith("Fine")
    assert store.evidence(run.run_id).candidate.facts.ready
    assert len(store.events(run.run_id)) == 3


def test_a_document_that_this_version_cannot_read_is_named(
    store: Store, folder: Path, start: Start, finish: Finish
) -> None:
    run = finish(start())
    change(folder, "UPDATE documents SET body = json_remove(CAST(body AS TEXT), '$.verdict') WHERE kind = 'report'")

    with pytest.raises(StoreUnavailable, match=rf"report of run {run.run_id} was kept by another version.*install -U"):
        store.feedback(run.run_id)
