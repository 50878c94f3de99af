"""Numbers of the platform that may not be whole: shown, but never a pass that nobody doubts."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_deployfeedback.comparison.comparing import compare
from jupyter_deployfeedback.domain.metric import Observation
from jupyter_deployfeedback.domain.run import Evidence
from jupyter_deployfeedback.domain.verdict import Finding, Verdict
from jupyter_deployfeedback.verdict import judge
from tests.comparison.evidence import asked, evidence, observed, rule, side, suite_result

PASS, WARN, INCONCLUSIVE, FAIL, ERROR = Verdict
PARTIAL = "Prometheus answered with a warning, so its data may be partial: one store did not answer"
REPLACED = ("ml/digits-a went away during the run", "ml/digits-b came up during the run")


def platform(name: str, value: float, **changed: Any) -> Observation:
    return observed(name, value, source="prometheus").model_copy(update=changed)


def told(candidate: tuple[Observation, ...], text: str, *, baseline: tuple[Observation, ...] = ()) -> Finding:
    seen: Evidence = evidence(
        suite_result(), candidate=side(platform=candidate), baseline=side("released", platform=baseline)
    )
    asked_of = rule(candidate[0].metric.name, text)
    judgement = judge(
        compare(seen, stored=None, baseline="released", estimands=asked(asked_of)),
        rules=(asked_of,),
        suites=seen.suites,
        expected_suites=("quality",),
        candidate=seen.candidate.facts,
        expect_version=None,
        confidence=0.95,
    )
    return next(each for each in judgement.findings if each.subject.text == asked_of.metric)


@pytest.mark.parametrize(("name", "text"), [("restarts", "==0"), ("memory_max", "<=1GiB"), ("cpu_mean", "<=2cores")])
def test_data_that_may_be_partial_are_an_error_with_the_servers_words(name: str, text: str) -> None:
    found = told((platform(name, 0.0, partial=PARTIAL),), text)

    assert (found.verdict, found.reason.text) == (ERROR, PARTIAL)


def test_partial_data_of_the_baseline_are_an_error_where_it_is_compared_with() -> None:
    sound, partial = (platform("memory_max", 1e9),), (platform("memory_max", 1e9, partial=PARTIAL),)

    assert told(sound, "<=+15%", baseline=partial).verdict is ERROR
    assert told(sound, "<=2GiB", baseline=partial).verdict is PASS


@pytest.mark.parametrize(
    ("name", "value", "text", "expected"),
    [
        ("restarts", 0.0, "==0", WARN),
        ("restarts", 1.0, "==0", FAIL),  # what was seen was seen
        ("memory_max", 1e9, "<=1GiB", WARN),
        ("memory_max", 2e9, "<=1GiB", FAIL),
        ("cpu_mean", 1.0, "<=2cores", WARN),
        ("cpu_mean", 3.0, "<=2cores", INCONCLUSIVE),  # one window is weak evidence anyway
    ],
)
def test_a_replica_that_was_replaced_weakens_a_pass_and_says_why(
    name: str, value: float, text: str, expected: Verdict
) -> None:
    found = told((platform(name, value, doubts=REPLACED),), text)

    assert found.verdict is expected
    assert expected is FAIL or "ml/digits-a went away during the run; ml/digits-b came up" in found.reason.text


def test_a_doubt_about_the_baseline_weakens_what_is_compared_with_it() -> None:
    sound, doubtful = (platform("restarts", 0.0),), (platform("restarts", 0.0, doubts=REPLACED),)

    assert told(sound, "<=+0", baseline=doubtful).verdict is WARN
    assert told(sound, "<=+0", baseline=sound).verdict is PASS


def test_the_share_of_errors_is_doubted_where_either_count_is() -> None:
    counts = platform("server_errors", 0.0), platform("server_requests", 500.0, doubts=REPLACED)

    assert told(counts, "rate<1%").verdict is WARN
