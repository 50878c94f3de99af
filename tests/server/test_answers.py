"""What the routes answer when they are asked for something that is not there, or in a wrong way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_deployfeedback.server.openapi import openapi_document


@pytest.fixture
def jp_server_config(jp_server_config: dict[str, Any]) -> dict[str, Any]:
    """Nothing runs here, so nothing has to stand by for a run."""
    return jp_server_config | {"DeployFeedbackApp": {"preload": False}}


async def test_project_is_found_from_its_model_notebook(fetch: Any, project: Path) -> None:
    code, answer = await fetch("project", params={"path": "digits/model.ipynb"})
    assert code == 200
    assert answer["problems"] == []
    assert answer["project"]["folder"] == "digits"
    assert answer["project"]["default_target"] == "candidate"
    assert [suite["name"] for suite in answer["project"]["suites"]] == ["smoke", "quality", "latency", "load"]


async def test_project_tells_what_a_run_would_do_and_can_settle(fetch: Any, project: Path) -> None:
    # given
    file = project / "deployfeedback.yaml"
    text = file.read_text().replace("smoke.ipynb", "smoke.ipynb\n  - {notebook: suites/quality.ipynb, name: q, MATRIX}")
    text = text.replace("MATRIX", "matrix: {n: [100, 200]}").replace('["<=+10%"]', '["<=+0%"]')
    file.write_text(text)

    # when
    _, answer = await fetch("project", params={"path": "digits/model.ipynb"})

    # then
    assert answer["problems"] == []
    suites = {suite["name"]: suite for suite in answer["project"]["suites"]}
    rules = {rule["metric"]: rule for rule in answer["project"]["rules"]}
    assert suites["q"]["points"] == ["q[n=100]", "q[n=200]"]
    assert suites["smoke"]["points"] == []
    assert rules["accuracy"]["expectations"][0] == {
        "expression": ">=0.94",
        "sentence": "can pass with 700 examples: it takes at least 60",
        "can_pass": True,
    }
    assert rules["cpu_mean"]["doubts"] == ["<=+0%: a tolerance of 0 leaves an unchanged system inconclusive"]


async def test_broken_project_file_is_described_with_line_and_remedy(fetch: Any, project: Path) -> None:
    file = project / "deployfeedback.yaml"
    file.write_text(file.read_text().replace("baseline: released", "baselin: released"))
    code, answer = await fetch("project", params={"path": "digits"})
    assert (code, answer["project"]) == (200, None)
    problem = answer["problems"][0]
    assert problem["file"] == "digits/deployfeedback.yaml"
    assert problem["line"] > 1
    assert problem["key"] == "baselin"
    assert "baseline" in problem["remedy"]


async def test_health_tells_the_version_that_answers(fetch: Any, project: Path) -> None:
    code, answer = await fetch("targets", "candidate", "health", params={"path": "digits"})
    assert code == 200
    assert answer["facts"]["ready"] is True
    assert answer["facts"]["model_version"] == "2.1.0"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("project",), (404, "project_not_found")),
        (("runs", "20000101-000000-000000"), (404, "run_not_found")),
        (("runs", "20000101-000000-000000", "feedback"), (404, "run_not_found")),
        (("runs", "20000101-000000-000000", "artifacts", "x"), (404, "run_not_found")),
        (("nothing", "here"), (404, "not_found")),
    ],
)
async def test_what_is_not_there_is_named(fetch: Any, path: tuple[str, ...], expected: tuple[int, str]) -> None:
    code, answer = await fetch(*path, params={"path": ""})
    assert (code, answer["error"]) == expected
    assert set(answer) >= {"error", "message", "remedy"}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "null",
        '"x"',
        "{",
        '{"path": 1}',
        '{"path": "digits", "unknown": 1}',
        "[" * 100_000,
        '{"path": 1e400}',
        r'{"path": "\ud800"}',
        r'{"path": "", "urls": {"candidate": "http://\ud800/"}}',
    ],
)
async def test_wrong_body_is_the_callers_mistake(fetch: Any, body: str) -> None:
    code, answer = await fetch("runs", method="POST", body=body, allow_nonstandard_methods=True)
    assert (code, answer["error"]) == (400, "usage")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("limit", "501", "a whole number from 0 to 500"),
        ("limit", "-1", "a whole number from 0 to 500"),
        ("limit", "0000000000009999999", "a whole number from 0 to 500"),
        ("limit", "0" * 5000, "a whole number from 0 to 500"),
        ("state", "done", "There is no state 'done'."),
        ("verdict", "PASS", "There is no verdict 'PASS'."),
    ],
    ids=["too many", "negative", "hidden by zeros", "too long to be read", "state", "verdict"],
)
async def test_a_wrong_choice_of_runs_is_the_callers_mistake(fetch: Any, name: str, value: str, said: str) -> None:
    code, answer = await fetch("runs", params={name: value})

    assert (code, answer["error"]) == (400, "usage")
    assert said in answer["message"]
    assert answer["remedy"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"target": "staging"}, (404, "unknown_target")),
        ({"suites": ["none"]}, (404, "unknown_suite")),
        ({"parameters": {"nn": 1}}, (422, "unknown_parameter")),
        ({"against": "v0.0.0"}, (404, "run_not_found")),
        ({"path": "elsewhere"}, (404, "project_not_found")),
    ],
)
async def test_run_that_cannot_be_planned_is_refused_before_it_is_acknowledged(
    fetch: Any, project: Path, change: dict[str, Any], expected: tuple[int, str]
) -> None:
    code, answer = await fetch("runs", method="POST", body=json.dumps({"path": "digits", **change}))
    assert (code, answer["error"]) == expected
    _, listed = await fetch("runs", params={"path": "digits"})
    assert listed["runs"] == []


@pytest.mark.parametrize(
    "path",
    ["../outside", "..%2foutside", "/etc", "digits/../../outside", "digits\0", "root-evil", "x" * 256, "x/" * 3000],
)
async def test_path_outside_the_root_is_not_found(fetch: Any, jp_root_dir: Path, path: str) -> None:
    outside = jp_root_dir.parent / "outside"
    outside.mkdir()
    (outside / "deployfeedback.yaml").write_text("version: 1\n")
    (jp_root_dir.parent / f"{jp_root_dir.name}-evil").mkdir()
    code, answer = await fetch("project", params={"path": path})
    assert (code, answer["error"]) == (404, "project_not_found")
    assert "outside the server's root folder" in answer["message"]


async def test_unknown_verb_says_which_are_known(jp_fetch: Any) -> None:
    from tornado.httpclient import HTTPClientError

    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("deployfeedback", "api", "v1", "runs", method="DELETE")
    assert caught.value.code == 405
    assert caught.value.response is not None
    assert caught.value.response.headers["Allow"] == "GET, POST"


def test_published_document_is_the_one_the_panel_was_built_from() -> None:
    committed = Path(__file__).parents[2] / "labextension" / "openapi.json"
    assert json.loads(committed.read_text()) == openapi_document(), "run: make wire"
