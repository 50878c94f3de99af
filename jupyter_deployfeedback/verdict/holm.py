"""Many rules, few false alarms: Holm's correction of FAIL."""

from __future__ import annotations

from collections.abc import Sequence


def adjusted(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return Holm's adjusted p-values, in the order of the given ones (Holm 1979).

    Six lines, because importing ``statsmodels.stats.multitest`` for them costs a run 0.7 s; a test compares the two.
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    found = [0.0] * len(p_values)
    highest = 0.0
    for place, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - place) * p_values[index]))
        found[index] = highest
    return tuple(found)
