"""How sure a FAIL alarm is, so that many rules can be judged without crying wolf."""

import math
from collections.abc import Callable

from jupyter_deployfeedback.comparison.measured import Interval
from jupyter_deployfeedback.domain.comparison import Estimand
from jupyter_deployfeedback.domain.rules.rule import Expression

SMALLEST = 1e-9
STEPS = 25


def p_beyond(estimand: Estimand, interval_at: Callable[[float], Interval]) -> float | None:
    """Return the smallest alpha for which the (1 - 2 alpha) interval lies wholly beyond the limit.

    None where it does not at the estimand's own confidence. Found by bisection on the logarithm of alpha.
    """
    limit, at_risk = estimand.expression, 1 - estimand.confidence
    if not breaks(interval_at(1 - 2 * at_risk), limit):
        return None
    if breaks(interval_at(1 - 2 * SMALLEST), limit):
        return SMALLEST
    low, high = math.log(SMALLEST), math.log(at_risk)
    for _ in range(STEPS):
        middle = (low + high) / 2
        if breaks(interval_at(1 - 2 * math.exp(middle)), limit):
            high = middle
        else:
            low = middle
    return math.exp(high)


def breaks(interval: Interval, limit: Expression) -> bool:
    """Say whether a whole interval breaks the limit; NaN never does."""
    if any(map(math.isnan, interval)):
        return False
    return not any(limit.comparator.holds(edge, limit.limit) for edge in interval)
