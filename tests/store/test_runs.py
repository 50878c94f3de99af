"""Runs: begun, claimed, told about, ended and found again."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jupyter_deployfeedback.domain.feedback import FeedbackReport
from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.run import Commit, EventKind, Evidence, RunRequest, RunState, Step
from jupyter_deployfeedback.domain.verdict import Verdict
from jupyter_deployfeedback.errors import ArtifactNotFound, RunConflict, RunNotFound, RunUnfinished
from jupyter_deployfeedback.store import Store, open_store

if TYPE_CHECKING:
    from tests.store.conftest import Clock

Make = Callable[..., Any]
STEPS = ("claim", "finish", "cancel", "lose")
ENDS = {"finish": "finished", "cancel": "cancelled", "lose": "lost"}


def test_started_run_is_found_by_another_store(store: Store, folder: Path, project: Project) -> None:
    request = RunRequest(project_file="/digits/deployfeedback.yaml", target="candidate", parameters={"n": 1, "x": 1.0})
    commit = Commit(sha="a" * 40, branch="main", dirty=("b.py",), subject="Train “it”")

    run = store.start(request, project=project, commit=commit, baseline="released")

    with open_store(str(folder), environment={}) as other:
        assert other.get(run.run_id) == run
    assert (run.state, run.project, run.baseline, run.seq) == (RunState.QUEUED, "digits", "released", 1)
    assert type(run.request.parameters["x"]) is float


def test_run_id_can_be_read_and_sorted(start: Make) -> None:
    assert re.fullmatch(r"20261120-120000-[0-9a-f]{6}", start().run_id)


def test_run_goes_from_queued_to_finished_with_its_times(
    *, store: Store, start: Make, clock: Clock, evidence: Evidence, report: FeedbackReport
) -> None:
    run = start()
    clock.move(seconds=2)
    claimed = store.claim(run.run_id)
    clock.move(seconds=3)

    done = store.finish(run.run_id, evidence, report)

    assert (claimed.state, claimed.verdict, claimed.finished_at) == (RunState.RUNNING, None, None)
    assert (done.state, done.verdict) == (RunState.FINISHED, Verdict.PASS)
    assert (done.started_at - done.created_at).total_seconds() == 2
    assert (done.finished_at - done.started_at).total_seconds() == 3
    assert store.get(run.run_id) == done


def test_evidence_and_report_come_back_as_they_were(
    store: Store, start: Make, evidence: Evidence, report: FeedbackReport
) -> None:
    run = start()
    store.claim(run.run_id)
    large = report.model_copy(update={"notices": tuple(f"notice {n}" for n in range(1000))})

    store.finish(run.run_id, evidence, large)

    assert store.evidence(run.run_id) == evidence
    assert store.feedback(run.run_id) == large


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("claim", "claim"),
        *[(end, step) for end in ("cancel", "lose") for step in STEPS],
        *[("claim finish", step) for step in STEPS],
        *[(f"claim {end}", step) for end in ("cancel", "lose") for step in STEPS],
        ("", "finish"),
    ],
)
def test_step_that_the_state_forbids_is_refused_and_changes_nothing(
    *, store: Store, start: Make, evidence: Evidence, report: FeedbackReport, first: str, second: str
) -> None:
    run = start()
    for step in first.split():
        take(store, run.run_id, step=step, evidence=evidence, report=report)
    before = (store.get(run.run_id), store.events(run.run_id))

    with pytest.raises(RunConflict, match=f"Run {run.run_id} is "):
        take(store, run.run_id, step=second, evidence=evidence, report=report)

    assert (store.get(run.run_id), store.events(run.run_id)) == before


def take(store: Store, run_id: str, *, step: str, evidence: Evidence, report: FeedbackReport) -> None:
    """Take one step of a run's life."""
    if step == "claim":
        store.claim(run_id)
    elif step == "finish":
        store.finish(run_id, evidence, report)
    else:
        getattr(store, step)(run_id, "because")


@pytest.mark.parametrize("end", ["cancel", "lose"])
def test_ended_run_says_why(store: Store, start: Make, end: str) -> None:
    run = start()

    getattr(store, end)(run.run_id, "Ada stopped it.")

    assert (store.get(run.run_id).state, store.get(run.run_id).message) == (ENDS[end], "Ada stopped it.")
    assert store.events(run.run_id)[-1].message == "Ada stopped it."


def test_events_are_numbered_without_gaps(store: Store, start: Make) -> None:
    run = start()
    store.claim(run.run_id)
    told = store.tell(run.run_id, Step(kind=EventKind.PROGRESS, suite="quality", done=3, total=10))
    store.cancel(run.run_id, "enough")

    events = store.events(run.run_id)

    assert [(event.seq, event.kind, event.state) for event in events] == [
        (1, "run", "queued"),
        (2, "run", "running"),
        (3, "progress", None),
        (4, "run", "cancelled"),
    ]
    assert events[2] == told
    assert store.events(run.run_id, after=3) == events[3:]
    assert store.get(run.run_id).seq == 4


def test_ended_run_tells_nothing_more(store: Store, start: Make) -> None:
    run = start()
    store.cancel(run.run_id, "enough")

    with pytest.raises(RunConflict, match="is cancelled and tells nothing more"):
        store.tell(run.run_id, Step(kind=EventKind.STAGE, message="judge"))


@pytest.mark.parametrize("wrong", ["20261120-120000-ffffff", "", "../../etc", "x\x00", "\ud800", "1' OR '1'='1"])
def test_unknown_run_is_named(store: Store, wrong: str) -> None:
    for ask in (store.get, store.events, store.evidence, store.feedback, store.artifacts, store.cancel_requested):
        with pytest.raises(RunNotFound):
            ask(wrong)


@pytest.mark.parametrize(("end", "words"), [("", "is still queued"), ("lose", "was lost before it was judged")])
def test_run_without_a_result_has_no_feedback(store: Store, start: Make, end: str, words: str) -> None:
    run = start()
    if end:
        store.lose(run.run_id, "gone")

    with pytest.raises(RunUnfinished, match=words):
        store.feedback(run.run_id)


def test_running_run_is_asked_to_stop(store: Store, start: Make) -> None:
    run = start()
    store.claim(run.run_id)
    assert not store.cancel_requested(run.run_id)

    store.request_cancel(run.run_id)

    assert store.cancel_requested(run.run_id)
    assert store.get(run.run_id).state is RunState.RUNNING


def test_queued_run_is_cancelled_at_once_and_cannot_be_claimed(store: Store, start: Make) -> None:
    run = start()

    assert store.request_cancel(run.run_id).state is RunState.CANCELLED
    with pytest.raises(RunConflict):
        store.claim(run.run_id)


def test_ended_run_stays_as_it_is_when_asked_to_stop(store: Store, start: Make, finish: Make) -> None:
    done = finish(start())

    assert store.request_cancel(done.run_id) == done


def test_clock_that_is_set_back_neither_reorders_nor_yields_negative_durations(
    store: Store, start: Make, clock: Clock
) -> None:
    first = start()
    clock.move(days=-1)
    second = start()
    store.claim(first.run_id)
    clock.move(hours=-1)
    ended = store.cancel(first.run_id, "enough")

    assert [run.run_id for run in store.list()] == [second.run_id, first.run_id]
    assert ended.created_at <= ended.started_at <= ended.finished_at


def test_list_is_newest_first_and_paged(store: Store, start: Make) -> None:
    ids = [start().run_id for _ in range(7)]

    pages = [store.list(limit=3)]
    while len(pages[-1]) == 3:
        pages.append(store.list(limit=3, after=pages[-1][-1].run_id))

    assert [[run.run_id for run in page] for page in pages] == [ids[6:3:-1], ids[3:0:-1], ids[:1]]


def test_list_is_narrowed_by_project_state_and_verdict(store: Store, start: Make, finish: Make) -> None:
    passed, failed, queued = start(), start(), start()
    other = start("/other/deployfeedback.yaml")
    finish(passed)
    finish(failed, Verdict.FAIL)

    def found(**filters: str) -> list[str]:
        return [run.run_id for run in store.list(**filters)]

    assert found(project_file="/other/deployfeedback.yaml") == [other.run_id]
    assert found(state="finished") == [failed.run_id, passed.run_id]
    assert found(state="queued", project_file=passed.request.project_file) == [queued.run_id]
    assert found(verdict="fail") == [failed.run_id]


def test_page_after_an_unknown_run_is_refused(store: Store) -> None:
    with pytest.raises(RunNotFound):
        store.list(after="20261120-120000-ffffff")


def test_artifact_is_found_by_name(store: Store, start: Make) -> None:
    folder = store.artifacts(start().run_id)
    (folder / "suites").mkdir()
    (folder / "suites" / "quality 1 ü.ipynb").write_text("{}")

    assert store.artifact(folder.name, "suites/quality 1 ü.ipynb").read_text() == "{}"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert folder.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "missing", "../secret", "a/../../secret", "{outside}", "link", "../{twin}/x", "x\x00", "n" * 5000],
)
def test_artifact_outside_the_runs_folder_is_not_found(store: Store, start: Make, tmp_path: Path, name: str) -> None:
    folder = store.artifacts(start().run_id)
    outside = tmp_path / "secret"
    twin = folder.with_name(f"{folder.name}-evil")
    twin.mkdir()
    for file in (outside, folder.parent / "secret", twin / "x"):
        file.write_text("secret")
    (folder / "link").symlink_to(outside)

    with pytest.raises(ArtifactNotFound):
        store.artifact(folder.name, name.format(outside=outside, twin=twin.name))


def test_two_runs_that_draw_the_same_id_get_two(
    store: Store, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter(["aaaaaa", "aaaaaa", "bbbbbb"])
    monkeypatch.setattr(secrets, "token_hex", lambda _: next(drawn))
    request = RunRequest(project_file=project.file, target="candidate")

    runs = [store.start(request, project=project, commit=None, baseline=None) for _ in range(2)]

    assert [run.run_id[-6:] for run in runs] == ["aaaaaa", "bbbbbb"]
