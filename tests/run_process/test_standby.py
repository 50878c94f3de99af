"""The process that stands by, without a server."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from jupyter_deployfeedback.execution.standby.client import connect
from jupyter_deployfeedback.run_process.client import standby_command


def test_what_stands_by_leaves_no_folder_when_its_server_is_killed(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as listener:
        folder = Path(short) / "standby"
        folder.mkdir()
        listener.bind(str(folder / "runs.sock"))
        listener.listen()
        process = subprocess.Popen(
            standby_command(listener.fileno(), idle_seconds=60.0, memory_mb=None),
            stdin=subprocess.PIPE,
            pass_fds=(listener.fileno(),),
            env={**os.environ, "DEPLOYFEEDBACK_STORE": str(tmp_path / "store"), "TMPDIR": short},
        )
        listener.close()
        connect(folder / "runs.sock").recv(1)  # it is ready
        before = list(Path(short).iterdir())

        process.stdin.close()

        assert process.wait(20.0) == 0
        assert before
        assert eventually_empty(Path(short))


def eventually_empty(folder: Path) -> bool:
    for _ in range(200):
        if not any(folder.iterdir()):
            return True
        time.sleep(0.05)
    return False


def test_what_stands_by_goes_when_nobody_asks_for_a_run(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "runs.sock"))
        listener.listen()
        with subprocess.Popen(
            standby_command(listener.fileno(), idle_seconds=0.1, memory_mb=None),
            stdin=subprocess.PIPE,
            pass_fds=(listener.fileno(),),
            env={**os.environ, "DEPLOYFEEDBACK_STORE": str(tmp_path / "store")},
        ) as process:
            assert process.wait(30.0) == 0
