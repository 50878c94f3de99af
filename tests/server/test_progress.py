"""How far suites are: the server and the panel fold the same events into the same numbers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from jupyter_deployfeedback.domain.run import RunEvent
from jupyter_deployfeedback.server.views import suite_progress

PANEL = Path(__file__).parents[2] / "labextension" / "src" / "__tests__"
AT = datetime(2026, 11, 20, tzinfo=UTC)


def test_suites_side_by_side_are_folded_as_the_panel_folds_them() -> None:
    # given: what sequence.spec.ts folds, too
    told = json.loads((PANEL / "side-by-side.json").read_text(encoding="utf-8"))
    events = [RunEvent(run_id="r1", seq=seq, at=AT, **event) for seq, event in enumerate(told["events"], start=1)]

    # when
    suites = suite_progress(events)

    # then
    assert [suite.model_dump(mode="json") for suite in suites] == told["suites"]
