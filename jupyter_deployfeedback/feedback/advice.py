"""What a reader should do: about one finding without data, and about the run as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass

from jupyter_deployfeedback.domain.feedback import ExampleRow, FailureRow
from jupyter_deployfeedback.domain.metric import Family
from jupyter_deployfeedback.domain.rules.rule import SubjectKind
from jupyter_deployfeedback.domain.run import Commit, Evidence, Outcome, SuiteResult, TargetFacts
from jupyter_deployfeedback.domain.verdict import Continuing, ReasonKind, Verdict
from jupyter_deployfeedback.feedback.escaping import one_line
from jupyter_deployfeedback.feedback.failures import blamed
from jupyter_deployfeedback.feedback.history_notices import named
from jupyter_deployfeedback.feedback.quantities import count
from jupyter_deployfeedback.feedback.sentences import GOOD, describe_case, first_bad_case
from jupyter_deployfeedback.feedback.worded_finding import Found

TAG = "Tag the release: jupyter deployfeedback release VERSION, or “Tag release” in the panel."
_BY_CAUSE = {
    ReasonKind.NEVER_ASKED: "Let a suite ask the model: jdf.evaluate(jdf.connect(), inputs, truth), then run again.",
    ReasonKind.NOTHING_LIMITED: "Add a rule to deployfeedback.yaml, or a check to a suite, then run again.",
    ReasonKind.SENDER_LATE: "Lower the rate of jdf.load, or load from a machine with more to spare, then run again.",
}


@dataclass(frozen=True)
class Situation:
    """All that the advice depends on."""

    verdict: Verdict
    found: Sequence[Found]
    evidence: Evidence
    broken: Sequence[ExampleRow]
    differences: Sequence[str]
    baseline: str
    commit: Commit | None
    run_id: str = ""
    continuing: Continuing | None = None
    failures: Sequence[FailureRow] = ()

    @property
    def blamed(self) -> FailureRow | None:
        """Why many requests behind the worst findings have no answer, None where most have one."""
        return blamed(_worst(self), self.failures)

    @property
    def down(self) -> TargetFacts | None:
        """The side that was not ready when the run began, None where all were."""
        sides = [self.evidence.candidate] + ([self.evidence.baseline] if self.evidence.baseline else [])
        return next((side.facts for side in sides if not side.facts.ready), None)

    @property
    def broken_suite(self) -> SuiteResult | None:
        """The worst suite that did not pass, None where all did."""
        bad = [suite for suite in self.evidence.suites if suite.outcome not in GOOD]
        order = [Outcome.ERRORED, Outcome.FAILED, Outcome.NOT_RUN]
        return min(bad, key=lambda suite: order.index(suite.outcome), default=None)


def remedy(found: Found, situation: Situation) -> str:
    """Say what gives a missing number where that is not what its reason names; else empty."""
    if situation.evidence.imported is not None:
        return ""
    if found.finding.subject.kind is SubjectKind.MODEL_VERSION:
        return "Deploy the version you mean to release, or correct expect_version in deployfeedback.yaml."
    if situation.down is not None:
        begin = "Start" if situation.down.url else "Give the address of"
        return one_line(situation.down.remedy) or f"{begin} {one_line(situation.down.target, limit=40)} first."
    lost = blamed([found], situation.failures)
    if lost is not None:
        return one_line(lost.remedy)
    suite = situation.broken_suite
    if suite is not None and found.family is not Family.PLATFORM:
        return f"Mend suite {one_line(suite.suite.name, limit=60)} first."
    return ""


def next_step(situation: Situation) -> str:
    """Say in one or two sentences what to do now."""
    match situation.verdict:
        case Verdict.PASS:
            return _tag(situation)
        case Verdict.WARN:
            return f"Read the warning first. {_tag(situation)}"
        case Verdict.INCONCLUSIVE:
            return _gather_more(situation)
        case Verdict.FAIL:
            return _mend(situation)
        case Verdict.ERROR:
            return _restore(situation)


def _tag(situation: Situation) -> str:
    commit, evidence = situation.commit, situation.evidence
    if commit is None and evidence.no_commit:
        return f"{evidence.no_commit} Then run again: a tag needs a commit."
    if commit is None:
        return "Put the project under git and run again: a tag needs a commit."
    if commit.dirty:
        files = f"{count(len(commit.dirty), 'file')} that {'differs' if len(commit.dirty) == 1 else 'differ'}"
        return f"Commit the {files} from {commit.sha[:8]} and run again: a tag must hold what was tested."
    if commit.hidden:
        again = " && ".join(commit.hidden.values())
        return (
            f"Let git look at {named(commit.hidden)} again, `{again}`, then run again: a tag must hold what was tested."
        )
    if evidence.written:
        return (
            f"Let the suites leave {named(evidence.written)} as it is, then run again: a tag must hold what was tested."
        )
    return TAG


def _gather_more(situation: Situation) -> str:
    open_ones = [found for found in _worst(situation) if found.finding.n_more]
    if open_ones:
        most = max(open_ones, key=lambda found: found.finding.n_more or 0)
        return _send_more(most, situation)
    for kind, advice in _BY_CAUSE.items():
        if any(found.finding.because(kind) for found in _worst(situation)):
            return advice
    if any(not found.about_a_number for found in _worst(situation)):
        return "Add a rule with an absolute limit to deployfeedback.yaml, then run again."
    live = situation.evidence.baseline is not None
    return f"Let the suites send more requests{'' if live else ', or compare with a live baseline'}, then run again."


def _send_more(most: Found, situation: Situation) -> str:
    """Say how to send what is missing: to this run where it can be continued, else anew."""
    now = f" (there were {most.finding.n:,})" if most.finding.n is not None else ""
    more = f"about {count(most.finding.n_more or 0, f'more {most.noun}')}{now}"
    continuing = situation.continuing
    if continuing is None:
        return f"Run again with {more}: that would settle {most.subject}."
    if continuing.obstacle is not None:
        return f"{continuing.obstacle} {continuing.remedy} {most.subject[0].upper()}{most.subject[1:]} needs {more}."
    command = f"jupyter deployfeedback run --continue {one_line(situation.run_id, limit=60)}"
    return f"Send {more} to settle {most.subject}: {command}, or the button in the panel."


def _mend(situation: Situation) -> str:
    if situation.blamed is not None:
        return _cause(situation.blamed.remedy)
    suite = situation.broken_suite
    if suite is not None:
        return _open(suite)
    if situation.broken:
        ids = ", ".join(one_line(example.example_id, limit=40) for example in situation.broken[:5])
        rest = " and more" if len(situation.broken) > 5 else ""
        number = count(len(situation.broken), "example")
        return f"Look at the {number} that only {situation.baseline} got right: {ids}{rest}."
    if situation.differences:
        changed = ", ".join(one_line(what, limit=60) for what in situation.differences[:4])
        return f"Look at what changed since {situation.baseline}: {changed}."
    return "Improve the candidate and run again; if the limit is wrong, change the rule in deployfeedback.yaml."


def _restore(situation: Situation) -> str:
    if situation.evidence.imported is not None:
        return f"Compare a run with it: jupyter deployfeedback run --against {one_line(situation.run_id, limit=60)}"
    down = situation.down
    if down is not None and down.url is None:
        name = one_line(down.target, limit=40)
        return f"Give the address of {name} and run again: --url {name}=http://HOST:PORT"
    if down is not None and down.url is not None:
        place = f"{one_line(down.target, limit=40)} at {one_line(down.url, limit=120)}"
        start = f"Start {place}, or correct its url in deployfeedback.yaml"
        return _cause(f"{place}: {down.remedy[0].lower()}{down.remedy[1:]}" if down.remedy else start)
    if situation.blamed is not None:
        return _cause(situation.blamed.remedy)
    suite = situation.broken_suite
    if suite is not None:
        return _open(suite)
    worst = _worst(situation)
    advice = remedy(worst[0], situation) if worst else ""
    return advice or "Remove the cause named above, then run again."


def _cause(remedy: str) -> str:
    return f"{one_line(remedy).rstrip('.')}, then run again."


def _open(suite: SuiteResult) -> str:
    case, source = first_bad_case(suite), one_line(suite.suite.source, limit=120)
    if case is None:
        return f"Mend {source}, then run again: {one_line(suite.reason or 'no case ran').rstrip('.')}."
    return f"Open {source} at {describe_case(case).rstrip('.')}. Mend it, then run again."


def _worst(situation: Situation) -> list[Found]:
    return [found for found in situation.found if found.counted and found.finding.verdict is situation.verdict]
