"""Places that cannot hold a store: one clear error with a remedy, and nothing is damaged."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from jupyter_deployfeedback.domain.run import RunState
from jupyter_deployfeedback.errors import PermissionMissing, StoreUnavailable, UsageError
from jupyter_deployfeedback.store import Store, open_store
from jupyter_deployfeedback.store.folder import file_system_of

Make = Callable[..., Any]
root_only = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can mount")


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mount something under the test's folder; it is taken off at the end."""
    mounted: list[Path] = []

    def attach(*arguments: str, at: Path) -> Path:
        at.mkdir(exist_ok=True, parents=True)
        done = subprocess.run(["mount", *arguments, str(at)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"mounting is not permitted here: {done.stderr.strip()}")
        if at not in mounted:
            mounted.append(at)
        return at

    yield attach
    for path in mounted:
        while subprocess.run(["umount", str(path)], capture_output=True, check=False).returncode == 0:
            pass


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to be one" * 100, b"SQLite format 3\x00" + b"x" * 8000]
)
def test_garbage_is_refused_and_left_as_it_is(folder: Path, content: bytes) -> None:
    folder.mkdir(parents=True, mode=0o700)
    (folder / "store.sqlite").write_bytes(content)

    with pytest.raises(
        StoreUnavailable, match=r"store\.sqlite is damaged or is not a database.*move it aside, with its -wal"
    ):
        open_store(str(folder), environment={})

    assert (folder / "store.sqlite").read_bytes() == content


def test_truncated_database_is_refused_and_left_as_it_is(store: Store, folder: Path, start: Make) -> None:
    for _ in range(50):
        start()
    store.close()
    whole = (folder / "store.sqlite").read_bytes()
    (folder / "store.sqlite").write_bytes(whole[: len(whole) // 3])

    with pytest.raises(StoreUnavailable, match="is damaged"), open_store(str(folder), environment={}) as opened:
        opened.list()

    assert (folder / "store.sqlite").read_bytes() == whole[: len(whole) // 3]


def test_new_store_begins_once_the_damaged_file_is_moved_aside(folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o700)
    (folder / "store.sqlite").write_bytes(b"garbage" * 1000)
    with pytest.raises(StoreUnavailable):
        open_store(str(folder), environment={})

    (folder / "store.sqlite").rename(folder / "store.sqlite.broken")

    with open_store(str(folder), environment={}) as opened:
        assert opened.list() == []


def test_locked_store_is_refused_after_a_bounded_wait(folder: Path, store: Store, start: Make) -> None:
    run = start()
    impatient = open_store(str(folder), environment={}, busy_seconds=0.5)
    with closing(sqlite3.connect(folder / "store.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()

        with pytest.raises(StoreUnavailable, match="is locked by another program"):
            start(into=impatient)

        assert 0.4 < time.monotonic() - began < 5
        assert impatient.get(run.run_id) == run  # reading goes on meanwhile
        other.execute("ROLLBACK")
    assert start(into=impatient).state is RunState.QUEUED


def test_store_is_private(store: Store, folder: Path, start: Make) -> None:
    start()

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.glob("store.sqlite*"))}

    assert modes == {"store": 0o700, "store.sqlite": 0o600, "store.sqlite-wal": 0o600, "store.sqlite-shm": 0o600}


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_folder_that_others_may_write_is_refused(folder: Path, mode: int) -> None:
    folder.mkdir(parents=True)
    folder.chmod(mode)

    with pytest.raises(PermissionMissing, match=r"can be written by other users.*chmod go-w"):
        open_store(str(folder), environment={})

    assert list(folder.iterdir()) == []


def test_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")

    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StoreUnavailable, match="Not a directory"):
            open_store(str(place), environment={})

    assert (tmp_path / "file").read_text() == "mine"


@root_only
def test_history_is_read_on_a_read_only_mount_but_nothing_is_written(
    *, store: Store, folder: Path, start: Make, finish: Make, mount: Make
) -> None:
    done = finish(start())
    queued = start()
    store.close()
    mount("--bind", str(folder), at=folder)
    mount("-o", "remount,ro,bind", at=folder)

    with open_store(str(folder), environment={}) as opened:
        assert opened.read_only
        assert "history can be read" in opened.notices[0]
        assert [run.run_id for run in opened.list()] == [queued.run_id, done.run_id]
        assert opened.get(done.run_id) == done
        assert opened.feedback(done.run_id).verdict == done.verdict
        with pytest.raises(PermissionMissing, match="can only be read"):
            start(into=opened)


@root_only
def test_lost_run_is_seen_as_lost_where_nothing_can_be_written(
    *, store: Store, folder: Path, start: Make, mount: Make
) -> None:
    run = start()
    store.close()
    with closing(sqlite3.connect(folder / "store.sqlite")) as connection:
        connection.execute("UPDATE runs SET owner_started = owner_started - 60")
        connection.commit()
    mount("--bind", str(folder), at=folder)
    mount("-o", "remount,ro,bind", at=folder)

    with open_store(str(folder), environment={}) as opened:
        assert opened.get(run.run_id).state is RunState.LOST
        assert [each.state for each in opened.list()] == [RunState.LOST]


@root_only
def test_new_store_on_a_read_only_mount_is_refused(mount: Make, tmp_path: Path) -> None:
    place = mount("-t", "tmpfs", "-o", "ro", "tmpfs", at=tmp_path / "ro")

    with pytest.raises(PermissionMissing, match=r"cannot be written.*DEPLOYFEEDBACK_STORE"):
        open_store(str(place / "store"), environment={})


@root_only
def test_full_disk_refuses_new_runs_and_keeps_the_old_ones(mount: Make, tmp_path: Path, start: Make) -> None:
    place = mount("-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", at=tmp_path / "small")
    with open_store(str(place), environment={}) as opened:
        kept = [start(into=opened).run_id]
        free = shutil.disk_usage(place).free
        (place / "filler").write_bytes(b"x" * free)

        with pytest.raises(StoreUnavailable, match=r"disk that holds the store .* is full.*Free some space"):
            kept.extend(start(into=opened).run_id for _ in range(1000))

        assert {run.run_id for run in opened.list(limit=2000)} == set(kept)
        (place / "filler").unlink()
        assert start(into=opened).state is RunState.QUEUED
        opened.close()
        with closing(sqlite3.connect(place / "store.sqlite")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_store_of_a_newer_version_is_refused(store: Store, folder: Path) -> None:
    store.close()
    with closing(sqlite3.connect(folder / "store.sqlite")) as connection:
        connection.execute("UPDATE deployfeedback_version SET version_num = '9999'")
        connection.commit()
    before = (folder / "store.sqlite").read_bytes()

    with pytest.raises(StoreUnavailable, match=r"written by a newer jupyter_deployfeedback \(schema 9999"):
        open_store(str(folder), environment={})

    assert (folder / "store.sqlite").read_bytes() == before


def test_database_of_another_program_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE songs (title)")

    with pytest.raises(StoreUnavailable, match="tables of another program: songs"):
        open_store(f"sqlite:///{tmp_path}/other.db", environment={})

    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("songs",)]


@pytest.mark.parametrize("url", ["oracle9://x/y", "://"])
def test_url_that_cannot_be_used_is_refused_with_what_it_takes(url: str) -> None:
    with pytest.raises(StoreUnavailable, match="takes a folder or a URL"):
        open_store(url, environment={})


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_store_in_memory_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="in memory keeps nothing"):
        open_store(url, environment={})


def test_password_of_a_database_is_not_shown() -> None:
    with pytest.raises(StoreUnavailable) as caught:
        open_store("postgresql+psycopg://ada:s3cret@127.0.0.1:9/digits", environment={})

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("folder_", "expected"),
    [("/home/ada/x", "nfs4"), ("/home/ada", "nfs4"), ("/home/adam", "ext4"), ("/var", "ext4"), ("/tmp/x", "tmpfs")],
)
def test_file_system_is_that_of_the_nearest_mount_and_of_those_the_last(folder_: str, expected: str) -> None:
    mounts = [("/", "ext4"), ("/home/ada", "autofs"), ("/home/ada", "nfs4"), ("/tmp", "tmpfs")]

    assert file_system_of(folder_, mounts) == expected


def test_place_is_named_by_argument_then_environment_then_jupyters_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    named = {"DEPLOYFEEDBACK_STORE": str(tmp_path / "named")}

    places = [
        open_store(url, environment=environment).place
        for url, environment in [(str(tmp_path / "given"), named), (None, named), (None, {})]
    ]

    expected = [tmp_path / "given", tmp_path / "named", tmp_path / "jupyter" / "deployfeedback"]
    assert places == [str(folder / "store.sqlite") for folder in expected]


def test_url_of_a_store_opens_the_same_store(store: Store, start: Make) -> None:
    run = start()

    with open_store(store.url, environment={}) as same:
        assert same.get(run.run_id) == run
        assert same.artifacts(run.run_id) == store.artifacts(run.run_id)
