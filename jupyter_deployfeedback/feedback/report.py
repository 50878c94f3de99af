"""Everything a run found out -> one FeedbackReport, the only thing that renderings read."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from jupyter_deployfeedback.domain.base import shared_fields
from jupyter_deployfeedback.domain.comparison import Comparison, Difference
from jupyter_deployfeedback.domain.feedback import Examples, FeedbackReport, FindingText, History, RunFacts
from jupyter_deployfeedback.domain.run import Evidence, Run, RunState
from jupyter_deployfeedback.domain.verdict import Judgement, ReasonKind, Verdict
from jupyter_deployfeedback.feedback import rows
from jupyter_deployfeedback.feedback.advice import Situation, next_step, remedy
from jupyter_deployfeedback.feedback.escaping import one_line
from jupyter_deployfeedback.feedback.failures import explaining, failure_rows, retries
from jupyter_deployfeedback.feedback.history_notices import of_the_checkout, of_the_past
from jupyter_deployfeedback.feedback.quantities import count
from jupyter_deployfeedback.feedback.sentences import sentence
from jupyter_deployfeedback.feedback.worded_finding import Found, read_findings


def build_report(
    run: Run,
    evidence: Evidence,
    comparison: Comparison,
    judgement: Judgement,
    *,
    project_file: str | None = None,
    history: History | None = None,
) -> FeedbackReport:
    """Gather a run's feedback: findings worst first, metrics by family, each number also in words.

    A run that is still going counts as finished when its last suite was. ``project_file`` is the sha256 of the file
    that the rules stand in, ``history`` what came before the run.
    """
    past = history or History()
    facts = _run_facts(run, evidence, comparison, judgement=judgement, history=past)
    found = read_findings(judgement, comparison)
    baseline = one_line(comparison.baseline or "the release", limit=60)
    broken = rows.example_rows(comparison.broken, evidence.suites)
    situation = Situation(
        verdict=judgement.verdict,
        found=found,
        evidence=evidence,
        broken=broken,
        differences=[difference.what for difference in comparison.differences],
        baseline=baseline,
        commit=run.commit,
        run_id=run.run_id,
        continuing=past.continuing,
        failures=failure_rows(evidence),
    )
    of_before = (*retries(evidence), *of_the_past(past, run.commit), *of_the_checkout(evidence))
    told = (*judgement.notices, *comparison.notices, *of_before)
    notices = tuple(dict.fromkeys(one_line(text) for text in told))
    return FeedbackReport(
        run=facts,
        verdict=judgement.verdict,
        gate=judgement.gate,
        exit_code=judgement.verdict.exit_code,
        headline=headline(situation, candidate=candidate_name(facts), baseline=baseline_name(facts), notices=notices),
        next_step=next_step(situation),
        notices=notices,
        findings=tuple(_finding_text(each, situation, look=past.look) for each in found),
        failures=situation.failures,
        metrics=rows.metric_rows(comparison.deltas),
        suites=tuple(rows.suite_row(suite) for suite in evidence.suites),
        examples=Examples(broken=broken, fixed=rows.example_rows(comparison.fixed, evidence.suites)),
        changes=(*comparison.differences, *_removed_rules(past)),
        distributions=comparison.distributions,
        series=rows.series_rows(evidence),
        windows=rows.windows_rows(evidence),
        digests=rows.digests(run, evidence, project_file=project_file),
        continuing=past.continuing,
        imported=evidence.imported,
    )


def _removed_rules(past: History) -> Iterator[Difference]:
    for rule in past.removed:
        yield Difference(what=f"rule {rule}", before="judged", after="removed")


def candidate_name(facts: RunFacts) -> str:
    """Return what the candidate is called in running text: ``digits candidate 2.1.0``."""
    parts = (facts.project, facts.target, facts.model_version)
    return " ".join(one_line(part, limit=60) for part in parts if part)


def baseline_name(facts: RunFacts) -> str | None:
    """Return what the baseline is called in running text: ``released 2.0.0``; None where there is none."""
    if facts.baseline is None:
        return None
    return " ".join(one_line(part, limit=60) for part in (facts.baseline, facts.baseline_version) if part)


def _run_facts(
    run: Run, evidence: Evidence, comparison: Comparison, *, judgement: Judgement, history: History
) -> RunFacts:
    candidate, baseline = evidence.candidate.facts, evidence.baseline
    finished_at = run.finished_at or max((suite.finished_at for suite in evidence.suites), default=None)
    return RunFacts(
        run_id=run.run_id,
        state=run.state if run.state.terminal else RunState.FINISHED,
        project=run.project,
        target=candidate.target,
        baseline=comparison.baseline,
        commit=run.commit.sha if run.commit else None,
        dirty=bool(run.commit and run.commit.dirty),
        written=evidence.written,
        no_commit=evidence.no_commit,
        first_release=judgement.first_release and not history.alone,
        self_test=judgement.self_test,
        paired=comparison.paired,
        started_at=run.started_at,
        finished_at=finished_at,
        duration_seconds=_seconds_between(run.started_at, finished_at),
        window_seconds=evidence.window.seconds if evidence.window else None,
        look=history.look,
        continues=history.continues,
        attempts=history.attempts,
        url=candidate.url,
        model_version=candidate.model_version,
        baseline_version=baseline.facts.model_version if baseline else None,
        namespace=candidate.namespace,
        baseline_namespace=baseline.facts.namespace if baseline else None,
        page=run.commit.page if run.commit and not run.commit.dirty else None,
    )


def _seconds_between(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else max(0.0, (end - start).total_seconds())


def _finding_text(found: Found, situation: Situation, *, look: tuple[int, int]) -> FindingText:
    finding = found.finding
    suites = {suite.suite.name: suite for suite in situation.evidence.suites}
    return FindingText(
        **shared_fields(finding, FindingText) | {"metric_unit": finding.metric_unit or found.metric_unit},
        rule=finding.subject.text,
        expression=finding.expression_text,
        sentence=sentence(found, baseline=situation.baseline, suites=suites, remedy=remedy(found, situation)),
        text=found.numbers,
        failures=explaining(found, situation.failures),
        look=look if finding.interval else None,  # what is compared exactly takes no look
    )


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
