"""Runs forked from a process that stands by."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from jupyter_deployfeedback.run_process.standby import SPARES

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere runs may not be forked")
SMOKE = {"path": "digits/model.ipynb", "suites": ["smoke"]}


def standing_by() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if is_standby(child)]


def keepers() -> list[psutil.Process]:
    """Each has forked a run, most of them one that waits to be asked for."""
    children = [child for process in standing_by() for child in process.children()]
    return [child for child in children if is_standby(child)]  # the others hold kernels


def forkservers() -> list[psutil.Process]:
    children = [child for process in standing_by() for child in process.children()]
    return [child for child in children if is_forkserver(child)]


def is_forkserver(process: psutil.Process) -> bool:
    try:
        return any("forked_kernel" in argument for argument in process.cmdline())
    except psutil.Error:  # it has just ended
        return False


def is_standby(process: psutil.Process) -> bool:
    try:
        return "standby" in process.cmdline()
    except psutil.Error:  # it has just ended
        return False


async def until(found: Callable[[], Any]) -> Any:
    for _ in range(200):
        if answer := found():
            return answer
        await asyncio.sleep(0.1)
    raise AssertionError("it did not happen within 20 s")


async def test_nothing_stands_by_before_the_panel_asks_for_a_project(fetch: Any, project: Path) -> None:
    await fetch("runs")
    before = standing_by()
    await fetch("project", params={"path": "digits/model.ipynb"})

    assert (before, len(standing_by())) == ([], 1)


async def test_runs_are_forked_from_one_process(fetch: Any, finished: Any, project: Path) -> None:
    await fetch("project", params={"path": "digits/model.ipynb"})
    for _ in range(2):
        waiting = await until(lambda: keepers() if len(keepers()) == SPARES else None)
        _, run = await fetch("runs", method="POST", body=json.dumps(SMOKE))
        answer = await finished(run["run_id"])

        assert [suite["outcome"] for suite in answer["suites"]] == ["passed"]
        assert await until(lambda: sum(not keeper.is_running() for keeper in waiting)) == 1  # noqa: B023
    assert len(standing_by()) == 1


async def test_the_kernels_of_a_project_that_is_looked_at_stand_by_before_its_first_run(
    fetch: Any, finished: Any, project: Path
) -> None:
    await fetch("project", params={"path": "digits/model.ipynb"})
    (before,) = await until(lambda: forkservers() if forkservers() and forkservers()[0].children() else None)

    _, run = await fetch("runs", method="POST", body=json.dumps(SMOKE))
    await finished(run["run_id"])
    await asyncio.sleep(2.5)  # what a first run had ordered would be there

    assert [process.pid for process in forkservers()] == [before.pid]


@pytest.mark.slow
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
    while (await fetch("runs", run["run_id"]))[1]["run"]["state"] == "queued":
        pass
    for forked in [child for keeper in keepers() for child in keeper.children()]:
        forked.kill()

    answer = await finished(run["run_id"])

    assert answer["run"]["state"] == "lost"


@pytest.mark.parametrize("jp_argv", [["--DeployFeedbackApp.preload=False"]])
async def test_an_administrator_can_have_nothing_stand_by(fetch: Any, finished: Any, project: Path) -> None:
    _, run = await fetch("runs", method="POST", body=json.dumps(SMOKE))
    answer = await finished(run["run_id"])

    assert answer["run"]["state"] == "finished"
    assert standing_by() == []
