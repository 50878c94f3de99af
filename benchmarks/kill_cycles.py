"""What is left after kill -9: server, worker and kernel are killed in turn, each at a random moment of a run.

    python benchmarks/kill_cycles.py [--cycles 20] [--seed 1] [--json FILE] [--check]

Each run's notebook starts a child, one in a session of its own and one without parent and environment; every second
one then holds Python's lock in a regular expression for ever. After each kill is counted: processes that live on after
10 s, acknowledged runs without an end (after a restart where the server was killed), passes of what was killed
half-way, damaged databases. ``--check`` exits 1 where anything was counted.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from served import API, Server, deployment, write_project

VICTIMS = ("server", "worker", "kernel")
SURVIVE_SECONDS = 10.0
END_SECONDS = 20.0  # for a run's end: its suite's deadline is what stops it otherwise, after minutes
LONGEST_DELAY_SECONDS = 1.6  # a warm run takes about two
MARK = b"DEPLOYFEEDBACK_RUN_ID="
ASKS = """\
import json, os, urllib.request
url = json.loads(os.environ["DEPLOYFEEDBACK_TARGET"])["url"]
assert urllib.request.urlopen(url).status == 200
"""
CHILDREN = """
import os, subprocess, time
pids = [os.getpid(), subprocess.Popen(["sleep", "300"]).pid]
pids += [subprocess.Popen(["sleep", "300"], start_new_session=True).pid]
orphan = subprocess.run(["env", "-i", "sh", "-c", "setsid sleep 300 >/dev/null 2>&1 & echo $!"], capture_output=True)
with open("pids", "a") as file:
    file.write(" ".join(map(str, [*pids, int(orphan.stdout)])) + "\\n")
"""
STEP = "time.sleep(0.2)"
REGEX = "import re; re.match('(a+)+b', 'a' * 60)"


@dataclass(frozen=True)
class Cycle:
    """One kill and what came of it. ``moment``: the run's state when it came."""

    victim: str
    stubborn: bool
    moment: str
    state: str
    verdict: str | None
    message: str | None
    false_pass: bool
    survivors: tuple[str, ...]
    gone_seconds: float
    intact: bool


def main() -> int:
    options = _options()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="kills-") as text, deployment() as url:
        folder = Path(text)
        write_project(folder / "plain", ASKS, CHILDREN, *[STEP] * 8, url=url)
        write_project(folder / "stubborn", ASKS, CHILDREN, *[STEP] * 2, REGEX, url=url)
        scene = Scene(folder)
        try:
            cycles = [scene.cycle(number, chance=chance) for number in range(options.cycles)]
        finally:
            scene.close()
    verdicts = judged(cycles)
    show(cycles, verdicts, seed=options.seed)
    if options.json:
        told = {"cycles": [asdict(cycle) for cycle in cycles], "stated": verdicts}
        Path(options.json).write_text(json.dumps(told, indent=1))
    return int(options.check and not all(verdict["met"] for verdict in verdicts))


class Scene:
    """A server whose runs are killed, and all that should not outlive them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._store = folder / "store"
        environment = {**os.environ, "DEPLOYFEEDBACK_STORE": str(self._store), "TMPDIR": str(folder)}
        self._server = Server(folder, environment)
        self._server.start()

    def close(self) -> None:
        with suppress(psutil.Error):
            self._server.stop()

    def cycle(self, number: int, *, chance: random.Random) -> Cycle:
        """Begin a run, kill one of its processes, and see what is left."""
        victim, stubborn = VICTIMS[number % 3], number // 3 % 2 == 1
        project = "stubborn" if stubborn else "plain"
        (self._folder / project / "pids").unlink(missing_ok=True)
        run_id = self._server.begin(project)
        time.sleep(chance.uniform(0.0, LONGEST_DELAY_SECONDS))
        moment, killed_at, below = self._kill(victim, run_id, project=project)
        with ThreadPoolExecutor(1) as pool:
            looking = pool.submit(until_gone, lambda: {*below, *self._started(project)}, run_id)
            if victim == "server":
                self._server.start()
            run = self._ended(run_id)
            left, seconds = looking.result()
        cycle = Cycle(
            victim=victim,
            stubborn=stubborn,
            moment=moment,
            state=run["state"],
            verdict=run["verdict"],
            message=run["message"],
            false_pass=run["verdict"] == "pass" and self._was_unfinished(run_id, at=killed_at),
            survivors=tuple(map(described, left)),
            gone_seconds=seconds,
            intact=intact(self._store / "store.sqlite"),
        )
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        print(f"{number + 1:4} {cycle}", file=sys.stderr, flush=True)
        return cycle

    def _kill(self, victim: str, run_id: str, *, project: str) -> tuple[str, datetime, set[int]]:
        """Kill as soon as there is somebody to kill; return the moment, its time, and what the server had below it."""
        found = {"server": self._everybody, "worker": self._workers, "kernel": lambda _: self._kernels(project)}[victim]
        while not (pids := found(run_id)) and self._state(run_id) in {"queued", "running"}:
            time.sleep(0.01)
        moment = self._state(run_id)
        killed_at = datetime.now(UTC)
        if victim == "server":
            self._server.kill()
            return moment, killed_at, pids
        for pid in pids:
            with suppress(psutil.Error):
                psutil.Process(pid).kill()
        return moment, killed_at, pids

    def _everybody(self, _: str) -> set[int]:
        return {process.pid for process in psutil.Process(self._server.pid).children(recursive=True)}

    def _workers(self, run_id: str) -> set[int]:
        """Return the workers: the children of the process that has claimed the run."""
        pid = self._owner(run_id)
        if pid == self._server.pid:
            return set()
        with suppress(psutil.Error):
            return {process.pid for process in psutil.Process(pid).children()}
        return set()

    def _kernels(self, project: str) -> set[int]:
        return set(self._started(project)[:1])

    def _started(self, project: str) -> list[int]:
        """Return the kernel and the children that the notebook told of."""
        file = self._folder / project / "pids"
        return [int(pid) for pid in file.read_text().split()] if file.exists() else []

    def _owner(self, run_id: str) -> int:
        return int(self._ask("SELECT owner_pid FROM runs WHERE run_id = ?", run_id))

    def _state(self, run_id: str) -> str:
        return str(self._ask("SELECT state FROM runs WHERE run_id = ?", run_id))

    def _ask(self, query: str, run_id: str) -> object:
        with closing(sqlite3.connect(self._store / "store.sqlite", timeout=30)) as connection:
            return connection.execute(query, [run_id]).fetchone()[0]

    def _ended(self, run_id: str) -> dict[str, str | None]:
        """Return the run when it has an end, or as it stands when none came."""
        give_up_at = time.monotonic() + END_SECONDS
        while (run := self._server.run(run_id))["state"] in {"queued", "running"} and time.monotonic() < give_up_at:
            time.sleep(0.05)
        return run

    def _was_unfinished(self, run_id: str, *, at: datetime) -> bool:
        """Say whether a case ended after this time: then the kill came before it."""
        events = self._server.ask(f"{API}/runs/{run_id}/events?after=0")["events"]
        ends = [datetime.fromisoformat(event["at"]) for event in events if event["kind"] == "case_finished"]
        return any(end > at + timedelta(seconds=0.05) for end in ends)


def until_gone(pids: Callable[[], set[int]], run_id: str) -> tuple[list[psutil.Process], float]:
    """Return who lives on after 10 s, and how long the others took."""
    began = time.monotonic()
    while left := living(pids(), run_id):
        if time.monotonic() - began > SURVIVE_SECONDS:
            break
        time.sleep(0.1)
    return left, time.monotonic() - began


def living(pids: Iterable[int], run_id: str) -> list[psutil.Process]:
    """Return those of these processes that live, and every one that carries the run's mark."""
    mark = MARK + run_id.encode() + b"\0"
    return [
        process for process in psutil.process_iter() if _lives(process) and (process.pid in pids or _has(process, mark))
    ]


def described(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())[-80:]
    return "gone meanwhile"


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.status() != psutil.STATUS_ZOMBIE
    return False


def _has(process: psutil.Process, mark: bytes) -> bool:
    with suppress(OSError):
        return mark in Path(f"/proc/{process.pid}/environ").read_bytes()
    return False


def intact(database: Path) -> bool:
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


COUNTED: tuple[tuple[str, Callable[[Cycle], bool]], ...] = (
    ("processes that live on after 10 s", lambda cycle: bool(cycle.survivors)),
    ("acknowledged runs without an end", lambda cycle: cycle.state in {"queued", "running"}),
    ("passes of what was killed half-way", lambda cycle: cycle.victim != "server" and cycle.false_pass),
    ("damaged databases", lambda cycle: not cycle.intact),
)


def judged(cycles: list[Cycle]) -> list[dict[str, object]]:
    """Count what must not be."""
    counts = [(what, sum(map(is_bad, cycles))) for what, is_bad in COUNTED]
    return [{"what": what, "most": 0, "is": count, "met": count == 0} for what, count in counts]


def show(cycles: list[Cycle], verdicts: list[dict[str, object]], *, seed: int) -> None:
    """Print what became of the runs, and the counts; none in N bounds the rate at about 3/N."""
    print(f"{len(cycles)} kills, seed {seed}; no failure in so many bounds the rate at {3 / len(cycles):.1%} (95 %)")
    for victim in VICTIMS:
        mine = [cycle for cycle in cycles if cycle.victim == victim]
        states = [f"{cycle.state} {cycle.verdict or ''}".strip() for cycle in mine]
        told = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states)))
        gone = [cycle.gone_seconds for cycle in mine] or [0.0]
        midway = sum(cycle.moment in {"queued", "running"} for cycle in mine)
        times = f"all gone after {statistics.median(gone):.1f} s (most {max(gone):.1f} s)"
        print(f"{victim:>8}: {len(mine)} killed, {midway} while the run was open; {told}; {times}")
    for verdict in verdicts:
        print(f"{'met' if verdict['met'] else 'MISSED':>8}  {verdict['what']}: {verdict['is']}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json")
    parser.add_argument("--check", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
