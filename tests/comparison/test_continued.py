"""Runs that continue each other, judged as one."""

from __future__ import annotations

from jupyter_deployfeedback.comparison.comparing import compare
from jupyter_deployfeedback.comparison.continued import asked_before, pool_chain
from jupyter_deployfeedback.domain.comparison import Comparison, Estimate
from jupyter_deployfeedback.domain.rules.rule import Rule
from jupyter_deployfeedback.domain.run import Evidence
from tests.comparison.evidence import answers, asked, evaluation, evidence, rule, side, suite_result
from tests.comparison.load.loads import load, loaded


def run(ids: range, *, wrong: int = 0, seconds: float = 0.1, live: bool = True, digest: str = "d") -> Evidence:
    """A run that sent these examples; the first ``wrong`` of them were answered wrongly by the candidate."""
    right = [row >= wrong for row in range(len(ids))]
    baseline = answers([True] * len(ids), target="released") if live else None
    names = [f"example-{each}" for each in ids]
    one = evaluation(answers(right, latency=seconds), baseline, ids=names, digest=digest * 64)
    return evidence(suite_result(one), baseline=side("released") if live else None)


def estimates(seen: Evidence, *rules: Rule, stored: Evidence | None = None, baseline: str | None = "released") -> dict[str, Estimate]:  # fmt: skip
    found: Comparison = compare(seen, stored=stored, baseline=baseline, estimands=asked(*rules))
    return {f"{each.estimand.metric} {each.estimand.expression.text}": each for each in found.estimates}


RULES = rule("accuracy", ">=0.9", ">=-1pp"), rule("latency", "p(50)<1s", "typical<=+10%"), rule("failure_rate", "<1%")


def test_new_examples_add_up_and_pair() -> None:
    found = estimates(pool_chain([run(range(200), wrong=10), run(range(200, 500), wrong=5)]), *RULES)

    assert (found["accuracy >=0.9"].n, found["accuracy >=0.9"].value) == (500, 485 / 500)
    assert (found["accuracy >=-1pp"].n, found["accuracy >=-1pp"].value) == (500, -15 / 500)
    assert found["latency typical<=+10%"].n == 500


def test_an_example_sent_again_counts_for_latency_and_not_again_for_the_model() -> None:
    found = estimates(pool_chain([run(range(200)), run(range(100, 300), wrong=100, seconds=0.3)]), *RULES)

    # the 100 wrong answers of the second run were to examples that had been answered rightly before
    assert (found["accuracy >=0.9"].n, found["accuracy >=0.9"].value) == (300, 1.0)
    assert (found["accuracy >=-1pp"].n, found["accuracy >=-1pp"].facts["baseline_only"]) == (300, 0)
    assert found["latency p(50)<1s"].n == found["failure_rate <1%"].n == 400


def test_an_example_that_was_sent_again_is_not_listed_as_broken_again() -> None:
    pooled = pool_chain([run(range(200), wrong=1), run(range(200), wrong=1)])

    found = compare(pooled, stored=None, baseline="released", estimands=asked(*RULES))

    assert [each.example_id for each in found.broken] == ["example-0"]


def test_what_a_suite_says_of_occasions_is_not_believed() -> None:
    first, again = run(range(200)), run(range(200))
    (one,) = again.suites[0].evaluations
    posing = one.model_copy(update={"occasions": (1,) * 200})
    suites = (again.suites[0].model_copy(update={"evaluations": (posing,)}),)

    found = estimates(pool_chain([first, again.model_copy(update={"suites": suites})]), *RULES)

    assert found["accuracy >=0.9"].n == 200


def test_a_run_that_continues_nothing_is_left_as_it_is() -> None:
    alone = run(range(200))

    assert pool_chain([alone]) == alone


def test_the_newest_runs_cases_and_platform_are_kept() -> None:
    first, second = run(range(200)), run(range(200, 300))

    pooled = pool_chain([first, second])

    assert pooled.suites[0].cases == second.suites[0].cases
    assert pooled.candidate == second.candidate
    assert [len(each.ids) for each in pooled.suites[0].evaluations] == [200, 100]


def test_versions_of_all_runs_are_seen() -> None:
    changed = evidence(suite_result(evaluation(answers([True] * 5, versions=("2.2",)), ids=list("abcde"))))

    pooled = pool_chain([run(range(200)), changed])

    assert {version for each in pooled.suites[0].evaluations for version in each.candidate.versions} == {"2.1", "2.2"}


def test_with_an_earlier_run_as_baseline_only_what_that_run_answered_is_compared() -> None:
    stored = run(range(200), live=False)
    pooled = pool_chain([run(range(200), live=False), run(range(200, 500), live=False, digest="e")])

    found = estimates(pooled, *RULES, stored=stored, baseline="v1")

    assert (found["accuracy >=0.9"].n, found["accuracy >=-1pp"].n) == (500, 200)


def test_a_measurement_of_an_earlier_run_pairs_once() -> None:
    stored = run(range(200), live=False)
    pooled = pool_chain([run(range(200), live=False), run(range(200), live=False)])

    found = estimates(pooled, *RULES, stored=stored, baseline="v1")

    assert found["latency typical<=+10%"].n == 200


def test_a_continued_baseline_pairs_part_by_part() -> None:
    stored = pool_chain([run(range(200), live=False), run(range(200, 500), live=False, digest="e")])

    found = estimates(run(range(200), live=False), *RULES, stored=stored, baseline="v1")

    assert found["accuracy >=-1pp"].n == 200


def test_suites_are_told_what_was_asked_and_how_often() -> None:
    (told,) = asked_before([run(range(3), wrong=1), run(range(2, 5), wrong=1)])["quality"]

    assert told.name == "holdout"
    assert told.ids == ("example-0", "example-1", "example-2", "example-3", "example-4")
    assert told.times == (1, 1, 2, 1, 1)
    assert told.candidate.predictions == (0, 1, 1, 1, 1)  # the first answer to each
    assert told.baseline is not None
    assert told.baseline.predictions == (1, 1, 1, 1, 1)


def test_calls_of_one_name_are_told_apart_by_their_order() -> None:
    def twice(first: str, second: str) -> Evidence:
        return evidence(suite_result(*(evaluation(answers([True]), ids=[each]) for each in (first, second))))

    told = asked_before([twice("a", "b"), twice("c", "b")])["quality"]

    assert [(each.ids, each.times) for each in told] == [(("a", "c"), (1, 1)), (("b",), (2,))]


def test_of_loads_only_those_of_the_newest_run_are_read() -> None:
    earlier, newest = (loaded(load([[seconds] * 20] * 5)) for seconds in (0.1, 0.2))

    pooled = pool_chain([earlier, newest])

    assert pooled.suites == newest.suites
