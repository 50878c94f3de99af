"""The culler of a hub stops servers that nobody uses; one whose run works is used."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyter_deployfeedback.server import runs


@pytest.fixture
def silent(jp_root_dir: Path, deployments: dict[str, str]) -> Path:
    """A project whose first cell works in silence until a file called ``go`` is there."""
    folder = jp_root_dir / "silent"
    folder.mkdir()
    wait = "import os, time\nwhile not os.path.exists('go'): time.sleep(0.05)"
    asks = "import jupyter_deployfeedback as jdf\njdf.check(jdf.connect().health()['ready'], 'it is ready')"
    cells = [nbformat.v4.new_code_cell(wait), nbformat.v4.new_code_cell(asks)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / "suite.ipynb")
    url = deployments["DIGITS_CANDIDATE_URL"]
    target = f"targets: {{candidate: {{url: '{url}', platform: {{source: none}}}}}}"
    (folder / "deployfeedback.yaml").write_text(f"version: 1\n{target}\nsuites: [suite.ipynb]\n")
    return folder


async def moved(last: Callable[[], datetime], *, since: datetime) -> bool:
    for _ in range(300):
        if last() > since:
            return True
        await asyncio.sleep(0.1)
    return False


async def until_a_cell_runs(fetch: Any, run_id: str) -> None:
    for _ in range(300):
        _, answer = await fetch("runs", run_id, "events")
        if any(event["kind"] == "case_started" for event in answer["events"]):
            return
        await asyncio.sleep(0.1)
    raise AssertionError("no cell has started within 30 s")


async def test_a_run_is_activity_while_its_cell_is_silent_and_when_it_tells(
    fetch: Any, finished: Any, silent: Path, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "ACTIVITY_SECONDS", 0.2)

    def last() -> datetime:
        return jp_serverapp.web_app.settings["api_last_activity"]

    _, run = await fetch("runs", method="POST", body=json.dumps({"path": "silent"}))
    await until_a_cell_runs(fetch, run["run_id"])
    asked = last()  # from here on nobody asks anything

    assert await moved(last, since=asked), "a long cell looks idle"

    monkeypatch.setattr(runs, "ACTIVITY_SECONDS", 600.0)
    await asyncio.sleep(0.5)
    silence = last()
    (silent / "go").touch()
    assert await moved(last, since=silence), "an event looks idle"
    assert (await finished(run["run_id"]))["run"]["verdict"] == "pass"
