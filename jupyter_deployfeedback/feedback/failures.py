"""Requests without an answer: the rows of the report, which finding they can explain, and what they cost."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Literal

from jupyter_deployfeedback.domain.evaluation import Answers, Failure
from jupyter_deployfeedback.domain.feedback import FailureRow
from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Family
from jupyter_deployfeedback.domain.run import Evidence
from jupyter_deployfeedback.domain.verdict import ReasonKind, Standing, Verdict
from jupyter_deployfeedback.feedback.escaping import one_line
from jupyter_deployfeedback.feedback.quantities import count
from jupyter_deployfeedback.feedback.worded_finding import Found

OF_REQUESTS = frozenset({"failure_rate", "requests_failed", "requests_answered", "requests_timed_out"})
Side = Literal["candidate", "baseline"]
MOST_ROWS = 20
MOST_OF_A_FINDING = 5
MANY = 0.05  # of the planned requests: without their answers no other number is to be trusted


def failure_rows(evidence: Evidence) -> tuple[FailureRow, ...]:
    """Return each reason why requests have no answer, of each evaluation and side; the most frequent first."""
    rows = [
        _row(each, answers, suite=suite, evaluation=name, side=side)
        for suite, name, side, answers in _sides(evidence)
        for each in answers.reasons
    ]
    return tuple(sorted(rows, key=lambda row: row.kind.rank(row.count))[:MOST_ROWS])


def explaining(found: Found, rows: Sequence[FailureRow]) -> tuple[FailureRow, ...]:
    """Return the requests without an answer that can explain a finding: none for what they do not touch."""
    finding, subject = found.finding, found.finding.subject
    metric = STANDARD_METRICS.get(subject.metric or "")
    of_requests = metric is not None and metric.name in OF_REQUESTS
    if finding.standing is Standing.NOT_JUDGED or (finding.verdict is Verdict.PASS and not of_requests):
        return ()
    sampled = metric is not None and metric.family is not Family.PLATFORM and subject.slice is None
    if not (sampled or found.suite or finding.because(ReasonKind.NOTHING_ANSWERED)):
        return ()
    both_sides, place = found.signed or found.suite is not None, found.suite or subject.point
    told = (row for row in rows if (both_sides or row.side == "candidate") and place in {None, row.suite})
    return tuple(islice(told, MOST_OF_A_FINDING))


def blamed(found: Iterable[Found], rows: Sequence[FailureRow]) -> FailureRow | None:
    """Return what to mend before anything else: why many requests behind the findings have no answer."""
    touched = dict.fromkeys(row for each in found for row in explaining(each, rows))
    lost: Counter[tuple[str, str, str]] = Counter()
    for row in touched:
        lost[row.side, row.suite, row.evaluation] += row.count
    many = (row for row in touched if lost[row.side, row.suite, row.evaluation] > MANY * row.of)
    return next((row for row in many if row.remedy), None)


def retries(evidence: Evidence) -> Iterator[str]:
    """Yield what is to be known of requests that were sent again: those that were answered then did not fail."""
    for suite, name, _, answers in _sides(evidence):
        if answers.retries:
            asked = f"{one_line(answers.target, limit=60)} asked {name} in {suite} to wait (Retry-After)"
            yield f"{asked}: {count(answers.retries, 'request')} sent again"


def _sides(evidence: Evidence) -> Iterator[tuple[str, str, Side, Answers]]:
    for suite in evidence.suites:
        for each in suite.evaluations:
            yield suite.suite.name, each.name, "candidate", each.candidate
            if each.baseline is not None:
                yield suite.suite.name, each.name, "baseline", each.baseline


def _row(why: Failure, answers: Answers, *, suite: str, evaluation: str, side: Side) -> FailureRow:
    of = len(answers.states)
    text = f"{why.count:,} of {count(of, 'request')} of {evaluation} in {suite} to {answers.target}: {why.message}"
    place = {"side": side, "target": answers.target, "suite": suite, "evaluation": evaluation}
    return FailureRow(**dict(why), **place, of=of, text=text)
