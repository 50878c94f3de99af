"""States and transitions: one table, kept by the store whatever comes in which order, and told in the documentation."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.run import RunRequest, RunState
from jupyter_deployfeedback.errors import RunConflict
from jupyter_deployfeedback.store import Store, open_store
from jupyter_deployfeedback.store.runs import NEXT_STATES
from tests.property_cases import RACES
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
def shared() -> Iterator[Store]:
    """A store in memory where there is such a folder: a thousand runs would wait for the disk most of the time."""
    memory = Path("/dev/shm")
    with (
        TemporaryDirectory(prefix="races-", dir=memory if os.access(memory, os.W_OK) else None) as folder,
        open_store(folder, environment={}) as store,
    ):
        yield store


@pytest.mark.timeout(600)
@pytest.mark.property
@settings(max_examples=RACES, deadline=None)
@given(steps=st.lists(st.sampled_from([*STEPS, "request_cancel"]), max_size=8))
def test_p14_whatever_comes_in_which_order_a_run_has_one_end_at_most(shared: Store, steps: list[str]) -> None:
    run_id = begin(shared)
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


@pytest.mark.timeout(600)
@pytest.mark.property
@settings(max_examples=RACES, deadline=None)
@given(steps=st.lists(st.sampled_from([*STEPS, "request_cancel"]), min_size=2, max_size=5))
def test_p14_what_comes_at_the_same_moment_follows_the_table_and_gives_a_run_one_end_at_most(
    shared: Store, steps: list[str]
) -> None:
    run_id = begin(shared)
    everybody = Barrier(len(steps))

    def take(step: str) -> None:
        act = STEPS[step][0] if step in STEPS else Store.request_cancel
        everybody.wait()
        with suppress(RunConflict):
            act(shared, run_id)

    with ThreadPoolExecutor(len(steps)) as pool:
        list(pool.map(take, steps))

    told = [RunState(event.state) for event in shared.events(run_id) if event.state is not None]
    assert told[0] is QUEUED
    assert all(after in NEXT_STATES[before] for before, after in pairwise(told))
    assert shared.get(run_id).state is told[-1]


def begin(store: Store) -> str:
    """Acknowledge a run of a project that need not be there."""
    project = Project(
        name="races", folder="/races", file="/races/deployfeedback.yaml", targets={}, default_target="x", suites=()
    )
    request = RunRequest(project_file=project.file, target="x")
    return store.start(request, project=project, commit=None, baseline=None).run_id


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
