"""MLflow's ``MetricThreshold`` of ``mlflow.validate_evaluation_results``, as JSON or YAML by metric.

The changes mean "must improve by" and are above 0; a tolerated drop cannot be said there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_deployfeedback.project.imports.found import NAME, Imported, quantity

_KEYS = frozenset({"threshold", "min_absolute_change", "min_relative_change", "greater_is_better"})
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
            found.refuse(
                f"{name}.{key}",
                f"{threshold[key]!r} is no {'finite number' if key == 'threshold' else 'number above 0'}",
            )
            return []  # without one of its conditions the rule would be laxer
        passing.append(comparator + limit)
    if not passing:
        found.refuse(name, "it has neither a threshold nor a change")
    return passing


def _limit(key: str, value: object, *, sign: str) -> str | None:
    if isinstance(value, str) or quantity(value) is None:
        return None  # numbers only: MLflow compares them, and quoted ones fail there
    if key == "threshold":
        return quantity(value)
    if not isinstance(value, int | float) or value <= 0:
        return None
    return f"{sign}{value:.12g}" if key == "min_absolute_change" else f"{sign}{100 * value:.12g}%"
