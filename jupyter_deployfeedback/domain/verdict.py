"""Verdicts, findings and their reasons, the gate, and waivers: what permits a release."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, StringConstraints

from jupyter_deployfeedback.domain.base import Frozen
from jupyter_deployfeedback.domain.rules.rule import Expression, RuleList, Subject

Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Verdict(StrEnum):
    """What the evidence says. Missing data is never PASS."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    WARN = "warn"
    INCONCLUSIVE = "inconclusive"
    FAIL = "fail"
    ERROR = "error"

    @property
    def severity(self) -> int:
        """How bad it is: ERROR > FAIL > INCONCLUSIVE > WARN > PASS."""
        return list(Verdict).index(self)

    @property
    def exit_code(self) -> int:
        """The exit code of ``jupyter deployfeedback run``."""
        return {Verdict.PASS: 0, Verdict.WARN: 0, Verdict.FAIL: 1, Verdict.INCONCLUSIVE: 3, Verdict.ERROR: 4}[self]


WAIVABLE = frozenset({Verdict.FAIL, Verdict.INCONCLUSIVE})
"""Of an ERROR nothing was judged, so there is nothing to answer for."""


class GateState(StrEnum):
    """Whether the verdict permits a release."""

    OPEN = "open"
    CLOSED = "closed"


class Standing(StrEnum):
    """Whether a finding counts for the run's verdict."""

    COUNTED = "counted"
    INFO = "info"  # shown, never counted: the rule says so
    NOT_JUDGED = "not_judged"  # a relative rule on a first release, or on a metric the baseline does not have


class ReasonKind(StrEnum):
    """Why a finding says what it says."""

    ANSWERED_TWICE = "answered_twice"
    BASELINE_UNKNOWN = "baseline_unknown"
    BELOW_FLOOR = "below_floor"
    BETWEEN_LIMITS = "between_limits"
    BEYOND_CAP = "beyond_cap"
    BY_DEFAULT = "by_default"
    CASES = "cases"
    COUNTED_NOTHING = "counted_nothing"
    FIRST_RELEASE = "first_release"
    INTERVAL_REVERSED = "interval_reversed"
    MISSING = "missing"
    NEVER_ASKED = "never_asked"
    NEW_METRIC = "new_metric"
    NO_CASE_RAN = "no_case_ran"
    NO_DATA_FAILS = "no_data_fails"
    NO_INTERVAL = "no_interval"
    NO_LABELS = "no_labels"
    NO_RESULT = "no_result"
    NOT_ANSWERED = "not_answered"
    NOT_FINITE = "not_finite"
    NOT_IN_BASELINE = "not_in_baseline"
    NOT_READY = "not_ready"
    NOT_SIGNIFICANT = "not_significant"
    NOTHING_ABSOLUTE = "nothing_absolute"
    NOTHING_ANSWERED = "nothing_answered"
    NOTHING_LIMITED = "nothing_limited"
    OTHER_VERSION = "other_version"
    RAISED_NOTHING = "raised_nothing"
    SELF_TEST_MISSED = "self_test_missed"
    SENDER_LATE = "sender_late"
    SEVERAL_RESULTS = "several_results"
    UNIT = "unit"
    UNSEEN = "unseen"
    VERSION_CHANGED = "version_changed"
    WEAK_EVIDENCE = "weak_evidence"
    WITHIN_WARNING = "within_warning"


MOST_MORE = 10
"""Times n: how many more samples are ever asked for. Beyond it a number would be a promise nobody can keep."""

_ABSOLUTE = "add a rule with an absolute limit"
_REASONS = {
    ReasonKind.ANSWERED_TWICE: "it was answered twice",
    ReasonKind.BASELINE_UNKNOWN: (
        "{}. Fetch the tags (git fetch --tags), use the store that has its run (DEPLOYFEEDBACK_STORE), "
        "import its numbers (import), or compare with nothing on purpose (--against none)"
    ),
    ReasonKind.BETWEEN_LIMITS: "beyond the pass limit, not beyond the limit that fails",
    ReasonKind.BEYOND_CAP: f"{{}}; cannot be settled within {MOST_MORE} times as many samples",
    ReasonKind.BY_DEFAULT: "judged by default, because no rule names it",
    ReasonKind.COUNTED_NOTHING: "nothing was counted, and the counter is there",
    ReasonKind.FIRST_RELEASE: "nothing to compare with",
    ReasonKind.INTERVAL_REVERSED: "its interval ends before it begins",
    ReasonKind.NEVER_ASKED: "the model was never asked: {} sent it no request",
    ReasonKind.NEW_METRIC: "new metric",
    ReasonKind.NO_CASE_RAN: "no case of it ran, so it shows nothing",
    ReasonKind.NO_DATA_FAILS: "no data, and the rule says on_no_data: fail: {}",
    ReasonKind.NO_INTERVAL: "it has no interval, and a point alone is never judged",
    ReasonKind.NO_LABELS: "no suite evaluated examples with a slice {!r}",
    ReasonKind.NO_RESULT: "it left no result",
    ReasonKind.NOT_ANSWERED: "nothing answered it",
    ReasonKind.NOT_FINITE: "it is not a finite number",
    ReasonKind.NOT_IN_BASELINE: f"the baseline does not have it; {_ABSOLUTE}",
    ReasonKind.NOT_SIGNIFICANT: "beyond the limit, but not beyond what chance gives among so many rules",
    ReasonKind.NOTHING_ABSOLUTE: f"nothing to compare with; {_ABSOLUTE}",
    ReasonKind.NOTHING_LIMITED: "nothing was limited: no rule was judged, and {} has no check and no assertion",
    ReasonKind.SELF_TEST_MISSED: "the gate's self-test missed: {}",
    ReasonKind.SENDER_LATE: "the sender could not keep up: {}",
    ReasonKind.SEVERAL_RESULTS: "{} results of the same name",
    ReasonKind.UNSEEN: "it cannot be seen {}",
    ReasonKind.WEAK_EVIDENCE: "weak evidence: {}",
    ReasonKind.WITHIN_WARNING: "beyond the pass limit, within the warn limit",
}
"""What is not listed says what ``detail`` says."""


class Reason(Frozen):
    """Why a finding says what it says; ``detail`` is what the stage that measured it, or a suite, told of it."""

    kind: ReasonKind
    detail: str = ""

    @property
    def text(self) -> str:
        """How it is read; nothing branches on it."""
        return _REASONS.get(self.kind, "{}").format(self.detail).removeprefix("; ")


class Finding(Frozen):
    """What one expression of one rule said, with its evidence.

    ``subject`` is what it is about, ``condition`` the expression of the rule, in its list ``listed``; without one it is
    about a suite, the target, its version or the gate. ``value`` is what was judged: the candidate's number, or the
    effect (difference, ratio - 1) where the rule is relative; ``candidate`` and ``baseline`` are the two sides' own
    numbers. ``interval`` surrounds ``value`` at ``confidence``. ``unit`` is that of ``value``, ``limit`` and
    ``interval``: a ratio's is ``%`` as a share of 1, a difference of shares' is ``pp`` as a share of 1. ``reason`` says
    why it is inconclusive, error, weak or not judged; None where the numbers say it all. ``facts`` are the raw numbers
    behind the estimate, as in ``Estimate.facts``.
    """

    subject: Subject
    condition: Expression | None = None
    listed: RuleList = RuleList.PASS
    verdict: Verdict
    standing: Standing = Standing.COUNTED
    value: float | None = None
    unit: str = ""
    limit: float | None = None
    interval: tuple[float, float] | None = None
    confidence: float | None = None
    candidate: float | None = None
    baseline: float | None = None
    metric_unit: str = ""
    n: int | None = None
    n_more: int | None = None
    method: str = ""
    reason: Reason | None = None
    facts: dict[str, float] = {}

    @property
    def expression_text(self) -> str:
        """Its expression as it is read, with its list where that is not ``pass``; empty where it has none."""
        if self.condition is None:
            return ""
        return self.condition.text if self.listed is RuleList.PASS else f"{self.listed}: {self.condition.text}"

    @property
    def name(self) -> str:
        """What it is called: ``accuracy >=0.95`` or ``suite quality``."""
        return f"{self.subject.text} {self.expression_text}".rstrip()

    def because(self, *kinds: ReasonKind) -> bool:
        """Say whether its reason is one of these kinds."""
        return self.reason is not None and self.reason.kind in kinds


class Continuing(Frozen):
    """What continuing a run would send, or why it cannot be continued.

    ``n_more`` is about how many more ``noun`` (examples, requests) its most demanding finding needs; ``growth`` is that
    as a factor on what was sent. ``again`` says whether examples may be sent again where no others are left: latency is
    measured anew, an answer is not. ``obstacle`` and ``remedy`` say why not, and what to do.
    """

    n_more: int | None = None
    noun: str = "example"
    growth: float = 1.0
    again: bool = False
    obstacle: str | None = None
    remedy: str = ""


class SelfTest(Frozen):
    """What the gate's test of itself found: ``misses`` make a run ERROR, ``notices`` name rules that guard nothing.

    ``told`` says in a few words what was tried and what came out.
    """

    misses: tuple[Finding, ...] = ()
    notices: tuple[str, ...] = ()
    told: str = ""


class Judgement(Frozen):
    """All findings of a run and what they add up to; ``self_test`` says how the gate's test of itself went."""

    verdict: Verdict
    gate: GateState
    findings: tuple[Finding, ...]
    first_release: bool = False
    notices: tuple[str, ...] = ()
    self_test: str = ""


def worst(verdicts: list[Verdict]) -> Verdict:
    """Return the worst verdict; of nothing it is INCONCLUSIVE, because nothing was judged."""
    return max(verdicts, key=lambda verdict: verdict.severity, default=Verdict.INCONCLUSIVE)


class Waiver(Frozen):
    """Who lets a finding pass, why, and up to which day (UTC, that day included). ``finding`` is its name."""

    finding: Said
    by: Said
    reason: Said
    until: date
    at: AwareDatetime

    def is_valid(self, now: datetime) -> bool:
        """Say whether it still counts; one without a name or a reason never does."""
        return bool(self.by.strip() and self.reason.strip()) and now.astimezone(UTC).date() <= self.until


def closing(findings: Iterable[Finding]) -> list[str]:
    """Return the names of the findings that keep a gate closed."""
    good = {Verdict.PASS, Verdict.WARN}
    counted = (each for each in findings if each.standing is Standing.COUNTED and each.verdict not in good)
    return list(dict.fromkeys(each.name for each in counted))


def opens(verdict: Verdict, findings: Iterable[Finding], waived: Iterable[str]) -> bool:
    """Say whether waivers of the named findings open a closed gate: each that closes it is covered, none is ERROR."""
    findings = list(findings)
    broken = any(each.verdict is Verdict.ERROR and each.standing is Standing.COUNTED for each in findings)
    keep = closing(findings)
    return verdict in WAIVABLE and not broken and bool(keep) and set(keep) <= set(waived)
