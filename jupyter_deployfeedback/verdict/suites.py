"""What the suites and the target say for themselves, beside the rules."""

from collections.abc import Iterable, Iterator

from jupyter_deployfeedback.domain.evaluation import Evaluation, RequestState
from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Family
from jupyter_deployfeedback.domain.rules.rule import Subject, SubjectKind
from jupyter_deployfeedback.domain.run import CaseResult, Outcome, SuiteResult, TargetFacts
from jupyter_deployfeedback.domain.verdict import Finding, Reason, ReasonKind, Verdict
from jupyter_deployfeedback.errors import GeneratorSaturated


def judge_suites(suites: Iterable[SuiteResult], expected: Iterable[str]) -> Iterator[Finding]:
    """Yield one finding for each expected suite and each that ran; one without a result is ERROR."""
    results: dict[str, list[SuiteResult]] = {name: [] for name in expected}
    for each in suites:
        results.setdefault(each.suite.name, []).append(each)
    for name, found in results.items():
        if len(found) == 1:
            yield judge_suite(found[0])
        else:
            kind = ReasonKind.SEVERAL_RESULTS if found else ReasonKind.NO_RESULT
            reason = Reason(kind=kind, detail=str(len(found)))
            yield Finding(subject=_suite(name), verdict=Verdict.ERROR, reason=reason)


def is_late(result: SuiteResult) -> bool:
    """Say whether nothing stopped a suite but its sender: ``jdf.load`` could not send in time."""
    broken = {case.error.type for case in result.cases if case.error is not None}
    return result.outcome is Outcome.ERRORED and broken == {GeneratorSaturated.__name__}


def without_sender(findings: Iterable[Finding], suites: Iterable[SuiteResult]) -> Iterator[Finding]:
    """Yield the findings; where only the sender was late, what has no number for that is INCONCLUSIVE, no ERROR."""
    broken = [each for each in suites if each.outcome in {Outcome.ERRORED, Outcome.NOT_RUN}]
    late = bool(broken) and all(map(is_late, broken))
    for each in findings:
        metric = STANDARD_METRICS.get(each.subject.metric or "")
        sent = metric is not None and metric.family is Family.APPLICATION
        if late and sent and each.reason is not None and each.because(ReasonKind.MISSING):
            reason = Reason(kind=ReasonKind.SENDER_LATE, detail=each.reason.detail)
            yield each.model_copy(update={"verdict": Verdict.INCONCLUSIVE, "reason": reason})
        else:
            yield each


def judge_suite(result: SuiteResult) -> Finding:
    """Judge a suite by its cases: a failed one is FAIL, one that broke or was never reached ERROR, a warning WARN."""
    verdict, reason = _worst_case(result)
    return Finding(subject=_suite(result.suite.name), verdict=verdict, reason=reason, n=len(result.cases))


def judge_targets(*sides: TargetFacts) -> Iterator[Finding]:
    """Yield an ERROR for each target that was not ready when the run began, or no longer after a suite."""
    for side in sides:
        if not side.ready:
            reason = Reason(kind=ReasonKind.NOT_READY, detail=side.problem or "it is not ready")
            yield Finding(subject=_target(side.target), verdict=Verdict.ERROR, reason=reason)


def judge_answers(suites: Iterable[SuiteResult]) -> Iterator[Finding]:
    """Yield an ERROR for each evaluation or load of which no request was answered: it shows nothing of the model."""
    for result in suites:
        for each in result.evaluations:
            sent = _sent(each)
            if sent and RequestState.ANSWERED not in sent:
                said = f"none of the {len(sent)} requests of {each.name} in {result.suite.name} was answered"
                said += "".join(f": {why.told}" for why in each.candidate.reasons[:1])
                reason = Reason(kind=ReasonKind.NOTHING_ANSWERED, detail=said)
                yield Finding(subject=_target(each.candidate.target), verdict=Verdict.ERROR, reason=reason)


def judge_proof(suites: tuple[SuiteResult, ...], candidate: TargetFacts, *, ruled: bool) -> Iterator[Finding]:
    """Yield what keeps a run from being a test: no suite asked the target, or nothing in it could fail.

    INCONCLUSIVE, and WARN where a suite's part cannot be seen. ``ruled``: a rule was judged. Nothing is said where a
    suite broke: then nobody knows what it would have asked.
    """
    if not suites or any(each.outcome in {Outcome.ERRORED, Outcome.NOT_RUN} for each in suites):
        return
    named = f"suite{'s' * (len(suites) > 1)} {_listed({each.suite.name for each in suites})}"
    if not any(each.proof.asked or any(map(_sent, each.evaluations)) for each in suites):
        hidden = [each for each in suites if each.proof.asked is None]
        said = [f"whether the model was asked: suite {each.suite.name} {_unseen(each)}" for each in hidden]
        yield _untested(_target(candidate.target), ReasonKind.NEVER_ASKED, named, unseen=said)
    if not ruled and not any(each.proof.could_fail for each in suites):
        unread = [each.suite.name for each in suites if each.proof.could_fail is None]
        said = [f"whether anything could fail in suite {name}: only cells of Python are read" for name in unread]
        yield _untested(Subject(kind=SubjectKind.RULES), ReasonKind.NOTHING_LIMITED, named, unseen=said)


def _unseen(result: SuiteResult) -> str:
    return result.proof.unseen or "is of a kind that does not tell what it sends"


def _untested(subject: Subject, kind: ReasonKind, named: str, *, unseen: list[str]) -> Finding:
    if not unseen:
        return Finding(subject=subject, verdict=Verdict.INCONCLUSIVE, reason=Reason(kind=kind, detail=named))
    return Finding(subject=subject, verdict=Verdict.WARN, reason=Reason(kind=ReasonKind.UNSEEN, detail=min(unseen)))


def _sent(evaluation: Evaluation) -> list[RequestState]:
    return [state for state in evaluation.candidate.states if state is not RequestState.NOT_SENT]


def judge_versions(
    suites: Iterable[SuiteResult],
    candidate: TargetFacts,
    live: TargetFacts | None = None,
    *,
    expect_version: str | None,
) -> Iterator[Finding]:
    """Yield an ERROR where another model version answered than expected, or where it changed during the run."""
    answers = [(each.candidate, each.baseline) for suite in suites for each in suite.evaluations]
    seen = _said(candidate) | {version for side, _ in answers for version in side.versions}
    before = _said(live) | {version for _, side in answers if side is not None for version in side.versions}
    if len(seen) > 1:
        yield _version_changed(candidate.target, seen)
    if len(before) > 1:
        yield _version_changed("the baseline", before)
    if expect_version is not None and seen != {expect_version} and len(seen) < 2:
        found = _listed(seen) if seen else "a target that does not say its version"
        expected = f"version {expect_version} is expected, {found} answered"
        yield _version_error(Reason(kind=ReasonKind.OTHER_VERSION, detail=expected))


def _said(side: TargetFacts | None) -> set[str]:
    return {version for version in (side.model_version, *side.later_versions) if version} if side else set()


def _worst_case(result: SuiteResult) -> tuple[Verdict, Reason | None]:
    broken = [case for case in result.cases if case.outcome in {Outcome.ERRORED, Outcome.NOT_RUN}]
    if is_late(result):
        return Verdict.INCONCLUSIVE, Reason(kind=ReasonKind.SENDER_LATE, detail=_told(broken))
    if result.outcome in {Outcome.ERRORED, Outcome.NOT_RUN} or broken:
        told = [case for case in broken if case.outcome is Outcome.ERRORED] or broken
        return Verdict.ERROR, _of_cases(result.reason or _told(told) or "it did not run to its end")
    failed = [case for case in result.cases if case.outcome is Outcome.FAILED]
    if result.outcome is Outcome.FAILED or failed:
        return Verdict.FAIL, _of_cases(_told(failed) or result.reason or "it failed")
    if not any(case.outcome is Outcome.PASSED for case in result.cases):
        return Verdict.ERROR, Reason(kind=ReasonKind.NO_CASE_RAN)
    if result.warnings:
        return Verdict.WARN, Reason(kind=ReasonKind.RAISED_NOTHING, detail=result.warned)
    return Verdict.PASS, None


def _told(cases: list[CaseResult]) -> str:
    """Return the first case with its message, and how many more there are."""
    if not cases:
        return ""
    first = cases[0]
    said = f"{first.title}: {first.error.message}" if first.error else f"{first.title}: {first.outcome.value}"
    return f"{said} (and {len(cases) - 1} more)" if len(cases) > 1 else said


def _of_cases(detail: str) -> Reason:
    return Reason(kind=ReasonKind.CASES, detail=detail)


def _suite(name: str) -> Subject:
    return Subject(kind=SubjectKind.SUITE, name=name)


def _target(name: str) -> Subject:
    return Subject(kind=SubjectKind.TARGET, name=name)


def _version_changed(of: str, versions: set[str]) -> Finding:
    said = f"{of} changed its version during the run: {_listed(versions)}"
    return _version_error(Reason(kind=ReasonKind.VERSION_CHANGED, detail=said))


def _version_error(reason: Reason) -> Finding:
    return Finding(subject=Subject(kind=SubjectKind.MODEL_VERSION), verdict=Verdict.ERROR, reason=reason)


def _listed(versions: set[str]) -> str:
    return ", ".join(sorted(versions))
