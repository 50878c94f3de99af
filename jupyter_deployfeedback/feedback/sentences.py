"""One sentence per finding: what was seen, the limit, the baseline, the uncertainty and how many samples."""

from collections.abc import Mapping

from jupyter_deployfeedback.domain.rules.rule import Relation
from jupyter_deployfeedback.domain.run import CaseResult, Outcome, SuiteResult
from jupyter_deployfeedback.domain.verdict import Standing, Verdict
from jupyter_deployfeedback.feedback import names
from jupyter_deployfeedback.feedback.escaping import one_line
from jupyter_deployfeedback.feedback.names import capitalised
from jupyter_deployfeedback.feedback.quantities import MISSING, count, duration, quantity
from jupyter_deployfeedback.feedback.worded_finding import Found

GOOD = frozenset({Outcome.PASSED, Outcome.SKIPPED})


def sentence(found: Found, *, baseline: str, suites: Mapping[str, SuiteResult], remedy: str) -> str:
    """Put one finding into words; ``remedy`` ends it where data is missing."""
    reason = found.reason
    if found.suite is not None:
        return _suite_sentence(found.suite, suites.get(found.suite), reason)
    about = capitalised(found.subject)
    if found.finding.standing is Standing.NOT_JUDGED:
        expression = one_line(found.finding.expression_text, limit=80)
        return f"{about} was not judged ({expression}): {reason or 'there is nothing to compare it with'}."
    if found.finding.value is None:
        return _missing(found, about, reason, "" if remedy.rstrip(".") in reason else remedy)
    limit = f"limit {found.limit}" if found.finding.limit is not None else ""
    clauses = [_claim(found, about, baseline), limit, *_evidence(found, baseline, reason)]
    return "; ".join(clause for clause in clauses if clause) + "."


def first_bad_case(suite: SuiteResult) -> CaseResult | None:
    """Return the case to look at: the first that failed or errored, else the first that never ran."""
    bad = [case for case in suite.cases if case.outcome not in GOOD]
    return next((case for case in bad if case.outcome is not Outcome.NOT_RUN), bad[0] if bad else None)


def describe_case(case: CaseResult) -> str:
    """Return a case's title and why it did not pass, on one line."""
    title = f"“{one_line(case.title, limit=80)}”"
    if case.error is None:
        return f"{title} was not reached" if case.outcome is Outcome.NOT_RUN else title
    return f"{title}: {one_line(case.error.type, limit=60)}: {one_line(case.error.message, limit=160)}".rstrip(": ")


def _claim(found: Found, about: str, baseline: str) -> str:
    match found.relation:
        case Relation.RATIO:
            return _compared(found, f"{about} {_ratio(found, baseline)}")
        case Relation.DIFFERENCE:
            return _compared(found, f"{about} {_difference(found)}")
        case Relation.ABSOLUTE:
            return f"{about}: {found.measured}" if _is_a_count(found) else f"{about} is {found.measured}"


def _ratio(found: Found, baseline: str) -> str:
    interval = f" {found.measured.interval}".rstrip()
    if _is_zero(found):
        return f"is the same as {baseline} ({found.measured.number}){interval}"
    word = "higher" if (found.finding.value or 0) > 0 else "lower"
    return f"is {_unsigned(found)} {word} than {baseline}{interval}"


def _difference(found: Found) -> str:
    interval = f" {found.measured.interval}".rstrip()
    if _is_zero(found):
        return f"did not change ({found.measured.number}){interval}"
    return f"{'rose' if (found.finding.value or 0) > 0 else 'fell'} by {_unsigned(found)}{interval}"


def _compared(found: Found, claim: str) -> str:
    if found.finding.candidate is None or found.finding.baseline is None:
        return claim
    numbers = found.numbers
    of_sides = names.of_sides(found.noun, method=found.finding.method)
    return f"{claim}: {of_sides}{numbers.candidate} against {numbers.baseline}"


def _evidence(found: Found, baseline: str, reason: str) -> list[str]:
    finding = found.finding
    alone = found.relation is Relation.ABSOLUTE and finding.baseline is not None
    return [
        f"{baseline} {quantity(finding.baseline, found.metric_unit)}" if alone else "",
        found.samples if finding.n is not None else "",
        reason,
        f"about {finding.n_more:,} more would settle it" if finding.n_more else "",
        "for information only" if finding.standing is Standing.INFO else "",
        "a warning, not a failure" if finding.verdict is Verdict.WARN and not reason else "",
    ]


def _missing(found: Found, about: str, reason: str, remedy: str) -> str:
    if not found.about_a_number or found.finding.verdict in {Verdict.PASS, Verdict.WARN}:
        return f"{about[0].upper()}{about[1:]}: {reason or found.finding.verdict}. {remedy}".strip()
    limit = f" (limit {found.limit})" if found.limit != MISSING else ""
    if found.finding.verdict in {Verdict.ERROR, Verdict.FAIL}:
        said = "could not be judged" if found.finding.verdict is Verdict.ERROR else "fails"
        return f"{about} {said}{limit}: {reason or 'there is no value'}. {remedy}".strip()
    more = f"; about {found.finding.n_more:,} more would settle it" if found.finding.n_more else ""
    return f"{about} is not settled{limit}: {reason or 'there is too little evidence'}{more}."


def _suite_sentence(name: str, suite: SuiteResult | None, reason: str) -> str:
    title = f"Suite {one_line(name, limit=80)}"
    if suite is None:
        return f"{title} left no result: {reason or 'it was expected but never reported'}."
    bad = first_bad_case(suite)
    warned = one_line(suite.warned, limit=1000)
    if suite.outcome in GOOD and bad is None:
        but = f", but {warned}" if warned else ""
        return f"{title} {suite.outcome}: {count(len(suite.cases), 'case')} in {duration(suite.duration_seconds)}{but}."
    number = sum(case.outcome not in GOOD for case in suite.cases)
    own = "" if bad is not None and _says_the_same(suite.reason, bad) else one_line(suite.reason or "").rstrip(".")
    clauses = [own or (reason if bad is None else "")]
    if bad is not None:
        clauses.append(f"{number} of {count(len(suite.cases), 'case')} did not pass, first {describe_case(bad)}")
    clauses.append(f"also {warned}" if warned else "")
    outcome = suite.outcome.replace("_", " ") if suite.outcome not in GOOD else "did not pass"
    return f"{title} {outcome}: {'; '.join(clause.rstrip('.') for clause in clauses if clause) or 'no case ran'}."


def _says_the_same(reason: str | None, case: CaseResult) -> bool:
    return reason is not None and case.error is not None and reason.startswith(f"{case.title}: {case.error.type}: ")


def _is_a_count(found: Found) -> bool:
    """Say whether the subject is a plural that is counted: "Restarts: 0" reads better than "Restarts is 0"."""
    return found.unit == "" and found.finding.unit != ""


def _is_zero(found: Found) -> bool:
    return not any(digit in "123456789" for digit in found.measured.number)


def _unsigned(found: Found) -> str:
    return found.measured.number.lstrip("+−")
