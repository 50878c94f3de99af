"""P3, P4, P6, P13 and P14 of the fault catalogue: what breaks around the server, and what never begins."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from jupyter_deployfeedback.domain.run import Run, RunState
from jupyter_deployfeedback.errors import RunUnfinished
from jupyter_deployfeedback.store import Store, open_store
from tests.faults.scene import (
    CHECKOUT,
    ENDS,
    PYTHON,
    Refused,
    Scene,
    adopting_orphans,
    cancelled_where_it_cannot_be_broken,
    integrity,
    judge,
    until_said,
)
from tests.faults.test_processes import CHILDREN, HANG, REGEX

pytestmark = pytest.mark.xdist_group("faults servers")
NOTEBOOK = {"nbformat": 4, "nbformat_minor": 5, "metadata": PYTHON, "cells": []}
UNKNOWN = {"kernelspec": {"name": "no-such-kernel", "display_name": "No"}}


def kill(scene: Scene) -> None:
    scene.process.kill()
    scene.process.wait()


def terminate(scene: Scene) -> None:
    assert scene.stop() == 0


def terminate_twice(scene: Scene) -> None:
    assert scene.stop(signal.SIGTERM, signal.SIGTERM) == 0


@pytest.mark.parametrize(
    ("name", "end", "cell"),
    [
        pytest.param(name, end, cell, marks=[] if (name, cell) in told else pytest.mark.slow, id=f"{doing}-{name}")
        for told in [{("P3 kill -9 of the server", REGEX), ("P4 SIGTERM of the server", HANG)}]
        for cell, doing in [(HANG, "sleeping"), (REGEX, "holding Python's lock")]
        for name, end in [
            ("P3 kill -9 of the server", kill),
            ("P3 kill -9 of a server below one that adopts orphans", kill),
            ("P4 SIGTERM of the server", terminate),
            ("P4 a second SIGTERM of the server", terminate_twice),
        ]
    ],
)
def test_a_run_whose_server_ends_has_an_end_after_its_restart(
    scene: Scene, name: str, end: Callable[[Scene], None], cell: str
) -> None:
    project = scene.project(f"{name.replace(' ', '-')}-{len(cell)}", CHILDREN, cell)
    run_id = scene.begin(project)
    with cancelled_where_it_cannot_be_broken(scene, run_id):
        until_said(project)

    with adopting_orphans() if "adopts" in name else nullcontext():
        end(scene)
        scene.start()
        run = judge(scene, run_id, within_seconds=5.0, project=project)

    assert run["state"] in ({"lost"} if "kill -9" in name else {"lost", "cancelled"})
    assert "was cancelled" not in run["message"], "nobody cancelled it"
    assert [each["id"] for each in scene.copy(run_id)["cells"]] == ["c1", "c2"]


FAILPOINTS = """
import os, sys, threading
from pathlib import Path
from sqlalchemy import Engine, event
from jupyter_deployfeedback.pipeline import run as pipeline
from jupyter_deployfeedback.run_process.warm_up import warm_up
from jupyter_deployfeedback.domain.run import RunRequest
from jupyter_deployfeedback.store import open_store

folder = Path(sys.argv[1])

def make_store():
    open_store(str(folder / "store"), environment={})

def run():
    store = open_store(str(folder / "store"), environment={})
    request = RunRequest(project_file=str(folder / "deployfeedback.yaml"), target="")
    run = pipeline.start(request, store=store, environment={})
    print("acknowledged", run.run_id, flush=True)
    given = {"environment": dict(os.environ), "tell": lambda _: None, "cancelled": threading.Event()}
    pipeline.evaluate(run.run_id, store=store, **given)

def die_at(step):
    count = 0
    def look(*_):
        nonlocal count
        count += 1
        if count == step:
            os.kill(os.getpid(), 9)
    event.listen(Engine, "before_cursor_execute", look)
    event.listen(Engine, "commit", look)

warm_up(folder / "warm-up")  # what it loads, each of the following has
for work in (make_store, run):
    step, status = 0, 9
    while status == 9:  # until it comes to its end before that step
        step += 1
        if (pid := os.fork()) == 0:
            die_at(step)
            work()
            os._exit(0)
        status = os.waitpid(pid, 0)[1]
    assert status == 0
    print(work.__name__, step - 1, flush=True)
"""


@pytest.mark.slow
def test_p6_kill_before_each_statement_and_commit_leaves_the_state_before_or_after(tmp_path: Path) -> None:
    (tmp_path / "suite.ipynb").write_text(json.dumps(NOTEBOOK))
    nobody = "{url: 'http://127.0.0.1:9', platform: {source: none}}"
    (tmp_path / "deployfeedback.yaml").write_text(
        f"version: 1\ntargets: {{candidate: {nobody}}}\nsuites: [suite.ipynb]\n"
    )

    told = subprocess.run(
        [sys.executable, "-c", FAILPOINTS, str(tmp_path)], capture_output=True, text=True, check=True, cwd=CHECKOUT
    )

    lines = [line.split() for line in told.stdout.splitlines()]
    acknowledged = [value for word, value in lines if word == "acknowledged"]
    steps = {word: int(value) for word, value in lines if word != "acknowledged"}
    assert min(steps["make_store"], steps["run"] - len(acknowledged), len(acknowledged)) > 3
    with open_store(str(tmp_path / "store"), environment={}) as store:
        runs = {run.run_id: run for run in store.list(limit=500)}
        *killed, finished = [runs[run_id] for run_id in acknowledged]
        assert {run.state for run in runs.values() if run != finished} == {RunState.LOST}
        assert {documents(store, run) for run in killed} == {()}
        assert (finished.state, documents(store, finished)) == (RunState.FINISHED, ("error", 1))
        for run_id, run in runs.items():
            events = store.events(run_id)
            assert [event.seq for event in events] == list(range(1, run.seq + 1))
            assert events[-1].state == run.state
    assert integrity(tmp_path / "store") == "ok"


def documents(store: Store, run: Run) -> tuple[str, int] | tuple[()]:
    """Return what is kept of a run: its verdict and how many suites it saw; nothing where nothing is."""
    try:
        return store.feedback(run.run_id).verdict, len(store.evidence(run.run_id).suites)
    except RunUnfinished:
        return ()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("P13 kernel name unknown", json.dumps({**NOTEBOOK, "metadata": UNKNOWN}), "no-such-kernel"),
        ("P13 v3 notebook", json.dumps({"nbformat": 3, "nbformat_minor": 0, "worksheets": []}), "format 3"),
        ("P13 truncated JSON", json.dumps(NOTEBOOK)[:-9], "is not JSON"),
        ("P13 top-level []", "[]", "JSON but not a notebook"),
        ("P13 empty file", "", "is not JSON"),
    ],
    ids=lambda value: value if str(value).startswith("P13") else "",
)  # fmt: skip
def test_what_cannot_be_run_is_refused_by_name_before_there_is_a_run(
    scene: Scene, name: str, text: str, said: str
) -> None:
    project = scene.project(name.replace(" ", "-").replace("[]", "list"), "1")
    (project / "suite.ipynb").write_text(text)

    with pytest.raises(Refused) as refused:
        scene.begin(project)

    assert (refused.value.code, refused.value.error) == (422, "suites_broken")
    assert said in refused.value.message
    assert refused.value.remedy
    assert scene.ask(f"deployfeedback/api/v1/runs?path={project.name}")["runs"] == []


@pytest.mark.parametrize(
    "delay",
    [
        pytest.param(delay, marks=[] if delay == 0.1 else pytest.mark.slow, id=f"P14 cancel {delay} s after start")
        for delay in (0.0, 0.05, 0.1, 0.4)
    ],
)
def test_a_run_that_is_cancelled_while_it_starts_has_one_end(scene: Scene, delay: float) -> None:
    project = scene.project(f"P14-{delay}", CHILDREN, HANG)
    run_id = scene.begin(project)
    time.sleep(delay)
    scene.cancel(run_id)

    run = judge(scene, run_id, within_seconds=20.0, project=project)

    events = scene.ask(f"deployfeedback/api/v1/runs/{run_id}/events?after=0")["events"]
    assert run["state"] == "cancelled"
    assert [event["state"] for event in events if event["state"] in ENDS] == ["cancelled"]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
