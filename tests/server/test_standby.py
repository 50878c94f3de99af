"""Runs forked from a process that stands by."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere runs may not be forked")
SMOKE = {"path": "digits/model.ipynb", "suites": ["smoke"]}


def standing_by() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if is_standby(child)]


def forked_runs() -> list[psutil.Process]:
    children = [child for process in standing_by() for child in process.children()]
    return [child for child in children if is_standby(child)]  # the others hold kernels


def is_standby(process: psutil.Process) -> bool:
    try:
        return "standby" in process.cmdline()
    except psutil.Error:  # it has just ended
        return False


async def test_nothing_stands_by_before_the_panel_asks_for_a_project(fetch: Any, project: Path) -> None:
    await fetch("runs")
    before = standing_by()
    await fetch("project", params={"path": "digits/model.ipynb"})

    assert (before, len(standing_by())) == ([], 1)


async def test_runs_are_forked_from_one_process(fetch: Any, finished: Any, project: Path) -> None:
    for _ in range(2):
        _, run = await fetch("runs", method="POST", body=json.dumps(SMOKE))
        answer = await finished(run["run_id"])
        assert [suite["outcome"] for suite in answer["suites"]] == ["passed"]

    assert len(standing_by()) == 1
    _, alive = psutil.wait_procs(forked_runs(), timeout=10)
    assert alive == []


async def test_a_killed_process_that_stood_by_costs_no_run(fetch: Any, finished: Any, project: Path) -> None:
    await fetch("project", params={"path": "digits/model.ipynb"})
    killed = standing_by()[0]
    killed.kill()

    _, run = await fetch("runs", method="POST", body=json.dumps(SMOKE))
    answer = await finished(run["run_id"])

    assert answer["run"]["state"] == "finished"
    assert [process.pid for process in standing_by()] != [killed.pid]


async def test_a_run_whose_process_is_killed_is_lost(fetch: Any, finished: Any, project: Path) -> None:
    _, run = await fetch("runs", method="POST", body=json.dumps({"path": "digits", "suites": ["quality"]}))
    while not (working := [run for keeper in forked_runs() for run in keeper.children()]):
        await fetch("runs", run["run_id"])
    working[0].kill()

    answer = await finished(run["run_id"])

    assert answer["run"]["state"] == "lost"


@pytest.mark.parametrize("jp_argv", [["--DeployFeedbackApp.preload=False"]])
async def test_an_administrator_can_have_nothing_stand_by(fetch: Any, finished: Any, project: Path) -> None:
    _, run = await fetch("runs", method="POST", body=json.dumps(SMOKE))
    answer = await finished(run["run_id"])

    assert answer["run"]["state"] == "finished"
    assert standing_by() == []
