"""P1 to P12 of the fault catalogue, each by name: what breaks in or around a kernel, forked and started."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.faults.scene import ASKS, Scene, adopting_orphans, cancelled_where_it_cannot_be_broken, judge, until_said

HERE = "import os, time\nopen('here', 'w').write(f'{os.getpid()}\\n')\n"
HANG = HERE + "time.sleep(300)"
SAYS = "import time; print('half-way', flush=True); time.sleep(2)\n" + HANG  # it is heard before there is a fault
STUBBORN = HERE + "while True:\n    try: time.sleep(300)\n    except BaseException: pass"
REGEX = HERE + "import re; re.match('(a+)+b', 'a' * 60)"  # holds Python's lock
CHILDREN = """
import os, subprocess
started = [subprocess.Popen(["sleep", "300"]), subprocess.Popen(["sleep", "300"], start_new_session=True)]
twice = subprocess.run(["env", "-i", "sh", "-c", "setsid sleep 300 >/dev/null 2>&1 & echo $!"], capture_output=True)
open("pids", "w").write(" ".join(map(str, [os.getpid(), *(each.pid for each in started), int(twice.stdout)])))
"""
STORM = """
import os, resource, time
told, capped = [os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND) for name in ("storm-pids", "capped")]
if os.fork() == 0:
    os.setsid()
    limit_tasks()
    while True:
        try:
            if os.fork() == 0:
                os.write(told, b"%d\\n" % os.getpid())
        except OSError:
            os.write(capped, b"!")
            time.sleep(0.01)
"""
OWN_LIMIT = """
import os, resource
def limit_tasks():
    others = 0
    if os.getuid() != 0:
        mine = [pid for pid in os.listdir("/proc") if pid.isdecimal() and os.stat(f"/proc/{pid}").st_uid == os.getuid()]
        others = sum(len(os.listdir(f"/proc/{pid}/task")) for pid in mine)
    resource.setrlimit(resource.RLIMIT_NPROC, (others + 40, others + 40))
    if os.getuid() == 0:  # for whom that limit does not count: be a user that nobody else is
        os.setuid(100_000 + os.getpid())
"""
HOG = "import resource; resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30)); hog = bytearray(4 << 30)"
FLOOD = "print('x' * 50_000_000)"
TINY = "import os, sys\nfor number in range(1_000_000): print(number); sys.stdout.flush()"
Inject = Then = Callable[[Scene, str, Path], None]


def kernel_of(project: Path) -> psutil.Process:
    return psutil.Process(int(until_said(project)))


def kill_kernel(scene: Scene, run_id: str, project: Path) -> None:
    kernel_of(project).kill()


def kill_worker(scene: Scene, run_id: str, project: Path) -> None:
    until_said(project)
    scene.worker(run_id).kill()


def kill_run(scene: Scene, run_id: str, project: Path) -> None:
    until_said(project)
    scene.owner(run_id).kill()


def kill_run_and_worker(scene: Scene, run_id: str, project: Path) -> None:
    until_said(project)
    victims = [scene.worker(run_id), scene.owner(run_id)]
    for victim in victims:
        victim.kill()


def stop_kernel(scene: Scene, run_id: str, project: Path) -> None:
    kernel_of(project).suspend()


def stop_and_continue_kernel(scene: Scene, run_id: str, project: Path) -> None:
    kernel = kernel_of(project)
    kernel.suspend()
    time.sleep(1.0)
    kernel.resume()


@dataclass(frozen=True)
class Fault:
    """A suite's cells, what is done to it from outside, and what it has to become."""

    cells: tuple[str | dict[str, Any], ...]
    says: str
    outcomes: tuple[str, ...] = ()
    state: str = "finished"
    inject: Inject | None = None
    timeout: float = 60.0
    absorbed: bool = False
    then: Then | None = None


def keeps_what_was_printed(scene: Scene, run_id: str, project: Path) -> None:
    printed = [output.get("text") for cell in scene.copy(run_id)["cells"] for output in cell["outputs"]]
    assert ["half-way\n"] in printed


def was_a_storm_with_a_limit(scene: Scene, run_id: str, project: Path) -> None:
    assert len((project / "storm-pids").read_text().split()) > 5  # the server takes some of the tasks itself
    assert (project / "capped").read_text().startswith("!")


def is_cut(scene: Scene, run_id: str, project: Path) -> None:
    copy = scene.store / "artifacts" / run_id / "suite.ipynb"
    assert "[output cut: this cell printed more than 10 MB]" in copy.read_text()
    assert copy.stat().st_size < 30e6
    assert "its output was cut" in " ".join(scene.suite(run_id)["notices"])
    assert (scene.store / "store.sqlite").stat().st_size < 10e6


DIED = ("passed", "errored", "not_run")
FAULTS: dict[str, Fault] = {
    "P1 kill -9 of the kernel in a cell": Fault((CHILDREN, SAYS, "after = 1"), "killed by signal 9", DIED, inject=kill_kernel, then=keeps_what_was_printed),
    "P1 segfault": Fault(("1", "import ctypes; ctypes.string_at(0)", "1"), "killed by signal 11", DIED),
    "P2 kill -9 of the worker": Fault((CHILDREN, HANG, "1"), "ended without a result", DIED, inject=kill_worker),
    "P2 kill -9 of the worker, the kernel holds Python's lock": Fault((CHILDREN, REGEX, "1"), "ended without a result", DIED, inject=kill_worker),
    "P2 kill -9 of the run": Fault((CHILDREN, HANG), "ended before", state="lost", inject=kill_run),
    "P2 kill -9 of run and worker, the kernel holds Python's lock": Fault((CHILDREN, REGEX), "ended before", state="lost", inject=kill_run_and_worker),
    "P5 SIGSTOP of the kernel until the deadline": Fault((HANG, "1"), "time (4 s) was over", ("errored", "not_run"), inject=stop_kernel, timeout=4.0),
    "P5 SIGSTOP and SIGCONT of the kernel": Fault((HERE + "time.sleep(1.5)", "1"), "", ("passed", "passed"), inject=stop_and_continue_kernel, absorbed=True),
    "P7 sys.exit(0)": Fault(("1", "import sys; sys.exit(0)", "assert False"), "SystemExit", DIED),
    "P7 os._exit(0)": Fault(("1", "import os; os._exit(0)", "assert False"), "exited with code 0", DIED),
    "P7 ask_exit": Fault(("1", "get_ipython().ask_exit()"), "told the kernel to exit", ("passed", "errored")),
    "P7 raises-exception": Fault(({"source": "assert False", "tags": ["raises-exception"]}, "1"), "", ("failed", "passed")),
    "P8 infinite loop": Fault((CHILDREN, "while True: pass", "1"), "time (4 s) was over", DIED, timeout=4.0),
    "P8 catastrophic regex": Fault((CHILDREN, REGEX, "1"), "time (4 s) was over", DIED, timeout=4.0),
    "P8 ignores SIGINT": Fault((CHILDREN, STUBBORN, "1"), "time (4 s) was over", DIED, timeout=4.0),
    "P9 fork storm": Fault((OWN_LIMIT + STORM, HANG), "time (4 s) was over", ("passed", "errored"), timeout=4.0, then=was_a_storm_with_a_limit),
    "P10 memory hog against a limit": Fault(("1", HOG, "1"), "MemoryError", DIED),
    "P11 input()": Fault(("1", "input('name?')", "1"), "StdinNotImplementedError", DIED),
    "P12 50 MB of output": Fault((FLOOD, "assert False"), "", ("passed", "failed"), then=is_cut),
    "P12 a million tiny messages": Fault((TINY, "1"), "time (4 s) was over", ("errored", "not_run"), timeout=4.0),
}  # fmt: skip


@pytest.fixture(scope="module")
def warm(scene: Scene) -> Scene:
    """A server that forks its kernels: the first run ordered that."""
    project = scene.project("first", ASKS)
    for _ in range(50):
        run_id = scene.begin(project)
        assert judge(scene, run_id, within_seconds=30.0, project=project, absorbed=True)["verdict"] == "pass"
        if kernel_was(scene, run_id) == "forked":
            return scene
        time.sleep(0.3)
    raise AssertionError("no kernel was forked")


def kernel_was(scene: Scene, run_id: str) -> str | None:
    from jupyter_deployfeedback.store import open_store

    with open_store(str(scene.store), environment={}) as store:
        return store.evidence(run_id).suites[0].kernel


MOST_TELLING = {
    ("P1 kill -9 of the kernel in a cell", "forked"),
    ("P2 kill -9 of the worker, the kernel holds Python's lock", "started"),
    ("P2 kill -9 of run and worker, the kernel holds Python's lock", "forked"),
    ("P8 ignores SIGINT", "forked"),
}


def by_name_and_supply() -> Iterator[Any]:
    """Each fault with each supply; all but the most telling are slow, and those share one server."""
    for name, supply in product(FAULTS, ("forked", "started")):
        telling = (name, supply) in MOST_TELLING
        group = pytest.mark.xdist_group("faults forked" if telling else f"faults {supply}")
        yield pytest.param(name, supply, marks=[group] if telling else [group, pytest.mark.slow], id=f"{supply}-{name}")


@pytest.mark.parametrize(("name", "supply"), list(by_name_and_supply()))
def test_after_every_fault_the_oracle_holds(warm: Scene, name: str, supply: str) -> None:
    fault = FAULTS[name]
    preload = "[]" if supply == "forked" else "off"
    folder = f"{name.partition(' ')[0]}-{supply}-{list(FAULTS).index(name)}"
    project = warm.project(folder, *fault.cells, timeout=fault.timeout, preload=preload)

    run_id = warm.begin(project)
    with cancelled_where_it_cannot_be_broken(warm, run_id):
        if fault.inject is not None:
            fault.inject(warm, run_id, project)
    run = judge(warm, run_id, within_seconds=fault.timeout + 10.0, project=project, absorbed=fault.absorbed)

    assert run["state"] == fault.state
    if fault.state != "finished":
        assert fault.says in run["message"]
        return
    suite = warm.suite(run_id)
    assert kernel_was(warm, run_id) in {supply, None}
    assert fault.says in " ".join(
        [suite["reason"] or "", *(case["error"]["message"] for case in suite["cases"] if case["error"])]
    )
    assert tuple(case["outcome"] for case in suite["cases"]) == fault.outcomes
    if fault.then is not None:
        fault.then(warm, run_id, project)


@pytest.mark.slow
@pytest.mark.xdist_group("faults forked")
@pytest.mark.parametrize("inject", [kill_worker, kill_run, kill_run_and_worker])
def test_p2_under_a_process_that_adopts_orphans_the_oracle_holds(warm: Scene, inject: Inject) -> None:
    project = warm.project(f"P2-adopted-{inject.__name__}", CHILDREN, REGEX)
    with adopting_orphans():
        run_id = warm.begin(project)
        inject(warm, run_id, project)

        judge(warm, run_id, within_seconds=20.0, project=project)
