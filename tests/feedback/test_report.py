"""The report as a whole: order of metrics, headline and what to do next."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jupyter_deployfeedback.domain.comparison import Change, Comparison
from jupyter_deployfeedback.domain.feedback import History
from jupyter_deployfeedback.domain.metric import Better, Family, Metric
from jupyter_deployfeedback.domain.rules.rule import Relation
from jupyter_deployfeedback.domain.run import Commit, Evidence, RunState, SideEvidence, SuiteResult, TargetFacts
from jupyter_deployfeedback.domain.verdict import Finding, GateState, Judgement, Reason, ReasonKind, Standing, Verdict
from jupyter_deployfeedback.feedback import build_report, outline
from jupyter_deployfeedback.feedback.rows import example_rows, metric_rows
from tests.comparison.evidence import a_finding
from tests.feedback.runs import (
    BEGAN,
    COMMIT,
    delta,
    example,
    failing,
    passing_with_a_warning,
    rule,
    run,
    side,
    suite,
    suite_finding,
    target_is_down,
)

RELATIVE = rule("memory_max", "<=+15%", limit=0.15, relation=Relation.RATIO)


def worded(
    *findings: Finding,
    verdict: Verdict,
    baseline: str | None = "released",
    commit: Commit | None = COMMIT,
    comparison: Comparison | None = None,
    suites: tuple[SuiteResult, ...] = (),
) -> tuple[str, str]:
    compared = comparison or Comparison(baseline=baseline, deltas=(), estimates=(RELATIVE,))
    sides = side("released", version="2.0.0", cpu=1) if baseline else None
    evidence = Evidence(suites=suites, candidate=side("candidate", version="2.1.0", cpu=1), baseline=sides)
    judgement = Judgement(verdict=verdict, gate=GateState.CLOSED, findings=findings)
    report = build_report(run(commit=commit), evidence, compared, judgement)
    return report.headline, report.next_step


def finding(verdict: Verdict, rule: str = "latency", expression: str = "p(95)<300ms", **more: object) -> Finding:
    return a_finding(rule, expression, verdict=verdict, **more)


TAG = "Tag the release: jupyter deployfeedback release VERSION, or “Tag release” in the panel."
BIGGER = {"rule": "memory_max", "expression": "<=+15%", "value": 0.2, "unit": "%", "limit": 0.15}


def test_metrics_are_ordered_by_family_then_as_the_standard_has_them_then_the_users_own() -> None:
    own = Metric(name="mean_ink", family=Family.MODEL, better=Better.NEITHER)
    deltas = [
        delta("cpu_max", 1, 1, Change.UNCHANGED),
        delta("error_rate", 0, 0, Change.UNCHANGED),
        delta("accuracy", 1, 1, Change.UNCHANGED).model_copy(update=dict(own)),
        delta("latency_p95", 1, 1, Change.UNCHANGED),
        delta("accuracy", 1, 1, Change.UNCHANGED),
    ]
    assert [row.name for row in metric_rows(deltas)] == ["accuracy", "error_rate", "mean_ink", "latency_p95", "cpu_max"]


def test_a_run_that_is_being_judged_is_reported_as_finished() -> None:
    facts = passing_with_a_warning().run
    assert (facts.state, facts.duration_seconds, facts.window_seconds) == (RunState.FINISHED, 10.4, 9.1)


def test_a_run_without_an_end_ends_with_its_last_suite() -> None:
    evidence = Evidence(
        suites=(suite("smoke", [], seconds=2), suite("quality", [], seconds=5)),
        candidate=side("candidate", version="2.1.0", cpu=1),
    )
    judgement = Judgement(verdict=Verdict.PASS, gate=GateState.OPEN, findings=())
    unfinished = run().model_copy(update={"finished_at": None})
    report = build_report(unfinished, evidence, Comparison(baseline=None, deltas=(), estimates=()), judgement)
    assert report.run.finished_at == BEGAN + timedelta(seconds=5)


def test_what_is_served_and_how_it_was_compared_stands_in_the_report() -> None:
    facts = failing().run
    assert (facts.model_version, facts.baseline_version, facts.paired) == ("2.1.0-rc1", "2.0.0", True)


@pytest.mark.parametrize(
    ("findings", "verdict", "expected"),
    [
        (
            [finding(Verdict.PASS), finding(Verdict.PASS, **BIGGER), suite_finding("smoke", Verdict.PASS)],
            Verdict.PASS,
            "Pass: digits candidate 2.1.0 is as good as released 2.0.0: all 2 rules hold and the suite passes.",
        ),
        (
            [finding(Verdict.PASS)],
            Verdict.PASS,
            "Pass: digits candidate 2.1.0 meets its limits: the rule holds.",
        ),
        (
            [finding(Verdict.WARN, **BIGGER)],
            Verdict.WARN,
            "Warn: digits candidate 2.1.0 may be released, but look at memory max.",
        ),
        (
            [finding(Verdict.FAIL, **BIGGER)],
            Verdict.FAIL,
            "Fail: digits candidate 2.1.0 is worse than released 2.0.0 in memory max.",
        ),
        (
            [finding(Verdict.FAIL, **BIGGER), finding(Verdict.FAIL), finding(Verdict.FAIL, standing=Standing.INFO)],
            Verdict.FAIL,
            "Fail: digits candidate 2.1.0 does not meet its limits: memory max and latency p95.",
        ),
        (
            [finding(Verdict.FAIL, rule=name) for name in ("accuracy", "f1", "r2", "latency", "latency")],
            Verdict.FAIL,
            "Fail: digits candidate 2.1.0 does not meet its limits: accuracy, F1, R² and 1 more.",
        ),
        (
            [finding(Verdict.INCONCLUSIVE, **BIGGER)],
            Verdict.INCONCLUSIVE,
            "Inconclusive: too little evidence on memory max to say that digits candidate 2.1.0 is as good as released 2.0.0.",
        ),
        (
            [finding(Verdict.INCONCLUSIVE, rule="baseline", expression="", reason="nothing to compare with")],
            Verdict.INCONCLUSIVE,
            "Inconclusive: digits candidate 2.1.0 cannot be judged: nothing to compare with.",
        ),
        (
            [],
            Verdict.INCONCLUSIVE,
            "Inconclusive: nothing about digits candidate 2.1.0 could be judged.",
        ),
        (
            [finding(Verdict.ERROR, reason="no data")],
            Verdict.ERROR,
            "Error: digits candidate 2.1.0 could not be judged: no usable result for latency p95.",
        ),
        (
            [finding(Verdict.ERROR, rule="model version", expression="", reason="3.0 answered")],
            Verdict.ERROR,
            "Error: digits candidate 2.1.0 could not be judged: 3.0 answered.",
        ),
    ],
)
def test_the_headline_says_the_verdict_in_plain_english(
    findings: list[Finding], verdict: Verdict, expected: str
) -> None:
    assert worded(*findings, verdict=verdict)[0] == expected


def test_rules_that_hold_on_weak_evidence_only_are_not_said_to_be_worse() -> None:
    reason = Reason(kind=ReasonKind.WEAK_EVIDENCE, detail="one window, not repeated")
    headline, _ = worded(finding(Verdict.WARN, "memory_max", "<=+15%", reason=reason), verdict=Verdict.WARN)
    assert headline == "Warn: digits candidate 2.1.0 may be released, but the evidence on memory max is weak."


def test_the_headline_of_a_first_release_says_that_nothing_was_compared() -> None:
    headline, _ = worded(finding(Verdict.PASS), verdict=Verdict.PASS, baseline=None)
    assert headline == ("Pass: digits candidate 2.1.0 meets its limits: the rule holds; it was compared with nothing.")


@pytest.mark.parametrize(
    ("history", "expected"),
    [(History(), "digits: candidate 2.1.0, first release"), (History(alone=True), "digits: candidate 2.1.0, compared with nothing")],
)  # fmt: skip
def test_a_run_that_was_to_be_compared_with_nothing_is_no_first_release(history: History, expected: str) -> None:
    evidence = Evidence(suites=(), candidate=side("candidate", version="2.1.0", cpu=1))
    judgement = Judgement(verdict=Verdict.PASS, gate=GateState.OPEN, findings=(), first_release=True)
    compared = Comparison(baseline=None, deltas=(), estimates=())

    report = build_report(run(), evidence, compared, judgement, history=history)

    assert outline.title(report) == expected


@pytest.mark.parametrize(
    ("findings", "verdict", "expected"),
    [
        ([], Verdict.PASS, TAG),
        ([], Verdict.WARN, f"Read the warning first. {TAG}"),
        (
            [finding(Verdict.INCONCLUSIVE, n=500, n_more=1431), finding(Verdict.INCONCLUSIVE, n_more=12)],
            Verdict.INCONCLUSIVE,
            "Run again with about 1,431 more requests (there were 500): that would settle latency p95.",
        ),
        (
            [finding(Verdict.INCONCLUSIVE, n=1, n_more=1)],
            Verdict.INCONCLUSIVE,
            "Run again with about 1 more request (there were 1): that would settle latency p95.",
        ),
        (
            [finding(Verdict.INCONCLUSIVE)],
            Verdict.INCONCLUSIVE,
            "Let the suites send more requests, then run again.",
        ),
        (
            [finding(Verdict.INCONCLUSIVE, rule="baseline", expression="")],
            Verdict.INCONCLUSIVE,
            "Add a rule with an absolute limit to deployfeedback.yaml, then run again.",
        ),
        (
            [finding(Verdict.FAIL)],
            Verdict.FAIL,
            "Improve the candidate and run again; if the limit is wrong, change the rule in deployfeedback.yaml.",
        ),
        (
            [finding(Verdict.ERROR, reason="no suite measured it; let one call jdf.evaluate(...)")],
            Verdict.ERROR,
            "Remove the cause named above, then run again.",
        ),
        (
            [finding(Verdict.ERROR, rule="model version", expression="", reason="3.0 answered")],
            Verdict.ERROR,
            "Deploy the version you mean to release, or correct expect_version in deployfeedback.yaml.",
        ),
    ],
)
def test_the_next_step_says_what_to_do(findings: list[Finding], verdict: Verdict, expected: str) -> None:
    assert worded(*findings, verdict=verdict)[1] == expected


def test_a_live_baseline_is_advised_where_there_is_none() -> None:
    _, step = worded(finding(Verdict.INCONCLUSIVE), verdict=Verdict.INCONCLUSIVE, baseline=None)
    assert step == "Let the suites send more requests, or compare with a live baseline, then run again."


def test_a_commit_that_is_not_what_was_tested_is_not_offered_for_a_tag() -> None:
    dirty = COMMIT.model_copy(update={"dirty": ("model.ipynb",)})
    _, step = worded(verdict=Verdict.PASS, commit=dirty)
    assert step == "Commit the 1 file that differs from 4f1c2d9e and run again: a tag must hold what was tested."


def test_without_a_repository_the_next_step_is_one() -> None:
    _, step = worded(verdict=Verdict.PASS, commit=None)
    assert step == "Put the project under git and run again: a tag needs a commit."


@pytest.mark.parametrize(("commit", "expected"), [(COMMIT, "2 at this commit"), (None, "2 without a commit")])
def test_attempts_are_counted_at_a_commit_where_there_is_one(commit: Commit | None, expected: str) -> None:
    evidence = Evidence(suites=(), candidate=side("candidate", version="2.1.0", cpu=1))
    judgement = Judgement(verdict=Verdict.PASS, gate=GateState.OPEN, findings=())
    compared = Comparison(baseline=None, deltas=(), estimates=())

    report = build_report(run(commit=commit), evidence, compared, judgement, history=History(attempts=2))

    assert dict(outline.run_facts(report))["attempt"] == expected


def test_broken_examples_are_where_to_look_first() -> None:
    broken = tuple(example(str(number), truth=8, candidate=1, baseline=8) for number in range(7))
    comparison = Comparison(baseline="released", deltas=(), estimates=(), broken=broken)
    _, step = worded(finding(Verdict.FAIL), verdict=Verdict.FAIL, comparison=comparison)
    assert step == "Look at the 7 examples that only released got right: 0, 1, 2, 3, 4 and more."


def test_an_example_that_points_of_a_matrix_agree_on_is_listed_once() -> None:
    zero, one = (example(str(number), truth=8, candidate=1, baseline=8) for number in range(2))
    other = zero.model_copy(update={"candidate": 3})
    listed = [zero.model_copy(update={"suite": "quality[n=10]"}), *(e.model_copy(update={"suite": "quality[n=20]"}) for e in (zero, one)), other.model_copy(update={"suite": "quality[n=30]"})]  # fmt: skip
    results = [suite(each.suite, [], seconds=1) for each in listed]
    points = [
        each.model_copy(update={"suite": each.suite.model_copy(update={"point_of": "quality"})}) for each in results
    ]

    rows = example_rows(listed, points)

    expected = [("0", 1, "0 (2 points)"), ("1", 1, "1"), ("0", 3, "0")]
    assert [(row.example_id, row.candidate, outline.example_name(row)) for row in rows] == expected


def test_examples_of_two_suites_are_two_examples() -> None:
    listed = [example("0", truth=8, candidate=1, baseline=8).model_copy(update={"suite": name}) for name in "ab"]

    assert len(example_rows(listed, [suite(name, [], seconds=1) for name in "ab"])) == 2


def test_a_failing_case_is_where_to_look_first_of_all() -> None:
    expected = (
        "Open suites/quality.ipynb at “accuracy of digit 8 stays above 90 %”: AssertionError: 0.825 is below 0.9. "
        "Mend it, then run again."
    )
    assert failing().next_step == expected


def test_a_target_that_is_down_is_named_with_its_address() -> None:
    report = target_is_down()
    assert report.headline == (
        "Error: digits candidate could not be judged: candidate is not ready: connection refused at 127.0.0.1:8002."
    )
    assert report.next_step == (
        "Start candidate at http://127.0.0.1:8002, or correct its url in deployfeedback.yaml, then run again."
    )


def test_a_baseline_that_is_down_is_what_must_be_started() -> None:
    facts = TargetFacts(target="released", url="http://127.0.0.1:8001", ready=False, problem="refused")
    evidence = Evidence(
        suites=(), candidate=side("candidate", version="2.1.0", cpu=1), baseline=SideEvidence(facts=facts)
    )
    judgement = Judgement(verdict=Verdict.ERROR, gate=GateState.CLOSED, findings=())
    compared = Comparison(baseline="released", deltas=(), estimates=())
    assert build_report(run(), evidence, compared, judgement).next_step.startswith("Start released at http://127.0.0.1")
