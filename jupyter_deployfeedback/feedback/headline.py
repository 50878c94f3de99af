"""The verdict in one sentence of plain English."""

from collections.abc import Iterable

from jupyter_deployfeedback.domain.verdict import ReasonKind, Verdict
from jupyter_deployfeedback.feedback.advice import Situation
from jupyter_deployfeedback.feedback.escaping import one_line
from jupyter_deployfeedback.feedback.quantities import count
from jupyter_deployfeedback.feedback.worded_finding import Found


def headline(situation: Situation, *, candidate: str, baseline: str | None, notices: Iterable[str]) -> str:
    """Say what the verdict means for the candidate; ``baseline`` is None where there was nothing to compare with."""
    found = situation.found
    match situation.verdict:
        case Verdict.PASS:
            return f"Pass: {_good(found, candidate, baseline)}."
        case Verdict.WARN:
            return f"Warn: {candidate} may be released, but {_doubt(found)}."
        case Verdict.FAIL:
            return f"Fail: {_bad(found, candidate, baseline)}."
        case Verdict.INCONCLUSIVE:
            return f"Inconclusive: {_open(found, candidate, baseline)}."
        case Verdict.ERROR:
            return f"Error: {candidate} could not be judged: {_cause(situation, notices)}."


def _good(found: Iterable[Found], candidate: str, baseline: str | None) -> str:
    counted = [each for each in found if each.counted]
    rules, suites = [each for each in counted if each.suite is None], [each for each in counted if each.suite]
    held = [f"{_all(len(rules), 'rule')} hold{'s' if len(rules) == 1 else ''}"] if rules else []
    held += [f"{_all(len(suites), 'suite')} pass{'es' if len(suites) == 1 else ''}"] if suites else []
    if baseline is None:
        return f"{candidate} meets its limits: {' and '.join(held)}; it was compared with nothing"
    claim = f"is as good as {baseline}" if any(each.signed for each in rules) else "meets its limits"
    return f"{candidate} {claim}: {' and '.join(held)}" if held else f"{candidate} {claim}"


def _doubt(found: Iterable[Found]) -> str:
    """Say what to look at; where every rule holds, only on weak evidence, say that instead."""
    warned = _with(found, Verdict.WARN)
    subjects = _subjects(warned, Verdict.WARN)
    if all(each.finding.because(ReasonKind.WEAK_EVIDENCE) for each in warned):
        return f"the evidence on {subjects} is weak"
    return f"look at {subjects}"


def _bad(found: Iterable[Found], candidate: str, baseline: str | None) -> str:
    failed = _with(found, Verdict.FAIL)
    if failed and baseline is not None and all(each.signed for each in failed):
        return f"{candidate} is worse than {baseline} in {_subjects(failed, Verdict.FAIL)}"
    return f"{candidate} does not meet its limits: {_subjects(failed, Verdict.FAIL)}"


def _open(found: Iterable[Found], candidate: str, baseline: str | None) -> str:
    unsettled = _with(found, Verdict.INCONCLUSIVE)
    if not unsettled:
        return f"nothing about {candidate} could be judged"
    if not unsettled[0].about_a_number:
        return f"{candidate} cannot be judged: {unsettled[0].reason}"
    question = "meets its limits" if baseline is None else f"is as good as {baseline}"
    return f"too little evidence on {_subjects(unsettled, Verdict.INCONCLUSIVE)} to say that {candidate} {question}"


def _cause(situation: Situation, notices: Iterable[str]) -> str:
    if situation.evidence.imported is not None:
        return "it was imported, and a stored document has no samples and no outcomes"
    down = situation.down
    if down is not None:
        problem = one_line(down.problem or "it did not answer").rstrip(".")
        return f"{one_line(down.target, limit=40)} is not ready: {problem}"
    told = [each for each in _with(situation.found, Verdict.ERROR) if not each.about_a_number and each.suite is None]
    if told and told[0].reason:
        return told[0].reason
    subjects = _subjects(situation.found, Verdict.ERROR)
    if subjects:
        return f"no usable result for {subjects}"
    return next((one_line(notice).rstrip(".") for notice in notices), "see below")


def _subjects(found: Iterable[Found], verdict: Verdict, *, most: int = 3) -> str:
    """Name what the findings of a verdict are about, each once: ``accuracy, latency p95 and 2 more``."""
    subjects = list(dict.fromkeys(each.subject for each in _with(found, verdict)))
    named, rest = subjects[:most], len(subjects) - most
    if rest > 0:
        return f"{', '.join(named)} and {rest} more"
    return " and ".join([", ".join(named[:-1]), named[-1]]) if len(named) > 1 else "".join(named)


def _with(found: Iterable[Found], verdict: Verdict) -> list[Found]:
    return [each for each in found if each.counted and each.finding.verdict is verdict]


def _all(number: int, noun: str) -> str:
    return f"the {noun}" if number == 1 else f"all {count(number, noun)}"
