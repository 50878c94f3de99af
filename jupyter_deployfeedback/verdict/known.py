"""What must come out of examples whose score is known beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jupyter_deployfeedback.domain.comparison import Comparison, Estimate, KnownScore
from jupyter_deployfeedback.domain.evaluation import KnownKind
from jupyter_deployfeedback.domain.rules.rule import Rule, SubjectKind
from jupyter_deployfeedback.domain.run import TargetFacts
from jupyter_deployfeedback.domain.verdict import Verdict
from jupyter_deployfeedback.verdict.judge import judge

WANTED = {KnownKind.RIGHT: Verdict.PASS, KnownKind.WRONG: Verdict.FAIL, KnownKind.UNREACHABLE: Verdict.ERROR}
WORDS = {
    KnownKind.RIGHT: "an example labelled with what the target answered",
    KnownKind.WRONG: "a deliberately mislabelled example",
    KnownKind.UNREACHABLE: "an example sent to an address where nobody listens",
}
READY = TargetFacts(target=SubjectKind.SELF_TEST, url="", ready=True)


def missed_scores(known: Iterable[KnownScore], *, confidence: float) -> Iterator[str]:
    """Yield what was scored other than it must be, by the kernel or by the methods that judge the run."""
    for each in known:
        right, wanted = each.kind is KnownKind.RIGHT, WANTED[each.kind]
        if each.scored_right is not right:
            yield f"{each.where} scored {WORDS[each.kind]} as {'right' if each.scored_right else 'wrong'}"
        found = _judged(each.estimate, confidence=confidence)
        if found is not wanted:
            yield f"{WORDS[each.kind]} of {each.where} was judged as {found}, which must be {wanted}"


def _judged(estimate: Estimate, *, confidence: float) -> Verdict:
    asked = estimate.estimand
    judgement = judge(
        Comparison(baseline=None, deltas=(), estimates=(estimate,)),
        rules=(Rule(subject=asked.subject, passing=(asked.expression,)),),
        suites=(),
        expected_suites=(),
        candidate=READY,
        expect_version=None,
        confidence=confidence,
    )
    return judgement.verdict
