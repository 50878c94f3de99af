"""One sentence per finding, with everything a reader needs to believe it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_deployfeedback.domain.comparison import Comparison, Estimate
from jupyter_deployfeedback.domain.rules.rule import Aggregate, Comparator, Relation, RuleList
from jupyter_deployfeedback.domain.run import CaseError, CaseResult, Outcome, SuiteResult
from jupyter_deployfeedback.domain.verdict import Finding, GateState, Judgement, Reason, ReasonKind, Standing, Verdict
from jupyter_deployfeedback.feedback.sentences import sentence
from jupyter_deployfeedback.feedback.worded_finding import read_findings
from tests.comparison.evidence import a_finding
from tests.feedback.runs import case, rule, suite, suite_finding

TYPICAL = rule("latency", "typical<=+10%", limit=0.1, relation=Relation.RATIO, aggregate=Aggregate.TYPICAL)
ACCURACY = rule("accuracy", ">=-1pp", comparator=Comparator.AT_LEAST, limit=-0.01, relation=Relation.DIFFERENCE)
P95 = rule("latency", "p(95)<300ms", comparator=Comparator.BELOW, limit=0.3, aggregate=Aggregate.QUANTILE, quantile=0.95)  # fmt: skip
FASTER = a_finding(rule="latency", expression="typical<=+10%", verdict=Verdict.PASS, value=-0.12, unit="%", limit=0.1, interval=(-0.14, -0.1), candidate=0.0132, baseline=0.015, metric_unit="s", n=500)  # fmt: skip
WORSE = a_finding(rule="accuracy", expression=">=-1pp", verdict=Verdict.INCONCLUSIVE, value=-0.0102, unit="pp", limit=-0.01, interval=(-0.0236, 0.0027), candidate=0.9638, baseline=0.974, metric_unit="share", n=500, n_more=431)  # fmt: skip
SLOW = a_finding(rule="latency", expression="p(95)<300ms", verdict=Verdict.FAIL, value=0.341, unit="s", limit=0.3, interval=(0.322, 0.366), candidate=0.341, baseline=0.21, metric_unit="s", n=600)  # fmt: skip


def said(finding: Finding, *estimates: Estimate, remedy: str = "Do this.") -> str:
    judgement = Judgement(verdict=finding.verdict, gate=GateState.CLOSED, findings=(finding,))
    comparison = Comparison(baseline="released", deltas=(), estimates=estimates)
    (found,) = read_findings(judgement, comparison)
    return sentence(found, baseline="released", suites={}, remedy=remedy)


def why(detail: str) -> Reason:
    return Reason(kind=ReasonKind.MISSING, detail=detail)


def change(finding: Finding, **update: object) -> Finding:
    return finding.model_copy(update=update)


@pytest.mark.parametrize(
    ("finding", "estimate", "expected"),
    [
        (FASTER, TYPICAL, "Typical latency is 12 % lower than released [−14, −10]: medians 13.2 ms against 15.0 ms; limit ≤ +10 %; 500 pairs."),
        (change(FASTER, value=0.0, interval=(-0.004, 0.003)), TYPICAL, "Typical latency is the same as released (0.00 %) [−0.40, +0.30]: medians 13.2 ms against 15.0 ms; limit ≤ +10 %; 500 pairs."),
        (WORSE, ACCURACY, "Accuracy fell by 1.02 pp [−2.36, +0.27]: 96.4 % against 97.4 %; limit ≥ −1 pp; 500 examples; about 431 more would settle it."),
        (SLOW, P95, "Latency p95 is 341 ms [322, 366]; limit < 300 ms; released 210 ms; 600 requests."),
        (change(SLOW, baseline=None, n=1), P95, "Latency p95 is 341 ms [322, 366]; limit < 300 ms; 1 request."),
        (change(SLOW, verdict=Verdict.WARN), P95, "Latency p95 is 341 ms [322, 366]; limit < 300 ms; released 210 ms; 600 requests; a warning, not a failure."),
        (change(SLOW, reason=Reason(kind=ReasonKind.WEAK_EVIDENCE, detail="one window")), P95, "Latency p95 is 341 ms [322, 366]; limit < 300 ms; released 210 ms; 600 requests; weak evidence: one window."),
        (change(SLOW, standing=Standing.INFO), P95, "Latency p95 is 341 ms [322, 366]; limit < 300 ms; released 210 ms; 600 requests; for information only."),
    ],
)  # fmt: skip
def test_a_sentence_holds_value_interval_limit_baseline_and_n(
    finding: Finding, estimate: Estimate, expected: str
) -> None:
    assert said(finding, estimate) == expected


def test_an_expression_of_a_warn_list_is_read_like_any_other() -> None:
    assert said(change(SLOW, listed=RuleList.WARN), P95).startswith("Latency p95 is 341 ms")


def test_a_slice_is_named() -> None:
    estimate = rule("accuracy", ">=0.9", comparator=Comparator.AT_LEAST, limit=0.9, part=("digit", "8"))
    finding = a_finding(rule="accuracy{digit:8}", expression=">=0.9", verdict=Verdict.PASS, value=0.96, unit="share", limit=0.9, n=57)  # fmt: skip
    assert said(finding, estimate) == "Accuracy for digit 8 is 96.0 %; limit ≥ 90 %; 57 examples."


def test_a_share_names_its_edge_in_the_unit_of_the_metric() -> None:
    estimate = rule("latency", "share(>300ms)<1%", comparator=Comparator.BELOW, limit=0.01, aggregate=Aggregate.SHARE, edge=(Comparator.ABOVE, 0.3))  # fmt: skip
    finding = a_finding(rule="latency", expression="share(>300ms)<1%", verdict=Verdict.PASS, value=0.002, unit="share", limit=0.01, metric_unit="share", n=500)  # fmt: skip
    assert said(finding, estimate) == "Share of latency > 300 ms is 0.20 %; limit < 1 %; 500 requests."


def test_a_count_is_not_said_twice() -> None:
    estimate = rule("oom_kills", "==0", comparator=Comparator.EQUAL, limit=0)
    finding = a_finding(rule="oom_kills", expression="==0", verdict=Verdict.FAIL, value=2, unit="kills", limit=0, baseline=0, metric_unit="kills")  # fmt: skip
    assert said(finding, estimate) == "OOM kills: 2; limit = 0; released 0."


def test_a_users_metric_keeps_its_name() -> None:
    estimate = rule("queue_depth", "<=10requests", limit=10)
    finding = a_finding(rule="queue_depth", expression="<=10", verdict=Verdict.PASS, value=3, unit="requests", limit=10, n=12)  # fmt: skip
    assert said(finding, estimate) == "queue_depth is 3 requests; limit ≤ 10 requests; 12 samples."


def test_missing_data_says_the_reason_and_the_remedy() -> None:
    finding = change(SLOW, verdict=Verdict.ERROR, value=None, interval=None, n=None, reason=why("no request was sent."))
    expected = "Latency p95 could not be judged (limit < 300 ms): no request was sent. Do this."
    assert said(finding, P95) == expected


def test_too_few_samples_say_how_many_more_are_needed() -> None:
    finding = change(
        SLOW, verdict=Verdict.INCONCLUSIVE, value=None, interval=None, reason=why("20 of 59 requests"), n_more=39
    )
    expected = "Latency p95 is not settled (limit < 300 ms): 20 of 59 requests; about 39 more would settle it."
    assert said(finding, P95) == expected


def test_what_was_not_judged_says_so() -> None:
    finding = change(FASTER, verdict=Verdict.INCONCLUSIVE, standing=Standing.NOT_JUDGED, value=None, reason=Reason(kind=ReasonKind.FIRST_RELEASE))  # fmt: skip
    assert said(finding, TYPICAL) == "Typical latency was not judged (typical<=+10%): nothing to compare with."


def test_a_rule_about_something_else_than_a_number_says_its_reason() -> None:
    finding = a_finding(rule="model version", expression="", verdict=Verdict.ERROR, reason="version 2.1.0 is expected, 2.0.0 answered")  # fmt: skip
    assert said(finding) == "Model version: version 2.1.0 is expected, 2.0.0 answered. Do this."


def test_a_rule_that_nothing_answered_says_what_is_known() -> None:
    finding = a_finding(rule="latency", expression="p(95)<300ms", verdict=Verdict.ERROR, reason="nothing answered it")
    assert said(finding) == "Latency p95 could not be judged: nothing answered it. Do this."


FAILED = CaseResult(case_id="c2", title="check", outcome=Outcome.FAILED, error=CaseError(type="AssertionError", message="0.8 < 0.9\nsecond line"))  # fmt: skip
LATER = CaseResult(case_id="c3", title="later", outcome=Outcome.NOT_RUN)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (suite("quality", [case("a"), case("b")], seconds=3.1), "Suite quality passed: 2 cases in 3.10 s."),
        (suite("quality", [LATER, FAILED], seconds=1, outcome=Outcome.FAILED), "Suite quality failed: 2 of 2 cases did not pass, first “check”: AssertionError: 0.8 < 0.9\\nsecond line."),
        (suite("quality", [FAILED], seconds=1, outcome=Outcome.ERRORED, reason="check: AssertionError: 0.8 < 0.9\nsecond line."), "Suite quality errored: 1 of 1 case did not pass, first “check”: AssertionError: 0.8 < 0.9\\nsecond line."),
        (suite("quality", [case("a"), LATER], seconds=1, outcome=Outcome.ERRORED, reason="the kernel died."), "Suite quality errored: the kernel died; 1 of 2 cases did not pass, first “later” was not reached."),
        (suite("quality", [], seconds=0, outcome=Outcome.NOT_RUN, reason="candidate is not ready"), "Suite quality not run: candidate is not ready."),
        (None, "Suite quality left no result: it was expected but never reported."),
    ],
)  # fmt: skip
def test_a_suite_says_how_many_cases_passed_and_which_did_not(result: SuiteResult | None, expected: str) -> None:
    judgement = Judgement(
        verdict=Verdict.FAIL, gate=GateState.CLOSED, findings=(suite_finding("quality", Verdict.FAIL),)
    )
    (found,) = read_findings(judgement, Comparison(baseline=None, deltas=(), estimates=()))
    suites = {"quality": result} if result else {}
    assert sentence(found, baseline="released", suites=suites, remedy="") == expected


def test_the_worst_finding_comes_first_and_what_does_not_count_last() -> None:
    findings = (
        FASTER,
        change(SLOW, verdict=Verdict.ERROR, standing=Standing.INFO),
        WORSE,
        SLOW,
        change(SLOW, verdict=Verdict.WARN),
    )
    judgement = Judgement(verdict=Verdict.FAIL, gate=GateState.CLOSED, findings=findings)
    found = read_findings(judgement, Comparison(baseline=None, deltas=(), estimates=()))
    assert [(each.finding.verdict, each.counted) for each in found] == [
        (Verdict.FAIL, True),
        (Verdict.INCONCLUSIVE, True),
        (Verdict.WARN, True),
        (Verdict.PASS, True),
        (Verdict.ERROR, False),
    ]


NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
EDGES = st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)).map(lambda each: (min(each), max(each)))
FINDINGS = st.builds(
    a_finding,
    rule=st.sampled_from(["latency", "accuracy", "suite quality", "target candidate", "own"]),
    expression=st.sampled_from([TYPICAL, ACCURACY, P95]).map(lambda estimate: estimate.estimand.expression.text),
    verdict=st.sampled_from(Verdict),
    standing=st.sampled_from(Standing),
    value=NUMBERS,
    limit=NUMBERS,
    candidate=NUMBERS,
    baseline=NUMBERS,
    interval=st.none() | EDGES,
    n=st.none() | st.integers(0, 10**9),
    n_more=st.none() | st.integers(0, 10**9),
    unit=st.sampled_from(["s", "%", "pp", "share", "B", ""]),
    metric_unit=st.sampled_from(["s", "share", ""]),
    reason=st.sampled_from(["", "why", "why."]),
)


@given(finding=FINDINGS, answered=st.booleans())
def test_no_sentence_ever_says_none_or_nan(*, finding: Finding, answered: bool) -> None:
    text = said(finding, *([TYPICAL, ACCURACY, P95] if answered else []), remedy="")
    assert text.endswith(".")
    assert re.findall(r"\b(?:None|nan|inf)\b|\.\.|: \.|; ;|  ", text) == []
