"""Waivers over REST."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_deployfeedback.domain.feedback import FeedbackReport
from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.run import RunRequest
from jupyter_deployfeedback.domain.verdict import closing
from jupyter_deployfeedback.store import open_store
from tests.feedback.runs import failing, target_is_down
from tests.store.conftest import make_evidence

ASKED = {"finding": "accuracy >=-1pp", "by": "Ada", "reason": "Known", "until": "2099-12-31"}


@pytest.fixture
def judged(jp_root_dir: Path) -> Callable[[FeedbackReport], str]:
    """Put a finished run into the server's store; gives its id."""

    def put(report: FeedbackReport) -> str:
        file = str(jp_root_dir / "deployfeedback.yaml")
        project = Project(name="digits", folder="/", file=file, targets={}, default_target="candidate", suites=())
        request = RunRequest(project_file=file, target="candidate")
        with open_store(environment=os.environ) as store:
            run_id = store.start(request, project=project, commit=None, baseline=None).run_id
            store.claim(run_id)
            store.finish(run_id, make_evidence(), report)
        return run_id

    return put


async def waive(fetch: Any, run_id: str, **changes: object) -> tuple[int, Any]:
    return await fetch("runs", run_id, "waivers", method="POST", body=json.dumps(ASKED | changes))


async def test_findings_are_waived_one_by_one_until_the_gate_opens(fetch: Any, judged: Any) -> None:
    run_id = judged(failing())
    _, closed = await fetch("runs", run_id, "feedback")
    failed = closing(failing().findings)

    for name in failed:
        code, waiver = await waive(fetch, run_id, finding=name)
        assert (code, waiver["finding"], waiver["until"]) == (201, name, "2099-12-31")

    _, report = await fetch("runs", run_id, "feedback")
    assert (closed["gate"], report["gate"], report["verdict"]) == ("closed", "open", "fail")
    assert [each["by"] for each in report["waivers"]] == ["Ada"] * len(failed)


@pytest.mark.parametrize(
    ("changes", "code", "error"),
    [
        ({"finding": "accuracy >=0.5"}, 409, "waiver_refused"),
        ({"until": "2020-01-01"}, 409, "waiver_refused"),
        ({"reason": "   "}, 409, "waiver_refused"),
        ({"reason": ""}, 400, "usage"),
        ({"until": "tomorrow"}, 400, "usage"),
        ({"more": 1}, 400, "usage"),
    ],
)
async def test_what_is_no_proper_waiver_is_refused(
    fetch: Any, judged: Any, changes: dict[str, object], code: int, error: str
) -> None:
    run_id = judged(failing())
    got, answer = await waive(fetch, run_id, **{"finding": closing(failing().findings)[0], **changes})

    assert (got, answer["error"]) == (code, error)


async def test_an_error_cannot_be_waived(fetch: Any, judged: Any) -> None:
    code, answer = await waive(fetch, judged(target_is_down()))

    assert (code, answer["error"]) == (409, "waiver_refused")
    assert "nothing was judged" in answer["message"]


async def test_a_run_that_is_not_there_has_no_findings_to_waive(fetch: Any) -> None:
    code, answer = await waive(fetch, "20261120-120000-ffffff")

    assert (code, answer["error"]) == (404, "run_not_found")
