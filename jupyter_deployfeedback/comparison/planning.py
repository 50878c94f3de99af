"""What a planned number of examples can settle, before they are sent: about how often, and under which assumption.

Normal approximations on purpose: they are right to a few points, which is all that a plan can use, and need no scipy.
"""

import math
from collections.abc import Iterable, Iterator
from statistics import NormalDist

from jupyter_deployfeedback.comparison.measured import PAIRED_SHARE, absolute_quantile, relative_quantile, typical
from jupyter_deployfeedback.domain.comparison import Estimand, Pilot, Prospect
from jupyter_deployfeedback.domain.rules.rule import Aggregate, Comparator, Relation

DISCORDANT = 0.04  # of the answers differ between two good versions of a model, where no run says it
SPREAD = 0.2  # standard deviation of the log ratio of two latencies of one payload, where no run says it
_SHARES = frozenset({"accuracy", "error_rate", "failure_rate"})


def prospects(estimands: Iterable[Estimand], pilot: Pilot) -> Iterator[Prospect]:
    """Yield what can be said of each number that rules ask of all examples; what cannot be computed is left out."""
    for each in estimands:
        if each.slice is None:
            found = _prospect(each, pilot)
            if found is not None:
                yield found


def _prospect(estimand: Estimand, pilot: Pilot) -> Prospect | None:
    asked, name = estimand.expression, estimand.metric
    n = pilot.requests if name in {"latency", "failure_rate"} else pilot.examples
    if n is None:
        return None
    if name in _SHARES and asked.aggregate is Aggregate.VALUE and asked.relation is Relation.DIFFERENCE:
        return None if name == "failure_rate" else _paired_share(estimand, n, pilot)
    if name in _SHARES and asked.relation is Relation.ABSOLUTE:
        return _needing(estimand, n, _fewest_for_share(estimand))
    if asked.aggregate is Aggregate.TYPICAL:
        return _typical(estimand, n, pilot)
    if asked.aggregate is Aggregate.QUANTILE and asked.quantile is not None:
        return _needing(estimand, n, _fewest_for_quantile(estimand, asked.quantile))
    return None


def _paired_share(estimand: Estimand, n: int, pilot: Pilot) -> Prospect | None:
    """Say how often an unchanged candidate passes, and one twice as far away as is tolerated fails."""
    away = abs(estimand.expression.limit)
    if away == 0:
        return None
    if n < PAIRED_SHARE:
        return _needing(estimand, n, PAIRED_SHARE)
    differ = DISCORDANT if pilot.discordant is None else max(pilot.discordant, 1 / n)
    return Prospect(
        estimand=estimand,
        n=n,
        passes=_beyond(away, spread=math.sqrt(differ / n), confidence=estimand.confidence),
        fails=_beyond(away, spread=math.sqrt((differ + away) / n), confidence=estimand.confidence),
        worse=2 * away,
        assumed=None if pilot.discordant is not None else f"{100 * DISCORDANT:g} % of the answers differ",
    )


def _typical(estimand: Estimand, n: int, pilot: Pilot) -> Prospect | None:
    limit = estimand.expression.limit
    if not limit > 0 or not estimand.expression.comparator.is_upper:
        return None
    if n < (fewest := typical(confidence=estimand.confidence)):
        return _needing(estimand, n, fewest)
    away = math.log1p(limit)
    spread = (pilot.spread or SPREAD) / math.sqrt(n)
    share = _beyond(away, spread=spread, confidence=estimand.confidence)
    return Prospect(
        estimand=estimand,
        n=n,
        passes=share,
        fails=share,
        worse=math.expm1(2 * away),
        assumed=None if pilot.spread else f"latencies of one payload scatter by {100 * SPREAD:g} %",
    )


def _needing(estimand: Estimand, n: int, fewest: int | None) -> Prospect | None:
    """Say of a number that has a least number of samples whether that is planned."""
    return None if fewest is None else Prospect(estimand=estimand, n=n, fewest=fewest)


def _fewest_for_share(estimand: Estimand) -> int | None:
    """Return how many examples, all as they should be, let the exact interval pass: 59 for ``>=0.95`` at 0.95."""
    asked = estimand.expression
    share = 1 - asked.limit if asked.comparator.is_upper else asked.limit
    if asked.comparator is Comparator.EQUAL or not 0 < share < 1:
        return None
    return math.ceil(round(math.log(1 - estimand.confidence) / math.log(share), 9))


def _fewest_for_quantile(estimand: Estimand, quantile: float) -> int:
    if estimand.expression.relation is Relation.ABSOLUTE:
        return absolute_quantile(quantile, confidence=estimand.confidence)
    return relative_quantile(quantile)


def _beyond(away: float, *, spread: float, confidence: float) -> float:
    """Return how often an interval of this confidence lies wholly on the side where the truth is."""
    return NormalDist().cdf(away / spread - NormalDist().inv_cdf(confidence))
