"""A finding together with all that is needed to put it into words."""

from collections.abc import Mapping
from dataclasses import dataclass

from jupyter_deployfeedback.domain.comparison import Comparison
from jupyter_deployfeedback.domain.feedback import FindingNumbers
from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Family, Metric
from jupyter_deployfeedback.domain.rules.rule import Aggregate, Comparator, Relation, SubjectKind
from jupyter_deployfeedback.domain.verdict import Finding, Judgement, Standing, Verdict
from jupyter_deployfeedback.feedback import names
from jupyter_deployfeedback.feedback.escaping import one_line
from jupyter_deployfeedback.feedback.quantities import MISSING, Written, count, limit_text, measured, quantity


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
    measured: Written

    @property
    def suite(self) -> str | None:
        """The suite this finding is about, None where it is about a metric."""
        subject = self.finding.subject
        return subject.name if subject.kind is SubjectKind.SUITE else None

    @property
    def reason(self) -> str:
        """Why it says what it says, on one line without full stop; empty where the numbers say it all."""
        return one_line(self.finding.reason.text).rstrip(".") if self.finding.reason else ""

    @property
    def about_a_number(self) -> bool:
        """Say whether an expression was judged; the target's readiness and version, for example, are none."""
        return self.finding.condition is not None

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
        """How many samples stand behind the value, and how many of them have no answer."""
        lost, before = (self.finding.facts.get(each) for each in ("unanswered", "baseline_unanswered"))
        unanswered = f", {lost:,.0f} of them unanswered" if lost else ""
        unanswered += f", {before:,.0f} unanswered by the baseline" if before else ""
        return MISSING if self.finding.n is None else count(self.finding.n, self.noun) + unanswered

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
    return tuple(_read(each, metrics) for each in sorted(judgement.findings, key=_urgency))


def _urgency(finding: Finding) -> tuple[bool, int, bool]:
    """Return what sorts findings: suites that pass stand below rules that do, since the rules have the numbers."""
    passing_suite = finding.verdict is Verdict.PASS and finding.subject.kind is SubjectKind.SUITE
    return (finding.standing is not Standing.COUNTED, -finding.verdict.severity, passing_suite)


def _read(finding: Finding, metrics: Mapping[str, Metric]) -> Found:
    metric = metrics.get(finding.subject.metric or "")
    family, unit = (metric.family, metric.unit) if metric else (None, "")
    condition = finding.condition
    relation = condition.relation if condition else Relation.ABSOLUTE
    aggregate = condition.aggregate if condition else Aggregate.VALUE
    written = _written_unit(metric, finding.unit)
    suite = finding.subject.kind is SubjectKind.SUITE
    return Found(
        finding=finding,
        subject=names.subject(finding.subject, condition, unit=unit),
        family=family,
        relation=relation,
        comparator=condition.comparator if condition else None,
        noun="case" if suite else names.sample_noun(family, aggregate, method=finding.method),
        metric_unit=_written_unit(metric, finding.metric_unit or unit),
        unit=written,
        measured=measured(
            finding.value,
            finding.interval,
            written,
            signed=relation is not Relation.ABSOLUTE,
            limit=finding.limit,
        ),
    )


def _written_unit(metric: Metric | None, unit: str) -> str:
    return "" if metric and names.says_its_unit(metric.name, unit) else unit
