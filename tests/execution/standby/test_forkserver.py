"""Children of a forkserver: what they are given, how they end, and that nothing of them stays."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from jupyter_deployfeedback.execution.standby.client import Forked, NoFork
from jupyter_deployfeedback.execution.standby.orders import Program

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux lets a keeper adopt orphans")

SERVER = """
import os, socket, subprocess, sys
from jupyter_deployfeedback.execution.standby.forkserver import become_stdio, serve
def child(turn):
    request, descriptors = turn.take()
    become_stdio(descriptors)
    print("said", request["text"], flush=True)
    exec(request["code"], {"os": os, "subprocess": subprocess, "sys": sys})
serve(socket.socket(fileno=int(sys.argv[1])), child, parent_pipe=0)
"""
TENDING = """
import socket, subprocess, sys
from jupyter_deployfeedback.execution.standby.forkserver import serve
own = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
def tend(serving):
    if own.poll() is not None:
        sys.exit(own.returncode)
serve(socket.socket(fileno=int(sys.argv[1])), lambda turn: turn.take(), parent_pipe=0, tend=tend)
"""
Start = Callable[..., Forked]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = serve(SERVER, at=tmp_path / "forks.sock")
    yield process
    process.kill()
    process.communicate()


def serve(script: str, *, at: Path) -> subprocess.Popen[bytes]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(at))
        listener.listen()
        return subprocess.Popen(
            [sys.executable, "-c", script, str(listener.fileno())],
            stdin=subprocess.PIPE,
            pass_fds=(listener.fileno(),),
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        )


@pytest.fixture
def start(server: subprocess.Popen[bytes], tmp_path: Path) -> Start:
    def forked(code: str, *, text: str = "hello") -> Forked:
        with (tmp_path / "out").open("wb") as out:
            child = Forked(tmp_path / "forks.sock")
            child.serve({"code": code, "text": text}, descriptors=[out.fileno()] * 2)
            return child

    return forked


def gone(pid: int) -> bool:
    for _ in range(200):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(
    ("code", "expected"),
    [("pass", 0), ("sys.exit(7)", 7), ("os._exit(3)", 3), ("1 / 0", 1), ("os.kill(os.getpid(), 9)", -9)],
)
def test_its_end_is_told_as_popen_tells_it(start: Start, code: str, expected: int) -> None:
    assert start(code).wait() == expected


def test_its_output_goes_where_its_client_wants_it(start: Start, tmp_path: Path) -> None:
    start("os.write(2, b'and stderr')", text="x" * 300_000).wait()

    assert (tmp_path / "out").read_text() == f"said {'x' * 300_000}\nand stderr"


def test_it_inherits_no_open_file_of_the_forkserver(start: Start, tmp_path: Path) -> None:
    start("print(sorted(int(name) for name in os.listdir('/proc/self/fd'))[:-1])").wait()

    assert (tmp_path / "out").read_text().splitlines()[-1] == "[0, 1, 2]"


def test_signals_reach_it(start: Start) -> None:
    child = start("__import__('time').sleep(60)")

    child.send_signal(signal.SIGTERM)

    assert child.wait() == -signal.SIGTERM


@pytest.mark.parametrize("hang_up", ["close", "connection", "keeper"])
def test_nothing_is_left_below_it_when_its_client_is_through_with_it(
    start: Start, tmp_path: Path, hang_up: str
) -> None:
    orphan = "subprocess.Popen(['env', '-i', 'sh', '-c', 'setsid sleep 300 & echo $! > %s'])" % (tmp_path / "orphan")
    child = start(f"{orphan}; __import__('time').sleep(60)")
    for _ in range(200):
        if (tmp_path / "orphan").exists() and (tmp_path / "orphan").read_text():
            break
        time.sleep(0.02)
    keeper = psutil.Process(child.pid).ppid()

    if hang_up == "close":
        child.close(within_seconds=5.0)
    elif hang_up == "connection":
        child._connection.close()
    else:
        os.kill(keeper, signal.SIGKILL)

    assert gone(child.pid)
    left = int((tmp_path / "orphan").read_text())
    if hang_up == "keeper":  # the one that escapes: nobody adopts it
        os.kill(left, signal.SIGKILL)
    assert gone(left)


def test_a_killed_keeper_counts_as_a_killed_child(start: Start) -> None:
    child = start("__import__('time').sleep(60)")

    os.kill(psutil.Process(child.pid).ppid(), signal.SIGKILL)

    assert child.wait() == -signal.SIGKILL


def test_children_go_on_when_the_forkserver_goes(start: Start, server: subprocess.Popen[bytes]) -> None:
    child = start("__import__('time').sleep(0.5)")

    server.kill()
    server.wait()

    assert child.wait() == 0


def test_a_forkserver_goes_when_its_parents_end_of_the_pipe_is_closed(server: subprocess.Popen[bytes]) -> None:
    assert server.stdin is not None
    server.stdin.close()

    assert server.wait(5.0) == 0


def test_a_forkserver_leaves_the_ends_of_its_owners_children_to_its_owner(tmp_path: Path) -> None:
    with serve(TENDING, at=tmp_path / "forks.sock") as process:
        assert process.wait(20.0) == 3


def test_no_forkserver_is_no_fork(tmp_path: Path) -> None:
    with pytest.raises(NoFork):
        Forked(tmp_path / "nobody.sock")


def test_who_still_loads_goes_with_its_parent() -> None:
    load = (
        "import time; from jupyter_deployfeedback.execution.standby.forkserver import leaving_with_parent\n"
        "with leaving_with_parent(0): print('loads', flush=True); time.sleep(100)"
    )
    with subprocess.Popen([sys.executable, "-c", load], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"loads\n"

        process.stdin.close()

        assert process.wait(20.0) == 1


HANGS = """
import os, socket, sys, time
from jupyter_deployfeedback.execution.standby.forkserver import serve
def child(turn):
    open(sys.argv[2], "w").write(str(os.getpid()))
    time.sleep(300)
serve(socket.socket(fileno=int(sys.argv[1])), child, parent_pipe=0, spares=1)
"""


def test_a_child_that_never_gets_ready_goes_with_the_forkserver(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "forks.sock"))
        listener.listen()
        process = subprocess.Popen(
            [sys.executable, "-c", HANGS, str(listener.fileno()), str(tmp_path / "pid")],
            stdin=subprocess.PIPE,
            pass_fds=(listener.fileno(),),
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        )
    for _ in range(500):
        if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text():
            break
        time.sleep(0.02)

    process.kill()
    process.communicate()

    assert gone(int((tmp_path / "pid").read_text()))


def test_no_other_is_forked_ahead_while_one_works(tmp_path: Path) -> None:
    process = serve(SERVER.replace("parent_pipe=0", "parent_pipe=0, spares=2"), at=tmp_path / "forks.sock")
    keepers = psutil.Process(process.pid).children
    before = until(lambda: keepers() if len(keepers()) == 2 else [])

    with (tmp_path / "out").open("wb") as out:
        working = Forked(tmp_path / "forks.sock")
        working.serve({"code": "__import__('time').sleep(60)", "text": ""}, descriptors=[out.fileno()] * 2)
    time.sleep(2.0)
    meanwhile = keepers()
    working.close(within_seconds=5.0)
    after = until(lambda: [each for each in keepers() if each not in before])

    assert (meanwhile, len(after)) == (before, 1)
    process.kill()
    process.communicate()


def until(found: Callable[[], list[psutil.Process]]) -> list[psutil.Process]:
    for _ in range(500):
        if answer := found():
            return answer
        time.sleep(0.02)
    raise TimeoutError("it did not happen within 10 s")


def test_what_an_older_interpreter_of_a_kernel_loads_has_lazy_annotations() -> None:
    code = f"import {Program.FORK}, sys\nprint(*[m.__file__ for n, m in sys.modules.items() if n.startswith('jupyter_dep')])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    loaded = {Path(name): Path(name).read_text(encoding="utf-8") for name in found}
    eager = [
        path for path, text in loaded.items() if "def " in text and "from __future__ import annotations" not in text
    ]
    assert [path.name for path in eager if " | " in loaded[path]] == []
    assert len(loaded) >= 6
