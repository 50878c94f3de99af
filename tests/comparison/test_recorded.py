"""Numbers that suites record, where the baseline is loaded live: suites record of the candidate only."""

from __future__ import annotations

from jupyter_deployfeedback.comparison.comparing import compare
from jupyter_deployfeedback.domain.metric import Observation
from jupyter_deployfeedback.domain.verdict import Standing, Verdict
from jupyter_deployfeedback.verdict import judge
from tests.comparison.evidence import answers, asked, evaluation, evidence, recorded, rule, side, suite_result

RULE = rule("mean_confidence", "<=+0.05")
BOTH = evaluation(answers([True] * 200), answers([True] * 200, target="released"))


def told(*before: Observation) -> list[tuple[Verdict, Standing, str]]:
    now = suite_result(BOTH, observations=(recorded("mean_confidence", 0.92),))
    released = side("released").model_copy(update={"recorded": before})
    seen = evidence(now, baseline=released)
    judgement = judge(
        compare(seen, stored=None, baseline="released", estimands=asked(RULE)),
        rules=(RULE,),
        suites=seen.suites,
        expected_suites=("quality",),
        candidate=seen.candidate.facts,
        expect_version=None,
        confidence=0.95,
    )
    found = [each for each in judgement.findings if each.subject.text == "mean_confidence"]
    return [(each.verdict, each.standing, each.reason.text) for each in found]


def test_a_recorded_number_is_compared_with_that_of_the_last_release_as_weak_evidence() -> None:
    reason = (
        "weak evidence: historical: suites record of the candidate only,"
        " so it is compared with the last release's own number"
    )

    assert told(recorded("mean_confidence", 0.9)) == [(Verdict.WARN, Standing.COUNTED, reason)]
    assert told(recorded("mean_confidence", 0.8)) == [(Verdict.INCONCLUSIVE, Standing.COUNTED, reason)]


def test_a_recorded_number_that_no_release_has_is_not_judged_and_closes_the_gate() -> None:
    expected = [
        (Verdict.INCONCLUSIVE, Standing.NOT_JUDGED, "new metric"),
        (
            Verdict.INCONCLUSIVE,
            Standing.COUNTED,
            "the baseline does not have it; add a rule with an absolute limit",
        ),
    ]

    assert told() == expected
    assert told(recorded("mean_confidence", None, because="NaN")) == expected
