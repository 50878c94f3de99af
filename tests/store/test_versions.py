"""Stores that another version of this package made."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from jupyter_deployfeedback.domain.run import Run
from jupyter_deployfeedback.errors import StoreUnavailable
from jupyter_deployfeedback.store import Store, open_store

Start, Finish = Callable[..., Run], Callable[..., Run]


def change(folder: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(folder / "store.sqlite")) as connection:
        connection.execute(statement, values)
        connection.commit()


def make_older(folder: Path) -> None:
    """Leave the store as version 0002 did."""
    change(folder, "DROP TABLE data_sets")
    change(folder, "UPDATE deployfeedback_version SET version_num = '0002'")


def test_an_upgrade_keeps_a_private_copy_of_the_store_as_it_was(
    store: Store, folder: Path, start: Start, finish: Finish
) -> None:
    run = finish(start())
    store.close()
    make_older(folder)

    with open_store(str(folder), environment={}) as opened:
        assert opened.feedback(run.run_id).run.run_id == run.run_id

    copy = folder / "store.sqlite.0002.bak"
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT run_id, state FROM runs").fetchall() == [(run.run_id, "finished")]
        assert connection.execute("SELECT version_num FROM deployfeedback_version").fetchall() == [("0002",)]
    assert copy.stat().st_mode & 0o777 == 0o600
    assert list(folder.glob("*.part")) == []


def test_an_upgrade_that_cannot_keep_a_copy_changes_nothing(store: Store, folder: Path, start: Start) -> None:
    run = start()
    store.close()
    make_older(folder)
    (folder / "store.sqlite.0002.bak").mkdir()

    with pytest.raises(StoreUnavailable):
        open_store(str(folder), environment={})

    with closing(sqlite3.connect(folder / "store.sqlite")) as connection:
        assert connection.execute("SELECT version_num FROM deployfeedback_version").fetchall() == [("0002",)]
        assert connection.execute("SELECT run_id FROM runs").fetchall() == [(run.run_id,)]


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
