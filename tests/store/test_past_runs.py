"""How often something was tried: attempts at a commit, runs judged by the same data."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.run import Commit, Run, RunRequest
from jupyter_deployfeedback.store import Store
from tests.comparison.evidence import answers, evaluation, suite_result
from tests.comparison.evidence import evidence as seen
from tests.store.conftest import PROJECT_FILE, make_report

if TYPE_CHECKING:
    from tests.store.conftest import Clock

HERE, THERE = Commit(sha="a" * 40), Commit(sha="b" * 40)


def begin(store: Store, project: Project, commit: Commit | None = HERE, **more: object) -> Run:
    request = RunRequest.model_validate({"project_file": PROJECT_FILE, "target": "candidate", **more})
    return store.start(request, project=project, commit=commit, baseline=None)


def use(store: Store, project: Project, digest: str) -> None:
    run = begin(store, project)
    store.claim(run.run_id)
    one = evaluation(answers([True]), digest=digest * 64)
    store.finish(run.run_id, seen(suite_result(one)), make_report(run.run_id))


def test_attempts_are_the_runs_of_one_commit_against_one_target(store: Store, project: Project) -> None:
    first = begin(store, project)
    for other in ({"target": "released"}, {"project_file": "/elsewhere/deployfeedback.yaml"}):
        begin(store, project, **other)
    begin(store, project, THERE)
    begin(store, project, None)
    store.cancel(begin(store, project).run_id, "stopped")
    third = begin(store, project)

    assert [store.attempts(run, since=None) for run in (first, third)] == [1, 3]


def test_a_run_that_continues_another_is_no_attempt_of_its_own(store: Store, project: Project) -> None:
    first = begin(store, project)
    second = begin(store, project, continues=first.run_id)

    assert store.attempts(second, since=None) == 1


@pytest.mark.parametrize("name", ["continues", "imported"])
def test_a_parameter_may_be_called_like_what_is_no_attempt(store: Store, project: Project, name: str) -> None:
    begin(store, project, parameters={name: "yes"})
    second = begin(store, project)

    assert store.attempts(second, since=None) == 2


def test_attempts_begin_anew_with_a_release(store: Store, project: Project, clock: Clock) -> None:
    begin(store, project)
    clock.move(hours=1)
    released = clock.now
    clock.move(hours=1)
    later = begin(store, project)

    assert store.attempts(later, since=released) == 1


def test_runs_judged_by_the_same_data_are_counted(store: Store, project: Project) -> None:
    for digest in "aab":
        use(store, project, digest)

    looked = store.data_set_looks(PROJECT_FILE, {"quality holdout": "a" * 64, "new": "c" * 64})

    assert looked == {"quality holdout": 2, "new": 0}
    assert store.data_set_looks("/elsewhere/deployfeedback.yaml", {"quality": "a" * 64}) == {"quality": 0}


def test_the_report_of_a_run_that_is_not_there_is_none(store: Store, start: Callable[..., Run]) -> None:
    assert store.report_of("20261120-120000-ffffff") is None
    assert store.report_of(start().run_id) is None
