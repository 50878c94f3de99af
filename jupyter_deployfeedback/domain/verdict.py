"""Verdicts, findings and the gate."""

from __future__ import annotations

from enum import StrEnum

from jupyter_deployfeedback.domain.base import Frozen


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


class GateState(StrEnum):
    """Whether the verdict permits a release."""

    OPEN = "open"
    CLOSED = "closed"


class Standing(StrEnum):
    """Whether a finding counts for the run's verdict."""

    COUNTED = "counted"
    INFO = "info"  # shown, never counted: the rule says so
    NOT_JUDGED = "not_judged"  # a relative rule on a first release, or on a metric the baseline does not have


WEAK_EVIDENCE = "weak evidence"
"""How the reason of a finding begins that holds, or not, on weak evidence only."""


SELF_TEST = "self-test"
"""The rule of a finding that says that the gate, put to the test, did not do what it must."""


class Finding(Frozen):
    """What one expression of one rule said, with its evidence.

    ``rule`` is the metric (with its slice, ``accuracy{digit:8}``) or ``suite NAME`` for a suite's own cases.
    ``value`` is what was judged: the candidate's number, or the effect (difference, ratio - 1) where the rule is
    relative; ``candidate`` and ``baseline`` are the two sides' own numbers. ``interval`` surrounds ``value`` at
    ``confidence``. ``unit`` is that of ``value``, ``limit`` and ``interval``: a ratio's is ``%`` as a share of 1,
    a difference of shares' is ``pp`` as a share of 1.
    """

    rule: str
    expression: str
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
    reason: str = ""  # why it is inconclusive, error, weak or not judged; empty where the numbers say it all
    facts: dict[str, float] = {}  # the raw numbers behind the estimate, as in ``Estimate.facts``


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
