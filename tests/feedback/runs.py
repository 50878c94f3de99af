"""Three runs as the stages before ours hand them over: one passes with a warning, one fails, one could not begin."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from statistics import NormalDist

from jupyter_deployfeedback.domain.comparison import (
    Change,
    Comparison,
    Delta,
    Difference,
    Distribution,
    Estimand,
    Estimate,
    ExampleChange,
)
from jupyter_deployfeedback.domain.evaluation import Answers, Evaluation, Failure, FailureKind, RequestState
from jupyter_deployfeedback.domain.feedback import Digest, FeedbackReport
from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Better, Family, Metric, Series, Window
from jupyter_deployfeedback.domain.rules.rule import Aggregate, Comparator, Expression, Relation
from jupyter_deployfeedback.domain.run import (
    CaseError,
    CaseResult,
    Commit,
    Evidence,
    Outcome,
    Run,
    RunRequest,
    RunState,
    SideEvidence,
    Suite,
    SuiteResult,
    TargetFacts,
)
from jupyter_deployfeedback.domain.verdict import Finding, GateState, Judgement, Standing, Verdict, Waiver, closing
from jupyter_deployfeedback.feedback import build_report
from tests.comparison.evidence import a_finding

BEGAN = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
SHA = "4f1c2d9e8b7a65f4e3d2c1b0a99887766554433f"
PAGE = f"https://github.com/org/digits/blob/{SHA}/"
COMMIT = Commit(sha=SHA, page=PAGE)
EIGHT = (  # 8 x 8 grey pixels
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAAAAADhZOFXAAAAP0lEQVR42h2LURUAIAwCiWAEIyyKURbB"
    "JouyCEYhAor83D0eAOBBBF7IzWXZUppIaXzpZpkhFF1NraRfo8U3vjA9FyyO5aeVAAAAAElFTkSuQmCC"
)
QUEUE_DEPTH = Metric(name="queue_depth", family=Family.PLATFORM, unit="requests", better=Better.LOWER)


def waived() -> FeedbackReport:
    """The failing report, all that fails in it waived."""
    report, until = failing(), date(2026, 12, 24)
    given = [
        Waiver(finding=name, by="Ada Lovelace", reason="Only a few digits, mended in 2.2", until=until, at=BEGAN)
        for name in closing(report.findings)
    ]
    return report.with_waivers(given, now=BEGAN)


def passing_with_a_warning() -> FeedbackReport:
    estimates = (
        rule("accuracy", ">=0.95", comparator=Comparator.AT_LEAST, limit=0.95),
        rule("accuracy", ">=-1pp", comparator=Comparator.AT_LEAST, limit=-0.01, relation=Relation.DIFFERENCE),
        rule(
            "latency",
            "p(95)<300ms",
            comparator=Comparator.BELOW,
            limit=0.3,
            aggregate=Aggregate.QUANTILE,
            quantile=0.95,
        ),
        rule("latency", "typical<=+10%", limit=0.1, relation=Relation.RATIO, aggregate=Aggregate.TYPICAL),
        rule("memory_max", "<=+15%", limit=0.15, relation=Relation.RATIO),
        rule("restarts", "==0", comparator=Comparator.EQUAL, limit=0),
        *(
            rule(
                "accuracy",
                ">=-5pp",
                comparator=Comparator.AT_LEAST,
                limit=-0.05,
                relation=Relation.DIFFERENCE,
                part=("digit", digit),
            )
            for digit in "0123456789"
        ),
    )
    findings = (
        a_finding(rule="accuracy", expression=">=0.95", verdict=Verdict.PASS, value=0.974, unit="share", limit=0.95, interval=(0.9587, 0.9846), confidence=0.9, candidate=0.974, baseline=0.978, metric_unit="share", n=500, method="clopper-pearson"),
        a_finding(rule="accuracy", expression=">=-1pp", verdict=Verdict.PASS, value=-0.004, unit="pp", limit=-0.01, interval=(-0.0096, 0.0011), confidence=0.9, candidate=0.974, baseline=0.978, metric_unit="share", n=500, method="newcombe-paired"),
        a_finding(rule="latency", expression="p(95)<300ms", verdict=Verdict.PASS, value=0.0182, unit="s", limit=0.3, interval=(0.0179, 0.0186), confidence=0.9, candidate=0.0182, baseline=0.0201, metric_unit="s", n=500, method="order-statistic"),
        a_finding(rule="latency", expression="typical<=+10%", verdict=Verdict.PASS, value=-0.121, unit="%", limit=0.1, interval=(-0.138, -0.104), confidence=0.9, candidate=0.0132, baseline=0.015, metric_unit="s", n=500, method="hodges-lehmann-paired"),
        a_finding(rule="memory_max", expression="<=+15%", verdict=Verdict.WARN, value=0.182, unit="%", limit=0.15, candidate=251e6, baseline=212.4e6, metric_unit="B", n=41, method="window-ratio", reason="one window of samples is weak evidence"),
        a_finding(rule="restarts", expression="==0", verdict=Verdict.PASS, value=0, unit="restarts", limit=0, candidate=0, baseline=0, metric_unit="restarts", n=41, method="exact"),
        *(
            a_finding(rule=f"accuracy{{digit:{digit}}}", expression=">=-5pp", verdict=Verdict.PASS, standing=Standing.INFO, value=change, unit="pp", limit=-0.05, interval=(change - 0.03, change + 0.02), confidence=0.9, candidate=0.98 + change, baseline=0.98, metric_unit="share", n=50, method="newcombe-paired")
            for digit, change in zip("0123456789", (0, -0.02, 0.02, 0, 0, -0.04, 0, 0.02, -0.02, 0), strict=True)
        ),
        suite_finding("smoke", Verdict.PASS),
        suite_finding("quality", Verdict.PASS),
    )  # fmt: skip
    deltas = (
        delta("memory_max", 251e6, 212.4e6, Change.REGRESSED, n=41, source="scrape"),
        delta("memory_mean", 240e6, 206e6, Change.REGRESSED, n=41, source="scrape"),
        delta("cpu_max", 0.71, 0.83, Change.IMPROVED, n=41, source="scrape"),
        delta("cpu_mean", 0.512, 0.604, Change.IMPROVED, n=41, source="scrape"),
        delta("restarts", 0, 0, Change.UNCHANGED, n=41, source="scrape"),
        delta("latency_mean", 0.0139, 0.0158, Change.IMPROVED, interval=(-0.0022, -0.0016)),
        delta("latency_p50", 0.0132, 0.015, Change.IMPROVED),
        delta("latency_p95", 0.0182, 0.0201, Change.IMPROVED, interval=(-0.0028, -0.0011)),
        delta("latency_p99", 0.0263, 0.0259, Change.UNCHANGED),
        delta("requests_attempted", 500, 500, Change.UNCHANGED),
        delta("requests_answered", 500, 500, Change.UNCHANGED),
        delta("requests_failed", 0, 0, Change.UNCHANGED),
        delta("throughput", 61.3, 54.9, Change.IMPROVED),
        delta("accuracy", 0.974, 0.978, Change.UNCHANGED, interval=(-0.0096, 0.0011)),
        delta("error_rate", 0.026, 0.022, Change.UNCHANGED, interval=(-0.0011, 0.0096)),
        Delta(**dict(QUEUE_DEPTH), value=3, n=12, baseline=None, change=Change.ADDED, source="prometheus", query='max(queue_depth{pod=~"digits-.*"})', notices=("the baseline does not have it",)),
    )  # fmt: skip
    comparison = Comparison(
        baseline="released",
        paired=True,
        deltas=deltas,
        estimates=estimates,
        broken=(example("412", truth=8, candidate=1, baseline=8), example("1033", truth=5, candidate=9, baseline=5)),
        fixed=(),
        differences=(
            Difference(what="model version", before="2.0.0", after="2.1.0"),
            Difference(what="package scikit-learn", before="1.8.0", after="1.8.1"),
        ),
        distributions=(latencies(median=0.0132, spread=0.2, baseline_median=0.015),),
    )
    suites = (
        suite("smoke", [case("the deployment answers"), case("it says which version it serves")], seconds=0.41),
        suite("quality", [case("load the holdout"), case("send it to both sides"), case("the deployed model answers like the trained one")], seconds=9.32),
    )  # fmt: skip
    evidence = Evidence(
        suites=suites,
        candidate=side("candidate", version="2.1.0", cpu=0.6, memory=236e6),
        baseline=side("released", version="2.0.0", cpu=0.72, memory=205e6),
        window=Window(start=BEGAN, end=BEGAN + timedelta(seconds=9.1)),
    )
    judgement = Judgement(verdict=Verdict.WARN, gate=GateState.OPEN, findings=findings)
    report = build_report(run(), evidence, comparison, judgement, project_file="f" * 64)
    data = Digest(name="data of quality/holdout", sha256="d" * 64)
    return report.model_copy(update={"digests": (*report.digests, data)})


def failing(*, commit: Commit = COMMIT) -> FeedbackReport:
    estimates = (
        rule("accuracy", ">=-2pp", comparator=Comparator.AT_LEAST, limit=-0.02, relation=Relation.DIFFERENCE),
        rule("accuracy", ">=-5pp", comparator=Comparator.AT_LEAST, limit=-0.05, relation=Relation.DIFFERENCE, part=("digit", "8")),
        rule("latency", "typical<=+10%", limit=0.1, relation=Relation.RATIO, aggregate=Aggregate.TYPICAL),
        rule("latency", "share(>300ms)<=+1pp", limit=0.01, relation=Relation.DIFFERENCE, aggregate=Aggregate.SHARE, edge=(Comparator.ABOVE, 0.3)),
        rule("cpu_max", "<=2cores", limit=2),
    )  # fmt: skip
    findings = (
        a_finding(rule="accuracy", expression=">=-2pp", verdict=Verdict.INCONCLUSIVE, value=-0.01, unit="pp", limit=-0.02, interval=(-0.0236, 0.0027), confidence=0.9, candidate=0.948, baseline=0.958, metric_unit="share", n=500, n_more=431, method="newcombe-paired"),
        a_finding(rule="accuracy{digit:8}", expression=">=-5pp", verdict=Verdict.FAIL, value=-0.141, unit="pp", limit=-0.05, interval=(-0.221, -0.0743), confidence=0.9, candidate=0.825, baseline=0.966, metric_unit="share", n=57, method="newcombe-paired"),
        a_finding(rule="latency", expression="typical<=+10%", verdict=Verdict.INCONCLUSIVE, value=0.06, unit="%", limit=0.1, interval=(-0.01, 0.135), confidence=0.9, candidate=0.1073, baseline=0.1012, metric_unit="s", n=600, n_more=1444, method="hodges-lehmann-paired"),
        a_finding(rule="latency", expression="share(>300ms)<=+1pp", verdict=Verdict.PASS, value=0.0, unit="pp", limit=0.01, interval=(-0.0045, 0.0045), confidence=0.9, candidate=0.0017, baseline=0.0017, metric_unit="share", n=600, method="newcombe-paired"),
        a_finding(rule="cpu_max", expression="<=2cores", verdict=Verdict.PASS, value=1.213, unit="cores", limit=2, candidate=1.213, baseline=1.198, metric_unit="cores", n=44, method="point"),
        suite_finding("smoke", Verdict.PASS),
        suite_finding("quality", Verdict.FAIL, reason="1 case failed"),
    )  # fmt: skip
    deltas = (
        delta("accuracy", 0.948, 0.958, Change.UNKNOWN, interval=(-0.0236, 0.0027)),
        delta("latency_p50", 0.1073, 0.1012, Change.UNKNOWN, n=600),
        delta("latency_p95", 0.2105, 0.1987, Change.REGRESSED, interval=(0.0041, 0.0203), n=600),
        delta("requests_attempted", 1100, 1100, Change.UNCHANGED, n=1100),
        delta("requests_failed", 2, 0, Change.REGRESSED, n=1100),
        delta("cpu_max", 1.213, 1.198, Change.UNCHANGED, n=44, source="prometheus"),
        Delta(**dict(STANDARD_METRICS["memory_max"]), missing_because="no samples in the window", baseline=231e6, change=Change.UNKNOWN, source="prometheus"),
    )  # fmt: skip
    comparison = Comparison(
        baseline="released",
        paired=True,
        deltas=deltas,
        estimates=estimates,
        broken=tuple(
            example(
                str(600 + 37 * i), truth=8, candidate=(1, 3, 9)[i % 3], baseline=8, picture=EIGHT if i != 1 else None
            )
            for i in range(14)
        ),
        fixed=tuple(example(str(75 + 101 * i), truth=4, candidate=4, baseline=9) for i in range(4)),
        differences=(
            Difference(what="model version", before="2.0.0", after="2.1.0-rc1"),
            Difference(what="package numpy", before="2.3.1", after=None),
        ),
        distributions=(latencies(median=0.1073, spread=0.4, baseline_median=0.1012),),
        notices=("2 of 1,100 requests failed; they count as wrong answers",),
    )
    broken_case = CaseResult(
        case_id="c3#2",
        title="accuracy of digit 8 stays above 90 %",
        outcome=Outcome.FAILED,
        duration_seconds=0.002,
        error=CaseError(
            type="AssertionError",
            message="0.825 is below 0.9",
            traceback='Traceback (most recent call last):\n  File "cell c3", line 4\n    assert score["8"] >= 0.9\nAssertionError: 0.825 is below 0.9',
        ),
        cell_id="c3",
    )
    not_run = CaseResult(case_id="c4", title="draw the confusion matrix", outcome=Outcome.NOT_RUN, cell_id="c4")
    suites = (
        suite("smoke", [case("the deployment answers")], seconds=0.38),
        suite("quality", [case("load the holdout"), case("send it to both sides"), broken_case, not_run], seconds=70.4, outcome=Outcome.FAILED, notices=("scrap “accuracy” was glued twice; the last one counts",)).model_copy(update={"evaluations": (two_of_500_failed(),)}),
    )  # fmt: skip
    evidence = Evidence(
        suites=suites,
        candidate=side("candidate", version="2.1.0-rc1", cpu=1.0),
        baseline=side("released", version="2.0.0", cpu=0.98),
        window=Window(start=BEGAN, end=BEGAN + timedelta(seconds=68.9)),
    )
    judgement = Judgement(
        verdict=Verdict.FAIL,
        gate=GateState.CLOSED,
        findings=findings,
        notices=("rule removed since v2.0.0: failure_rate rate<1%",),
    )
    return build_report(run(seconds=71.2, commit=commit), evidence, comparison, judgement)


def two_of_500_failed() -> Evaluation:
    """An evaluation of which the candidate left two requests unanswered, and the baseline asked to wait three times."""
    why = Failure(
        kind=FailureKind.STATUS,
        status=500,
        count=2,
        message="answered 500",
        sent='POST /predict {"inputs":[[0,0,5,13,9,1,0,0]]}',
        reply='{"error": "<worker> 7 ran out of *memory*"}',
        remedy="Compare what was sent with what the target takes. The target's log says more.",
    )
    states = (RequestState.FAILED, RequestState.FAILED, *(RequestState.ANSWERED,) * 498)
    predictions = (None, None, *(8,) * 498)
    columns = {"latency_seconds": (0.1,) * 500, "sent_at": (0.0,) * 500}
    return Evaluation(
        name="holdout",
        suite="quality",
        ids=tuple(map(str, range(500))),
        truth=(8,) * 500,
        candidate=Answers(target="candidate", predictions=predictions, states=states, failures=(why,), **columns),
        baseline=Answers(
            target="released", predictions=(8,) * 500, states=(RequestState.ANSWERED,) * 500, retries=3, **columns
        ),
        window=Window(start=BEGAN, end=BEGAN + timedelta(seconds=60)),
        dataset_digest="d" * 64,
    )


def target_is_down() -> FeedbackReport:
    problem = "connection refused at 127.0.0.1:8002"
    estimates = (
        rule("accuracy", ">=0.95", comparator=Comparator.AT_LEAST, limit=0.95, missing="no suite evaluated examples"),
        rule("latency", "typical<=+10%", limit=0.1, relation=Relation.RATIO, aggregate=Aggregate.TYPICAL, missing="first release"),
        rule("memory_max", "<=1.5GiB", limit=1.5 * 2**30, missing="/metrics could not be read: connection refused"),
    )  # fmt: skip
    findings = (
        a_finding(rule="target candidate", expression="", verdict=Verdict.ERROR, reason=problem),
        a_finding(rule="accuracy", expression=">=0.95", verdict=Verdict.ERROR, unit="share", limit=0.95, metric_unit="share", reason="no suite evaluated examples"),
        a_finding(rule="latency", expression="typical<=+10%", verdict=Verdict.PASS, standing=Standing.NOT_JUDGED, unit="%", limit=0.1, metric_unit="s", reason="first release"),
        a_finding(rule="memory_max", expression="<=1.5GiB", verdict=Verdict.ERROR, unit="B", limit=1.5 * 2**30, metric_unit="B", reason="/metrics could not be read: connection refused"),
        suite_finding("smoke", Verdict.ERROR),
        suite_finding("quality", Verdict.ERROR),
    )  # fmt: skip
    missing = [("accuracy", "no suite evaluated examples"), ("latency_p95", "no request was sent"), ("memory_max", "/metrics could not be read: connection refused"), ("cpu_max", "/metrics could not be read: connection refused")]  # fmt: skip
    comparison = Comparison(
        baseline=None,
        deltas=tuple(
            Delta(**dict(STANDARD_METRICS[name]), missing_because=reason, change=Change.UNKNOWN, source="scrape")
            for name, reason in missing
        ),
        estimates=estimates,
    )
    reason = f"candidate is not ready: {problem}"
    evidence = Evidence(
        suites=tuple(
            suite(name, [], seconds=0, outcome=Outcome.NOT_RUN, reason=reason) for name in ("smoke", "quality")
        ),
        candidate=SideEvidence(
            facts=TargetFacts(target="candidate", url="http://127.0.0.1:8002", ready=False, problem=problem)
        ),
        window=Window(start=BEGAN, end=BEGAN),
    )
    judgement = Judgement(verdict=Verdict.ERROR, gate=GateState.CLOSED, findings=findings, first_release=True)
    return build_report(run(seconds=0.31, commit=None), evidence, comparison, judgement)


REPORTS = {
    "warn": passing_with_a_warning,
    "fail": failing,
    "error": target_is_down,
}


def run(*, seconds: float = 10.4, commit: Commit | None = COMMIT) -> Run:
    return Run(
        run_id="20261120-093000-7f3a",
        request=RunRequest(project_file="/digits/deployfeedback.yaml", target="candidate"),
        state=RunState.RUNNING,
        project="digits",
        commit=commit,
        baseline="released",
        created_at=BEGAN,
        started_at=BEGAN,
        finished_at=BEGAN + timedelta(seconds=seconds),
    )


def rule(
    metric: str,
    text: str,
    *,
    limit: float,
    comparator: Comparator = Comparator.AT_MOST,
    relation: Relation = Relation.ABSOLUTE,
    aggregate: Aggregate = Aggregate.VALUE,
    quantile: float | None = None,
    edge: tuple[Comparator, float] | None = None,
    part: tuple[str, str] | None = None,
    missing: str | None = None,
) -> Estimate:
    expression = Expression(
        text=text,
        aggregate=aggregate,
        quantile=quantile,
        edge=edge,
        comparator=comparator,
        relation=relation,
        limit=limit,
    )
    return Estimate(
        estimand=Estimand(metric=metric, expression=expression, slice=part),
        value=None if missing else 0.0,
        missing_because=missing,
    )


def suite_finding(name: str, verdict: Verdict, *, reason: str = "") -> Finding:
    return a_finding(rule=f"suite {name}", expression="", verdict=verdict, reason=reason)


def delta(
    name: str,
    value: float,
    baseline: float,
    change: Change,
    *,
    interval: tuple[float, float] | None = None,
    n: int = 500,
    source: str = "suites/quality.ipynb",
) -> Delta:
    return Delta(
        **dict(STANDARD_METRICS[name]),
        value=value,
        n=n,
        baseline=baseline,
        difference=value - baseline,
        interval=interval,
        change=change,
        source=source,
    )


def example(example_id: str, *, truth: int, candidate: int, baseline: int, picture: str | None = None) -> ExampleChange:
    return ExampleChange(
        example_id=example_id,
        suite="quality",
        truth=truth,
        candidate=candidate,
        baseline=baseline,
        slices={"digit": str(truth)},
        picture=picture,
    )


def latencies(*, median: float, spread: float, baseline_median: float) -> Distribution:
    levels = tuple(i / 50 for i in range(1, 50))
    shape = [2.718281828 ** (spread * NormalDist().inv_cdf(level)) for level in levels]
    return Distribution(
        metric="latency",
        unit="s",
        levels=levels,
        candidate=tuple(median * each for each in shape),
        baseline=tuple(baseline_median * each for each in shape),
    )


def case(title: str) -> CaseResult:
    return CaseResult(case_id=title, title=title, outcome=Outcome.PASSED, duration_seconds=0.1, cell_id="c1")


def suite(
    name: str,
    cases: list[CaseResult],
    *,
    seconds: float,
    outcome: Outcome = Outcome.PASSED,
    reason: str | None = None,
    notices: tuple[str, ...] = (),
) -> SuiteResult:
    return SuiteResult(
        suite=Suite(name=name, source=f"suites/{name}.ipynb"),
        outcome=outcome,
        cases=tuple(cases),
        reason=reason,
        notices=notices,
        artifact=f"{name}.ipynb",
        kernel="forked",
        read={f"suites/{name}.ipynb": "c" * 64},
        started_at=BEGAN,
        finished_at=BEGAN + timedelta(seconds=seconds),
        duration_seconds=seconds,
    )


def side(target: str, *, version: str, cpu: float, memory: float | None = None) -> SideEvidence:
    series = [Series(metric=STANDARD_METRICS["cpu_max"], points=wave(cpu, 0.12))]
    if memory is not None:
        series.append(Series(metric=STANDARD_METRICS["memory_max"], points=wave(memory, 0.04)))
    return SideEvidence(
        facts=TargetFacts(
            target=target, url=f"http://127.0.0.1/{target}", ready=True, namespace="ml", model_version=version
        ),
        series=tuple(series),
    )


def wave(level: float, swing: float) -> tuple[tuple[float, float], ...]:
    return tuple((i / 4, level * (1 - (0.9 if i < 2 else swing * ((i * 7) % 5 - 2) / 2))) for i in range(37))
