"""Requests of load generators: judged by themselves, never mixed with those of suites and never paired."""

from __future__ import annotations

from jupyter_deployfeedback.comparison.comparing import compare
from jupyter_deployfeedback.domain.comparison import Comparison, Estimate
from jupyter_deployfeedback.domain.evaluation import Evaluation
from jupyter_deployfeedback.domain.metric import Better, Family, Metric, Observation
from jupyter_deployfeedback.domain.rules.rule import Rule
from jupyter_deployfeedback.domain.run import Evidence
from tests.comparison.evidence import ANSWERED, FAILED, answers, asked, evaluation, evidence, rule, side, suite_result

LOAD = evaluation(
    answers([False] * 400, latency=0.5, target="k6"),
    truth=[None] * 400,
    suite="load",
    name="load requests",
    slices={"results": ("load",) * 400},
    digest="e" * 64,
).model_copy(update={"pairs": False})
QUICK = evaluation(answers([True] * 200, latency=0.1), answers([True] * 200, latency=0.1, target="released"))


def run(*evaluations: Evaluation) -> Evidence:
    suites = [suite_result(each, name=each.suite) for each in evaluations]
    return evidence(*suites, baseline=side("released"))


def told(seen: Evidence, *rules: Rule, baseline: str | None = "released", stored: Evidence | None = None) -> Comparison:
    return compare(seen, stored=stored, baseline=baseline, estimands=asked(*rules))


def only(comparison: Comparison) -> Estimate:
    (found,) = comparison.estimates
    return found


def test_requests_of_a_generator_stay_apart_from_those_of_suites() -> None:
    rules = rule("latency", "avg<1s"), rule("latency{results:load}", "avg<1s")

    found = told(run(QUICK, LOAD), *rules, baseline=None)

    assert [(each.n, round(each.value or 0, 6)) for each in found.estimates] == [(200, 0.1), (400, 0.5)]
    assert "the requests of load are judged apart, as latency{results:load}" in found.notices


def test_only_a_rule_on_requests_of_a_generator_covers_their_failures() -> None:
    states = (FAILED,) * 100 + (ANSWERED,) * 300
    failing = LOAD.model_copy(update={"candidate": LOAD.candidate.model_copy(update={"states": states})})
    asking = rule("latency{results:load}", "avg<1s")

    uncovered, _ = told(run(QUICK, failing), asking, rule("failure_rate", "<=1%"), baseline=None).estimates
    covered, _ = told(run(QUICK, failing), asking, rule("failure_rate{results:load}", "<=1%"), baseline=None).estimates

    assert uncovered.missing_because == "the candidate answered only 300 of 400 requests"
    assert covered.value == 0.5


def test_requests_of_a_generator_alone_are_the_latency_of_the_run() -> None:
    found = only(told(run(LOAD), rule("latency", "avg<1s"), baseline=None))

    assert (found.n, found.value) == (400, 0.5)


def test_requests_of_a_generator_have_no_accuracy() -> None:
    found = only(told(run(LOAD), rule("accuracy", ">=0.5"), baseline=None))

    assert found.value is None


def test_requests_of_a_generator_pair_with_no_baseline() -> None:
    relative = rule("latency{results:load}", "typical<=+10%")
    live = only(told(run(QUICK, LOAD), relative))
    stored = only(told(run(LOAD), relative, stored=run(LOAD)))
    first = only(told(run(LOAD), relative, baseline=None))

    said = "requests of a load generator pair with no baseline: give them limits of their own"
    assert [live.missing_because, stored.missing_because] == [said, said]
    assert (first.missing_because, first.baseline_missing) == ("there is no baseline", True)


def test_other_requests_still_pair_beside_those_of_a_generator() -> None:
    found = only(told(run(QUICK, LOAD), rule("latency", "typical<=+10%")))

    assert (found.n, found.value) == (200, 0.0)
    assert only(told(run(QUICK, LOAD), rule("latency", "typical<=+10%"), stored=run(QUICK, LOAD))).value == 0.0


def test_throughput_is_not_read_from_requests_that_ran_side_by_side() -> None:
    found = only(told(run(LOAD), rule("throughput", ">=5/s"), baseline=None))

    assert found.missing_because == (
        "requests of a load generator ran side by side: judge the throughput that its suite recorded"
    )


def test_new_requests_are_no_change_of_the_data() -> None:
    again = LOAD.model_copy(update={"dataset_digest": "f" * 64})

    assert told(run(again), stored=run(LOAD)).differences == ()


def share_of_failures(hits: int | None) -> Evidence:
    metric = Metric(name="load.failure_rate", family=Family.APPLICATION, unit="share", better=Better.LOWER)
    seen = Observation(metric=metric, value=0.004, n=500, hits=hits, source="load/k6.json")
    return evidence(suite_result(name="load", observations=(seen,)))


def test_a_share_of_counts_has_an_interval_and_one_without_counts_is_weak() -> None:
    limit = rule("load.failure_rate", "<=1%")

    counted, bare = (only(told(share_of_failures(hits), limit, baseline=None)) for hits in (2, None))

    assert (counted.weak, counted.method) == (None, "clopper-pearson")
    assert (bare.weak, bare.interval) == ("a single number without its samples", None)
