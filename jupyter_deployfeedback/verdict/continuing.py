"""Whether an inconclusive run can be continued, and by how much: its most demanding finding decides."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Family
from jupyter_deployfeedback.domain.rules.rule import Relation
from jupyter_deployfeedback.domain.verdict import (
    MOST_MORE,
    Continuing,
    Finding,
    Judgement,
    ReasonKind,
    Standing,
    Verdict,
)

ENOUGH_SENT = 0.9  # of what was asked for last time: fewer, and the data set is used up
NOT_BY_REQUESTS = "Remove this cause, or change the rule, then start a new run."
MORE_OR_WIDER = "Bring more labelled examples or set a wider limit, then start a new run."
NOUNS = {Family.MODEL: "example", Family.APPLICATION: "request"}


@dataclass(frozen=True)
class Circumstances:
    """What decides beside the findings.

    ``look`` is this one of ``looks``. ``historical`` says that the baseline is a stored run, which answers no more.
    ``counted`` says whether a suite names the parameter that counts its examples, ``loaded`` whether one made windows
    of load, which cannot be added to. ``sent`` is which share of what was asked for the last continuation sent, None
    before one. ``rows`` is how many examples the data sets have, where no suite can send others; else None.
    """

    look: int
    looks: int
    historical: bool
    counted: bool
    loaded: bool = False
    sent: float | None = None
    rows: int | None = None


def continuing(judgement: Judgement, around: Circumstances) -> Continuing | None:
    """Say what continuing would send, or why it cannot be done; None where nothing was left open."""
    if judgement.verdict is not Verdict.INCONCLUSIVE:
        return None
    unsettled = [
        each
        for each in judgement.findings
        if each.standing is Standing.COUNTED and each.verdict is Verdict.INCONCLUSIVE
    ]
    hopeless = next((each for each in unsettled if not each.n_more), None)  # settled must be all that close the gate
    most = max(unsettled, key=_growth)
    if hopeless is None and not 1 < _growth(most) <= 1 + MOST_MORE:
        hopeless = most
    if hopeless is not None:
        return _not_by_requests(hopeless)
    found = Continuing(
        n_more=most.n_more,
        noun=NOUNS.get(_family(most) or Family.APPLICATION, "request"),
        growth=round(_growth(most), 6),
        again=any(_family(each) is not Family.MODEL for each in unsettled),
    )
    obstacle = _obstacle(unsettled, around)
    return found if obstacle is None else found.model_copy(update={"obstacle": obstacle[0], "remedy": obstacle[1]})


def more_for_alarm(n: int | None, *, p: float, shared: float, alpha: float) -> int | None:
    """Return about how many more samples let an alarm stand among the others, if the effect stays what it is.

    ``shared`` is p as Holm corrected it. The normal quantile of p grows with the square root of n.
    """
    if not n or not 0 < p < shared:
        return None
    wanted, now = (NormalDist().inv_cdf(1 - each) for each in (alpha * p / shared, p))
    return max(1, round(n * ((wanted / now) ** 2 - 1))) if now > 0 else None


def _not_by_requests(finding: Finding) -> Continuing:
    """Say that no number of requests we would send settles a finding."""
    said = finding.reason.text if finding.reason else "it says no number"
    why = f"it takes more than {MOST_MORE} times as many" if finding.n_more else said.rstrip(".")
    scarce = finding.n_more or (finding.reason and finding.reason.kind is ReasonKind.BEYOND_CAP)
    remedy = MORE_OR_WIDER if scarce else NOT_BY_REQUESTS
    return Continuing(obstacle=f"More requests would not settle {finding.name}: {why}.", remedy=remedy)


def _obstacle(unsettled: Iterable[Finding], around: Circumstances) -> tuple[str, str] | None:
    if around.look >= around.looks:
        planned = "The one planned look is" if around.looks == 1 else f"All {around.looks} planned looks are"
        return f"{planned} used.", "Start a new run with more examples, or plan more looks for it (looks: 2 or 3)."
    if any(
        _family(each) is Family.PLATFORM or (around.loaded and _family(each) is Family.APPLICATION)
        for each in unsettled
    ):
        problem = "Windows of load cannot be added to."
        return problem, "Let jdf.load make more pairs, then start a new run."
    of_model = [each for each in unsettled if _family(each) is Family.MODEL]
    if of_model and (around.rows is not None or not around.counted):
        return _used_up(max(each.n or 0 for each in of_model), around.rows)
    if around.historical and any(_is_relative(each) for each in unsettled):
        problem = "The baseline is an earlier run, which answered these examples and no others."
        return problem, "Deploy the release too and set baseline to that target, then start a new run."
    if around.sent is not None and around.sent < ENOUGH_SENT:
        problem = "The suites had no examples left that were not sent before."
        return problem, MORE_OR_WIDER
    return None


def _used_up(sent: int, rows: int | None) -> tuple[str, str]:
    """Say that no other examples can be sent, as far as is known; ``rows`` is how many the data set has."""
    if rows is not None:
        return f"This data set cannot settle it: it has {rows:,} examples.", MORE_OR_WIDER
    problem = f"The suites sent {sent:,} examples, and none says which of its parameters counts them."
    more = "If there are others, name the parameter in deployfeedback.yaml, such as more: n."
    return problem, f"{more} If not: {MORE_OR_WIDER[0].lower()}{MORE_OR_WIDER[1:]}"


def _growth(finding: Finding) -> float:
    return 1 + (finding.n_more or 0) / (finding.n or 1)


def _family(finding: Finding) -> Family | None:
    metric = STANDARD_METRICS.get(finding.subject.metric or "")
    return metric.family if metric else None


def _is_relative(finding: Finding) -> bool:
    return finding.condition is not None and finding.condition.relation is not Relation.ABSOLUTE
