"""A Jupyter server of our own to break, and the one oracle by which what is left is judged."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import psutil

from jupyter_deployfeedback.domain.run import RunState
from jupyter_deployfeedback.probe.environment import ALLOWED

CANARY = "canary-4fd1-that-must-not-be-written"
CHECKOUT = Path(__file__).resolve().parents[2]
TOKEN = "faults"
ANSWER_SECONDS = 2.0  # a server whose run breaks answers nevertheless
START_SECONDS = 60.0
STOP_SECONDS = 30.0  # 15 where nothing else needs the cores
SURVIVE_SECONDS = 10.0
PR_SET_CHILD_SUBREAPER = 36
ENDS = {state.value for state in RunState if state.terminal}
ASKS = """\
import json, os, urllib.request
assert urllib.request.urlopen(json.loads(os.environ["DEPLOYFEEDBACK_TARGET"])["url"]).status == 200
"""
PYTHON = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


@dataclass
class Refused(Exception):
    """What the server answered instead of a run."""

    code: int
    error: str
    message: str
    remedy: str


class Scene:
    """A server with the extension in a process of its own, and below its root one project for each fault."""

    def __init__(
        self, folder: Path, *, target: str, group: Path | None = None, arguments: tuple[str, ...] = ()
    ) -> None:
        self.folder = folder
        self._arguments = arguments
        self.group = group  # the control group in which it runs, where it is not ours
        self.store = folder / "store"
        self.temporary = folder / "t"
        self.temporary.mkdir()
        self._target = target
        self._port = 0
        self.process: subprocess.Popen[bytes]
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("JUPYTER_")},
            "PYTHONPATH": str(CHECKOUT),
            "DEPLOYFEEDBACK_STORE": str(self.store),
            "TMPDIR": str(self.temporary),
            "FAULT_TOKEN": CANARY,
            ALLOWED: json.dumps([f"env:FAULT_TOKEN={target}"]),
            "JUPYTER_NO_CONFIG": "1",  # no other extension: they take longer to start than this one
        }

    def start(self) -> None:
        """Start the server and wait until it answers."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        arguments = (f"--ServerApp.root_dir={self.folder}", f"--port={self._port}", "--no-browser", "--allow-root")
        access = (
            f"--IdentityProvider.token={TOKEN}",
            "--ServerApp.jpserver_extensions={'jupyter_deployfeedback': True}",
        )
        with (self.folder / "server.log").open("ab") as log:
            command = (sys.executable, "-m", "jupyter_server", *arguments, *access, *self._arguments)
            self.process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        if self.group is not None:
            (self.group / "cgroup.procs").write_text(str(self.process.pid))  # before it has children
        give_up_at = time.monotonic() + START_SECONDS
        while True:
            try:
                self.ask("api")
            except OSError:
                assert self.process.poll() is None, (self.folder / "server.log").read_text()
                assert time.monotonic() < give_up_at, "the server does not answer"
                time.sleep(0.05)
            else:
                return

    def stop(self, *signals: int) -> int:
        """Send these signals, SIGTERM where none is named, and return how the server ended."""
        for number in signals or (signal.SIGTERM,):
            self.process.send_signal(number)
            time.sleep(0.1)
        return self.process.wait(STOP_SECONDS)

    def ask(self, path: str, body: object = None) -> Any:
        """Ask a route; raises Refused with what an error says."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"token {TOKEN}"}
        request = urllib.request.Request(f"http://127.0.0.1:{self._port}/{path}", data=data, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=START_SECONDS) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            told = json.load(error)
            raise Refused(error.code, told["error"], told["message"], told["remedy"]) from None

    def answers(self) -> None:
        """Ask whether the server is there, as an impatient proxy does."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/api", timeout=ANSWER_SECONDS) as response:
            response.read()

    def project(self, name: str, *cells: str | dict[str, Any], timeout: float = 60.0, preload: str = "[]") -> Path:
        """Write a project with one suite of these cells, cells c1, c2 ...; gives its folder."""
        folder = self.folder / name
        folder.mkdir(parents=True)
        given = [{"source": cell} if isinstance(cell, str) else dict(cell) for cell in cells]
        made = [
            nbformat.v4.new_code_cell(cell["source"], id=f"c{at}", metadata={"tags": cell.get("tags", [])})
            for at, cell in enumerate(given, start=1)
        ]
        nbformat.write(nbformat.v4.new_notebook(cells=made, metadata=PYTHON), folder / "suite.ipynb")
        target = (
            f"{{url: '{self._target}', health: /, auth: {{bearer: 'env:FAULT_TOKEN'}}, platform: {{source: none}}}}"
        )
        (folder / "deployfeedback.yaml").write_text(
            f"version: 1\ntargets: {{candidate: {target}}}\nsuites: [{{notebook: suite.ipynb, timeout: {timeout:g}s}}]\n"
            f"kernels: {{preload: {preload}}}\n"
        )
        return folder

    def begin(self, project: Path) -> str:
        """Have the project run; gives the id of the acknowledged run."""
        run_id: str = self.ask("deployfeedback/api/v1/runs", {"path": project.name})["run_id"]
        return run_id

    def run(self, run_id: str) -> dict[str, Any]:
        """Return the run as the server tells it."""
        run: dict[str, Any] = self.ask(f"deployfeedback/api/v1/runs/{run_id}")["run"]
        return run

    def copy(self, run_id: str) -> dict[str, Any]:
        """Return the executed copy of its suite."""
        copy: dict[str, Any] = self.ask(f"deployfeedback/api/v1/runs/{run_id}/artifacts/suite.ipynb")
        return copy

    def suite(self, run_id: str) -> dict[str, Any]:
        """Return what became of the suite of a finished run."""
        suite: dict[str, Any] = self.ask(f"deployfeedback/api/v1/runs/{run_id}/feedback?format=json")["suites"][0]
        return suite

    def cancel(self, run_id: str) -> None:
        """Ask for the run's end."""
        self.ask(f"deployfeedback/api/v1/runs/{run_id}/cancel", {})

    def owner(self, run_id: str) -> psutil.Process:
        """Return the process that works on the run."""
        return psutil.Process(int(self._stored("owner_pid", run_id)))

    def worker(self, run_id: str) -> psutil.Process:
        """Return the process that runs its suite."""
        (worker,) = self.owner(run_id).children()
        return worker

    def _stored(self, column: str, run_id: str) -> Any:
        with closing(sqlite3.connect(self.store / "store.sqlite", timeout=30.0)) as connection:
            return connection.execute(f"SELECT {column} FROM runs WHERE run_id = ?", [run_id]).fetchone()[0]


@contextmanager
def adopting_orphans() -> Iterator[None]:
    """Make this process the one to which orphans come that nobody below it adopts: a hub's or a container's is such."""
    prctl = ctypes.CDLL(None).prctl
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


@contextmanager
def cancelled_where_it_cannot_be_broken(scene: Scene, run_id: str) -> Iterator[None]:
    """Let one test that fails not hold up the next ones."""
    try:
        yield
    except BaseException:
        scene.cancel(run_id)
        raise


def until_said(project: Path, file: str = "here") -> str:
    """Wait until a cell has written this file; gives its text."""
    for _ in range(4000):
        if (project / file).exists() and (text := (project / file).read_text()).endswith("\n"):
            return text
        time.sleep(0.02)
    raise AssertionError(f"no cell has written {file} within 80 s")


def judge(scene: Scene, run_id: str, *, within_seconds: float, project: Path, absorbed: bool = False) -> dict[str, Any]:
    """The oracle, the same after every fault: gives the run once all that must hold did.

    It has an end by the deadline, it never passes (unless the fault is one that may be ``absorbed``), no process lives
    on, also none that left its session, the server answers, the database is intact, and the secret is in no file.
    """
    give_up_at = time.monotonic() + within_seconds
    while (run := scene.run(run_id))["state"] not in ENDS and time.monotonic() < give_up_at:
        time.sleep(0.05)
    assert run["state"] in ENDS, f"no end after {within_seconds} s: {run}"
    assert absorbed or run["verdict"] != "pass", run
    assert survivors(run_id, below=project) == []
    scene.answers()
    assert integrity(scene.store) == "ok"
    assert places_with_the_secret(scene.folder, scene.store) == []
    assert (run["message"] is None) is (run["state"] == "finished"), run
    return run


def survivors(run_id: str, *, below: Path) -> list[str]:
    """Return who lives on after 10 s: what carries the run's mark, and what the notebook said it had started."""
    give_up_at = time.monotonic() + SURVIVE_SECONDS
    pids = told_pids(below)
    while left := [process for process in psutil.process_iter() if _belongs(process, run_id, pids)]:
        if time.monotonic() > give_up_at:
            return [f"{process.pid} {process.name()}" for process in left]
        time.sleep(0.05)
    return []


def told_pids(project: Path) -> set[int]:
    """Return the processes that cells wrote into files called ``pids``."""
    return {int(pid) for file in project.glob("*pids") for pid in file.read_text().split()}


def _belongs(process: psutil.Process, run_id: str, pids: Iterable[int]) -> bool:
    with suppress(psutil.Error, OSError):
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        mark = f"DEPLOYFEEDBACK_RUN_ID={run_id}\0".encode()
        return process.pid in pids or mark in Path(f"/proc/{process.pid}/environ").read_bytes()
    return False


def integrity(store: Path) -> str:
    """Return what SQLite says of the database."""
    with closing(sqlite3.connect(store / "store.sqlite", timeout=30.0)) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])


def places_with_the_secret(folder: Path, store: Path) -> list[str]:
    """Return the files below a folder that hold the token of the target, logs and artifacts, and documents likewise."""
    secret = CANARY.encode()
    paths = [Path(place, name) for place, _, names in os.walk(folder) for name in names]
    files = [str(path) for path in paths if secret in _content(path)]
    with closing(sqlite3.connect(store / "store.sqlite", timeout=30.0)) as connection:
        documents = connection.execute("SELECT run_id, kind, encoding, body FROM documents").fetchall()
    told = [(name, zlib.decompress(body) if packed == "zlib" else body) for *name, packed, body in documents]
    return files + [" ".join(name) for name, body in told if secret in body]


def _content(path: Path) -> bytes:
    """Return what a file holds, nothing where it is a socket or has gone: a server that works on removes some."""
    try:
        return path.read_bytes() if path.is_file() else b""
    except OSError:
        return b""
