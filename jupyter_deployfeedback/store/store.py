"""The store, found and opened: runs with their events, evidence and reports, and releases."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Self, TypeAlias

from sqlalchemy import URL, make_url

from jupyter_deployfeedback.domain.feedback import FeedbackReport
from jupyter_deployfeedback.domain.metric import Observation
from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.run import Commit, Evidence, Release, Run, RunEvent, RunRequest, RunState, Step
from jupyter_deployfeedback.domain.verdict import Waiver
from jupyter_deployfeedback.errors import RunNotFound, RunUnfinished
from jupyter_deployfeedback.probe.redaction import redact
from jupyter_deployfeedback.store import documents, releases, runs
from jupyter_deployfeedback.store import folder as folders
from jupyter_deployfeedback.store.database import BUSY_SECONDS, Database, store_failures
from jupyter_deployfeedback.store.documents import DocumentKind
from jupyter_deployfeedback.store.runs import this_process

Runs: TypeAlias = list[Run]  # inside Store the name `list` is its method
Events: TypeAlias = list[RunEvent]
Releases: TypeAlias = list[Release]


def utc_now() -> datetime:
    """Return the time, aware, in UTC."""
    return datetime.now(UTC)


class Store:
    """Everything that is kept. What a method has returned from is durable: it survives kill -9 of every process.

    Methods may be called from any thread and block on the disk. Where the database cannot be used they raise
    StoreUnavailable or PermissionMissing; an unknown run is RunNotFound, a step its state forbids is RunConflict.
    """

    def __init__(self, database: Database, *, artifacts: Path, clock: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._artifacts = artifacts
        self._clock = clock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    @property
    def place(self) -> str:
        """Where the store lies, to be shown: a file, or a database's URL without its password."""
        return self._database.place

    @property
    def url(self) -> str:
        """What ``open_store`` takes to open the same store; it holds a database's password, so it is never shown."""
        return self._database.url

    @property
    def read_only(self) -> bool:
        """Say whether history can be read but nothing can be run."""
        return self._database.read_only

    @property
    def notices(self) -> tuple[str, ...]:
        """What a user should know about the store, such as that it can only be read."""
        return self._database.notices

    def close(self) -> None:
        """Close idle connections; a later use opens new ones."""
        self._database.close()

    def start(self, request: RunRequest, *, project: Project, commit: Commit | None, baseline: str | None) -> Run:
        """Acknowledge a request: the returned run is queued, owned by this process, and found again after any crash."""
        now = self._clock()
        with self._database.write() as connection:
            run = Run(
                run_id=runs.unused_run_id(connection, now),
                request=request,
                state=RunState.QUEUED,
                project=project.name,
                commit=commit,
                baseline=baseline,
                created_at=now,
                seq=1,
            )
            runs.add(connection, run, owner=this_process())
        return run

    def claim(self, run_id: str) -> Run:
        """Take a queued run over for this process and begin it; of several claims one succeeds."""
        with self._database.write(durable=False) as connection:
            return runs.claim(connection, run_id, owner=this_process(), now=self._clock())

    def get(self, run_id: str, *, under: str = "") -> Run:
        """Return a run as it really stands: one whose process is gone is lost.

        ``under`` is how the path of its project's file must begin: any other run is RunNotFound.
        """
        lost = self._lost_now()
        with self._database.read() as connection:
            run = lost.get(run_id) or runs.find(connection, run_id)
        if not run.request.project_file.startswith(under):
            raise runs.unknown_run(run_id)
        return run

    def list(
        self,
        *,
        project_file: str | None = None,
        state: str | None = None,
        verdict: str | None = None,
        limit: int = 50,
        after: str | None = None,
        under: str | None = None,
    ) -> Runs:
        """Return runs as they really stand, newest first.

        ``state`` is a RunState and ``verdict`` a Verdict; ``after`` is the last run of the page before, and ``under``
        how the path of the project's file begins.
        """
        lost = self._lost_now()
        filters = runs.Filters(project_file=project_file, state=state, verdict=verdict, under=under)
        with self._database.read() as connection:
            found = runs.newest(connection, filters, limit=limit, after=after)
        # a store that can only be read still holds the old state of a run that was just seen to be lost
        standing = [lost.get(run.run_id, run) for run in found]
        return [run for run in standing if state in {None, run.state}]

    def tell(self, run_id: str, step: Step) -> RunEvent:
        """Write an event of a run that is not over; it gets the next ``seq`` and counts as a sign of life."""
        with self._database.write(durable=False) as connection:
            return runs.tell(connection, run_id, step.without_secrets(), now=self._clock())

    def events(self, run_id: str, after: int = 0) -> Events:
        """Return a run's events with a greater ``seq``, oldest first."""
        with self._database.read() as connection:
            runs.find(connection, run_id)
            return runs.events_since(connection, run_id, after=after)

    def finish(self, run_id: str, evidence: Evidence, report: FeedbackReport) -> Run:
        """End a running run with all it saw and what was judged; both are kept or none."""
        evidence, report = evidence.without_secrets(), report.without_secrets()
        with self._database.write() as connection:
            run = runs.move(connection, run_id, to=RunState.FINISHED, now=self._clock(), verdict=report.verdict)
            documents.keep(connection, run_id, kind=DocumentKind.EVIDENCE, document=evidence)
            documents.keep(connection, run_id, kind=DocumentKind.REPORT, document=report)
            runs.keep_data_sets(connection, run, evidence)
            return run

    def cancel(self, run_id: str, message: str) -> Run:
        """End a run because somebody stopped it."""
        return self._end(run_id, to=RunState.CANCELLED, message=message)

    def lose(self, run_id: str, message: str) -> Run:
        """End a run whose process came to an end without a result."""
        return self._end(run_id, to=RunState.LOST, message=message)

    def request_cancel(self, run_id: str) -> Run:
        """Ask the process that works on a run to stop; a queued run is cancelled at once, an ended one stays."""
        with self._database.write() as connection:
            run = runs.find(connection, run_id)
            if run.state is RunState.QUEUED:
                message = "It was cancelled before it began."
                return runs.move(connection, run_id, to=RunState.CANCELLED, now=self._clock(), message=message)
            runs.ask_to_cancel(connection, run_id)
            return run

    def cancel_requested(self, run_id: str) -> bool:
        """Say whether somebody asked this run to stop."""
        with self._database.read() as connection:
            return bool(runs.row_of(connection, run_id).cancel_requested)

    def reap(self) -> Runs:
        """Turn runs whose process is gone into lost ones and return them; cheap where no run is open."""
        now = self._clock()
        with self._database.read() as connection:
            gone = runs.abandoned(connection, now=now)
        if not gone:
            return []
        if self.read_only:
            return [runs.seen_as_lost(owned, now=now) for owned in gone]
        with self._database.write() as connection:
            # looked at again under the lock: another process may have claimed the run meanwhile
            return runs.reap(connection, now=now)

    def adopt(self, *, under: str) -> Runs:
        """Take over, for this process, the runs that wait for a server and whose server is gone; oldest first."""
        if self.read_only:
            return []
        with self._database.write() as connection:
            return runs.adopt(connection, under=under, owner=this_process(), now=self._clock())

    def evidence(self, run_id: str) -> Evidence:
        """Return all a finished run saw; raise RunUnfinished where there is no such thing."""
        with self._database.read() as connection:
            return documents.read(connection, run_id, kind=DocumentKind.EVIDENCE, into=Evidence)

    def feedback(self, run_id: str) -> FeedbackReport:
        """Return a finished run's report with its waivers as they count now; raise RunUnfinished where there is none.

        The stored report is never changed: its verdict is what the run said.
        """
        with self._database.read() as connection:
            report = documents.read(connection, run_id, kind=DocumentKind.REPORT, into=FeedbackReport)
            given = releases.waivers_of(connection, run_id)
        return report.with_waivers(given, now=self._clock())

    def report_of(self, run_id: str) -> FeedbackReport | None:
        """Return a run's report as it was stored, None where this store has none: a release may come from elsewhere."""
        with self._database.read() as connection, suppress(RunNotFound, RunUnfinished):
            return documents.read(connection, run_id, kind=DocumentKind.REPORT, into=FeedbackReport)
        return None

    def attempts(self, run: Run, *, since: datetime | None) -> int:
        """Return how many runs of this run's commit against its target were begun since a moment, up to this one.

        Abandoned ones count; those that continue another are that one's further looks, and do not.
        """
        with self._database.read() as connection:
            return runs.attempts(connection, run, since=since)

    def data_set_looks(self, project_file: str, digests: Mapping[str, str]) -> dict[str, int]:
        """Return for each of the named digests how many finished runs of the project used these very data."""
        with self._database.read() as connection:
            counted = runs.count_data_sets(connection, project_file, set(digests.values()))
        return {name: counted.get(digest, 0) for name, digest in digests.items()}

    def add_waiver(self, run_id: str, waiver: Waiver) -> None:
        """Keep a waiver for good; raise RunUnfinished or RunNotFound where there is no report to waive a part of."""
        with self._database.write() as connection:
            documents.read(connection, run_id, kind=DocumentKind.REPORT, into=FeedbackReport)
            releases.add_waiver(connection, run_id, waiver)

    def artifacts(self, run_id: str) -> Path:
        """Return the folder (mode 0700) for the files a run keeps."""
        with self._database.read() as connection:
            runs.find(connection, run_id)
        with store_failures(str(self._artifacts)):
            return folders.artifact_folder(self._artifacts, run_id)

    def artifact(self, run_id: str, name: str) -> Path:
        """Return one file a run kept; raise ArtifactNotFound where it is missing or its name leads elsewhere."""
        return folders.find_artifact(self.artifacts(run_id), name)

    def add_release(self, release: Release) -> Release:
        """Keep a release and return it; the same tag at the same commit only learns where it was pushed."""
        with self._database.write() as connection:
            return releases.keep(connection, release)

    def releases(self, project_file: str, *, limit: int = 50) -> Releases:
        """Return a project's releases, newest first."""
        with self._database.read() as connection:
            return releases.newest(connection, project_file, limit=limit)

    def last_release(self, project_file: str) -> Release | None:
        """Return a project's newest release, None before the first."""
        return next(iter(self.releases(project_file, limit=1)), None)

    def judged_release(self, project_file: str) -> Release | None:
        """Return a project's newest release whose run is still stored: a release outlives its run."""
        return next((each for each in self.releases(project_file) if self._is_finished(each.run_id)), None)

    def recorded_by_release(self, project_file: str) -> tuple[Observation, ...]:
        """Return the numbers that the suites of the last released run recorded; none where there is no such run."""
        release = self.judged_release(project_file)
        suites = self.evidence(release.run_id).suites if release is not None else ()
        return tuple(each for suite in suites for each in suite.observations)

    def _is_finished(self, run_id: str) -> bool:
        with suppress(RunNotFound):
            return self.get(run_id).state is RunState.FINISHED
        return False

    def _lost_now(self) -> dict[str, Run]:
        return {run.run_id: run for run in self.reap()}

    def _end(self, run_id: str, *, to: RunState, message: str) -> Run:
        with self._database.write() as connection:
            return runs.move(connection, run_id, to=to, now=self._clock(), message=redact(message))


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
    place = folders.named_place(url, environment=environment)
    with store_failures(place):
        database = make_url(place) if "://" in place else _in_folder(Path(place))
    folder = Path(database.database or "").absolute().parent if _is_file(database) else folders.default_folder()
    return Store(Database(database, busy_seconds=busy_seconds), artifacts=folder / "artifacts", clock=clock)


def _in_folder(folder: Path) -> URL:
    return URL.create("sqlite", database=str(folder.expanduser().absolute() / folders.DATABASE_NAME))


def _is_file(database: URL) -> bool:
    return database.get_backend_name() == "sqlite"
