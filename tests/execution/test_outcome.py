"""What becomes of cases and suites, from events alone: fail closed in every row."""

from __future__ import annotations

import pytest

from jupyter_deployfeedback.domain.run import CaseError, CaseResult, Outcome
from jupyter_deployfeedback.execution.outcome import (
    case_results,
    notices,
    suite_outcome,
    suite_reason,
    titles,
    warnings,
)
from jupyter_deployfeedback.execution.worker.wire import (
    Cell,
    CellEnded,
    CellStarted,
    Ended,
    Ending,
    Event,
    Opened,
    StrayError,
)

OK = {"status": "ok", "execution_count": 1}
COMPLETED = Ended(Ending.COMPLETED)
ASSERTION = ("AssertionError", "1 is not 2", "\x1b[31mTraceback\x1b[39m")
HEADING = Cell("m", "markdown", "Some words\n## The target answers\nmore words")


def one_cell(tags: tuple[str, ...] = (), **end: object) -> list[Event]:
    """A notebook of one cell that was started and ended so."""
    return [Opened((Cell("a", "code", "f()", tags),)), CellStarted("a"), CellEnded("a", **end)]  # type: ignore[arg-type]


CELLS = [
    ("a reply, a count and no error", one_cell(**OK), COMPLETED, Outcome.PASSED, None),
    ("an assertion", one_cell(status="error", error=ASSERTION), COMPLETED, Outcome.FAILED, "AssertionError"),
    ("any exception", one_cell(status="error", error=("KeyError", "x", "")), COMPLETED, Outcome.ERRORED, "KeyError"),
    ("an exception after ok", one_cell(**OK, error=("KeyError", "x", "")), COMPLETED, Outcome.ERRORED, "KeyError"),
    ("sys.exit(0)", one_cell(status="error", error=("SystemExit", "0", "")), COMPLETED, Outcome.ERRORED, "SystemExit"),
    ("ask_exit", one_cell(**OK, asked_exit=True), COMPLETED, Outcome.ERRORED, "EarlyExit"),
    ("no count", one_cell(status="ok"), COMPLETED, Outcome.ERRORED, "NoReply"),
    ("an error without a name", one_cell(status="error", execution_count=1), COMPLETED, Outcome.ERRORED, "NoReply"),
    ("aborted by the kernel", one_cell(status="aborted"), COMPLETED, Outcome.NOT_RUN, None),
    ("lost messages", one_cell(**OK, lost_messages=3), COMPLETED, Outcome.ERRORED, "MessagesLost"),
    ("no reply: dead kernel", one_cell(), Ended(Ending.KERNEL_DIED), Outcome.ERRORED, "KernelDied"),
    ("no reply: no memory", one_cell(), Ended(Ending.OUT_OF_MEMORY), Outcome.ERRORED, "OutOfMemory"),
    ("no reply: timeout", one_cell(), Ended(Ending.TIMED_OUT), Outcome.ERRORED, "SuiteTimeout"),
    ("no reply: cancelled", one_cell(), Ended(Ending.CANCELLED), Outcome.ERRORED, "RunCancelled"),
    ("no end: dead worker", one_cell()[:2], Ended(Ending.WORKER_DIED), Outcome.ERRORED, "WorkerDied"),
    (
        "interrupted by us at the timeout",
        one_cell(status="error", error=("KeyboardInterrupt", "", "at line 3")),
        Ended(Ending.TIMED_OUT),
        Outcome.ERRORED,
        "SuiteTimeout",
    ),
    ("tagged raises-exception, asserted", one_cell(("raises-exception",), status="error", error=ASSERTION), COMPLETED, Outcome.FAILED, "AssertionError"),
    ("tagged raises-exception, did not raise", one_cell(("raises-exception",), **OK), COMPLETED, Outcome.FAILED, "NothingRaised"),
    ("tagged raises-exception, its time over", one_cell(("raises-exception",), status="error", execution_count=1, error=("ValueError", "", ""), time_over=1.0), COMPLETED, Outcome.ERRORED, "CellTimeout"),
    ("tagged raises-exception, lost messages", one_cell(("raises-exception",), status="error", execution_count=1, error=("ValueError", "", ""), lost_messages=3), COMPLETED, Outcome.ERRORED, "MessagesLost"),
    ("tagged skip-execution", one_cell(("skip-execution",))[:1], COMPLETED, Outcome.SKIPPED, None),
    ("never started", one_cell()[:1], COMPLETED, Outcome.NOT_RUN, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("events", "ended", "expected", "error"), [row[1:] for row in CELLS], ids=[r[0] for r in CELLS]
)
def test_a_cell_passes_only_by_a_whole_reply(
    events: list[Event], ended: Ended, expected: Outcome, error: str | None
) -> None:
    (case,) = case_results(events, ended=ended)

    assert case.outcome is expected
    assert (case.error.type if case.error else None) == error


def case(outcome: Outcome, **fields: object) -> CaseResult:
    return CaseResult(case_id="a", title="a cell", outcome=outcome, **fields)  # type: ignore[arg-type]


SUITES = [
    ((Outcome.PASSED, Outcome.SKIPPED), COMPLETED, Outcome.PASSED),
    ((Outcome.PASSED, Outcome.NOT_RUN), COMPLETED, Outcome.NOT_RUN),
    ((Outcome.FAILED, Outcome.NOT_RUN), COMPLETED, Outcome.FAILED),
    ((Outcome.FAILED, Outcome.ERRORED, Outcome.PASSED), COMPLETED, Outcome.ERRORED),
    ((Outcome.SKIPPED, Outcome.SKIPPED), COMPLETED, Outcome.SKIPPED),
    ((), COMPLETED, Outcome.NOT_RUN),
    *(((Outcome.PASSED,), Ended(ending), Outcome.ERRORED) for ending in Ending if ending is not Ending.COMPLETED),
]


@pytest.mark.parametrize(("outcomes", "ended", "expected"), SUITES)
def test_a_suite_is_as_good_as_its_worst_case_and_its_ending(
    outcomes: tuple[Outcome, ...], ended: Ended, expected: Outcome
) -> None:
    assert suite_outcome([case(outcome) for outcome in outcomes], ended=ended) is expected


def test_the_reason_names_the_first_case_that_errored() -> None:
    error = CaseError(type="KeyError", message="'x'")

    reason = suite_reason([case(Outcome.PASSED), case(Outcome.ERRORED, error=error)], ended=COMPLETED)

    assert reason == "a cell: KeyError: 'x'"


def test_the_reason_of_a_suite_without_code_says_that_no_statement_was_executed() -> None:
    assert suite_reason([], ended=COMPLETED) == "It has no code cell or other case: no statement was executed."


def test_what_stopped_the_suite_is_blamed_on_the_cell_that_was_running_only() -> None:
    cells = Opened((Cell("a", "code", "a"), Cell("b", "code", "b"), Cell("c", "code", "c")))
    events = [cells, CellStarted("a"), CellEnded("a", **OK), CellStarted("b")]

    cases = case_results(events, ended=Ended(Ending.WORKER_DIED))

    assert [each.outcome for each in cases] == [Outcome.PASSED, Outcome.ERRORED, Outcome.NOT_RUN]


def test_the_injected_cell_is_a_case_only_if_it_did_not_pass() -> None:
    cells = Opened((Cell("a", "code", "a"),))
    end = CellEnded("injected-parameters", status="error", error=("NameError", "x", ""))

    bad = case_results([cells, CellStarted("injected-parameters"), end], ended=COMPLETED)
    good = case_results([cells, CellStarted(end.cell_id), CellEnded(end.cell_id, **OK)], ended=COMPLETED)

    assert [each.title for each in bad] == ["injected parameters", "a"]
    assert [each.title for each in good] == ["a"]


def test_checks_stand_behind_the_cell_that_made_them() -> None:
    cells = Opened((Cell("a", "code", "a"), Cell("b", "code", "b")))
    check = CaseResult(case_id="a#1", title="claim", outcome=Outcome.FAILED, cell_id="a")

    cases = case_results([cells], ended=COMPLETED, recorded={"a": [check]})

    assert [each.case_id for each in cases] == ["a", "a#1", "b"]


def test_markdown_empty_cells_and_comments_are_no_cases() -> None:
    comment = Cell("d", "code", "# check(answers)\n\n  // nothing else")
    cells = Opened((Cell("a", "markdown", "# Title"), Cell("b", "code", " \n"), comment, Cell("c", "code", "x = 1")))

    cases = case_results([cells], ended=COMPLETED)

    assert [(each.case_id, each.title) for each in cases] == [("c", "x = 1")]


def test_comments_that_fail_all_the_same_are_a_case() -> None:
    cells = Opened((Cell("a", "code", "#include <nothing>"),))
    end = CellEnded("a", status="error", error=("CompileError", "no such file", ""))

    (case,) = case_results([cells, CellStarted("a"), end], ended=COMPLETED)

    assert case.outcome is Outcome.ERRORED


def test_tracebacks_are_kept_without_terminal_colours() -> None:
    (failed,) = case_results(one_cell(status="error", error=ASSERTION), ended=COMPLETED)

    assert failed.error == CaseError(type="AssertionError", message="1 is not 2", traceback="Traceback")


def test_what_decides_nothing_is_noticed_once() -> None:
    events = one_cell(("raises-exception",), **OK, truncated=True)

    assert notices(events) == ("f(): its output was cut in the executed copy.",)


UNRAISED = [
    ("twice", StrayError("a"), (), Outcome.PASSED, "“f()”: an exception in a thread or a task reached only stderr"),
    ("a command", StrayError("a", "it ended", exit_status=True), (), Outcome.PASSED, "“f()”: it ended"),
    ("a command, permitted", StrayError("a", "it ended", exit_status=True), ("exit-status-ok",), Outcome.PASSED, None),
    ("a task, tagged", StrayError("a", "it raised"), ("exit-status-ok",), Outcome.PASSED, "“f()”: it raised"),
    ("tests", StrayError("a", "1 of 2", fails=True), ("exit-status-ok",), Outcome.FAILED, None),
    ("test command, permitted", StrayError("a", "1", fails=True, exit_status=True), ("exit-status-ok",), Outcome.PASSED, None),
]  # fmt: skip


@pytest.mark.parametrize(("stray", "tags", "expected", "said"), [row[1:] for row in UNRAISED], ids=[row[0] for row in UNRAISED])  # fmt: skip
def test_what_failed_without_raising_is_a_warning_or_fails_its_case(
    stray: StrayError, tags: tuple[str, ...], expected: Outcome, said: str | None
) -> None:
    events = [*one_cell(tags, **OK), stray, stray]

    (case,) = case_results(events, ended=COMPLETED)

    assert case.outcome is expected
    assert warnings(events) == ((said,) if said else ())


def test_a_case_says_how_many_more_of_its_tests_failed() -> None:
    events = [*one_cell(**OK), StrayError("a", "first", fails=True), StrayError("a", "second", fails=True)]

    (case,) = case_results(events, ended=COMPLETED)

    assert case.error == CaseError(type="TestsFailed", message="first (and 1 more).")


@pytest.mark.parametrize(
    ("above", "source", "expected"),
    [
        (None, "# The target is ready\nassert ready", "The target is ready"),
        (HEADING, "assert ready", "The target answers"),
        (HEADING, "# its own comment\nassert ready", "its own comment"),
        (Cell("m", "markdown", "only words"), "\n\nassert ready\nx", "assert ready"),
        (Cell("m", "code", "# other"), "x = 1", "x = 1"),
        (None, "%%time\nx = slow()", "x = slow()"),
        (None, "%matplotlib inline", "%matplotlib inline"),
        (None, "#\nx = 1", "x = 1"),
        (None, "y" * 100, "y" * 79 + "…"),
    ],
)
def test_a_case_is_named_by_comment_heading_or_code(above: Cell | None, source: str, expected: str) -> None:
    cells = [*([above] if above else []), Cell("c", "code", source)]

    assert titles(cells)["c"] == expected
