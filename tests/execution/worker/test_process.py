"""Whatever is killed, the run comes back with a result and no process is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from jupyter_deployfeedback.domain.run import EventKind, Outcome, Step, Suite, SuiteResult
from jupyter_deployfeedback.execution import end_marked, prepare
from jupyter_deployfeedback.execution.worker.process_tree import descendants

# One child as usual, one in its own session, one whose parent is gone and whose environment is empty.
CHILDREN = """
import subprocess, time, pathlib
pids = [subprocess.Popen(["sleep", "300"]).pid, subprocess.Popen(["sleep", "300"], start_new_session=True).pid]
orphan = subprocess.run(["env", "-i", "sh", "-c", "setsid sleep 300 >/dev/null 2>&1 & echo $!"], capture_output=True)
pids.append(int(orphan.stdout))
pathlib.Path("pids").write_text(" ".join(map(str, pids)))
"""
WITH_SELF = CHILDREN + "import os; pathlib.Path('pids').write_text(' '.join(map(str, [os.getpid(), *pids])))\n"
HANG = "time.sleep(300)"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux lets a worker adopt orphans")


def alive(pids: list[int]) -> list[int]:
    """Those of the processes that run."""
    return [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]


def eventually_gone(pids: list[int], *, within_seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + within_seconds
    while alive(pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    return alive(pids) == []


def read_pids(folder: Path) -> list[int]:
    return [int(pid) for pid in (folder / "pids").read_text().split()]


@LINUX
def test_a_suite_that_passed_leaves_no_child_to_the_next_one(
    tmp_path: Path, write_notebook: Callable[..., Path], run_suites: Callable[..., tuple[SuiteResult, ...]]
) -> None:
    write_notebook(tmp_path / "starts.ipynb", WITH_SELF)
    look = """
import psutil
found = [psutil.Process(int(pid)) for pid in open("pids").read().split() if psutil.pid_exists(int(pid))]
running = [process.cmdline() for process in found if process.status() != psutil.STATUS_ZOMBIE]
assert running == [], running
"""
    write_notebook(tmp_path / "looks.ipynb", look)

    starts, looks = run_suites(
        tmp_path, Suite(name="starts", source="starts.ipynb"), Suite(name="looks", source="looks.ipynb")
    )

    assert len(read_pids(tmp_path)) == 4
    assert (starts.outcome, looks.outcome) == (Outcome.PASSED, Outcome.PASSED)


@LINUX
def test_a_suite_whose_time_is_over_leaves_no_child_behind(
    run_notebook: Callable[..., SuiteResult], tmp_path: Path
) -> None:
    stubborn = "while True:\n    try:\n        time.sleep(300)\n    except BaseException:\n        pass"

    result = run_notebook(WITH_SELF, stubborn, suite={"timeout_seconds": 3.0})

    assert result.outcome is Outcome.ERRORED
    assert result.duration_seconds < 15.0
    assert alive(read_pids(tmp_path)) == []
    assert "SuiteTimeout" in (tmp_path / "artifacts" / "suite.ipynb").read_text()


def test_a_killed_worker_is_an_errored_suite_and_the_next_one_runs(
    tmp_path: Path, write_notebook: Callable[..., Path], run_suites: Callable[..., tuple[SuiteResult, ...]]
) -> None:
    write_notebook(tmp_path / "hangs.ipynb", "before = 1", WITH_SELF, HANG, "after = 1")
    write_notebook(tmp_path / "fine.ipynb", "1 + 1")
    worker = prepare(ENVIRONMENT)

    def kill_at_third_case(step: Step) -> None:
        if step.kind is EventKind.CASE_STARTED and step.case_id == "c3":
            os.kill(worker.pid, signal.SIGKILL)

    hangs, fine = run_suites(
        tmp_path,
        Suite(name="hangs", source="hangs.ipynb"),
        Suite(name="fine", source="fine.ipynb"),
        tell=kill_at_third_case,
        workers=[worker],
    )

    assert hangs.outcome is Outcome.ERRORED
    assert hangs.reason is not None
    assert hangs.reason.startswith("The process that ran the suite ended without a result.")
    assert [case.outcome for case in hangs.cases] == [Outcome.PASSED, Outcome.PASSED, Outcome.ERRORED, Outcome.NOT_RUN]
    assert hangs.artifact == "hangs.ipynb"
    assert fine.outcome is Outcome.PASSED
    *marked, without_environment = read_pids(tmp_path)
    assert eventually_gone(marked)
    with suppress(ProcessLookupError):  # the one that may escape, and only here
        os.kill(without_environment, signal.SIGKILL)


def test_a_worker_that_was_killed_while_it_stood_by_is_an_errored_suite_and_the_next_one_runs(
    tmp_path: Path, write_notebook: Callable[..., Path], run_suites: Callable[..., tuple[SuiteResult, ...]]
) -> None:
    suites = [Suite(name=name, source=str(write_notebook(tmp_path / f"{name}.ipynb", "1").name)) for name in "ab"]
    worker = prepare(ENVIRONMENT)
    os.kill(worker.pid, signal.SIGKILL)
    assert eventually_gone([worker.pid])

    results = run_suites(tmp_path, *suites, workers=[worker])

    assert [result.outcome for result in results] == [Outcome.ERRORED, Outcome.PASSED]
    assert not worker.folder.exists()


def test_a_worker_that_cannot_start_is_an_errored_suite_with_its_last_words(
    run_notebook: Callable[..., SuiteResult], tmp_path: Path
) -> None:
    (tmp_path / "papermill.py").write_text("raise ImportError('this is not the papermill you want')")

    result = run_notebook("1 + 1", environment={"PYTHONPATH": str(tmp_path)})

    assert result.outcome is Outcome.ERRORED
    assert result.reason == (
        "The process that ran the suite ended without a result. "
        "Its last words: ImportError: this is not the papermill you want"
    )


def test_a_worker_goes_with_its_killed_parent_and_takes_the_kernel_along(
    tmp_path: Path, write_notebook: Callable[..., Path]
) -> None:
    write_notebook(tmp_path / "hangs.ipynb", WITH_SELF, HANG)
    script = f"""
import os, threading
from pathlib import Path
from jupyter_deployfeedback.domain.project import Project, Target
from jupyter_deployfeedback.domain.run import Suite
from jupyter_deployfeedback.execution import execute
target, suite = Target(name="t", url="http://127.0.0.1:1"), Suite(name="hangs", source="hangs.ipynb")
folder = {str(tmp_path)!r}
project = Project(name="p", folder=folder, file=folder, targets={{"t": target}}, default_target="t", suites=(suite,))
execute((suite,), project=project, target=target, baseline=None, run_id="orphaned", artifacts=Path(folder) / "artifacts",
        tell=lambda step: step.case_id == "c2" and print("hangs", flush=True), cancelled=threading.Event())
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=ENVIRONMENT) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"hangs\n"
        below = [process.pid for process in descendants(parent.pid)]
        parent.kill()

    assert len(below) >= 4
    assert eventually_gone([*below, *read_pids(tmp_path)])
    assert "RunCancelled" in (tmp_path / "artifacts" / "hangs.ipynb").read_text()


def test_what_carries_a_runs_mark_is_found_and_ended() -> None:
    with (
        subprocess.Popen(["sleep", "300"], env={**os.environ, "DEPLOYFEEDBACK_RUN_ID": "lost"}) as marked,
        subprocess.Popen(["sleep", "300"], env={**os.environ, "DEPLOYFEEDBACK_RUN_ID": "other"}) as unmarked,
    ):
        count = end_marked("lost")

        assert count == 1
        assert alive([marked.pid, unmarked.pid]) == [unmarked.pid]
        unmarked.kill()


def test_a_worker_that_was_prepared_and_not_needed_is_gone_when_closed() -> None:
    with prepare() as worker:
        folder = worker.folder
        assert alive([worker.pid]) == [worker.pid]

    assert alive([worker.pid]) == []
    assert not folder.exists()


@LINUX
def test_a_worker_hides_its_memory_from_the_kernels_it_starts() -> None:
    hide = (
        "import ctypes; from jupyter_deployfeedback.execution.worker.process_tree import adopt_orphans_and_hide\n"
        "adopt_orphans_and_hide(); print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))  # PR_GET_DUMPABLE"
    )

    told = subprocess.run([sys.executable, "-c", hide], capture_output=True, text=True, check=True, env=ENVIRONMENT)

    assert told.stdout == "0\n"
