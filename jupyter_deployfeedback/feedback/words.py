"""The words and icons of verdicts, outcomes and changes; state is always icon and word, never colour alone."""

from jupyter_deployfeedback.domain.comparison import Change
from jupyter_deployfeedback.domain.feedback import FeedbackReport, FindingText
from jupyter_deployfeedback.domain.metric import Family
from jupyter_deployfeedback.domain.suite import Outcome
from jupyter_deployfeedback.domain.verdict import GateState, Standing, Verdict

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
GATE_WORDS = {GateState.OPEN: "gate open", GateState.CLOSED: "gate closed"}


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
