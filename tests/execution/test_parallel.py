"""Suites side by side, with real workers and kernels."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from jupyter_deployfeedback.domain.run import EventKind, Outcome, Step, Suite, SuiteResult
from jupyter_deployfeedback.execution.control_group import MAX_PARALLEL_VARIABLE, parallelism
from jupyter_deployfeedback.execution.lanes import benches
from jupyter_deployfeedback.execution.plan import turns
from jupyter_deployfeedback.execution.run import artifact_names
from jupyter_deployfeedback.execution.standby.orders import FOLDER_VARIABLE

Write = Callable[..., Path]
RunSuites = Callable[..., tuple[SuiteResult, ...]]
HANG = "import time, os, pathlib\npathlib.Path(f'{os.getpid()}.pid').touch()\ntime.sleep(300)"
MEET = """
import pathlib, time
me, other = {me!r}, {other!r}
pathlib.Path(me).touch()
deadline = time.monotonic() + 50
while not pathlib.Path(other).exists():
    assert time.monotonic() < deadline, "the other suite does not run"
    time.sleep(0.02)
"""


def named(*names: str) -> tuple[Suite, ...]:
    """Suites by name; ``!`` marks an exclusive one."""
    return tuple(
        Suite(
            name=name.rstrip("!"), source=f"{name.rstrip('!')}.ipynb", exclusive=name.endswith("!"), timeout_seconds=60
        )
        for name in names
    )


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], []),
        (["a", "b"], [["a", "b"]]),
        (["a!"], [["a"]]),
        (["a", "b", "c!", "d"], [["a", "b"], ["c"], ["d"]]),
        (["a!", "b!", "c", "d"], [["a"], ["b"], ["c", "d"]]),
    ],
)
def test_an_exclusive_suite_has_a_turn_of_its_own(names: list[str], expected: list[list[str]]) -> None:
    assert [[suite.name for suite in turn] for turn in turns(named(*names))] == expected


@pytest.mark.parametrize(
    ("names", "wanted", "allowed", "expected"),
    [
        (["a", "b", "c"], 2, "", 2),
        (["a", "b", "c"], 8, "", 3),  # no more than there are
        (["a", "b!", "c"], 8, "", 1),  # nor than ever run together
        (["a", "b", "c"], 3, "2", 2),
        (["a", "b", "c"], 3, "0", 1),
        (["a", "b", "c"], 3, "many", 3),
        ([], 8, "", 1),
    ],
)
def test_no_more_suites_run_at_once_than_may_or_can(names: list[str], wanted: int, allowed: str, expected: int) -> None:
    told = {MAX_PARALLEL_VARIABLE: allowed} if allowed else {}

    assert parallelism(named(*names), wanted=wanted, environment=told) == expected


def test_by_default_there_is_one_suite_per_core_of_this_process() -> None:
    cores = sorted(os.sched_getaffinity(0))
    many = named(*(f"suite-{number}" for number in range(len(cores) + 1)))
    try:
        os.sched_setaffinity(0, cores[:1])

        assert parallelism(many, wanted=None, environment={}) == 1
    finally:
        os.sched_setaffinity(0, cores)


def test_suites_that_wait_for_each_other_both_pass(
    tmp_path: Path, write_notebook: Write, run_suites: RunSuites
) -> None:
    write_notebook(tmp_path / "a.ipynb", MEET.format(me="a", other="b"))
    write_notebook(tmp_path / "b.ipynb", MEET.format(me="b", other="a"))

    results = run_suites(tmp_path, *named("a", "b"), parallel=2)

    assert [result.outcome for result in results] == [Outcome.PASSED, Outcome.PASSED]
    assert [result.artifact for result in results] == ["a.ipynb", "b.ipynb"]


def test_suites_begin_in_the_files_order_an_exclusive_one_alone_and_steps_are_told_one_by_one(
    tmp_path: Path, write_notebook: Write, run_suites: RunSuites
) -> None:
    suites = named("slow", "quick", "alone!", "last", "too")
    for suite in suites:
        write_notebook(tmp_path / suite.source, f"import time; time.sleep({1.0 if suite.name == 'slow' else 0.05})")
    begun: list[str] = []
    busy = threading.Lock()
    overlapping: list[Step] = []

    def tell(step: Step) -> None:
        if not busy.acquire(blocking=False):
            overlapping.append(step)
            return
        if step.kind is EventKind.SUITE_STARTED:
            begun.append(str(step.suite))
        threading.Event().wait(0.02)
        busy.release()

    results = {result.suite.name: result for result in run_suites(tmp_path, *suites, parallel=3, tell=tell)}

    assert begun == list(results) == ["slow", "quick", "alone", "last", "too"]
    assert overlapping == []
    before, alone, after = ("slow", "quick"), results["alone"], ("last", "too")
    assert all(results[name].finished_at <= alone.started_at for name in before)
    assert all(alone.finished_at <= results[name].started_at for name in after)


LINGERS = """
import threading, time
def work():
    until = time.monotonic() + 1.5
    while time.monotonic() < until:
        open("still", "a").write(".")
        time.sleep(0.02)
threading.Thread(target=work).start()
"""
ALONE = """
import os, time
before = os.path.getsize("still"); time.sleep(0.3)
assert os.path.getsize("still") == before
"""


def test_an_exclusive_suite_waits_for_kernels_that_are_still_ending(
    tmp_path: Path, write_notebook: Write, run_suites: RunSuites
) -> None:
    write_notebook(tmp_path / "lingers.ipynb", LINGERS)
    write_notebook(tmp_path / "quick.ipynb", "import time; time.sleep(0.5)")
    write_notebook(tmp_path / "alone.ipynb", ALONE)

    results = run_suites(tmp_path, *named("lingers", "quick", "alone!"), parallel=2)

    assert [result.outcome for result in results] == [Outcome.PASSED] * 3


def test_suites_one_after_the_other_share_a_worker(
    tmp_path: Path, write_notebook: Write, run_suites: RunSuites
) -> None:
    suites = named("a!", "b!", "c!")
    for suite in suites:
        write_notebook(tmp_path / suite.source, f"import os; open('{suite.name}.worker', 'w').write(str(os.getppid()))")

    run_suites(tmp_path, *suites, parallel=3, environment={FOLDER_VARIABLE: ""})  # kernels below the worker

    assert len({(tmp_path / f"{suite.name}.worker").read_text() for suite in suites}) == 1


def test_a_cancelled_run_stops_all_its_suites(tmp_path: Path, write_notebook: Write, run_suites: RunSuites) -> None:
    suites = named("a", "b", "c")
    for suite in suites:
        write_notebook(tmp_path / suite.source, HANG)
    cancelled = threading.Event()
    hanging: set[str] = set()

    def cancel_once_two_hang(step: Step) -> None:
        if step.kind is EventKind.CASE_STARTED:
            hanging.add(str(step.suite))
        if len(hanging) == 2:
            cancelled.set()

    results = run_suites(tmp_path, *suites, parallel=2, cancelled=cancelled, tell=cancel_once_two_hang)

    assert [result.outcome for result in results] == [Outcome.ERRORED, Outcome.ERRORED, Outcome.NOT_RUN]
    assert running_kernels(tmp_path) == []


def test_a_killed_worker_costs_only_its_own_suite(tmp_path: Path, write_notebook: Write, run_suites: RunSuites) -> None:
    write_notebook(tmp_path / "killed.ipynb", f"import os; os.kill(os.getppid(), {signal.SIGKILL})", HANG)
    write_notebook(tmp_path / "fine.ipynb", "import time; time.sleep(1)")

    killed, fine = run_suites(tmp_path, *named("killed", "fine"), parallel=2)

    assert (killed.outcome, fine.outcome) == (Outcome.ERRORED, Outcome.PASSED)


def test_what_breaks_the_run_stops_its_suites_and_is_raised(
    tmp_path: Path, write_notebook: Write, run_suites: RunSuites
) -> None:
    suites = named("a", "b", "c")
    for suite in suites:
        write_notebook(tmp_path / suite.source, "quick = 1" if suite.name == "b" else HANG)

    def break_at_the_first_end(step: Step) -> None:
        if step.kind is EventKind.CASE_FINISHED:
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        run_suites(tmp_path, *suites, parallel=2, tell=break_at_the_first_end)

    assert running_kernels(tmp_path) == []


def running_kernels(folder: Path) -> list[int]:
    """Those kernels of HANG that still run."""
    return [int(path.stem) for path in folder.glob("*.pid") if psutil.pid_exists(int(path.stem))]


def test_copies_of_points_with_long_values_have_names_that_a_system_takes() -> None:
    prompts = ("x" * 300 + "a", "x" * 300 + "b", "\N{CJK UNIFIED IDEOGRAPH-6A21}" * 90)

    names = artifact_names(tuple(Suite(name=f"q[prompt={prompt}]", source="q.ipynb") for prompt in prompts)).values()

    assert len(set(names)) == 3
    assert max(len(name.encode()) for name in names) < 200


def test_of_two_workers_one_that_does_not_leave_holds_the_other_one_up_for_nothing() -> None:
    with ThreadPoolExecutor(1) as pool, ExitStack() as stack:
        workers = [bench.worker() for bench in stack.enter_context(benches(os.environ, [], count=2))]
        assert all(any(worker.settle() for _ in range(12)) for worker in workers)  # both are loaded
        stuck, willing = [psutil.Process(worker.pid) for worker in workers]
        stuck.suspend()

        closing = pool.submit(stack.pop_all().close)
        willing.wait(timeout=30)

        assert stuck.status() == psutil.STATUS_STOPPED
        closing.result()
        assert not stuck.is_running()
