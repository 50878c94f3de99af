"""What a planned number of examples can settle, in one sentence for each number a rule asks for."""

import math
from statistics import NormalDist

from jupyter_deployfeedback.domain.comparison import Pilot, Prospect
from jupyter_deployfeedback.domain.feedback import FeedbackReport, FindingText
from jupyter_deployfeedback.domain.metric import STANDARD_METRICS
from jupyter_deployfeedback.domain.rules.rule import Aggregate, Relation
from jupyter_deployfeedback.feedback.names import sample_noun
from jupyter_deployfeedback.feedback.quantities import count, quantity


def planned(prospect: Prospect) -> str:
    """Say what can be expected of an expression with the planned samples."""
    asked = prospect.estimand.expression
    metric = STANDARD_METRICS.get(prospect.estimand.metric)
    noun = sample_noun(metric.family if metric else None, asked.aggregate)
    samples = count(prospect.n, noun)
    if prospect.fewest is not None:
        can = "can" if prospect.can_pass else "cannot"
        return f"{can} pass with {samples}: it takes at least {prospect.fewest:,}"
    unit = "pp" if asked.relation is Relation.DIFFERENCE else "%"
    word = "slower" if asked.aggregate is Aggregate.TYPICAL else "worse"
    basis = f"if {prospect.assumed}" if prospect.assumed else "if it scatters as the last run did"
    return (
        f"with {samples} an unchanged candidate passes in {_per_cent(prospect.passes)} of the runs, "
        f"one that is {quantity(prospect.worse, unit)} {word} fails in {_per_cent(prospect.fails)}, {basis}"
    )


def _per_cent(share: float | None) -> str:
    """Return a share to five points: it is an estimate."""
    rounded = 5 * round(20 * (share or 0.0))
    return "nearly all" if rounded >= 100 else "hardly any" if rounded <= 0 else f"about {rounded} %"


def scattered(report: FeedbackReport, sent: int | None) -> Pilot:
    """Read from a report how its run scattered; ``sent`` examples are planned, None for as many as it had."""
    rows = {row.name: row for row in report.metrics if row.n}
    scored, asked = rows.get("accuracy"), rows.get("requests_attempted")
    n = scored.n if scored else None
    moved = sum(each.points for each in (*report.examples.broken, *report.examples.fixed))
    compared = sum(row.n or 0 for row in report.metrics if row.name == "accuracy")
    others = (asked.n or 0) - (n or 0) if asked else 0  # such as those of a suite on latency alone
    discordant = moved / compared if compared and report.run.paired else None
    if report.windows:  # a load is judged window by window, of which nothing is planned here
        return Pilot(examples=sent or n, discordant=discordant)
    return Pilot(
        examples=sent or n,
        requests=sent + others if sent else (asked.n if asked else n),
        discordant=discordant,
        spread=next(filter(None, map(_spread, report.findings)), None),
    )


def _spread(finding: FindingText) -> float | None:
    """Return the standard deviation of the log ratios behind a finding on typical latency."""
    typical = finding.condition is not None and finding.condition.aggregate is Aggregate.TYPICAL
    if not typical or not finding.interval or not finding.n or not finding.confidence:
        return None
    low, high = (math.log1p(edge) for edge in finding.interval)
    z = NormalDist().inv_cdf(0.5 + finding.confidence / 2)
    return (high - low) / 2 / z * math.sqrt(finding.n)
