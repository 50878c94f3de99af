"""Runs over REST: against really deployed models, in real processes."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_deployfeedback.run_process.client import ForkedRun
from jupyter_deployfeedback.server.runs import RunProcesses
from jupyter_deployfeedback.store import open_store

SMOKE = {"path": "digits/model.ipynb", "suites": ["smoke"]}


async def test_run_is_acknowledged_then_judged_and_its_feedback_can_be_read(
    fetch: Any, finished: Any, project: Path
) -> None:
    code, run = await fetch("runs", method="POST", body=json.dumps(SMOKE))
    assert (code, run["state"], run["target"], run["path"]) == (
        202,
        "queued",
        "candidate",
        "digits/deployfeedback.yaml",
    )

    answer = await finished(run["run_id"])
    assert answer["run"]["state"] == "finished"
    assert [(suite["name"], suite["outcome"]) for suite in answer["suites"]] == [("smoke", "passed")]

    code, report = await fetch("runs", run["run_id"], "feedback")
    assert code == 200
    assert report["run"]["run_id"] == run["run_id"]
    # the rules ask for metrics of suites that were left out: missing data is never a pass
    assert report["verdict"] == answer["run"]["verdict"] == "error"


async def test_events_of_a_run_are_numbered_without_gaps_and_can_be_replayed(
    fetch: Any, finished: Any, project: Path
) -> None:
    _, run = await fetch("runs", method="POST", body=json.dumps(SMOKE))
    answer = await finished(run["run_id"])

    _, all_events = await fetch("runs", run["run_id"], "events")
    numbers = [event["seq"] for event in all_events["events"]]
    assert numbers == list(range(1, answer["run"]["seq"] + 1))

    _, later = await fetch("runs", run["run_id"], "events", params={"after": "3"})
    assert [event["seq"] for event in later["events"]] == numbers[3:]


async def test_events_reach_those_who_listen_and_keep_to_their_schema(
    fetch: Any, finished: Any, project: Path, heard: list[dict[str, Any]]
) -> None:
    _, run = await fetch("runs", method="POST", body=json.dumps(SMOKE))
    await finished(run["run_id"])

    told = [(event["kind"], event["case_id"]) for event in heard if event["run_id"] == run["run_id"]]
    started = [case for kind, case in told if kind == "case_started"]
    ended = [case for kind, case in told if kind == "case_finished" and "#" not in case]  # "#": checks inside a cell
    assert len(started) > 3
    assert started == ended
    assert told.count(("suite_finished", None)) == 1


async def test_cancelled_run_ends_and_says_so(fetch: Any, finished: Any, project: Path) -> None:
    body = {"path": "digits", "suites": ["quality"]}
    _, run = await fetch("runs", method="POST", body=json.dumps(body))
    code, _ = await fetch("runs", run["run_id"], "cancel", method="POST", body="{}")
    assert code == 202

    answer = await finished(run["run_id"])
    assert answer["run"]["state"] == "cancelled"
    code, error = await fetch("runs", run["run_id"], "feedback")
    assert (code, error["error"]) == (409, "run_unfinished")


async def test_runs_are_listed_newest_first_in_pages(fetch: Any, finished: Any, project: Path) -> None:
    ids = []
    for _ in range(3):
        _, run = await fetch("runs", method="POST", body=json.dumps(SMOKE))
        ids.append(run["run_id"])
        await fetch("runs", run["run_id"], "cancel", method="POST", body="{}")
    _, first = await fetch("runs", params={"path": "digits", "limit": "2"})
    _, second = await fetch("runs", params={"path": "digits", "limit": "2", "after": first["next"]})
    assert [run["run_id"] for run in first["runs"] + second["runs"]] == ids[::-1]
    assert second["next"] is None
    for run_id in ids:
        await finished(run_id)


async def test_executed_notebook_is_sent_as_a_confined_attachment(
    jp_fetch: Any, fetch: Any, finished: Any, project: Path
) -> None:
    _, run = await fetch("runs", method="POST", body=json.dumps(SMOKE))
    await finished(run["run_id"])
    _, report = await fetch("runs", run["run_id"], "feedback")
    name = report["suites"][0]["artifact"]

    response = await jp_fetch("deployfeedback", "api", "v1", "runs", run["run_id"], "artifacts", name)
    assert json.loads(response.body)["nbformat"] == 4
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_end_of_a_run_is_told_when_it_happens(
    fetch: Any, finished: Any, project: Path, heard: list[dict[str, Any]]
) -> None:
    _, run = await fetch("runs", method="POST", body=json.dumps(SMOKE))
    answer = await finished(run["run_id"])

    for _ in range(50):
        if heard and heard[-1]["kind"] == "run":
            break
        await asyncio.sleep(0.1)
    expected = ("run", "finished", answer["run"]["seq"])
    assert (heard[-1]["kind"], heard[-1]["state"], heard[-1]["seq"]) == expected


@pytest.fixture
def told(tmp_path: Path) -> Iterator[tuple[RunProcesses, list[dict[str, Any]]]]:
    """The processes of runs, and the events that they pass on."""
    events: list[dict[str, Any]] = []
    with open_store(str(tmp_path / "store"), environment={}) as store:
        processes = RunProcesses(
            limit=1,
            command=lambda _: [],
            standby_command=None,
            environment={},
            store=store,
            emit=lambda **told: events.append(told["data"]),
            touch=lambda: None,
            log=logging.getLogger(),
        )
        yield processes, events


@pytest.mark.parametrize("turns", range(5))
async def test_a_server_that_stops_while_an_event_arrives_stops_listening(turns: int, told: Any) -> None:
    processes, _ = told
    run = ForkedRun(asyncio.StreamReader(), asyncio.StreamReader(), None)
    listening = asyncio.create_task(processes._listen(run))
    await asyncio.sleep(0.01)

    run.stdout.feed_data(b"{}\n")
    for _ in range(turns):
        await asyncio.sleep(0)
    listening.cancel()

    _, goes_on = await asyncio.wait([listening], timeout=1.0)
    assert goes_on == set()


async def test_what_a_run_tells_that_is_no_event_does_not_end_it(told: Any) -> None:
    processes, events = told
    run = ForkedRun(asyncio.StreamReader(limit=1000), asyncio.StreamReader(), None)
    for line in (b"a library says hello", b"x" * 2000, b'{"seq": 7}'):
        run.stdout.feed_data(line + b"\n")
    run.stdout.feed_eof()

    await processes._listen(run)

    assert events == [{"seq": 7}]


async def test_a_run_cancelled_in_the_queue_starts_no_process(fetch: Any, finished: Any, project: Path) -> None:
    _, first = await fetch("runs", method="POST", body=json.dumps(SMOKE))
    _, second = await fetch("runs", method="POST", body=json.dumps(SMOKE))

    await fetch("runs", second["run_id"], "cancel", method="POST", body="")
    await finished(first["run_id"])
    await asyncio.sleep(0.5)

    code, _ = await fetch("runs", second["run_id"], "artifacts", "run.log")
    assert (await finished(second["run_id"]))["run"]["state"] == "cancelled"
    assert code == 404
