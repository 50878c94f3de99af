"""From a worker's events to the progress that people see."""

from collections import Counter
from collections.abc import Callable

from pydantic import ValidationError

from jupyter_deployfeedback.domain.event import EventKind, Step
from jupyter_deployfeedback.domain.suite import CaseResult, Outcome, Suite, SuiteResult
from jupyter_deployfeedback.execution.outcome import case_result, titles
from jupyter_deployfeedback.execution.records import ProgressRecord, kind_of, read_check
from jupyter_deployfeedback.execution.worker.wire import Cell, CellEnded, CellStarted, Event, Opened, Recorded
from jupyter_deployfeedback.probe.records import CHECK, PROGRESS


class Listener:
    """Keeps the events of one suite and tells each step. Progress is a hint: the result is computed at the end."""

    def __init__(self, suite: Suite, *, tell: Callable[[Step], None]) -> None:
        self.events: list[Event] = []
        self._suite = suite
        self._tell = tell
        self._cells: dict[str, Cell] = {}
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

    def hear(self, event: Event) -> None:
        """Keep one event and tell what it means."""
        if isinstance(event, Opened):
            self._cells = {cell.cell_id: cell for cell in event.cells if cell.is_case}
            self._titles = titles(event.cells)
        if isinstance(event, CellStarted) and event.cell_id in self._cells:
            self._tell_case(EventKind.CASE_STARTED, event.cell_id)
        if isinstance(event, CellEnded) and event.cell_id in self._cells:
            self._tell_end(event)
        if isinstance(event, Recorded) and self._tell_record(event):
            return  # progress is over once it was told
        self.events.append(event)

    def _tell_end(self, event: CellEnded) -> None:
        """Tell what became of a case; said twice, as adapters do that know more at the end, only what differs."""
        case = case_result(self._cells[event.cell_id], end=event, title=self._titles[event.cell_id])
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

    def _tell_record(self, record: Recorded) -> bool:
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

    def _tell_check(self, record: Recorded) -> None:
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

    def _tell_progress(self, record: Recorded) -> None:
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
