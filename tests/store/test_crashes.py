"""What was acknowledged survives kill -9 of everything; what nobody works on is lost, never running."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jupyter_deployfeedback.domain.run import RunState
from jupyter_deployfeedback.errors import RunConflict
from jupyter_deployfeedback.store import Store, open_store
from jupyter_deployfeedback.store import folder as store_folder

if TYPE_CHECKING:
    from tests.store.conftest import Clock

Make = Callable[..., Any]
CHILD = Path(__file__).with_name("child.py")


@pytest.fixture
def child(folder: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a process that uses the store; what still lives at the end of the test is killed."""
    processes: list[subprocess.Popen[str]] = []

    def begin(*arguments: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        command = [sys.executable, str(CHILD), str(folder), *arguments]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment))
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


def kill(process: subprocess.Popen[str], *, after_lines: int) -> list[str]:
    """Read so many acknowledgements, kill -9 the process and return all it had acknowledged."""
    lines = [process.stdout.readline() for _ in range(after_lines)]
    process.send_signal(signal.SIGKILL)
    process.wait()
    return [line.strip() for line in [*lines, *process.stdout] if line.endswith("\n")]


def integrity(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "store.sqlite")) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])


@pytest.mark.parametrize("journal", ["wal", "delete"])
@pytest.mark.parametrize(
    "after_lines", [pytest.param(1, marks=pytest.mark.slow), 7, pytest.param(40, marks=pytest.mark.slow)]
)
def test_acknowledged_runs_survive_kill_9_and_are_lost(
    *, child: Make, folder: Path, journal: str, after_lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if journal == "delete":
        monkeypatch.setenv("ON_NETWORK", "1")

    acknowledged = kill(child("start_for_ever"), after_lines=after_lines)

    assert journal_mode(folder) == journal
    with open_store(str(folder), environment={}) as store:
        states = {run.run_id: run.state for run in store.list(limit=100_000)}
    assert len(acknowledged) >= after_lines
    assert {states.get(run_id) for run_id in acknowledged} == {RunState.LOST}
    assert set(states.values()) == {RunState.LOST}
    assert integrity(folder) == "ok"


def journal_mode(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "store.sqlite")) as connection:
        return str(connection.execute("PRAGMA journal_mode").fetchone()[0])


def test_run_whose_process_was_killed_says_so(child: Make, store: Store) -> None:
    process = child("start_and_go")
    run_id = process.stdout.readline().strip()
    process.wait()

    run = store.get(run_id)

    assert run.state is RunState.LOST
    assert run.message == f"The process that worked on it (pid {process.pid}) ended before it did."
    assert [event.state for event in store.events(run_id)] == ["queued", "lost"]
    assert store.reap() == []


def test_process_that_waits_to_be_noticed_by_its_parent_is_gone(child: Make, store: Store) -> None:
    process = child("start_and_go")
    run_id = process.stdout.readline().strip()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it is a zombie now, and stays one

    assert store.get(run_id).state is RunState.LOST


def test_claimed_run_belongs_to_the_process_that_claimed_it(child: Make, store: Store, start: Make) -> None:
    run_id = start().run_id
    process = child("claim_and_wait", run_id)
    assert process.stdout.readline() == "claimed\n"

    assert store.get(run_id).state is RunState.RUNNING
    assert store.reap() == []

    kill(process, after_lines=0)
    assert [run.run_id for run in store.reap()] == [run_id]
    assert store.get(run_id).state is RunState.LOST


def test_run_that_was_queued_by_a_dead_server_can_still_be_claimed_by_its_worker(
    child: Make, store: Store, folder: Path
) -> None:
    server = child("start_and_go")
    run_id = server.stdout.readline().strip()
    worker = child("claim_and_wait", run_id)
    assert worker.stdout.readline() == "claimed\n"
    server.wait()

    assert store.get(run_id).state is RunState.RUNNING


def test_lost_run_cannot_be_claimed_by_a_late_worker(child: Make, store: Store) -> None:
    process = child("start_and_go")
    run_id = process.stdout.readline().strip()
    process.wait()
    store.reap()

    with pytest.raises(RunConflict):
        store.claim(run_id)


def test_pid_that_was_given_to_another_process_is_not_the_owner(store: Store, folder: Path, start: Make) -> None:
    run_id = start().run_id
    with closing(sqlite3.connect(folder / "store.sqlite")) as connection:
        connection.execute("UPDATE runs SET owner_started = owner_started - 60")
        connection.commit()

    assert store.get(run_id).state is RunState.LOST


def test_run_of_another_host_is_lost_only_after_a_day_of_silence(
    store: Store, folder: Path, start: Make, clock: Clock
) -> None:
    run_id = start().run_id
    with closing(sqlite3.connect(folder / "store.sqlite")) as connection:
        connection.execute("UPDATE runs SET owner_host = 'elsewhere', owner_pid = 999999999")
        connection.commit()

    clock.move(hours=23)
    assert store.get(run_id).state is RunState.QUEUED
    clock.move(hours=2)
    assert store.get(run_id).message == "Nothing was heard of it for a day; it ran on elsewhere."
    assert socket.gethostname() != "elsewhere"


def test_two_processes_that_write_at_once_lose_nothing(child: Make, store: Store) -> None:
    processes = [child("start_some", "60") for _ in range(2)]

    acknowledged = {line.strip() for process in processes for line in process.communicate()[0].splitlines()}

    assert len(acknowledged) == 120
    assert {run.run_id for run in store.list(limit=1000)} == acknowledged


def test_two_processes_that_tell_of_one_run_number_without_gaps(child: Make, store: Store, start: Make) -> None:
    run_id = start().run_id
    processes = [child("tell_some", run_id, "60") for _ in range(2)]
    for process in processes:
        assert process.wait() == 0

    assert [event.seq for event in store.events(run_id)] == list(range(1, 122))


def test_processes_that_open_a_new_store_at_once_all_succeed(child: Make, folder: Path) -> None:
    processes = [child("start_some", "3") for _ in range(4)]

    acknowledged = {line for process in processes for line in process.communicate()[0].splitlines()}

    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    with open_store(str(folder), environment={}) as store:
        assert {run.run_id for run in store.list()} == acknowledged


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forked_child_and_its_parent_both_keep_writing(store: Store, start: Make, folder: Path) -> None:
    ids = [start().run_id]
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        for _ in range(20):
            os.write(write, start().run_id.encode())
        os._exit(0)
    ids += [start().run_id for _ in range(20)]
    assert os.waitpid(pid, 0)[1] == 0
    told = os.read(read, 10_000).decode()

    ids += [told[at : at + 22] for at in range(0, len(told), 22)]
    assert len(ids) == 41
    assert {run.run_id for run in store.list(limit=100)} == set(ids)
    assert integrity(folder) == "ok"


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_forked_child_inherits_no_connection(store: Store, start: Make) -> None:
    start()
    assert database_files() != []  # an idle connection is kept open

    pid = os.fork()
    if pid == 0:
        os._exit(len(database_files()))

    assert os.waitpid(pid, 0)[1] == 0


def database_files() -> list[str]:
    """Return the database files that this process has open."""
    links = [link.readlink().name for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return [name for name in links if name.startswith("store.sqlite")]


def test_opening_a_current_store_does_not_import_alembic(child: Make, store: Store) -> None:
    imported = child("modules").communicate()[0].split()

    assert "sqlalchemy" in imported
    assert {"alembic", "sqlalchemy.orm"}.isdisjoint(imported)


def test_of_ten_thousand_runs_the_newest_page_is_listed(store: Store, folder: Path, start: Make) -> None:
    run = start()
    copy_run(folder, run.run_id, times=10_000)

    found = store.list(project_file=run.request.project_file)

    expected = [f"20261119-120000-{number:06x}" for number in range(9_999, 9_949, -1)]
    assert [each.run_id for each in found] == expected


def copy_run(folder: Path, run_id: str, *, times: int) -> None:
    """Put copies of an ended run into the store."""
    with closing(sqlite3.connect(folder / "store.sqlite")) as connection:
        names = [row[1] for row in connection.execute("PRAGMA table_info(runs)")]
        row = dict(
            zip(names, connection.execute("SELECT * FROM runs WHERE run_id = ?", [run_id]).fetchone(), strict=True)
        )
        row |= {"number": None, "state": "finished"}
        copies = [{**row, "run_id": f"20261119-120000-{number:06x}"} for number in range(times)]
        connection.executemany(f"INSERT INTO runs VALUES ({', '.join(':' + name for name in names)})", copies)
        connection.commit()


def test_store_on_a_network_file_system_uses_a_rollback_journal_and_says_so(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = store_folder.file_system_of(str(tmp_path), mounts())
    open_store(str(folder), environment={}).close()
    monkeypatch.setattr(store_folder, "NETWORK_FILE_SYSTEMS", frozenset({here}))

    with open_store(str(folder), environment={}) as store:
        assert f"network file system ({here})" in store.notices[0]
    assert journal_mode(folder) == "delete"


def mounts() -> list[tuple[str, str]]:
    return [(line.split()[1], line.split()[2]) for line in Path("/proc/self/mounts").read_text().splitlines()]
