"""The report people read, as one value; its JSON form is public and versioned."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BeforeValidator, model_validator

from jupyter_deployfeedback.domain.base import Frozen
from jupyter_deployfeedback.domain.comparison import Delta, Difference, Distribution, ExampleChange
from jupyter_deployfeedback.domain.evaluation import Failure
from jupyter_deployfeedback.domain.metric import STANDARD_METRICS
from jupyter_deployfeedback.domain.rules.language import parse_expression
from jupyter_deployfeedback.domain.rules.rule import Expression, RuleList, Subject, SubjectKind, opposite
from jupyter_deployfeedback.domain.run import CaseResult, Outcome, RunState
from jupyter_deployfeedback.domain.verdict import Continuing, Finding, GateState, Verdict, Waiver, opens
from jupyter_deployfeedback.errors import RuleSyntaxError

_WITHIN = r"(?:(?P<key>[^:}]*)(?::(?P<label>.*?))?)??,?(?:suite:(?P<point>.*))?"
_METRIC = re.compile(rf"(?P<name>[^{{]*)(?:\{{{_WITHIN}\}})?", re.DOTALL)


class RunFacts(Frozen):
    """Which run this is the feedback of."""

    run_id: str
    state: RunState
    project: str
    target: str
    baseline: str | None
    commit: str | None
    dirty: bool = False
    written: tuple[str, ...] = ()  # files that began to differ from the commit while the suites ran
    no_commit: str = ""  # why git gives no commit, where it refuses
    first_release: bool = False
    paired: bool = False
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    duration_seconds: float | None = None
    window_seconds: float | None = None
    url: str | None = None  # of the target, without user, password and query
    self_test: str = ""  # how the gate's test of itself went
    look: tuple[int, int] = (1, 1)  # which look it is of how many planned ones
    continues: str | None = None  # the run whose samples are judged with this one's
    attempts: int | None = None  # runs of this commit against this target since the last release, this one included
    model_version: str | None = None  # what the target and the baseline said they serve
    baseline_version: str | None = None
    namespace: str | None = None  # of Kubernetes, that of the target and of a live baseline
    baseline_namespace: str | None = None
    page: str | None = None  # where a browser finds the project's folder as it was tested, with a slash at its end


class Digest(Frozen):
    """What a run was made from, by its sha256: the project file, the files of a suite, the data of an evaluation.

    ``in_commit``: it is a file by its path in the project, and a tag's commit must hold these very bytes. Their sha256
    is of what was executed, "" where that is not known.
    """

    name: str
    sha256: str
    in_commit: bool = False


class FindingNumbers(Frozen):
    """How the numbers of a finding are written in every rendering; an em dash where there is none."""

    subject: str = ""  # what the rule is about, as it is read: "typical latency"
    value: str = "—"  # with its interval
    limit: str = "—"  # with its comparator
    candidate: str = "—"
    baseline: str = "—"
    n: str = "—"
    method: str = ""  # in words


class FailureRow(Failure):
    """Requests without an answer: of which side, where they were asked, and ``text``, that as people read it.

    ``of`` is how many requests the evaluation was to send to this side.
    """

    side: Literal["candidate", "baseline"]
    target: str
    suite: str
    evaluation: str
    of: int
    text: str


class FindingText(Finding):
    """One finding with its sentence. ``text`` holds the same numbers in readable units, ready to show.

    ``failures`` are requests without an answer that can explain it.

    ``rule`` and ``expression`` are subject and condition as they are read; nothing reads them back but what takes over
    a report of schema version 1, which had nothing else.
    """

    rule: str
    expression: str
    sentence: str
    look: tuple[int, int] | None = None
    text: FindingNumbers = FindingNumbers()
    failures: tuple[FailureRow, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _of_version_1(cls, given: Any) -> Any:  # noqa: ANN401 - whatever was stored
        if isinstance(given, dict) and "subject" not in given:
            return read_version_1(given["rule"], given["expression"]) | given
        return given


class MetricText(Frozen):
    """How the numbers of a metric are written in every rendering; an em dash where there is none."""

    value: str
    baseline: str
    difference: str  # with its interval
    label: str = ""  # the metric's name as it is read: "latency p95"


class MetricRow(Delta):
    """One row of one of the three tables, with its numbers as they are written."""

    text: MetricText


class SuiteRow(Frozen):
    """One suite with its cases. ``artifact`` names the executed copy among the run's artifacts.

    ``kernel`` says how its kernel was supplied, forked or started; None where it had none.
    """

    name: str
    kind: str
    source: str
    outcome: Outcome
    reason: str | None
    duration_seconds: float
    artifact: str | None
    kernel: str | None = None
    notices: tuple[str, ...]
    cases: tuple[CaseResult, ...]


class ExampleRow(ExampleChange):
    """An example that only one side got right, at so many ``points`` of its suite's matrix with the same answers."""

    points: int = 1


class Examples(Frozen):
    """``broken``: only the baseline got them right. ``fixed``: only the candidate did."""

    broken: tuple[ExampleRow, ...]
    fixed: tuple[ExampleRow, ...]


class SeriesRow(Frozen):
    """How a platform metric moved over the window on one side: (seconds since its start, value)."""

    metric: str
    unit: str
    side: Literal["candidate", "baseline"]
    points: tuple[tuple[float, float], ...]


class WindowsRow(Frozen):
    """A platform metric in each window of the loads, pair by pair; None where it was not seen."""

    metric: str
    unit: str
    candidate: tuple[float | None, ...]
    baseline: tuple[float | None, ...] | None


def _read_as_newest(version: object) -> object:
    return 2 if version == 1 else version  # each noun takes over its own older form


OPEN_BY_WAIVER = "The gate is open by waiver: tag the release, or mend what was waived and run again."


class WaiverRow(Waiver):
    """One waiver with its sentence; ``valid`` says whether it counted when the report was read."""

    valid: bool
    sentence: str


class FeedbackReport(Frozen):
    """The feedback: verdict, findings, three metric tables, suites, examples and what changed.

    ``headline`` is the verdict in one sentence; ``next_step`` says what to do now. ``waivers`` change what the gate
    permits, never the verdict.
    """

    schema_version: Annotated[Literal[2], BeforeValidator(_read_as_newest)] = 2
    run: RunFacts
    verdict: Verdict
    gate: GateState
    exit_code: int
    headline: str
    next_step: str
    notices: tuple[str, ...]
    findings: tuple[FindingText, ...]
    failures: tuple[FailureRow, ...] = ()  # all that are known, the most frequent first
    metrics: tuple[MetricRow, ...]
    suites: tuple[SuiteRow, ...]
    examples: Examples
    changes: tuple[Difference, ...]
    distributions: tuple[Distribution, ...]
    series: tuple[SeriesRow, ...]
    windows: tuple[WindowsRow, ...] = ()
    digests: tuple[Digest, ...] = ()
    waivers: tuple[WaiverRow, ...] = ()
    continuing: Continuing | None = None  # None where nothing is left open
    imported: dict[str, Any] | None = None  # AICoE-CI's document that all this was read from; None where a run saw it

    def with_waivers(self, waivers: Iterable[Waiver], *, now: datetime) -> Self:
        """Return the report with its waivers; the gate is open where all that close it are waived at this time."""
        rows = tuple(_waiver_row(each, now=now) for each in waivers)
        if not rows:
            return self
        opened = opens(self.verdict, self.findings, [row.finding for row in rows if row.valid])
        if not opened or self.gate is GateState.OPEN:
            return self.model_copy(update={"waivers": rows})
        return self.model_copy(update={"waivers": rows, "gate": GateState.OPEN, "next_step": OPEN_BY_WAIVER})


def _waiver_row(waiver: Waiver, *, now: datetime) -> WaiverRow:
    valid = waiver.is_valid(now)
    told = "is waived by {} until {}" if valid else "was waived by {}, but only until {}"
    sentence = f"{waiver.finding} {told.format(waiver.by, waiver.until)}: {waiver.reason.rstrip('.')}."
    return WaiverRow.model_construct(**dict(waiver), valid=valid, sentence=sentence)  # checked when it was given


class History(Frozen):
    """What a report says of the runs before this one.

    ``look`` is which look this is of how many planned ones, ``attempts`` how many runs of this commit against this
    target there were since ``release``, this one included. ``reused`` maps an evaluation to how many judged runs used
    its very data. ``removed`` are the rules that the last release was judged by and this run is not.
    ``passed_over`` are the releases, newest first, that have no stored run and are newer than ``compared_with``, the
    release that was compared with instead; None where no release has a run. ``alone`` says that a run was to be
    compared with nothing.
    """

    look: tuple[int, int] = (1, 1)
    continues: str | None = None
    attempts: int | None = None
    release: str | None = None
    reused: dict[str, int] = {}
    removed: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()
    compared_with: str | None = None
    alone: bool = False
    continuing: Continuing | None = None


def read_version_1(rule: str, expression: str) -> dict[str, Any]:
    """Return the fields that a finding has instead of its texts; as far as the texts tell, which is nearly always."""
    if not expression:
        return {"subject": _other(rule)}
    subject = _metric(rule)
    listed, _, text = expression.rpartition(": ")
    in_list = RuleList(listed) if listed in set(RuleList) else RuleList.PASS
    return {"subject": subject, "listed": in_list, "condition": _condition(subject.name, text, listed=in_list)}


def _other(rule: str) -> Subject:
    for kind in SubjectKind:
        if kind is not SubjectKind.METRIC and (rule == kind or rule.startswith(f"{kind} ")):
            return Subject(kind=kind, name=rule.removeprefix(kind).removeprefix(" "))
    return _metric(rule)


def _metric(rule: str) -> Subject:
    found = _METRIC.fullmatch(rule)
    if found is None:
        return Subject(name=rule)
    within = None if found["key"] is None else (found["key"], found["label"])
    return Subject(name=found["name"], slice=within, point=found["point"])


def _condition(name: str, text: str, *, listed: RuleList) -> Expression | None:
    try:
        expression = parse_expression(text, STANDARD_METRICS.get(name))
        return opposite(expression) if listed is RuleList.FAIL else expression
    except RuleSyntaxError:
        return None
