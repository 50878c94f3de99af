"""MLflow's ``MetricThreshold`` of ``mlflow.validate_evaluation_results``, as JSON or YAML by metric.

The changes mean "must improve by" and are never negative: a tolerated drop cannot be said there.
"""

import math
from collections.abc import Mapping
from typing import Any

from jupyter_deployfeedback.project.imports.found import NAME, Imported, quantity

_KEYS = frozenset({"threshold", "min_absolute_change", "min_relative_change", "greater_is_better"})
_WANTED = {
    "threshold": "finite number",
    "min_absolute_change": "number above 0",
    "min_relative_change": "share from 0 to 1",
}
_OURS = {"accuracy_score": "accuracy", "f1_score": "f1", "r2_score": "r2"}


def recognise(document: dict[str, Any]) -> bool:
    """Say whether every entry is a threshold."""
    return bool(document) and all(isinstance(each, dict) and _KEYS & each.keys() for each in document.values())


def read(document: dict[str, Any], *, arguments: Mapping[str, str]) -> Imported:  # noqa: ARG001 - all readers take them
    """Return one rule for each threshold."""
    found = Imported("MLflow MetricThreshold")
    for name, threshold in document.items():
        passing = _passing(found, str(name), threshold)
        if passing:
            found.rules.append({"metric": _OURS.get(name, str(name)), "pass": passing})
    return found


def _passing(found: Imported, name: str, threshold: dict[str, Any]) -> list[str]:
    if not NAME.fullmatch(name):
        found.refuse(name, "this is no name of a metric here; use letters, digits, _ . and -")
        return []
    if found.refuse_unknown(name, threshold, known=_KEYS):
        return []
    greater = threshold.get("greater_is_better")
    if not isinstance(greater, bool):
        found.refuse(f"{name}.greater_is_better", "it must be true or false: without it no direction is known")
        return []
    comparator, sign = (">=", "+") if greater else ("<=", "-")
    passing = []
    for key in ("threshold", "min_absolute_change", "min_relative_change"):
        if threshold.get(key) is None:
            continue
        limit = _limit(key, threshold[key], sign=sign)
        if limit is None:
            found.refuse(f"{name}.{key}", f"{threshold[key]!r} is no {_WANTED[key]}")
            return []  # without one of its conditions the rule would be laxer
        passing.append(comparator + limit)
    if not passing:
        found.refuse(name, "it has neither a threshold nor a change")
    return passing


def _limit(key: str, value: object, *, sign: str) -> str | None:
    """Return a limit with its sign; None for what MLflow itself does not take (validation.py of 3.17), and for NaN."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    if key == "threshold":
        return quantity(value)
    if key == "min_absolute_change":
        return f"{sign}{value:.12g}" if value > 0 else None
    return f"{sign}{100 * value:.12g}%" if 0 <= value <= 1 else None
