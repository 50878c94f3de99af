"""Continuing a run over REST, against really deployed models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = """\
version: 1
name: digits
targets:
  released: {url: "${DIGITS_RELEASED_URL}", health: /ready, response: &it {probabilities: $.probabilities}}
  candidate: {url: "${DIGITS_CANDIDATE_URL}", health: /ready, response: *it}
baseline: released
suites: [{notebook: suites/quality.ipynb, parameters: {n: 60}, more: n}]
rules: [{metric: accuracy, pass: [">=0.92"]}]
"""


async def test_an_inconclusive_run_is_continued_once(fetch: Any, finished: Any, project: Path) -> None:
    (project / "deployfeedback.yaml").write_text(FILE)
    _, run = await fetch("runs", method="POST", body=json.dumps({"path": "digits/model.ipynb"}))
    first = await finished(run["run_id"])
    assert first["run"]["verdict"] == "inconclusive"

    code, following = await fetch("runs", run["run_id"], "continue", method="POST", body="{}")
    assert (code, following["state"], following["continues"]) == (202, "queued", run["run_id"])
    refused, again = await fetch("runs", run["run_id"], "continue", method="POST", body="{}")
    assert (refused, again["error"]) == (409, "continue_refused")

    second = await finished(following["run_id"])
    _, report = await fetch("runs", following["run_id"], "feedback")
    assert second["run"]["state"] == "finished"
    assert (report["run"]["look"], report["findings"][0]["look"]) == ([2, 2], [2, 2])
    assert {row["name"]: row["n"] for row in report["metrics"]}["accuracy"] > 60


async def test_a_run_that_is_not_there_is_not_continued(fetch: Any) -> None:
    code, answer = await fetch("runs", "20261120-120000-ffffff", "continue", method="POST", body="{}")

    assert (code, answer["error"]) == (404, "run_not_found")
