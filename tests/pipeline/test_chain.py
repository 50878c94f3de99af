"""What came before a run: what is told of it, and when it can no longer be added to."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.run import Commit, Evidence, Release, Run, RunRequest, Suite
from jupyter_deployfeedback.domain.verdict import Continuing, GateState, Judgement, Verdict
from jupyter_deployfeedback.errors import ContinueRefused, RunNotFound, RunUnfinished
from jupyter_deployfeedback.execution import plan_suites
from jupyter_deployfeedback.pipeline import chain, forecast
from jupyter_deployfeedback.pipeline.history import history, passed_over
from jupyter_deployfeedback.project import load_project
from jupyter_deployfeedback.store import Store, open_store
from tests.comparison.evidence import NOON, a_finding, answers, evaluation, evidence, facts, rule, side, suite_result
from tests.feedback.runs import failing
from tests.store.conftest import PROJECT_FILE, make_report

BASIS = {"the rules": "1", "target candidate": "2"}
OPEN = Continuing(n_more=400, growth=2.0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(str(tmp_path / "kept"), environment={}) as opened:
        yield opened


def project(*rules: Any) -> Project:
    return Project(
        name="digits",
        folder="/",
        file=PROJECT_FILE,
        targets={},
        default_target="candidate",
        suites=(),
        rules=rules,
    )


def begin(store: Store, **more: Any) -> Run:
    request = RunRequest.model_validate({"project_file": PROJECT_FILE, "target": "candidate", **more})
    return store.start(request, project=project(), commit=Commit(sha="a" * 40), baseline=None)


def seen(*, version: str = "2.1", n: int = 400) -> Evidence:
    one = evaluation(answers([True] * n), answers([True] * n, target="released"))
    both = evidence(suite_result(one), candidate=side(version=version), baseline=side("released"))
    return both.model_copy(update={"basis": BASIS})


def judged(
    store: Store, *, verdict: Verdict = Verdict.INCONCLUSIVE, more: Continuing | None = OPEN, **asked: Any
) -> Run:
    run = begin(store, **asked)
    store.claim(run.run_id)
    report = make_report(run.run_id, verdict=verdict).model_copy(update={"continuing": more})
    return store.finish(run.run_id, seen(), report)


def told(store: Store, run: Run, *rules: Any) -> Any:
    found = Judgement(verdict=Verdict.PASS, gate=GateState.OPEN, findings=())
    return history(run, project(*rules), found, seen(), stored=False, passed_over=(), store=store)


def test_what_is_the_same_may_go_on(store: Store) -> None:
    run = judged(store)

    chain.refuse_changed(run.run_id, BASIS, [facts(), facts("released")], store=store)


@pytest.mark.parametrize(
    ("basis", "versions", "said"),
    [
        (BASIS | {"the rules": "other"}, ("2.1", "2.1"), "the rules changed since"),
        (BASIS | {"suite new": "3"}, ("2.1", "2.1"), "suite new changed since"),
        ({"the rules": "1"}, ("2.1", "2.1"), "target candidate changed since"),
        (BASIS, ("2.2", "2.1"), "candidate served 2.1, now 2.2"),
        (BASIS, ("2.1", "2.0"), "released served 2.1, now 2.0"),
        (BASIS, (None, "2.1"), "candidate served 2.1, now none it says"),
    ],
)
def test_what_changed_is_named_and_refused(
    store: Store, basis: dict[str, str], versions: tuple[str | None, str], said: str
) -> None:
    run = judged(store)
    now = [facts(version=versions[0]), facts("released", version=versions[1])]

    with pytest.raises(ContinueRefused, match=said):
        chain.refuse_changed(run.run_id, basis, now, store=store)


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.WARN, Verdict.FAIL, Verdict.ERROR])
def test_a_run_that_is_settled_is_not_continued(store: Store, verdict: Verdict) -> None:
    with pytest.raises(ContinueRefused, match=f"is {verdict}"):
        chain.continued_request(judged(store, verdict=verdict).run_id, store=store)


@pytest.mark.parametrize("more", [None, OPEN.model_copy(update={"obstacle": "All looks are used."})])
def test_a_run_with_an_obstacle_is_not_continued(store: Store, more: Continuing | None) -> None:
    with pytest.raises(ContinueRefused, match="cannot be continued"):
        chain.continued_request(judged(store, more=more).run_id, store=store)


def test_a_run_is_continued_by_one_that_counts(store: Store) -> None:
    first = judged(store)
    for end in (store.cancel, store.lose):
        end(begin(store, continues=first.run_id).run_id, "gone")
    judged(store, verdict=Verdict.ERROR, continues=first.run_id)

    assert chain.continued_request(first.run_id, store=store).continues == first.run_id

    begin(store, continues=first.run_id)
    with pytest.raises(ContinueRefused, match="is continued by run"):
        chain.continued_request(first.run_id, store=store)


def test_each_continued_run_takes_one_look(store: Store) -> None:
    first = judged(store)
    second = judged(store, continues=first.run_id)
    third = begin(store, continues=second.run_id)

    assert [told(store, run).look for run in (first, second, third)] == [(1, 2), (2, 2), (3, 2)]
    assert [len(each.suites[0].evaluations) for each in chain.earlier(third, store=store)] == [1, 1]


def test_rules_of_the_last_release_that_are_gone_are_named(store: Store) -> None:
    released = begin(store)
    store.claim(released.run_id)
    store.finish(released.run_id, seen(), failing())
    release = Release(
        version="1", tag="v1", commit="a" * 40, run_id=released.run_id, project_file=PROJECT_FILE, verdict="pass",
        created_at=NOON,
    )  # fmt: skip
    store.add_release(release)
    asked = {(each.rule, each.expression) for each in failing().findings if each.condition}
    kept = [rule(name, text.removeprefix("warn: ")) for name, text in sorted(asked)]

    assert told(store, begin(store), *kept).removed == ()
    name, text = sorted(asked)[0]
    assert told(store, begin(store), *kept[1:]).removed == (f"{name} {text}",)


def test_without_a_release_no_rule_is_gone(store: Store) -> None:
    assert told(store, begin(store)).removed == ()


def release(store: Store, tag: str, *, run: Run | None, at: datetime = NOON) -> None:
    run_id = run.run_id if run else "20260101-000000-aaaaaa"
    known = {"version": tag[1:], "tag": tag, "commit": "a" * 40, "run_id": run_id, "verdict": "pass", "created_at": at}
    store.add_release(Release.model_validate({**known, "project_file": PROJECT_FILE}))


def test_the_nearest_release_that_has_a_run_is_the_baseline(store: Store) -> None:
    oldest, older = judged(store), judged(store)
    release(store, "v1", run=oldest)
    release(store, "v2", run=older)
    release(store, "v3", run=None)

    found = chain.stored_baseline("last-release", project(), target="candidate", store=store)

    assert found == (older.run_id, "v2")


def test_releases_without_a_run_make_a_first_release(store: Store) -> None:
    release(store, "v1", run=None)

    assert chain.stored_baseline("last-release", project(), target="candidate", store=store) is None


@pytest.mark.parametrize(("against", "error"), [("v9", RunNotFound), ("v1", RunNotFound), ("begun", RunUnfinished)])
def test_a_named_baseline_without_a_verdict_is_refused_before_the_run(
    store: Store, against: str, error: type[Exception]
) -> None:
    release(store, "v1", run=None)
    named = begin(store).run_id if against == "begun" else against

    with pytest.raises(error, match="is still queued" if against == "begun" else "no release whose run is stored"):
        chain.stored_baseline(named, project(), target="candidate", store=store)


@pytest.mark.parametrize(
    ("against", "expected"),
    [
        (None, (("v5", "v4"), "v3", False)),
        ("candidate", (("v5", "v4"), "v3", False)),
        ("v1", ((), "v3", False)),
        ("none", ((), "v3", True)),
    ],
)
def test_releases_that_were_passed_over_are_known_from_git_and_the_store(
    store: Store, tmp_path: Path, against: str | None, expected: tuple[tuple[str, ...], str, bool]
) -> None:
    make_tags(tmp_path, {"v2": NOON - timedelta(days=2), "v5": NOON + timedelta(days=2), "other": NOON})
    release(store, "v1", run=judged(store), at=NOON - timedelta(days=3))
    release(store, "v3", run=judged(store))
    release(store, "v4", run=None, at=NOON + timedelta(days=1))
    here = project().model_copy(update={"folder": str(tmp_path)})
    found = Judgement(verdict=Verdict.PASS, gate=GateState.OPEN, findings=())
    run = begin(store, against=against)
    passed = passed_over(run, here, store=store)

    told = history(run, here, found, seen(), stored=True, passed_over=passed, store=store)

    assert (told.passed_over, told.compared_with, told.alone) == expected


def test_tags_of_git_without_any_stored_run_are_named(store: Store, tmp_path: Path) -> None:
    make_tags(tmp_path, {"v1": NOON, "v2": NOON + timedelta(days=1)})
    here = project().model_copy(update={"folder": str(tmp_path)})

    assert passed_over(begin(store), here, store=store) == ("v2", "v1")


def make_tags(folder: Path, made: dict[str, datetime]) -> None:
    subprocess.run(["git", "init", "-q", folder], check=True)
    for tag, at in made.items():
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        dated = {**os.environ, "GIT_COMMITTER_DATE": at.isoformat()}
        subprocess.run(["git", *who, "commit", "-qm", tag, "--allow-empty"], cwd=folder, env=dated, check=True)
        subprocess.run(["git", *who, "tag", "-m", tag, tag], cwd=folder, env=dated, check=True)


GROWING = {"name": "quality", "source": "quality.ipynb", "more": "n"}
COUNTED = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "n = 100\nseed = 1"}


@pytest.mark.parametrize(
    ("declared", "asked", "expected"),
    [
        ({}, {}, {"quality": {"n": 200}}),
        ({"seed": (1, 2)}, {}, {"quality[seed=1]": {"n": 200}, "quality[seed=2]": {"n": 200}}),
        ({"n": (100, 200)}, {}, {}),
        ({}, {"n": [100, 200]}, {}),
        ({}, {"seed": [1]}, {"quality[seed=1]": {"n": 200}}),
    ],
)
def test_what_a_matrix_fixes_is_not_raised(
    store: Store,
    tmp_path: Path,
    declared: dict[str, tuple[int, ...]],
    asked: dict[str, list[int]],
    expected: dict[str, dict[str, int]],
) -> None:
    cell = COUNTED | {"execution_count": None, "outputs": []}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 4}
    (tmp_path / "quality.ipynb").write_text(json.dumps(notebook))
    suite = Suite.model_validate({**GROWING, "matrix": declared})
    swept = project().model_copy(update={"folder": str(tmp_path), "suites": (suite,)})
    run = judged(store, matrix=asked)
    suites = plan_suites(swept, matrix=asked, known_parameters={"quality": frozenset({"n", "seed"})})

    assert chain.raised(swept, suites, run_id=run.run_id, store=store) == expected


@pytest.mark.parametrize(
    ("axis", "expected"),
    [("seed", None), ("n", "The suites sent 9 examples, and none says which of its parameters counts them.")],
)
def test_a_suite_grows_at_its_points_unless_a_matrix_fixes_how_far(
    store: Store, axis: str, expected: str | None
) -> None:
    suite = Suite.model_validate({**GROWING, "matrix": {axis: (1, 2)}})
    point = suite_result(evaluation(answers([True] * 9), suite=f"quality[{axis}=1]"), name=f"quality[{axis}=1]")
    point = point.model_copy(update={"suite": point.suite.model_copy(update={"point_of": "quality"})})
    swept = project().model_copy(update={"suites": (suite,)})
    half = a_finding(rule="accuracy", expression=">=0.9", verdict=Verdict.INCONCLUSIVE, n=9, n_more=9)
    found = Judgement(verdict=Verdict.INCONCLUSIVE, gate=GateState.CLOSED, findings=(half,))

    told = history(begin(store), swept, found, evidence(point), stored=False, passed_over=(), store=store)

    assert told.continuing is not None
    assert told.continuing.obstacle == expected


def test_the_example_says_what_its_examples_can_settle() -> None:
    file = Path(__file__).parents[2] / "example-notebooks" / "deployfeedback.yaml"
    example = load_project(file, environment={})

    expected = forecast.expected(example, example.suites, store=None)
    said = {(subject.text, asked.text): each for (subject, asked), each in expected.items()}

    assert said["accuracy", ">=-2pp"].sentence.startswith(
        "with 700 examples an unchanged candidate passes in about 75 %"
    )
    assert ("memory_max", "<=+15%") not in said


def test_points_of_a_matrix_are_not_counted_together() -> None:
    file = Path(__file__).parents[2] / "example-notebooks" / "deployfeedback.yaml"
    example = load_project(file, environment={})
    quality = next(suite for suite in example.suites if suite.more is not None)
    points = [quality.model_copy(update={"point_of": quality.name, "parameters": {"n": n}}) for n in (300, 700)]

    assert forecast.expected(example, tuple(points), store=None) == {}
