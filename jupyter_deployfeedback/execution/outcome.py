"""What became of each case and of the suite, from the events of its execution. Pure.

papermill's exit code, exceptions and statuses are not asked: they call an early exit a success and a cell that never
ran completed. A cell passed only if the kernel replied "ok" to it, with an execution count and without an error. One
that is tagged ``raises-exception`` asserts that something is refused: it passed only if it raised, and what shows that
its own code or the target is broken, or that an assertion is false, is no refusal.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from jupyter_deployfeedback.domain.run import CaseError, CaseResult, Outcome
from jupyter_deployfeedback.execution.worker import wire

LONGEST_TRACEBACK = 20_000
LONGEST_MESSAGE = 1000
_RAISES_TAG = "raises-exception"
_TESTS_FAILED = "TestsFailed"  # the name of the error where tests failed that a cell ran itself
_BAD = frozenset({Outcome.FAILED, Outcome.ERRORED})
_NO_REFUSAL = {
    *("AssertionError", "SystemExit", "KeyboardInterrupt", "NameError", "SyntaxError", "IndentationError", "TabError"),
    *("ImportError", "ModuleNotFoundError", "MemoryError", "StdinNotImplementedError"),
    *("TargetUnreachable", "TargetTimedOut", "SecretUnavailable", "ConnectionError", "ConnectionRefusedError"),
}
_R_ASSERTION = re.compile(r"Error(?: in .+?)?: (?P<said>.+ (?:is not|are not all) TRUE)\s*", re.DOTALL)  # stopifnot()
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_SENTENCES = {
    wire.Ending.TIMED_OUT: ("SuiteTimeout", "The time of the suite was over."),
    wire.Ending.CANCELLED: ("RunCancelled", "The run was cancelled."),
    wire.Ending.KERNEL_DIED: ("KernelDied", "The kernel ended: killed, out of memory, or told to exit."),
    wire.Ending.PROCESS_DIED: (
        "ProcessDied",
        "What ran the cases ended: killed, out of memory, or told to exit.",
    ),
    wire.Ending.WORKER_DIED: ("WorkerDied", "The process that ran the suite ended without a result."),
    wire.Ending.OUT_OF_MEMORY: ("OutOfMemory", "What ran the cases was killed because memory was used up."),
    wire.Ending.BROKEN: ("HarnessError", "The suite could not be run."),
    wire.Ending.COMPLETED: ("NoReply", "Nothing was said of what became of it."),
}
LONGEST = 80


def case_results(
    events: Sequence[wire.Event], *, ended: wire.Ended, recorded: Mapping[str, Sequence[CaseResult]] | None = None
) -> tuple[CaseResult, ...]:
    """Return one case for each code cell in the notebook's order, each followed by what it ``recorded`` (its checks).

    A cell that papermill injected, or that holds nothing but comments, is a case only if it was run and did not pass.
    """
    cells = _cells(events)
    named = titles(cells)
    ends = {event.cell_id: event for event in events if isinstance(event, wire.CellEnded)}
    started = [event.cell_id for event in events if isinstance(event, wire.CellStarted)]
    known = {cell.cell_id for cell in cells}
    injected = [wire.Cell(cell_id, "code", "injected parameters") for cell_id in started if cell_id not in known]
    cases: list[CaseResult] = []
    for cell in (*injected, *(cell for cell in cells if cell.is_run)):
        end = ends.get(cell.cell_id, wire.CellEnded(cell.cell_id) if cell.cell_id in started else None)
        stopped = ended if started and cell.cell_id == started[-1] else None
        title = named.get(cell.cell_id, cell.source)
        case = case_result(cell, end=end, title=title, stopped=stopped, strays=strays_of(cell, events))
        if (cell.is_case and cell not in injected) or case.outcome in _BAD:
            cases.append(case)
        cases.extend((recorded or {}).get(cell.cell_id, ()))
    return tuple(cases)


def case_result(
    cell: wire.Cell,
    *,
    end: wire.CellEnded | None,
    title: str,
    stopped: wire.Ended | None = None,
    strays: Sequence[wire.StrayError] = (),
) -> CaseResult:
    """Judge one cell. ``end`` is None if it was never started; ``stopped`` is how the suite ended while it ran."""
    outcome, error = _judge(cell, end, stopped)
    if outcome is Outcome.PASSED and (failed := [each for each in strays if each.fails]):
        said = failed[0].said + (f" (and {len(failed) - 1} more)" if failed[1:] else "")
        outcome, error = Outcome.FAILED, CaseError(type=_TESTS_FAILED, message=f"{said}.")
    seconds = end.duration_seconds if end else None
    return CaseResult(
        case_id=cell.cell_id, title=title, outcome=outcome, duration_seconds=seconds, error=error, cell_id=cell.cell_id
    )


def suite_outcome(cases: Iterable[CaseResult], *, ended: wire.Ended) -> Outcome:
    """Return errored > failed > not_run > passed. A suite that did not end by itself is errored, whatever its cases."""
    outcomes = [case.outcome for case in cases]
    if ended.ending is not wire.Ending.COMPLETED or Outcome.ERRORED in outcomes:
        return Outcome.ERRORED
    if Outcome.FAILED in outcomes:
        return Outcome.FAILED
    if Outcome.NOT_RUN in outcomes or not outcomes:
        return Outcome.NOT_RUN
    return Outcome.PASSED if Outcome.PASSED in outcomes else Outcome.SKIPPED


def suite_reason(cases: Sequence[CaseResult], *, ended: wire.Ended) -> str | None:
    """Say in a sentence why a suite is errored or not run; None where it is neither."""
    outcome = suite_outcome(cases, ended=ended)
    culprit = next((case for case in cases if case.outcome is Outcome.ERRORED), None)
    if ended.ending is not wire.Ending.COMPLETED:
        return explain(ended)[1] + (f" It was at: {culprit.title}." if culprit else "")
    if outcome is Outcome.ERRORED and culprit is not None and culprit.error is not None:
        return f"{culprit.title}: {culprit.error.type}: {culprit.error.message}"
    if outcome is Outcome.NOT_RUN:
        return (
            "Not every cell was reached." if cases else "It has no code cell or other case: no statement was executed."
        )
    return None


def explain(ended: wire.Ended) -> tuple[str, str]:
    """Return name and sentence of how a suite ended."""
    name, sentence = _SENTENCES[ended.ending]
    return name, ended.message or sentence


def notices(events: Sequence[wire.Event]) -> tuple[str, ...]:
    """Return what should be known of the execution though it decides nothing."""
    found = [notice for event in events if isinstance(event, wire.Opened | wire.Ended) for notice in event.notices]
    cells = _cells(events)
    named = titles(cells)
    for event in events:
        title = named.get(event.cell_id, event.cell_id) if isinstance(event, wire.CellEnded) else ""
        if isinstance(event, wire.CellEnded) and event.truncated:
            found.append(f"{title}: its output was cut in the executed copy.")
    return tuple(dict.fromkeys(found))


def warnings(events: Sequence[wire.Event]) -> tuple[str, ...]:
    """Return what failed in a cell that raised nothing, by the cell's title; what fails its case is not among it."""
    cells = _cells(events)
    named = titles(cells)
    told = [(named[cell.cell_id], each) for cell in cells if cell.is_run for each in strays_of(cell, events)]
    return tuple(dict.fromkeys(f"“{title}”: {each.said}" for title, each in told if not each.fails))


def strays_of(cell: wire.Cell, events: Iterable[wire.Event]) -> list[wire.StrayError]:
    """Return what failed in a cell that raised nothing, but for what its tag permits."""
    own = [event for event in events if isinstance(event, wire.StrayError) and event.cell_id == cell.cell_id]
    return [each for each in own if not (each.exit_status and wire.EXIT_STATUS_TAG in cell.tags)]


def _cells(events: Sequence[wire.Event]) -> tuple[wire.Cell, ...]:
    return next((event.cells for event in events if isinstance(event, wire.Opened)), ())


def _judge(cell: wire.Cell, end: wire.CellEnded | None, stopped: wire.Ended | None) -> tuple[Outcome, CaseError | None]:
    if wire.SKIP_TAG in cell.tags or (end is not None and end.status == "skipped"):
        return Outcome.SKIPPED, None
    if end is None or end.status == "aborted":
        return Outcome.NOT_RUN, None
    if end.time_over is not None:
        said = f"The cell's time ({end.time_over:g} s) was over."
        traceback = _plain(end.error[2]) if end.error else ""
        return Outcome.ERRORED, CaseError(type=wire.CELL_TIMEOUT, message=said, traceback=traceback)
    must = _RAISES_TAG in cell.tags
    refused = must and end.error is not None and _named(*end.error[:2])[0] not in _NO_REFUSAL
    if end.error is not None and not refused and not _was_interrupted(end, stopped):
        return _judge_error(cell, *end.error)
    doubt = _doubt(end, stopped, status="error" if refused else "ok")
    if doubt is None and must and not refused:
        said = f"It was expected to raise, because it is tagged {_RAISES_TAG}, but it raised nothing."
        return Outcome.FAILED, CaseError(type="NothingRaised", message=said)
    return (Outcome.ERRORED, doubt) if doubt else (Outcome.PASSED, None)


def _doubt(end: wire.CellEnded, stopped: wire.Ended | None, *, status: str) -> CaseError | None:
    """Return why a cell that raised nothing it should not have is not known to have passed."""
    if end.status != status or end.execution_count is None:
        name, sentence = explain(stopped or wire.Ended(wire.Ending.COMPLETED))
        return CaseError(type=name, message=sentence, traceback=_plain(end.error[2] if end.error else ""))
    if end.asked_exit:
        return CaseError(type="EarlyExit", message="The cell told the kernel to exit.")
    if end.lost_messages:
        lost = (
            f"{end.lost_messages} messages of this cell were lost, perhaps failed checks; let it print less at a time."
        )
        return CaseError(type="MessagesLost", message=lost)
    return None


def _was_interrupted(end: wire.CellEnded, stopped: wire.Ended | None) -> bool:
    """Say whether it was us who raised KeyboardInterrupt in the cell, because the time was over."""
    timed_out = stopped is not None and stopped.ending is wire.Ending.TIMED_OUT
    return timed_out and end.error is not None and end.error[0] == "KeyboardInterrupt"


def _judge_error(cell: wire.Cell, name: str, message: str, traceback: str) -> tuple[Outcome, CaseError]:
    name, message = _named(name, message)
    outcome = Outcome.FAILED if name == "AssertionError" else Outcome.ERRORED
    if name == "SystemExit":
        message = f"The cell ended the suite early (exit code {message or '0'})."
    if _RAISES_TAG in cell.tags:
        message = f"{message} (That is no refusal: the tag {_RAISES_TAG} does not make it pass.)".strip()
    return outcome, CaseError(type=name, message=_plain(message)[:LONGEST_MESSAGE], traceback=_plain(traceback))


def _named(name: str, message: str) -> tuple[str, str]:
    """Return what a kernel of another language reported, as Python calls it."""
    if not name and message.isdecimal():
        return _name_exit_code(message)
    if name == "ERROR" and (assertion := _R_ASSERTION.fullmatch(message)):
        return "AssertionError", assertion["said"]
    return name, message


def _name_exit_code(code: str) -> tuple[str, str]:
    """Name what a shell's kernel reports as a bare number. 1 is how test, [[ and grep say false."""
    said = f"The last command of the cell ended with exit code {code}."
    return ("AssertionError", said) if code == "1" else ("ExitCode", said)


def _plain(text: str) -> str:
    return _COLOURS.sub("", text)[-LONGEST_TRACEBACK:]


def titles(cells: Sequence[wire.Cell]) -> dict[str, str]:
    """Name each cell by its own title or, where it is code, its first comment, the heading above it, its first line."""
    named = {}
    above: wire.Cell | None = None
    for cell in cells:
        if cell.title:
            named[cell.cell_id] = _shorten(cell.title)
        elif cell.cell_type == "code" and cell.source.strip():
            named[cell.cell_id] = _shorten(_title(cell, above))
        above = cell
    return named


def _title(cell: wire.Cell, above: wire.Cell | None) -> str:
    lines = [line.strip() for line in cell.source.splitlines() if line.strip()]
    comment = lines[0].lstrip("#").strip() if lines[0].startswith("#") else ""
    return comment or _heading(above) or next((line for line in lines if line[0] not in "%#"), lines[0])


def _heading(cell: wire.Cell | None) -> str:
    """Return the last heading of a markdown cell."""
    if cell is None or cell.cell_type != "markdown":
        return ""
    headings = [line.strip().lstrip("#").strip() for line in cell.source.splitlines() if line.strip().startswith("#")]
    return headings[-1] if headings else ""


def _shorten(title: str) -> str:
    return title if len(title) <= LONGEST else title[: LONGEST - 1].rstrip() + "…"
