"""What findings say of evidence, from the samples to the sentence."""

from __future__ import annotations

from datetime import UTC, datetime

from jupyter_deployfeedback.comparison import compare
from jupyter_deployfeedback.domain.evaluation import RequestState
from jupyter_deployfeedback.domain.rule import Rule
from jupyter_deployfeedback.domain.run import Evidence, Run, RunRequest, RunState
from jupyter_deployfeedback.feedback import build_report
from jupyter_deployfeedback.verdict import judge
from tests.comparison.evidence import ANSWERED, FAILED, answers, asked, evaluation, evidence, rule, side, suite_result

NOW = datetime(2026, 1, 5, 13, tzinfo=UTC)
RUN = Run(
    run_id="run",
    project="digits",
    state=RunState.FINISHED,
    request=RunRequest(project_file="deployfeedback.yaml", target="candidate"),
    created_at=NOW,
)


def said(seen: Evidence, judged_by: Rule) -> str:
    """The verdict and the sentence of the only finding that is not about a suite."""
    judgement = judge(
        compared := compare(seen, stored=None, baseline="released", estimands=asked(judged_by)),
        rules=(judged_by,),
        suites=seen.suites,
        expected_suites=tuple(each.suite.name for each in seen.suites),
        candidate=seen.candidate.facts,
        expect_version=None,
        confidence=0.95,
    )
    report = build_report(RUN, seen, compared, judgement)
    (found,) = [each for each in report.findings if not each.rule.startswith("suite ")]
    return f"{found.verdict}: {found.sentence}"


def live(now: list[float], before: list[float], *, states: list[RequestState] | None = None) -> Evidence:
    """A run that sent the same requests to both sides, and how long they took."""
    sides = [answers([True] * len(now), latency=now, states=states), answers([True] * len(before), latency=before)]
    return evidence(suite_result(evaluation(*sides)), baseline=side("released"))


def test_a_share_of_latencies_is_a_share_on_both_sides() -> None:
    seen = live([0.1] * 180 + [0.4] * 20, [0.1] * 190 + [0.4] * 10)

    assert said(seen, rule("latency", "share(>300ms)<=+1pp")) == (
        "fail: Share of latency > 300 ms rose by 5.0 pp [+2.4, +8.1]: 10.0 % against 5.0 %; limit ≤ +1 pp; 200 requests."
    )


def test_a_rate_of_failed_requests_is_a_share_on_both_sides() -> None:
    seen = live([0.1] * 200, [0.1] * 200, states=[FAILED] * 5 + [ANSWERED] * 195)

    assert said(seen, rule("requests_failed", "rate<=+1pp")) == (
        "inconclusive: Rate of requests failed rose by 2.5 pp [+0.7, +5.0]: 2.5 % against 0 %;"
        " limit ≤ +1 pp; 200 requests; about 104 more would settle it."
    )
