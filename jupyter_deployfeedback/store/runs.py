"""Rows of the runs table, with their events and data: begin, find, list and move them, and see which nobody works on.

Every function works inside the caller's transaction.
"""

import os
import re
import secrets
import socket
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

import psutil
from sqlalchemy import Connection, Row, case, func, insert, select, update

from jupyter_deployfeedback.domain.run import Commit, EventKind, Evidence, Run, RunEvent, RunRequest, RunState, Step
from jupyter_deployfeedback.errors import RunConflict, RunNotFound
from jupyter_deployfeedback.store.tables import data_sets, events, runs

RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")
NEXT_STATES: Mapping[RunState, frozenset[RunState]] = MappingProxyType(
    {
        RunState.QUEUED: frozenset({RunState.RUNNING, RunState.CANCELLED, RunState.LOST}),
        RunState.RUNNING: frozenset({RunState.FINISHED, RunState.CANCELLED, RunState.LOST}),
        RunState.FINISHED: frozenset(),
        RunState.CANCELLED: frozenset(),
        RunState.LOST: frozenset(),
    }
)

OPEN_STATES = tuple(state for state in RunState if not state.terminal)
"""The states in which somebody must be working on the run."""
SILENCE = timedelta(hours=24)
"""After how long without a sign of life a run of another host, whose processes cannot be seen, is lost."""
STARTED_TOLERANCE_SECONDS = 0.5


class Owner(NamedTuple):
    """A process, told apart from a later one with the same pid by when it started.

    ``started`` is in seconds since boot on Linux, so that a clock that is set does not make a live owner look dead;
    elsewhere since the epoch, as the system keeps it.
    """

    host: str
    pid: int
    started: float


class OwnedRun(NamedTuple):
    """A run that is not over, with the process that works on it and its newest sign of life."""

    run: Run
    owner: Owner
    alive_at: datetime


class Filters(NamedTuple):
    """Which runs to list; None takes all."""

    project_file: str | None = None
    state: str | None = None
    verdict: str | None = None
    under: str | None = None  # how the path of the project's file begins


def new_run_id(now: datetime) -> str:
    """Return an id that people can read and that sorts by time, for example ``20261120-081530-a1b2c3`` (UTC)."""
    return f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def unused_run_id(connection: Connection, now: datetime) -> str:
    """Return an id that no run has: of thousands that begin in one second two might draw the same."""
    while True:
        run_id = new_run_id(now)
        if connection.execute(select(runs.c.number).where(runs.c.run_id == run_id)).first() is None:
            return run_id


def add(connection: Connection, run: Run, *, owner: Owner) -> None:
    """Write a new run and its first event."""
    connection.execute(
        insert(runs).values(
            run_id=run.run_id,
            project_file=run.request.project_file,
            project=run.project,
            target=run.request.target,
            state=run.state,
            baseline=run.baseline,
            request=run.request.model_dump_json(),
            commit=None if run.commit is None else run.commit.model_dump_json(),
            commit_sha=_sha(run),
            is_attempt=run.request.continues is None and run.request.imported is None,
            created_at=run.created_at,
            seq=run.seq,
            cancel_requested=False,
            alive_at=run.created_at,
            **_owner_columns(owner),
        )
    )
    append_event(connection, run.run_id, Step(kind=EventKind.RUN, state=run.state), seq=run.seq, at=run.created_at)


def find(connection: Connection, run_id: str) -> Run:
    """Return a run; raise RunNotFound for an unknown id."""
    return to_run(row_of(connection, run_id))


def row_of(connection: Connection, run_id: str) -> Row[Any]:
    """Return a run's row, locked until the transaction ends where it writes; raise RunNotFound for an unknown id."""
    row = None
    if RUN_ID.fullmatch(run_id):
        query = select(runs).where(runs.c.run_id == run_id)
        writes = connection.get_execution_options().get("writes", False)
        row = connection.execute(query.with_for_update() if writes else query).one_or_none()
    if row is None:
        raise unknown_run(run_id)
    return row


def unknown_run(run_id: str) -> RunNotFound:
    """Return what is said of a run that is not there, or that is none of who asks."""
    return RunNotFound(f"There is no run {run_id!r}.", remedy="`jupyter deployfeedback list` lists the runs.")


def newest(connection: Connection, filters: Filters, *, limit: int, after: str | None) -> list[Run]:
    """Return runs, newest first; ``after`` is the last run of the page before."""
    query = select(runs).order_by(runs.c.number.desc()).limit(limit)
    for name, value in filters._asdict().items():
        if value is not None:
            column = func.substr(runs.c.project_file, 1, len(value)) if name == "under" else runs.c[name]
            query = query.where(column == value)
    if after is not None:
        query = query.where(runs.c.number < row_of(connection, after).number)
    return [to_run(row) for row in connection.execute(query)]


def attempts(connection: Connection, run: Run, *, since: datetime | None) -> int:
    """Return how many runs of a run's commit against its target were begun since a moment, up to this one."""
    same = (runs.c.project_file == run.request.project_file) & (runs.c.target == run.request.target)
    before = runs.c.number <= row_of(connection, run.run_id).number
    tested = runs.c.commit_sha == _sha(run)
    query = select(func.count()).select_from(runs).where(same, before, tested, runs.c.is_attempt)
    query = query if since is None else query.where(runs.c.created_at > since)
    return max(1, connection.execute(query).scalar_one())


def open_runs(connection: Connection) -> Sequence[OwnedRun]:
    """Return the runs that somebody must be working on."""
    rows = connection.execute(select(runs).where(runs.c.state.in_(OPEN_STATES)).order_by(runs.c.number)).all()
    return [
        OwnedRun(
            run=to_run(row),
            owner=Owner(host=row.owner_host, pid=row.owner_pid, started=row.owner_started),
            alive_at=row.alive_at,
        )
        for row in rows
    ]


def move(connection: Connection, run_id: str, *, to: RunState, now: datetime, **columns: object) -> Run:
    """Change a run's state and write the event; raise RunConflict where the state does not allow it."""
    row = row_of(connection, run_id)
    state = RunState(row.state)
    if not may_become(state, to):
        raise RunConflict(f"Run {run_id} is {state} and cannot become {to}.", remedy=_remedy(state))
    at = max(now, row.alive_at)  # a clock that is set back yields no negative duration
    columns |= {"started_at": at} if to is RunState.RUNNING else {}
    columns |= {"finished_at": at} if to.terminal else {}
    connection.execute(
        update(runs).where(runs.c.run_id == run_id).values(state=to, seq=row.seq + 1, alive_at=at, **columns)
    )
    message = columns.get("message")
    step = Step(kind=EventKind.RUN, state=to, message=message if isinstance(message, str) else None)
    append_event(connection, run_id, step, seq=row.seq + 1, at=at)
    return find(connection, run_id)


def claim(connection: Connection, run_id: str, *, owner: Owner, now: datetime) -> Run:
    """Let another process take a queued run over and begin it."""
    return move(connection, run_id, to=RunState.RUNNING, now=now, **_owner_columns(owner))


def tell(connection: Connection, run_id: str, step: Step, *, now: datetime) -> RunEvent:
    """Write an event of an open run and number it; raise RunConflict where the run is over."""
    told = (
        update(runs)
        .where(runs.c.run_id == run_id, runs.c.state.in_(OPEN_STATES))
        .values(seq=runs.c.seq + 1, alive_at=case((runs.c.alive_at > now, runs.c.alive_at), else_=now))
        .returning(runs.c.seq, runs.c.alive_at)
    )
    row = connection.execute(told).one_or_none()
    if row is None:
        state = row_of(connection, run_id).state
        raise RunConflict(f"Run {run_id} is {state} and tells nothing more.", remedy="Start a new run.")
    return append_event(connection, run_id, step, seq=row.seq, at=row.alive_at)


def ask_to_cancel(connection: Connection, run_id: str) -> None:
    """Note that somebody wants a run to stop."""
    connection.execute(update(runs).where(runs.c.run_id == run_id).values(cancel_requested=True))


def to_run(row: Row[Any]) -> Run:
    """Return the run that a row holds."""
    return Run(
        run_id=row.run_id,
        request=RunRequest.model_validate_json(row.request, extra="ignore"),
        state=row.state,
        project=row.project,
        commit=None if row.commit is None else Commit.model_validate_json(row.commit, extra="ignore"),
        baseline=row.baseline,
        verdict=row.verdict,
        message=row.message,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        seq=row.seq,
    )


def _sha(run: Run) -> str | None:
    return None if run.commit is None else run.commit.sha


def _owner_columns(owner: Owner) -> dict[str, object]:
    return {"owner_host": owner.host, "owner_pid": owner.pid, "owner_started": owner.started}


def _remedy(state: RunState) -> str:
    return "Start a new run." if state.terminal else "Look at the run before you try again."


def may_become(state: RunState, following: RunState) -> bool:
    """Say whether a run in ``state`` may become ``following``."""
    return following in NEXT_STATES[state]


def append_event(connection: Connection, run_id: str, step: Step, *, seq: int, at: datetime) -> RunEvent:
    """Write one event; the caller holds the run's row, so that ``seq`` is taken once."""
    event = RunEvent(run_id=run_id, seq=seq, at=at, **dict(step))
    body = event.model_dump_json(exclude_none=True)
    connection.execute(insert(events).values(run_id=run_id, seq=seq, body=body))
    return event


def events_since(connection: Connection, run_id: str, *, after: int) -> list[RunEvent]:
    """Return the events with a greater ``seq``, oldest first."""
    bodies = connection.execute(
        select(events.c.body).where(events.c.run_id == run_id, events.c.seq > after).order_by(events.c.seq)
    ).scalars()
    return [RunEvent.model_validate_json(body, extra="ignore") for body in bodies]


def keep_data_sets(connection: Connection, run: Run, evidence: Evidence) -> None:
    """Note the data that a finished run evaluated."""
    digests = {
        each.dataset_digest for suite in evidence.suites for each in suite.evaluations if each.ids and each.pairs
    }
    rows = [
        {"run_id": run.run_id, "digest": digest, "project_file": run.request.project_file} for digest in sorted(digests)
    ]
    if rows:
        connection.execute(insert(data_sets), rows)


def count_data_sets(connection: Connection, project_file: str, digests: set[str]) -> dict[str, int]:
    """Return by how many runs of a project each of these data were used; data nobody used are left out."""
    known = (data_sets.c.project_file == project_file) & data_sets.c.digest.in_(digests)
    query = select(data_sets.c.digest, func.count()).where(known).group_by(data_sets.c.digest)
    return {row[0]: row[1] for row in connection.execute(query)}


def abandoned(connection: Connection, *, now: datetime) -> Sequence[OwnedRun]:
    """Return the open runs whose process is gone and that wait for no server; one query where no run is open."""
    return [owned for owned in open_runs(connection) if not waits(owned.run) and why_lost(owned, now=now) is not None]


def waits(run: Run) -> bool:
    """Say whether a run waits for a server to work it off, be it another one than acknowledged it."""
    return run.state is RunState.QUEUED and run.request.by_server


def adopt(connection: Connection, *, under: str, owner: Owner, now: datetime) -> list[Run]:
    """Let a server take over the runs of its projects that wait and whose server is gone, oldest first."""
    found = [
        owned.run
        for owned in open_runs(connection)
        if waits(owned.run) and owned.run.request.project_file.startswith(under) and why_lost(owned, now=now)
    ]
    adopted = runs.c.run_id.in_([run.run_id for run in found])
    connection.execute(update(runs).where(adopted).values(alive_at=now, **_owner_columns(owner)))
    return found


def reap(connection: Connection, *, now: datetime) -> list[Run]:
    """Turn abandoned runs into lost ones and return them."""
    return [
        move(connection, owned.run.run_id, to=RunState.LOST, now=now, message=why_lost(owned, now=now))
        for owned in abandoned(connection, now=now)
    ]


def seen_as_lost(owned: OwnedRun, *, now: datetime) -> Run:
    """Return an abandoned run as it really stands, for a store that cannot be written."""
    return owned.run.model_copy(update={"state": RunState.LOST, "message": why_lost(owned, now=now)})


def why_lost(owned: OwnedRun, *, now: datetime) -> str | None:
    """Say in one sentence why nobody works on a run any more, None while somebody does."""
    owner = owned.owner
    if owner.host != socket.gethostname():
        silent = now - owned.alive_at > SILENCE
        return f"Nothing was heard of it for a day; it ran on {owner.host}." if silent else None
    return f"The process that worked on it (pid {owner.pid}) ended before it did." if is_gone(owner) else None


def this_process() -> Owner:
    """Return the calling process; asked each time, because a fork changes the answer."""
    return Owner(host=socket.gethostname(), pid=os.getpid(), started=_started(psutil.Process()))


def is_gone(owner: Owner) -> bool:
    """Say whether an owner on this host has ended; a zombie has, it only waits for its parent to notice."""
    try:
        process = psutil.Process(owner.pid)
        if abs(_started(process) - owner.started) > STARTED_TOLERANCE_SECONDS:
            return True
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False


def _started(process: psutil.Process) -> float:
    if psutil.LINUX:
        return process.create_time() - psutil.boot_time()
    return process.create_time()
