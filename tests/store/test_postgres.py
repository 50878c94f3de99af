"""The same store on PostgreSQL, where a server and its driver are installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from jupyter_deployfeedback.domain.feedback import FeedbackReport
from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.run import EventKind, Evidence, Release, RunState, Step
from jupyter_deployfeedback.errors import RunConflict, StoreUnavailable
from jupyter_deployfeedback.store import Store, open_store
from tests.store.test_past_runs import THERE, begin

Make = Callable[..., Any]
PROGRAMS = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)

pytestmark = pytest.mark.skipif(
    PROGRAMS is None or find_spec("psycopg") is None, reason="PostgreSQL and psycopg are not installed"
)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A PostgreSQL server on a free port of 127.0.0.1; it refuses to run as root."""
    with TemporaryDirectory() as name:  # pytest's own folders are closed to the user postgres
        yield from _serve(Path(name))


def _serve(folder: Path) -> Iterator[str]:
    user = {"user": "postgres"} if os.geteuid() == 0 else {}
    if user:
        shutil.chown(folder, "postgres")
    data, port = folder / "data", _free_port()
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories= -c fsync=off"
    _run(PROGRAMS / "initdb", "-D", data, "-U", "ada", "--auth=trust", cwd=folder, **user)
    _run(PROGRAMS / "pg_ctl", "-D", data, "-o", options, "-l", folder / "log", "-w", "start", cwd=folder, **user)
    yield f"postgresql+psycopg://ada:s3cret@127.0.0.1:{port}/postgres"
    _run(PROGRAMS / "pg_ctl", "-D", data, "-m", "immediate", "stop", cwd=folder, **user)


@pytest.fixture
def shared(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    with open_store(server, environment={}) as opened:
        yield opened


def test_run_lives_its_life_on_a_server(
    *, shared: Store, start: Make, evidence: Evidence, report: FeedbackReport, tmp_path: Path
) -> None:
    run = start(into=shared)
    shared.claim(run.run_id)
    shared.tell(run.run_id, Step(kind=EventKind.PROGRESS, done=1, total=2))
    done = shared.finish(run.run_id, evidence, report)

    assert (done.state, shared.get(run.run_id), shared.list(limit=1)) == (RunState.FINISHED, done, [done])
    assert (shared.evidence(run.run_id), shared.feedback(run.run_id)) == (evidence, report)
    assert [event.seq for event in shared.events(run.run_id)] == [1, 2, 3, 4]
    assert shared.artifacts(run.run_id) == tmp_path / "deployfeedback" / "artifacts" / run.run_id
    with pytest.raises(RunConflict):
        shared.claim(run.run_id)


def test_of_many_claims_one_succeeds_and_events_have_no_gaps(shared: Store, start: Make) -> None:
    run_id = start(into=shared).run_id

    def claim(_: int) -> bool:
        try:
            shared.claim(run_id)
        except RunConflict:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(claim, range(8))) == 1
        list(threads.map(lambda n: shared.tell(run_id, Step(kind=EventKind.PROGRESS, done=n)), range(40)))

    assert [event.seq for event in shared.events(run_id)] == list(range(1, 43))


def test_stores_that_are_opened_at_once_on_an_empty_database_all_succeed(server: str) -> None:
    _run(PROGRAMS / "createdb", "--maintenance-db", server.replace("+psycopg", ""), "empty")
    url = server.removesuffix("/postgres") + "/empty"

    with ThreadPoolExecutor(4) as threads:
        stores = list(threads.map(lambda _: open_store(url, environment={}), range(4)))

    assert [store.list() for store in stores] == [[], [], [], []]
    for store in stores:
        store.close()


def test_release_comes_back(shared: Store) -> None:
    release = Release(
        version="1.0",
        tag="v1.0",
        commit="a" * 40,
        run_id="20261120-120000-a1b2c3",
        project_file="/digits/d.yaml",
        verdict="pass",
        created_at="2026-11-20T13:00:00+01:00",
    )
    shared.add_release(release)

    assert shared.last_release("/digits/d.yaml") == release


def test_attempts_are_counted_on_a_server(shared: Store, project: Project) -> None:
    first = begin(shared, project, project_file="/counted/d.yaml")
    begin(shared, project, THERE, project_file="/counted/d.yaml")
    begin(shared, project, project_file="/counted/d.yaml", continues=first.run_id)
    last = begin(shared, project, project_file="/counted/d.yaml", parameters={"continues": "yes"})
    without_commit = begin(shared, project, None, project_file="/counted/d.yaml")

    assert [shared.attempts(run, since=None) for run in (last, without_commit)] == [2, 1]


def test_password_is_kept_out_of_what_is_shown(shared: Store) -> None:
    assert "s3cret" not in shared.place
    assert "s3cret" in shared.url  # what opens it again


def test_server_that_does_not_answer_is_named_without_the_password() -> None:
    with pytest.raises(StoreUnavailable, match=r"did not answer.*Look whether the database server runs") as caught:
        open_store(f"postgresql+psycopg://ada:s3cret@127.0.0.1:{_free_port()}/x", environment={})

    assert "s3cret" not in str(caught.value)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _run(program: Path, *arguments: object, **settings: Any) -> None:
    command = [str(program), *map(str, arguments)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **settings)
