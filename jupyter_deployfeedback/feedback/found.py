"""A finding together with all that is needed to put it into words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jupyter_deployfeedback.domain.comparison import Comparison, Estimate
from jupyter_deployfeedback.domain.feedback import FindingNumbers
from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Family, Metric
from jupyter_deployfeedback.domain.rules.rule import Aggregate, Comparator, Relation
from jupyter_deployfeedback.domain.verdict import Finding, Judgement, Standing, Verdict
from jupyter_deployfeedback.feedback import names
from jupyter_deployfeedback.feedback.quantities import MISSING, Measured, count, limit_text, measured, quantity
from jupyter_deployfeedback.feedback.visible import one_line

SUITE_RULE = "suite "
_WARN_LIST = "warn: "
_NOT_JUDGED = "not judged: "
_RELATION_OF_UNIT = {"%": Relation.RATIO, "pp": Relation.DIFFERENCE}


@dataclass(frozen=True)
class Found:
    """One finding, what it is about and its numbers in readable units.

    ``noun`` is what one of its samples is called; ``family`` is None where the rule is not about a metric. ``unit``
    and ``metric_unit`` are as they are written: empty where the metric's name says them already.
    """

    finding: Finding
    subject: str
    family: Family | None
    relation: Relation
    comparator: Comparator | None
    noun: str
    unit: str
    metric_unit: str
    measured: Measured

    @property
    def suite(self) -> str | None:
        """The suite this finding is about, None where it is about a metric."""
        return self.finding.rule.removeprefix(SUITE_RULE) if self.finding.rule.startswith(SUITE_RULE) else None

    @property
    def reason(self) -> str:
        """Why it says what it says, on one line without full stop; empty where the numbers say it all."""
        return one_line(self.finding.reason.removeprefix(_NOT_JUDGED)).rstrip(".")

    @property
    def about_a_number(self) -> bool:
        """Say whether an expression was judged; the target's readiness and version, for example, are none."""
        return self.finding.expression != ""

    @property
    def signed(self) -> bool:
        """Say whether the value is a change against the baseline, which is written with its sign."""
        return self.relation is not Relation.ABSOLUTE

    @property
    def counted(self) -> bool:
        """Say whether the finding counts for the verdict."""
        return self.finding.standing is Standing.COUNTED

    @property
    def limit(self) -> str:
        """The limit with its comparator."""
        return limit_text(self.comparator, self.finding.limit, self.unit, signed=self.signed)

    @property
    def samples(self) -> str:
        """How many samples stand behind the value."""
        return MISSING if self.finding.n is None else count(self.finding.n, self.noun)

    @property
    def numbers(self) -> FindingNumbers:
        """All numbers as they are written in every rendering."""
        return FindingNumbers(
            subject=self.subject,
            value=str(self.measured),
            limit=self.limit,
            candidate=quantity(self.finding.candidate, self.metric_unit),
            baseline=quantity(self.finding.baseline, self.metric_unit),
            n=self.samples,
            method=names.method(self.finding.method),
        )


def read_findings(judgement: Judgement, comparison: Comparison) -> tuple[Found, ...]:
    """Return the findings worst first, those that do not count last; equals stay in the order of the project file."""
    metrics = {**STANDARD_METRICS, **{delta.metric.name: delta.metric for delta in comparison.deltas}}
    estimates = {
        (names.rule_name(estimate.estimand), estimate.estimand.expression.text): estimate
        for estimate in comparison.estimates
    }
    ordered = sorted(judgement.findings, key=_urgency)
    return tuple(_read(finding, estimates.get(_asked(finding)), metrics) for finding in ordered)


def _asked(finding: Finding) -> tuple[str, str]:
    """Return what the finding's estimate was asked by: a ``warn`` list's expression is marked in the finding only."""
    return (finding.rule, finding.expression.removeprefix(_WARN_LIST))


def _urgency(finding: Finding) -> tuple[bool, int, bool]:
    """Return what sorts findings: suites that pass stand below rules that do, since the rules have the numbers."""
    passing_suite = finding.verdict is Verdict.PASS and finding.rule.startswith(SUITE_RULE)
    return (finding.standing is not Standing.COUNTED, -finding.verdict.severity, passing_suite)


def _read(finding: Finding, estimate: Estimate | None, metrics: Mapping[str, Metric]) -> Found:
    metric = metrics.get(finding.rule.split("{", 1)[0])
    unit = metric.unit if estimate is None and metric else finding.metric_unit
    if metric and names.says_its_unit(metric.name, unit):
        unit = ""
    finding_unit = "" if metric and names.says_its_unit(metric.name, finding.unit) else finding.unit
    family = metric.family if metric else None
    if estimate is None:
        subject, relation = names.label(finding.rule), _RELATION_OF_UNIT.get(finding.unit, Relation.ABSOLUTE)
        comparator, aggregate = None, Aggregate.VALUE
    else:
        expression = estimate.estimand.expression
        subject, relation = names.subject(estimate.estimand, unit=metric.unit if metric else ""), expression.relation
        comparator, aggregate = expression.comparator, expression.aggregate
    return Found(
        finding=finding,
        subject=subject,
        family=family,
        relation=relation,
        comparator=comparator,
        noun="case"
        if finding.rule.startswith(SUITE_RULE)
        else names.sample_noun(family, aggregate, method=finding.method),
        metric_unit=unit,
        unit=finding_unit,
        measured=measured(
            finding.value,
            finding.interval,
            finding_unit,
            signed=relation is not Relation.ABSOLUTE,
            limit=finding.limit,
        ),
    )
