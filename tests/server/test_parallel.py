"""Several suites at once in a run of the server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

PYTHON = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
MEET = """
import pathlib, time
pathlib.Path({me!r}).touch()
deadline = time.monotonic() + {seconds}
while not pathlib.Path({other!r}).exists():
    assert time.monotonic() < deadline, "the other suite does not run"
    time.sleep(0.02)
"""
BODY = json.dumps({"path": "digits/model.ipynb", "suites": ["a", "b"]})


def write_meeting(project: Path, *, seconds: int) -> None:
    """Two suites that pass only if both run at once, in a project that asks for that."""
    for me, other in (("a", "b"), ("b", "a")):
        cell = nbformat.v4.new_code_cell(MEET.format(me=me, other=other, seconds=seconds), id="meet")
        nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=PYTHON), project / "suites" / f"{me}.ipynb")
    file = project / "deployfeedback.yaml"
    file.write_text(
        file.read_text().replace("suites:\n", "parallel: 2\nsuites:\n  - suites/a.ipynb\n  - suites/b.ipynb\n", 1)
    )


async def test_suites_run_at_once_and_their_events_are_heard_in_their_order(
    fetch: Any, finished: Any, project: Path, heard: list[dict[str, Any]]
) -> None:
    write_meeting(project, seconds=50)
    _, run = await fetch("runs", method="POST", body=BODY)
    answer = await finished(run["run_id"])

    assert [(suite["name"], suite["outcome"]) for suite in answer["suites"]] == [("a", "passed"), ("b", "passed")]
    numbers = [event["seq"] for event in heard]
    assert numbers == sorted(numbers)
    _, told = await fetch("runs", run["run_id"], "events")
    assert [event["seq"] for event in told["events"]] == list(range(1, answer["run"]["seq"] + 1))


@pytest.mark.parametrize("jp_argv", [["--DeployFeedbackApp.max_parallel_suites=1"]])
async def test_an_administrator_can_have_suites_run_one_by_one(fetch: Any, finished: Any, project: Path) -> None:
    write_meeting(project, seconds=1)

    _, run = await fetch("runs", method="POST", body=BODY)
    answer = await finished(run["run_id"])

    assert [(suite["name"], suite["outcome"]) for suite in answer["suites"]] == [("a", "failed"), ("b", "passed")]


async def test_a_run_can_be_asked_for_with_a_matrix(fetch: Any, finished: Any, project: Path) -> None:
    body = {"path": "digits/model.ipynb", "suites": ["smoke"], "matrix": {"per_digit": [1, 2]}}

    code, run = await fetch("runs", method="POST", body=json.dumps(body))
    answer = await finished(run["run_id"])

    assert (code, run["matrix"]) == (202, {"per_digit": [1, 2]})
    assert {(suite["name"], suite["outcome"]) for suite in answer["suites"]} == {
        ("smoke[per_digit=1]", "passed"),
        ("smoke[per_digit=2]", "passed"),
    }
