"""What the renderings for people show beside findings and tables, as plain text: title, run facts, notes."""

from collections.abc import Iterator

from jupyter_deployfeedback.domain.base import Scalar
from jupyter_deployfeedback.domain.comparison import Change
from jupyter_deployfeedback.domain.feedback import (
    ExampleRow,
    FailureRow,
    FeedbackReport,
    FindingText,
    MetricRow,
    SuiteRow,
)
from jupyter_deployfeedback.domain.metric import Family
from jupyter_deployfeedback.domain.run import CaseResult, Outcome
from jupyter_deployfeedback.domain.verdict import GateState, Standing, Verdict
from jupyter_deployfeedback.feedback.escaping import one_line
from jupyter_deployfeedback.feedback.quantities import MISSING, count, duration

MOST_EXAMPLES = 10
VERDICT_ICONS = {
    Verdict.PASS: "✓",
    Verdict.WARN: "!",
    Verdict.INCONCLUSIVE: "?",
    Verdict.FAIL: "✗",
    Verdict.ERROR: "⊘",
}
OUTCOME_ICONS = {
    Outcome.PASSED: "✓",
    Outcome.SKIPPED: "–",
    Outcome.NOT_RUN: "○",
    Outcome.FAILED: "✗",
    Outcome.ERRORED: "⊘",
}
CHANGE_ICONS = {
    Change.IMPROVED: "▲",
    Change.UNCHANGED: "=",
    Change.REGRESSED: "▼",
    Change.ADDED: "+",
    Change.REMOVED: "−",
    Change.UNKNOWN: "?",
}
STANDING_WORDS = {Standing.INFO: "information", Standing.NOT_JUDGED: "not judged"}
FAMILY_TITLES = {
    Family.MODEL: "Model metrics",
    Family.APPLICATION: "Application metrics",
    Family.PLATFORM: "Platform metrics",
}
FAILURES_TITLE = "Requests without an answer"
GATE_WORDS = {GateState.OPEN: "gate open", GateState.CLOSED: "gate closed"}


def title(report: FeedbackReport) -> str:
    """Return what was compared with what: ``digits: candidate 2.1.0 against released 2.0.0``."""
    run = report.run
    candidate = " ".join(one_line(part, limit=60) for part in (run.target, run.model_version) if part)
    if run.baseline is None:
        alone = "first release" if run.first_release else "compared with nothing"
        return f"{one_line(run.project, limit=60)}: {candidate}, {alone}"
    baseline = " ".join(one_line(part, limit=60) for part in (run.baseline, run.baseline_version) if part)
    return f"{one_line(run.project, limit=60)}: {candidate} against {baseline}"


def sides(report: FeedbackReport, *, limit: int = 60) -> tuple[str, str | None]:
    """Return the column titles of candidate and baseline; None where there was nothing to compare with."""
    baseline = report.run.baseline
    return one_line(report.run.target, limit=limit), None if baseline is None else one_line(baseline, limit=limit)


def family_rows(report: FeedbackReport, family: Family) -> list[MetricRow]:
    """Return the rows of one of the three tables."""
    return [row for row in report.metrics if row.family is family]


def notes(rows: list[MetricRow]) -> list[str]:
    """Return why numbers are missing, and what is to be known about those that are there; same texts together."""
    texts: dict[str, list[str]] = {}
    for row in rows:
        for text in (row.missing_because, *row.notices):
            if text:
                texts.setdefault(one_line(text), []).append(row.text.label)
    return [f"{', '.join(labels)}: {text}" for text, labels in texts.items()]


def queries(rows: list[MetricRow]) -> list[str]:
    """Return what was asked where for the numbers of the rows, same questions together."""
    asked: dict[str, list[str]] = {}
    for row in rows:
        if row.query:
            asked.setdefault(one_line(f"{row.source}: {row.query}", limit=600), []).append(row.text.label)
    return [f"{', '.join(labels)}, from {text}" for text, labels in asked.items()]


def run_facts(report: FeedbackReport) -> list[tuple[str, str]]:
    """Return which run this is the feedback of, as (name, value) pairs."""
    run = report.run
    commit = f"{run.commit[:12]}{', with uncommitted changes' if run.dirty else ''}" if run.commit else "none"
    facts = [
        ("run", one_line(run.run_id, limit=80)),
        ("commit", one_line(commit, limit=80)),
        *_times(report),
        ("compared", _pairing(report)),
        ("self-test", one_line(run.self_test, limit=200)),
        ("exit code", str(report.exit_code)),
    ]
    if run.look != (1, 1):
        facts.append(("look", _look(report)))
    if run.attempts is not None:
        facts.append(("attempt", f"{run.attempts} {'at this commit' if run.commit else 'without a commit'}"))
    if run.url:
        facts.insert(1, ("target", one_line(run.url, limit=200)))
    return [(name, value) for name, value in facts if value]


def metric_line(row: MetricRow, report: FeedbackReport) -> str:
    """Return a row in one line: ``97.4 % (released 97.8 %, −0.40 pp [−0.96, +0.11], = unchanged)``."""
    if report.run.baseline is None:
        return row.text.value
    baseline = f"{one_line(report.run.baseline, limit=60)} {row.text.baseline}"
    return f"{row.text.value} ({baseline}, {row.text.difference}, {change_word(row.change)})"


def failure_lines(row: FailureRow) -> list[str]:
    """Return what is told of requests without an answer: the reason, then one of them, and what to do."""
    shown = (("sent", row.sent), ("came back", row.reply), ("what to do", row.remedy))
    return [one_line(row.text, limit=600), *(one_line(f"{name}: {text}", limit=400) for name, text in shown if text)]


def legend(report: FeedbackReport) -> str:
    """Say what the brackets mean; empty where there are none."""
    levels = sorted({finding.confidence for finding in report.findings if finding.interval and finding.confidence})
    if not levels:
        return "Brackets hold the 90 % interval." if any(row.interval for row in report.metrics) else ""
    return f"Brackets hold the {' and '.join(f'{100 * level:.4g} %' for level in levels)} interval."


def suites_line(suite: SuiteRow) -> str:
    """Return a suite's size and time, with the reason where it did not pass: ``7 cases in 3.10 s``."""
    if not suite.cases:
        return one_line(suite.reason or "no case ran")
    line = f"{count(len(suite.cases), 'case')} in {duration(suite.duration_seconds)}"
    return f"{line}: {one_line(suite.reason)}" if suite.reason else line


def cases_to_show(suite: SuiteRow) -> Iterator[CaseResult]:
    """Yield the cases of a suite that did not pass."""
    return (case for case in suite.cases if case.outcome not in {Outcome.PASSED, Outcome.SKIPPED})


def case_error(case: CaseResult) -> str:
    """Return a case's error on one line, empty where it has none."""
    return f"{one_line(case.error.type, limit=80)}: {one_line(case.error.message)}" if case.error else ""


def example_name(example: ExampleRow) -> str:
    """Return what an example is called, and at how many points of a matrix it is listed: ``7 (2 points)``."""
    points = f" ({count(example.points, 'point')})" if example.points > 1 else ""
    return f"{one_line(example.example_id, limit=80)}{points}"


def scalar(value: Scalar) -> str:
    """Return a label or prediction on one line; a missing one is an em dash."""
    return MISSING if value is None else one_line(str(value), limit=60)


def _times(report: FeedbackReport) -> list[tuple[str, str]]:
    run = report.run
    began = f"{run.started_at:%Y-%m-%d %H:%M:%S} UTC" if run.started_at else MISSING
    if report.imported is not None:
        return [("imported", began)]
    return [("started", began), ("took", duration(run.duration_seconds)), ("window", duration(run.window_seconds))]


def _look(report: FeedbackReport) -> str:
    """Return which of the planned looks this is, and whose samples were looked at too."""
    taken, planned = report.run.look
    continued = f", continues {one_line(report.run.continues, limit=60)}" if report.run.continues else ""
    return f"{taken} of {planned} planned{continued}"


def _pairing(report: FeedbackReport) -> str:
    if report.run.baseline is None:
        return "with nothing: first release" if report.run.first_release else "with nothing"
    return "the same examples sent to both, interleaved" if report.run.paired else "with the baseline's stored run"


def gate_words(report: FeedbackReport) -> str:
    """Say whether the gate is open, and whether waivers opened it."""
    waived = report.gate is GateState.OPEN and report.verdict not in {Verdict.PASS, Verdict.WARN}
    return f"{GATE_WORDS[report.gate]}, by waiver" if waived else GATE_WORDS[report.gate]


def finding_word(finding: FindingText) -> str:
    """Return icon and word of a finding: its verdict, or why it does not count."""
    if finding.standing is Standing.COUNTED:
        return f"{VERDICT_ICONS[finding.verdict]} {finding.verdict}"
    return f"· {STANDING_WORDS[finding.standing]}"


def finding_tone(finding: FindingText) -> str:
    """Return the name of a finding's colour: its verdict, or ``quiet`` where it does not count."""
    return finding.verdict.value if finding.standing is Standing.COUNTED else "quiet"


def outcome_word(outcome: Outcome) -> str:
    """Return icon and word of an outcome."""
    return f"{OUTCOME_ICONS[outcome]} {outcome.replace('_', ' ')}"


def change_word(change: Change) -> str:
    """Return icon and word of a change."""
    return f"{CHANGE_ICONS[change]} {change}"
