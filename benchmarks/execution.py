"""How long feedback takes, beside papermill and pytest --nbmake on the same machine in the same minutes.

    python benchmarks/execution.py [--rounds 10] [--batch 50] [--json FILE] [--check]

The ways take turns, so that a busy machine slows them all. Medians; --check exits 1 where a figure that we state is
missed; what could not be measured (nbmake is not installed) is printed with a question mark. Then follows what
footprint.py weighs. Kill cycles have a script of their own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import footprint
import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from served import Server, deployment

PYTHON = sys.executable
QUICK = ("pass",) * 6
ASSIGNMENTS = ("x=1",) * 6  # in R and in bash
HEAVY = ("import numpy, pandas, sklearn", *QUICK[1:])
PYTHON_KERNEL = "python3"
LANGUAGES = {"R": "ir", "bash": "bash"}  # and their kernels, measured where the machine has them
OWN_VARIABLE = "DEPLOYFEEDBACK_BENCH"  # a suite that is given one has its kernel started plainly
PAUSE_SECONDS = 3.0  # for the kernel of the next run to be started
ENDS = {"finished", "lost", "cancelled"}
IN_PROCESS = """
import papermill, sys, time
for line in sys.stdin:
    began = time.perf_counter()
    papermill.execute_notebook(line.strip(), "in-process.ipynb", progress_bar=False)
    print(time.perf_counter() - began, flush=True)
"""
# what is stated: measurement, at most, of which one (a factor) or None (seconds)
STATED: tuple[tuple[str, float, str | None], ...] = (
    ("warm", 0.10, None),
    ("warm", 1 / 20, "papermill"),
    ("warm, numpy pandas scikit-learn", 0.30, None),
    ("cold", 1.2, "papermill"),
    ("batch", 1 / 8, "batch, papermill"),
    ("batch", 1 / 3, "batch, papermill in process"),
    ("batch", 1.0, "batch, pytest --nbmake -n 2"),
    ("import", 0.060, None),
    ("R, started ahead", 2 / 3, "R, started"),
    ("bash, started ahead", 2 / 3, "bash, started"),
)


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="bench-") as text, deployment() as url:
        folder = Path(text)
        write_projects(folder, url=url, count=options.batch)
        environment = {**os.environ, "DEPLOYFEEDBACK_STORE": str(folder / "store"), OWN_VARIABLE: "1"}
        with deployfeedback(folder, environment) as server, in_process(folder) as execute:
            measured = measure(ways(folder, environment, server, execute), rounds=options.rounds)
            measured |= other_languages(server, rounds=options.rounds)
            measured |= batches(folder, server, execute, count=options.batch)
    verdicts = judged(measured)
    show(measured, verdicts, batch=options.batch)
    weighed, kept = footprint.weigh(rounds=options.rounds)
    footprint.show(weighed, kept)
    if options.json:
        told = {"seconds": measured, "footprint": weighed, "stated": [*verdicts, *kept]}
        Path(options.json).write_text(json.dumps(told, indent=1))
    return int(options.check and any(verdict["met"] is False for verdict in (*verdicts, *kept)))


def ways(
    folder: Path, environment: dict[str, str], server: Heard, execute: Callable[[str], float]
) -> dict[str, Callable[[], object]]:
    """Return each way to run the notebook of six cells that do nothing."""

    def shell(*command: str) -> Callable[[], object]:
        return lambda: subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)

    found: dict[str, Callable[[], object]] = {
        "papermill": shell(PYTHON, "-m", "papermill", "quick.ipynb", "out.ipynb"),
        "papermill in process": lambda: execute("quick.ipynb"),
        "cold": shell(PYTHON, "-m", "jupyter", "deployfeedback", "run", "--project", "quick"),
        "warm": lambda: server.run("quick"),
        "warm, numpy pandas scikit-learn": lambda: server.run("heavy"),
        "import": _import_seconds,
    }
    if find_spec("nbmake"):
        found["pytest --nbmake"] = shell(PYTHON, "-m", "pytest", "-q", "--nbmake", "quick.ipynb")
    return found


def measure(found: dict[str, Callable[[], object]], *, rounds: int) -> dict[str, list[float]]:
    """Time each way once a round, after one round that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in found}
    for round_ in range(rounds + 1):
        for name, way in found.items():
            began = time.perf_counter()
            told = way()
            took = told if isinstance(told, float) else time.perf_counter() - began
            if round_:
                seconds[name].append(took)
    return seconds


def other_languages(server: Heard, *, rounds: int) -> dict[str, list[float]]:
    """Time runs whose kernel cannot be forked: it was started after the run before, or is started when it is needed."""

    def run_after_pause(project: str) -> float:
        time.sleep(PAUSE_SECONDS)
        return server.run(project)

    here = KernelSpecManager().find_kernel_specs()
    names = [
        f"{language}, {supplied}"
        for language, kernel in LANGUAGES.items()
        if kernel in here
        for supplied in ("started ahead", "started")
    ]
    return measure({name: partial(run_after_pause, name) for name in names}, rounds=rounds)


def batches(folder: Path, server: Heard, execute: Callable[[str], float], *, count: int) -> dict[str, list[float]]:
    """Time ``count`` notebooks, two at a time; ours are the suites of one run."""
    command = (PYTHON, "-m", "papermill", "quick.ipynb")

    def papermill(number: int) -> None:
        subprocess.run((*command, f"out-{number}.ipynb"), cwd=folder, check=True, capture_output=True)

    def in_two_threads() -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(papermill, range(count)))

    found: dict[str, Callable[[], object]] = {
        "batch": lambda: server.run("many"),
        "batch, papermill": in_two_threads,
        "batch, papermill in process": lambda: [execute("quick.ipynb") for _ in range(count)],
    }
    if find_spec("nbmake") and find_spec("xdist"):
        copies = [f"copy-{number}.ipynb" for number in range(count)]
        for copy in copies:
            write_notebook(folder / copy, QUICK)
        nbmake = (PYTHON, "-m", "pytest", "-q", "--nbmake", "-n", "2", *copies)
        found["batch, pytest --nbmake -n 2"] = lambda: subprocess.run(
            nbmake, cwd=folder, check=True, capture_output=True
        )
    seconds = {}
    for name, way in found.items():
        began = time.perf_counter()
        way()
        seconds[name] = [time.perf_counter() - began]
    return seconds


class Heard:
    """A running server whose runs are heard of as the panel hears of them."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._events = server.listen()

    def run(self, path: str) -> float:
        """Return the seconds from the request to the run's end; one that broke is no measurement."""
        began = time.perf_counter()
        run_id = self._server.begin(path)
        while not self._is_end(json.loads(self._events.recv()), run_id):
            pass
        took = time.perf_counter() - began
        told = self._server.run(run_id)
        if told["verdict"] not in {"pass", "inconclusive"}:  # cells that do nothing test nothing
            raise SystemExit(f"run {run_id} ended {told['state']}: {told['verdict']}")
        return took

    def _is_end(self, event: dict[str, Any], run_id: str) -> bool:
        return event.get("run_id") == run_id and event["kind"] == "run" and event["state"] in ENDS


def judged(measured: dict[str, list[float]]) -> list[dict[str, Any]]:
    """Say of each stated figure whether it was met."""
    verdicts = []
    for name, most, beside in STATED:
        if name not in measured or (beside and beside not in measured):
            verdicts.append({"what": name, "beside": beside, "most": most, "is": None, "met": None})
            continue
        value = statistics.median(measured[name]) / (statistics.median(measured[beside]) if beside else 1.0)
        verdicts.append({"what": name, "beside": beside, "most": most, "is": value, "met": value <= most})
    return verdicts


def show(measured: dict[str, list[float]], verdicts: list[dict[str, Any]], *, batch: int) -> None:
    """Print all side by side."""
    print(
        f"{'median':>9} {'least':>9} {'most':>9}   {os.cpu_count()} cores; a batch is {batch} notebooks, two at a time"
    )
    for name, seconds in measured.items():
        print(
            f"{statistics.median(seconds):8.3f}s {min(seconds):8.3f}s {max(seconds):8.3f}s   {name} (n={len(seconds)})"
        )
    for verdict in verdicts:
        unit = f" x {verdict['beside']}" if verdict["beside"] else " s"
        value = "not measured" if verdict["is"] is None else f"{verdict['is']:.3f}{unit}"
        mark = "?" if verdict["is"] is None else "met" if verdict["met"] else "MISSED"
        print(f"{mark:>7}  {verdict['what']}: {value}, stated at most {verdict['most']:.3f}{unit}")


def write_notebook(path: Path, cells: tuple[str, ...], *, kernel_name: str = PYTHON_KERNEL) -> None:
    """Write a notebook of these cells."""
    kernel = {"kernelspec": {"name": kernel_name, "display_name": kernel_name}}
    made = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(nbformat.v4.new_notebook(cells=made, metadata=kernel), path)


def write_projects(folder: Path, *, url: str, count: int) -> None:
    """Write the projects: a quick notebook, one that asks for its preloads, ``count`` quick ones, other languages."""
    preload = "kernels: {preload: [numpy, pandas, sklearn]}\n"
    plainly = f"kernels: {{environment: [{OWN_VARIABLE}]}}\n"
    others = [(f"{language}, started", kernel) for language, kernel in LANGUAGES.items()]
    for name, cells, more, suites, kernel_name in (
        ("quick", QUICK, "", 1, PYTHON_KERNEL),
        ("heavy", HEAVY, preload, 1, PYTHON_KERNEL),
        ("many", QUICK, "", count, PYTHON_KERNEL),
        *((name, ASSIGNMENTS, plainly, 1, kernel) for name, kernel in others),
        *((f"{name} ahead", ASSIGNMENTS, "", 1, kernel) for name, kernel in others),
    ):
        (folder / name).mkdir()
        notebooks = [f"suite-{number}.ipynb" for number in range(suites)]
        for notebook in notebooks:
            write_notebook(folder / name / notebook, cells, kernel_name=kernel_name)
        target = f"targets: {{candidate: {{url: '{url}', health: /ready, platform: {{source: none}}}}}}\n"
        said = f"version: 1\n{target}suites: {json.dumps(notebooks)}\nparallel: 2\n{more}"
        (folder / name / "deployfeedback.yaml").write_text(said)
    write_notebook(folder / "quick.ipynb", QUICK)


@contextmanager
def deployfeedback(folder: Path, environment: dict[str, str]) -> Iterator[Heard]:
    """Start a Jupyter server with the extension."""
    server = Server(folder, environment)
    server.start()
    try:
        heard = Heard(server)
        for _ in range(3):  # the panel is open: what stands by has been started
            for name in ("quick", "heavy"):
                heard.run(name)
            time.sleep(1.5)
        yield heard
    finally:
        server.stop()


@contextmanager
def in_process(folder: Path) -> Iterator[Callable[[str], float]]:
    """Keep papermill loaded in one process; gives a function that runs a notebook in it and returns the seconds."""
    with subprocess.Popen(
        (PYTHON, "-c", IN_PROCESS),
        cwd=folder,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        def execute(notebook: str) -> float:
            stdin.write(f"{notebook}\n")
            stdin.flush()
            return float(stdout.readline())

        yield execute
        stdin.close()


def _import_seconds() -> float:
    script = "import time; a = time.perf_counter(); import jupyter_deployfeedback; print(time.perf_counter() - a)"
    return float(subprocess.run((PYTHON, "-c", script), check=True, capture_output=True, text=True).stdout)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--json")
    parser.add_argument("--check", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
