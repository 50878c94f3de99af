"""Findings of reports of schema version 1, which had the names of rules as text only."""

import re
from typing import Any

from jupyter_deployfeedback.domain.metric import STANDARD_METRICS
from jupyter_deployfeedback.domain.rules.language import parse_expression
from jupyter_deployfeedback.domain.rules.rule import Expression, RuleList, Subject, SubjectKind, opposite
from jupyter_deployfeedback.errors import RuleSyntaxError

_WITHIN = r"(?:(?P<key>[^:}]*)(?::(?P<label>.*?))?)??,?(?:suite:(?P<point>.*))?"
_METRIC = re.compile(rf"(?P<name>[^{{]*)(?:\{{{_WITHIN}\}})?", re.DOTALL)


def read_version_1(rule: str, expression: str) -> dict[str, Any]:
    """Return the fields that a finding has instead of its texts; as far as the texts tell, which is nearly always."""
    if not expression:
        return {"subject": _other(rule)}
    subject = _metric(rule)
    listed, _, text = expression.rpartition(": ")
    in_list = RuleList(listed) if listed in set(RuleList) else RuleList.PASS
    return {"subject": subject, "listed": in_list, "condition": _condition(subject.name, text, listed=in_list)}


def _other(rule: str) -> Subject:
    for kind in SubjectKind:
        if kind is not SubjectKind.METRIC and (rule == kind or rule.startswith(f"{kind} ")):
            return Subject(kind=kind, name=rule.removeprefix(kind).removeprefix(" "))
    return _metric(rule)


def _metric(rule: str) -> Subject:
    found = _METRIC.fullmatch(rule)
    if found is None:
        return Subject(name=rule)
    within = None if found["key"] is None else (found["key"], found["label"])
    return Subject(name=found["name"], slice=within, point=found["point"])


def _condition(name: str, text: str, *, listed: RuleList) -> Expression | None:
    try:
        expression = parse_expression(text, STANDARD_METRICS.get(name))
        return opposite(expression) if listed is RuleList.FAIL else expression
    except RuleSyntaxError:
        return None
