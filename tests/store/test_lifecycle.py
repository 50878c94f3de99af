"""States and transitions: one table, kept by the store whatever comes in which order, and told in the documentation."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_deployfeedback.domain.run import RunState
from jupyter_deployfeedback.errors import RunConflict
from jupyter_deployfeedback.store import Store, open_store
from jupyter_deployfeedback.store.lifecycle import NEXT_STATES
from tests.property_cases import RUNS
from tests.store.conftest import make_evidence, make_report

QUEUED, RUNNING, FINISHED, CANCELLED, LOST = RunState
Start = Callable[..., object]
STEPS: dict[str, tuple[Callable[[Store, str], object], RunState]] = {
    "claim": (lambda store, run_id: store.claim(run_id), RUNNING),
    "finish": (lambda store, run_id: store.finish(run_id, make_evidence(), make_report(run_id)), FINISHED),
    "cancel": (lambda store, run_id: store.cancel(run_id, "stopped"), CANCELLED),
    "lose": (lambda store, run_id: store.lose(run_id, "gone"), LOST),
}
DOCUMENT = Path(__file__).parents[2] / "docs" / "execution.md"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Store:
    with open_store(str(tmp_path_factory.mktemp("races") / "store"), environment={}) as store:
        yield store


@settings(max_examples=RUNS, deadline=None)
@given(steps=st.lists(st.sampled_from([*STEPS, "request_cancel"]), max_size=8))
def test_p14_whatever_comes_in_which_order_a_run_has_one_end_at_most(shared: Store, steps: list[str]) -> None:
    from jupyter_deployfeedback.domain.project import Project
    from jupyter_deployfeedback.domain.run import RunRequest

    project = Project(
        name="races", folder="/races", file="/races/deployfeedback.yaml", targets={}, default_target="x", suites=()
    )
    request = RunRequest(project_file=project.file, target="x")
    run_id = shared.start(request, project=project, commit=None, baseline=None).run_id
    state = QUEUED
    for step in steps:
        if step == "request_cancel":
            state = CANCELLED if state is QUEUED else state
            assert shared.request_cancel(run_id).state is state
            continue
        act, following = STEPS[step]
        if following in NEXT_STATES[state]:
            act(shared, run_id)
            state = following
        else:
            with pytest.raises(RunConflict):
                act(shared, run_id)

    told = [event.state for event in shared.events(run_id) if event.state is not None]
    assert shared.get(run_id).state is state
    assert sum(RunState(each).terminal for each in told) == int(state.terminal)


def test_the_documentation_has_the_table_of_states_and_transitions() -> None:
    section = DOCUMENT.read_text(encoding="utf-8").partition("## States")[2].partition("\n## ")[0]
    rows = re.findall(
        r"^\| \*\*(\w+)\*\* \| [^|]+ \| ([\w, ]+|nothing: it never changes again) \|$", section, re.MULTILINE
    )

    told = {
        state: {following for following in re.split(r", ", after) if following in set(RunState)}
        for state, after in rows
    }

    assert told == {state.value: {following.value for following in after} for state, after in NEXT_STATES.items()}
