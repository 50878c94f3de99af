"""Execute suites: send each to a worker, tell what happens, watch the clock, and always come back with a result."""

import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event as Flag
from zlib import crc32

from pydantic import ValidationError

from jupyter_deployfeedback.domain.aicoe import REQUEST_COUNTS
from jupyter_deployfeedback.domain.evaluation import Continuation, RequestState
from jupyter_deployfeedback.domain.project import Project, Target
from jupyter_deployfeedback.domain.run import CaseResult, EventKind, Outcome, Proof, Step, Suite, SuiteResult
from jupyter_deployfeedback.execution import outcome
from jupyter_deployfeedback.execution.control_group import memory_kills
from jupyter_deployfeedback.execution.environment import kernel_environment, secrets_of, tell_earlier
from jupyter_deployfeedback.execution.lanes import Bench, Halt, benches, one_at_a_time, run_side_by_side
from jupyter_deployfeedback.execution.outcome import case_result, titles
from jupyter_deployfeedback.execution.records import ProgressRecord, RecordReading, kind_of, read_check, read_records
from jupyter_deployfeedback.execution.standby.orders import FOLDER_VARIABLE
from jupyter_deployfeedback.execution.suites.notebook.source import UNFINISHED
from jupyter_deployfeedback.execution.worker import wire
from jupyter_deployfeedback.execution.worker.process import WorkerProcess
from jupyter_deployfeedback.execution.worker.process_tree import end_marked
from jupyter_deployfeedback.probe.records import CHECK, PROGRESS
from jupyter_deployfeedback.probe.redaction import redact_files

GRACE_SECONDS = 8.0  # for a worker to stop its suite, save the copy and tell; then it is killed
LONGEST_STEM = 150  # bytes; a system's names end at 255, and a point's name holds text of its parameters
LISTEN_SECONDS = 0.1  # how soon a cancellation is noticed
_DIED = {wire.Ending.KERNEL_DIED, wire.Ending.PROCESS_DIED, wire.Ending.WORKER_DIED}


def execute(  # noqa: PLR0913 - all that a run knows; each is named by the caller
    suites: tuple[Suite, ...],
    *,
    project: Project,
    target: Target,
    baseline: Target | None,
    run_id: str,
    artifacts: Path,
    tell: Callable[[Step], None],
    cancelled: Flag,
    environment: Mapping[str, str] | None = None,
    workers: Sequence[WorkerProcess] = (),
    parallel: int = 1,
    continues: Continuation | None = None,
) -> tuple[SuiteResult, ...]:
    """Run the suites, ``parallel`` at once, and return a result for each, in their order; nothing they did raises.

    They begin in their order; an exclusive one runs while nothing else does. ``tell`` is called by one thread at a
    time. The executed copies go into the folder ``artifacts`` (mode 0600). A suite that hangs, kills its kernel or its
    worker is errored, and the others still run. Once ``cancelled`` is set, the suites that are running are stopped
    within seconds and the rest is not run. ``workers`` were prepared; they are dismissed here and closed by who
    prepared them, for they may still be ending their last kernels. No other process is left behind. ``continues`` is
    what earlier runs asked, so that the suites add to it.
    """
    artifacts.mkdir(parents=True, exist_ok=True, mode=0o700)
    seen = os.environ if environment is None else environment
    halt = Halt(cancelled)
    copies = artifact_names(suites)
    told = one_at_a_time(tell)
    ends_at = time.monotonic() + (float("inf") if project.timeout_seconds is None else project.timeout_seconds)
    errand = Errand(project, target, baseline, run_id, artifacts, copies, told, halt, dict(seen), ends_at, continues)
    with benches(seen, workers, count=parallel) as on:
        return run_side_by_side(suites, on=on, begin=errand.begin, halt=halt)


class Listener:
    """Keeps the events of one suite and tells each step. Progress is a hint: the result is computed at the end."""

    def __init__(self, suite: Suite, *, tell: Callable[[Step], None]) -> None:
        self.events: list[wire.Event] = []
        self._suite = suite
        self._tell = tell
        self._cells: dict[str, wire.Cell] = {}
        self._titles: dict[str, str] = {}
        self._done: dict[str, Outcome] = {}
        self._checks: Counter[str] = Counter()

    def start(self) -> None:
        """Tell that the suite began."""
        self._tell(Step(kind=EventKind.SUITE_STARTED, suite=self._suite.name))

    def finish(self, result: SuiteResult) -> None:
        """Tell what became of the suite."""
        self._tell(
            Step(
                kind=EventKind.SUITE_FINISHED,
                suite=self._suite.name,
                outcome=result.outcome.value,
                message=result.reason,
            )
        )

    def hear(self, event: wire.Event) -> None:
        """Keep one event and tell what it means."""
        if isinstance(event, wire.Opened):
            self._cells = {cell.cell_id: cell for cell in event.cells if cell.is_case}
            self._titles = titles(event.cells)
        if isinstance(event, wire.CellStarted) and event.cell_id in self._cells:
            self._tell_case(EventKind.CASE_STARTED, event.cell_id)
        if isinstance(event, wire.CellEnded) and event.cell_id in self._cells:
            self._tell_end(event)
        if isinstance(event, wire.Recorded) and self._tell_record(event):
            return  # progress is over once it was told
        self.events.append(event)

    def _tell_end(self, event: wire.CellEnded) -> None:
        """Tell what became of a case; said twice, as adapters do that know more at the end, only what differs."""
        cell = self._cells[event.cell_id]
        strays = outcome.strays_of(cell, self.events)
        case = case_result(cell, end=event, title=self._titles[event.cell_id], strays=strays)
        if self._done.get(event.cell_id) is case.outcome:
            return
        self._done[event.cell_id] = case.outcome
        self._tell_case(EventKind.CASE_FINISHED, event.cell_id, case, explained=event.status is not None)

    def _tell_case(
        self, kind: EventKind, cell_id: str, case: CaseResult | None = None, *, explained: bool = True
    ) -> None:
        """Tell how a case goes; why the kernel sent no reply is not known before the suite has ended."""
        error = case.error if case and explained else None
        self._tell(
            Step(
                kind=kind,
                suite=self._suite.name,
                case_id=cell_id,
                title=self._titles[cell_id],
                outcome=case.outcome.value if case else None,
                done=len(self._done),
                total=len(self._cells),
                message=f"{error.type}: {error.message}" if error else None,
            )
        )

    def _tell_record(self, record: wire.Recorded) -> bool:
        """Tell a check or progress; say whether it was progress. What cannot be read is judged with the result."""
        try:
            if kind_of(record) == CHECK:
                self._tell_check(record)
            elif kind_of(record) == PROGRESS:
                self._tell_progress(record)
                return True
        except ValidationError:
            return False
        return False

    def _tell_check(self, record: wire.Recorded) -> None:
        self._checks[record.cell_id] += 1
        check = read_check(record, position=self._checks[record.cell_id])
        self._tell(
            Step(
                kind=EventKind.CASE_FINISHED,
                suite=self._suite.name,
                case_id=check.case_id,
                title=check.title,
                outcome=check.outcome.value,
            )
        )

    def _tell_progress(self, record: wire.Recorded) -> None:
        progress = ProgressRecord.model_validate(record.payload)
        self._tell(
            Step(
                kind=EventKind.PROGRESS,
                suite=self._suite.name,
                case_id=record.cell_id,
                title=self._titles.get(record.cell_id),
                done=progress.done,
                total=progress.total,
            )
        )


@dataclass(frozen=True)
class Errand:
    """What all suites of one run have in common."""

    project: Project
    target: Target
    baseline: Target | None
    run_id: str
    artifacts: Path
    copies: dict[str, str]
    tell: Callable[[Step], None]
    halt: Halt
    environment: dict[str, str]
    ends_at: float  # on the monotonic clock
    continues: Continuation | None = None

    def begin(self, suite: Suite) -> Callable[[Bench], SuiteResult]:
        """Tell that a suite begins, and return what runs it."""
        if self.halt.is_set():
            return lambda _: _never_started(suite, because="The run was cancelled before this suite began.")
        if time.monotonic() >= self.ends_at:
            return lambda _: _never_started(
                suite, because=f"The run's time ({self.project.timeout_seconds:g} s) was over before this suite began."
            )
        listener = Listener(suite, tell=self.tell)
        listener.start()
        if suite.problem is not None:
            broken = _never_started(suite, because=suite.problem, outcome=Outcome.ERRORED)
            listener.finish(broken)
            return lambda _: broken
        return lambda bench: self._run(suite, listener=listener, bench=bench)

    def _run(self, suite: Suite, *, listener: Listener, bench: Bench) -> SuiteResult:
        """Run one suite to its end, whatever that is."""
        copy = self.copies[suite.name]
        started_at, began, killed_before = datetime.now(UTC), time.monotonic(), memory_kills()
        worker = bench.worker()
        spec = self._spec(suite, copy=copy, worker=worker)
        spec = replace(spec, secrets=secrets_of(spec.environment))
        ended = _watch(worker, spec, hear=listener.hear, halt=self.halt)
        if ended.ending is not wire.Ending.COMPLETED:
            bench.give_up()
            Path(spec.artifact + UNFINISHED).unlink(missing_ok=True)
            end_marked(self.run_id, suite=suite.name)
        redact_files(self.artifacts, stem=Path(copy).stem)
        over = self._whose_time(suite, spec, listener.events)
        ended = _explained(ended, over=over, killed=memory_kills() - killed_before)
        result = _result(suite, listener.events, ended).model_copy(
            update={
                "artifact": copy if Path(spec.artifact).exists() else None,
                "started_at": started_at,
                "finished_at": datetime.now(UTC),
                "duration_seconds": time.monotonic() - began,
            }
        )
        listener.finish(result)
        return result

    def _whose_time(self, suite: Suite, spec: wire.Spec, events: Iterable[wire.Event]) -> str:
        """Say whose time it was, should it be over."""
        for event in events:
            if isinstance(event, wire.CellEnded) and event.time_over is not None:
                return f"A cell's time ({event.time_over:g} s)"
        if spec.timeout_seconds < suite.timeout_seconds:
            return f"The run's time ({self.project.timeout_seconds:g} s)"
        return f"The suite's time ({suite.timeout_seconds:g} s)"

    def _spec(self, suite: Suite, *, copy: str, worker: WorkerProcess) -> wire.Spec:
        return wire.Spec(
            source=str(Path(self.project.folder) / suite.source),
            folder=self.project.folder,
            artifact=str(self.artifacts / copy),
            runtime_folder=str(worker.folder),
            timeout_seconds=min(suite.timeout_seconds, self.ends_at - time.monotonic()),
            cell_timeout_seconds=suite.cell_timeout_seconds,
            kind=suite.kind,
            options=dict(suite.options),
            parameters=dict(suite.parameters),
            kernel=suite.kernel or "",
            environment=kernel_environment(
                self.environment,
                target=self.target,
                baseline=self.baseline,
                run_id=self.run_id,
                suite=suite.name,
                declared=(*self.project.kernels.environment, *suite.environment),
            )
            | tell_earlier(self.continues, suite=suite.name, folder=worker.folder),
            supply=self.environment.get(FOLDER_VARIABLE, ""),
            may_fork=self.project.kernels.preload is not None,
            preload=self.project.kernels.preload or (),
        )


def artifact_names(suites: tuple[Suite, ...]) -> dict[str, str]:
    """Name each suite's executed copy or report after it, with nothing in it that means something to a path."""
    names: dict[str, str] = {}
    for suite in suites:
        stem = re.sub(r"[^\w.-]+", "_", suite.name).lstrip(".-") or "suite"
        if len(stem.encode()) > LONGEST_STEM:
            stem = f"{stem.encode()[:LONGEST_STEM].decode(errors='ignore')}-{crc32(suite.name.encode()):08x}"
        taken = sum(name.rpartition(".")[0].rstrip("+") == stem for name in names.values())
        names[suite.name] = f"{stem}{'+' * taken}.ipynb"
    return names


def _watch(worker: WorkerProcess, spec: wire.Spec, *, hear: Callable[[wire.Event], None], halt: Halt) -> wire.Ended:
    """Hear a suite out; one that does not end in time, though its worker should see to that, is given up."""
    worker.send(spec)
    give_up_at = time.monotonic() + spec.timeout_seconds + GRACE_SECONDS
    asked: wire.Ending | None = None
    while time.monotonic() < give_up_at:
        events = worker.hear(within_seconds=LISTEN_SECONDS)
        if events is None:
            return wire.Ended(asked or wire.Ending.WORKER_DIED, "" if asked else _worker_died(worker))
        for event in events:
            hear(event)
            if isinstance(event, wire.Ended):
                return event
        if asked is None and halt.is_set():
            asked = wire.Ending.CANCELLED
            give_up_at = min(give_up_at, time.monotonic() + GRACE_SECONDS)
            worker.stop()
    return wire.Ended(asked or wire.Ending.TIMED_OUT)


def _worker_died(worker: WorkerProcess) -> str:
    lines = worker.last_words().splitlines()
    return "The process that ran the suite ended without a result." + (f" Its last words: {lines[-1]}" if lines else "")


def _explained(ended: wire.Ended, *, over: str, killed: int) -> wire.Ended:
    """Add what the worker cannot know: whose time it was that is ``over``, how many were ``killed`` for memory."""
    if ended.ending is wire.Ending.TIMED_OUT:
        ended = replace(ended, message=f"{over} was over. {ended.message}".strip())
    if not killed:
        return ended
    said = (
        f"While the suite ran, the system killed {killed} process{'es' * (killed > 1)} here "
        "because memory was used up: allow more, or let the suite need less."
    )
    if ended.ending in _DIED:
        return replace(ended, ending=wire.Ending.OUT_OF_MEMORY, message=f"{ended.message} {said}")
    return replace(ended, notices=(*ended.notices, said))


def _result(suite: Suite, events: list[wire.Event], ended: wire.Ended) -> SuiteResult:
    """Compute what became of a suite from its events alone; its times are filled in by the caller."""
    reading = read_records([event for event in events if isinstance(event, wire.Recorded)], suite=suite)
    cases = outcome.case_results(events, ended=ended, recorded=reading.cases)
    now = datetime.now(UTC)
    return SuiteResult(
        suite=suite,
        outcome=outcome.suite_outcome(cases, ended=ended),
        cases=cases,
        observations=tuple(reading.observations.values()),
        evaluations=tuple(reading.evaluations),
        reason=outcome.suite_reason(cases, ended=ended),
        notices=tuple(dict.fromkeys((*suite.notices, *outcome.notices((*events, ended)), *reading.notices))),
        warnings=outcome.warnings(events),
        started_at=now,
        finished_at=now,
        duration_seconds=0.0,
        environment=ended.environment,
        kernel=ended.kernel or None,
        proof=_proof(events, ended, reading, cases),
        read=ended.read,
    )


def _proof(
    events: Iterable[wire.Event], ended: wire.Ended, reading: RecordReading, cases: Iterable[CaseResult]
) -> Proof:
    """Say what makes it a test: requests that were recorded, counted by the suite or seen, and what could fail."""
    ran = {case.case_id for case in cases if case.outcome not in {Outcome.SKIPPED, Outcome.NOT_RUN}}
    cells = (cell for event in events if isinstance(event, wire.Opened) for cell in event.cells)
    limits = [cell.could_fail for cell in cells if cell.cell_id in ran] + [True for _ in reading.cases]
    sent = any(set(each.candidate.states) - {RequestState.NOT_SENT} for each in reading.evaluations)
    counts = (reading.observations[name].value for name in REQUEST_COUNTS if name in reading.observations)
    return Proof(
        asked=True if sent or any(counts) else ended.asked,
        unseen=ended.unseen,
        could_fail=True if True in limits else None if None in limits else False,
    )


def _never_started(suite: Suite, *, because: str, outcome: Outcome = Outcome.NOT_RUN) -> SuiteResult:
    now = datetime.now(UTC)
    return SuiteResult(
        suite=suite,
        outcome=outcome,
        reason=because,
        started_at=now,
        finished_at=now,
        duration_seconds=0.0,
    )
