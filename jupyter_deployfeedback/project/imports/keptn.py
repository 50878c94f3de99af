"""Keptn's service level objectives (``slo.yaml``).

In Keptn any ``%`` is relative to what was before, with a sign or without: ``<10%`` is below 110 % of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jupyter_deployfeedback.project.imports.found import NAME, Imported

_DOCUMENT = frozenset({"spec_version", "comparison", "objectives", "total_score", "filter"})
_OBJECTIVE = frozenset({"sli", "displayName", "pass", "warning", "weight", "key_sli"})
_CRITERION = re.compile(
    r"\s*(?P<operator><=|>=|==|=|<|>)\s*(?P<sign>[+-]?)\s*(?P<number>\d+(?:\.\d+)?)\s*(?P<percent>%?)\s*"
)


def recognise(document: dict[str, Any]) -> bool:
    """Say whether the document has Keptn's version and objectives."""
    return "spec_version" in document and "objectives" in document


def read(document: dict[str, Any], *, arguments: Mapping[str, str]) -> Imported:  # noqa: ARG001 - all readers take them
    """Return one rule for each objective; its metric is the indicator's name."""
    found = Imported("Keptn SLO")
    found.refuse_unknown("", document, known=_DOCUMENT)
    if str(document["spec_version"]) not in {"1.0", "0.1.1"}:
        found.refuse("spec_version", f"{document['spec_version']!r} is not 1.0")
        return found
    objectives = document["objectives"]
    if not isinstance(objectives, list) or not objectives:
        found.refuse("objectives", "there are none")
        return found
    for place, objective in enumerate(objectives):
        _read_objective(found, objective if isinstance(objective, dict) else {}, where=f"objectives[{place}]")
    _notice(found, document, objectives)
    return found


def _read_objective(found: Imported, objective: dict[str, Any], *, where: str) -> None:
    name = objective.get("sli")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        found.refuse(f"{where}.sli", f"{name!r} is no name of a metric here; use letters, digits, _ . and -")
        return
    if found.refuse_unknown(name, objective, known=_OBJECTIVE):
        return
    if not objective.get("pass"):
        found.notices.append(f"{name}: dropped: without pass criteria it is only shown.")
        return
    passing = _criteria(found, objective["pass"], where=f"{name}.pass")
    warning = _criteria(found, objective.get("warning") or [], where=f"{name}.warning")
    if passing is None or warning is None:
        return
    found.rules.append({"metric": name, "pass": passing, **({"warn": warning} if warning else {})})


def _criteria(found: Imported, blocks: object, *, where: str) -> list[str] | None:
    """Return the criteria of the only block; several of them mean "or", which no rule can say."""
    if blocks == []:
        return []
    if not isinstance(blocks, list) or len(blocks) != 1:
        found.refuse(where, "several blocks mean `or`, and a rule knows only `and`")
        return None
    criteria = blocks[0].get("criteria") if isinstance(blocks[0], dict) else None
    if not isinstance(criteria, list) or not criteria:
        found.refuse(where, "it has no criteria")
        return None
    written = [_criterion(found, each, where=where) for each in criteria]
    return None if None in written else [each for each in written if each is not None]


def _criterion(found: Imported, text: object, *, where: str) -> str | None:
    match = _CRITERION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        found.refuse(where, f"{text!r} is no criterion such as <=+10% or <600")
        return None
    operator = "==" if match["operator"] == "=" else match["operator"]
    sign = match["sign"] or ("+" if match["percent"] else "")
    return f"{operator}{sign}{match['number']}{match['percent']}"


def _notice(found: Imported, document: dict[str, Any], objectives: list[Any]) -> None:
    dropped = [str(key) for key in document if key in {"total_score", "filter"}]
    dropped += [
        key for key in ("weight", "key_sli") if any(isinstance(each, dict) and key in each for each in objectives)
    ]
    if dropped:
        found.notices.append(f"{', '.join(dropped)} dropped: every rule must hold, no score is averaged.")
    if "comparison" in document:
        found.notices.append(
            "comparison dropped: the baseline is the last release or a live target, no earlier evaluation."
        )
    if found.rules:
        found.notices.append("Say under metrics: by which query each indicator is read, and give its limits a unit.")
