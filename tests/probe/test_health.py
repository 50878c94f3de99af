"""What a target says of itself, and that asking it raises nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

import jupyter_deployfeedback as jdf
from jupyter_deployfeedback.domain.project import Target
from jupyter_deployfeedback.domain.run import TargetFacts
from jupyter_deployfeedback.probe.target import ask

if TYPE_CHECKING:
    from tests.probe.conftest import Visit


def pages(**answers: Any) -> Callable[[Visit], None]:
    def answer(visit: Visit) -> None:
        page = answers.get(visit.path.strip("/"))
        visit.answer({"error": "not found"} if page is None else page, status=404 if page is None else 200)

    return answer


def ask_about(url: str, **settings: Any) -> TargetFacts:
    target = Target(name="candidate", url=url, **settings)
    return TargetFacts(target="candidate", url=url, **ask(target.model_dump(mode="json"), environment={}))


def test_ready_target_tells_its_versions_and_software(deploy: Callable) -> None:
    version = {"model_version": "2.1.0", "server_version": "1.4", "software": {"numpy": "2.0"}}
    deployment = deploy(pages(ready={"ready": True}, version=version))

    facts = ask_about(deployment.url, health="/ready")

    assert facts.ready
    assert (facts.model_version, facts.server_version, facts.software) == ("2.1.0", "1.4", {"numpy": "2.0"})
    assert facts.problem is None


@pytest.mark.parametrize("path", ["ready", "readiness", "health", "healthz"])
def test_usual_paths_are_tried(deploy: Callable, path: str) -> None:
    facts = ask_about(deploy(pages(**{path: b"ok"})).url)

    assert facts.ready
    assert facts.model_version is None, "a version that is not told is unknown"


def test_version_is_found_by_the_targets_own_path(deploy: Callable) -> None:
    deployment = deploy(pages(health={"model": {"id": 7}}))

    assert ask_about(deployment.url, response={"version": "$.model.id"}).model_version == "7"


def test_server_without_any_such_page_is_ready_because_it_answers(deploy: Callable) -> None:
    facts = ask_about(deploy(pages()).url)

    assert facts.ready


def test_declared_page_that_is_missing_is_a_problem(deploy: Callable) -> None:
    facts = ask_about(deploy(pages(health=b"")).url, health="/live")

    assert not facts.ready
    assert "not ready: /live answered 404" in facts.problem


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        (lambda visit: visit.answer({"state": "loading"}, status=503), 'answered 503: {"state": "loading"}'),
        (lambda visit: visit.answer(b"", status=401), "answered 401. Check auth"),
        (lambda visit: visit.answer(b"", status=302, Location="http://else/login"), "a redirect to http://else/login"),
        (lambda visit: visit.reset(), "broke off"),
    ],
)
def test_target_that_is_not_ready_says_why(deploy: Callable, script: Callable, problem: str) -> None:
    facts = ask_about(deploy(script).url)

    assert not facts.ready
    assert problem in facts.problem


def test_unreachable_target_is_not_ready(free_url: str) -> None:
    facts = ask_about(free_url)

    assert not facts.ready
    assert "cannot be reached" in facts.problem


def test_hanging_target_is_not_ready_within_its_timeout(deploy: Callable) -> None:
    started = time.monotonic()

    facts = ask_about(deploy(lambda visit: visit.hang()).url, timeout_seconds=0.3)

    assert not facts.ready
    assert "no whole answer within 0.3 s" in facts.problem
    assert time.monotonic() - started < 1.0


def test_missing_secret_is_a_problem_not_an_exception(deploy: Callable) -> None:
    facts = ask_about(deploy(pages(ready=b"")).url, auth={"bearer": "env:ABSENT_TOKEN"})

    assert not facts.ready
    assert "ABSENT_TOKEN" in facts.problem


def test_suite_can_ask_too(deploy: Callable) -> None:
    assert jdf.connect(deploy(pages(ready={"model_version": "2"})).url).health()["model_version"] == "2"
