"""Rules checked before the first request, and what each of them asks for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from itertools import combinations
from typing import NamedTuple, NoReturn

from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Metric
from jupyter_deployfeedback.domain.rules.language import parse_expression
from jupyter_deployfeedback.domain.rules.rule import Aggregate, Comparator, Expression, OnNoData, Relation, Rule
from jupyter_deployfeedback.domain.rules.support import has_slices, unsupported
from jupyter_deployfeedback.domain.unit import COUNT, dimension_of
from jupyter_deployfeedback.errors import RuleSyntaxError

FAIL_LIST = "fail: "
WARN_LIST = "warn: "
TYPO = 0.9  # names this alike are a slip of the pen: acuracy, latency_p90
_POINT = re.compile(r",?suite:[^{}]*(?=\}$)")  # of a matrix: a rule is about all of them
_SELECTOR = re.compile(r"([A-Za-z_][\w.-]*)(?:\{\s*([A-Za-z_]\w*)\s*:\s*([^,{}]+?)\s*\})?")
_OPPOSITE = {
    Comparator.BELOW: Comparator.AT_LEAST,
    Comparator.AT_MOST: Comparator.ABOVE,
    Comparator.ABOVE: Comparator.AT_MOST,
    Comparator.AT_LEAST: Comparator.BELOW,
}


class Selector(NamedTuple):
    """The metric a rule is about, and the slice where it names one: ``accuracy{digit:8}``."""

    metric: str
    slice: tuple[str, str] | None


def check_rule(rule: Rule, metrics: Mapping[str, Metric]) -> None:
    """Refuse a rule that cannot be judged; ``metrics`` are those whose unit is known before a run.

    A name that is not among them is taken for a number a suite records, unless it looks like a misspelling.
    Raises RuleSyntaxError with the offending expression and position.
    """
    selector = select(rule.metric)
    if selector.metric not in metrics:
        _check_name(selector.metric, metrics)
    if not rule.passing:
        _refuse("a rule needs at least one expression", rule.metric, remedy='Write pass: [">=0.95"].')
    if (rule.slices or selector.slice) and not has_slices(selector.metric):
        remedy = "Slices are for metrics of evaluated examples, such as accuracy."
        _refuse(f"{selector.metric} has no slices", rule.metric, remedy=remedy)
    if rule.slices and selector.slice:
        _refuse("a rule names one slice or lists slices, not both", rule.metric, remedy="Drop one of the two.")
    passing = [_checked(text, selector.metric, metrics) for text in rule.passing]
    warning = [_checked(text, selector.metric, metrics) for text in rule.warning]
    failing = [opposite(_checked(text, selector.metric, metrics)) for text in rule.failing]
    _check_contradiction(passing)
    if rule.on_no_data is OnNoData.ZERO:
        _check_zero([*passing, *warning, *failing])


def select(text: str) -> Selector:
    """Return the metric and slice a rule names; RuleSyntaxError where it is neither."""
    found = _SELECTOR.fullmatch(text.strip())
    if found is None:
        _refuse(f"{text!r} does not name a metric", text, remedy="Write accuracy, or accuracy{digit:8} for one slice.")
    name, key, value = found.groups()
    return Selector(name, (key, value) if key else None)


def opposite(expression: Expression) -> Expression:
    """Return the condition that a ``fail:`` expression breaks: ``<0.90`` breaks ``>=0.90``."""
    if expression.comparator not in _OPPOSITE:
        _refuse("== cannot stand in a fail list", expression.text, remedy='Write pass: ["==0"], which fails otherwise.')
    changed = {"comparator": _OPPOSITE[expression.comparator], "text": FAIL_LIST + expression.text}
    return expression.model_copy(update=changed)


def removed_rules(rules: Iterable[Rule], released: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return what a release was judged by and these rules no longer ask; ``released`` are its findings' names.

    A rule on slices left one finding for each value: it is named once, after the slice.
    """
    rules, gone = list(rules), dict[str, None]()
    for name, expression in released:
        if expression:  # others are about suites, the target, its version
            selector = select(_POINT.sub("", name).replace("{}", ""))
            text = expression.removeprefix(WARN_LIST).removeprefix(FAIL_LIST)
            if not any(_asks(rule, selector, text) for rule in rules):
                within = f"{{{selector.slice[0]}}}" if selector.slice else ""
                gone[f"{selector.metric}{within} {expression}"] = None
    return tuple(gone)


def doubts(expression: Expression, metric_unit: str) -> Iterator[str]:
    """Yield what is legal but probably not meant: a ratio of shares, a tolerance of nothing."""
    share = metric_unit == "share" or expression.aggregate is Aggregate.RATE
    if expression.relation is Relation.RATIO and share:
        yield f"{expression.text}: % of a share is a ratio; did you mean pp?"
    counted = expression.aggregate in {Aggregate.VALUE, Aggregate.COUNT} and dimension_of(metric_unit) == COUNT
    if expression.relation is not Relation.ABSOLUTE and expression.limit == 0 and not counted:
        yield f"{expression.text}: a tolerance of 0 leaves an unchanged system inconclusive"


def rule_doubts(rule: Rule, metrics: Mapping[str, Metric]) -> Iterator[str]:
    """Yield the doubts about a rule that can be had before a run, when the unit of a recorded number is not known."""
    metric = metrics.get(select(rule.metric).metric)
    for text in (*rule.passing, *rule.warning, *rule.failing):
        yield from doubts(parse_expression(text, metric), metric.unit if metric else "")


def _checked(text: str, name: str, metrics: Mapping[str, Metric]) -> Expression:
    expression = parse_expression(text, metrics.get(name))
    instead = unsupported(name, expression)
    if instead:
        _refuse(f"{text!r} cannot be asked of {name}", text, remedy=instead)
    return expression


def _check_name(name: str, metrics: Mapping[str, Metric]) -> None:
    level = re.fullmatch(r"latency_p(\d+)", name)
    if level:
        _refuse(f"there is no metric {name!r}", name, remedy=f"Write metric: latency, pass: [p({level[1]})<300ms].")
    close = get_close_matches(name, sorted({*metrics, *STANDARD_METRICS}), n=1, cutoff=TYPO)
    if close:
        _refuse(f"there is no metric {name!r}", name, remedy=f"Did you mean {close[0]}?")


def _check_contradiction(expressions: list[Expression]) -> None:
    """Refuse limits that no number can meet together."""
    for one, other in combinations(expressions, 2):
        if _asked(one) == _asked(other) and (_excludes(one, other) or _excludes(other, one)):
            _refuse(f"{one.text} and {other.text} contradict each other", other.text, remedy="Drop one of the two.")


def _excludes(lower: Expression, upper: Expression) -> bool:
    """Say whether nothing lies both above the one and below the other limit; ``==`` is both."""
    if lower.comparator.is_upper or not (upper.comparator.is_upper or upper.comparator is Comparator.EQUAL):
        return False
    strict = lower.comparator is Comparator.ABOVE or upper.comparator is Comparator.BELOW
    return lower.limit > upper.limit or (strict and lower.limit == upper.limit)


def _check_zero(expressions: list[Expression]) -> None:
    for each in expressions:
        if each.relation is not Relation.ABSOLUTE:
            remedy = "Write a limit of its own such as <=5, or on_no_data: error."
            _refuse("on_no_data: zero says nothing of the baseline", each.text.removeprefix(FAIL_LIST), remedy=remedy)


def _asks(rule: Rule, selector: Selector, text: str) -> bool:
    own = select(rule.metric)
    within = own.slice == selector.slice or (selector.slice is not None and selector.slice[0] in rule.slices)
    return own.metric == selector.metric and within and text in (*rule.passing, *rule.warning, *rule.failing)


def _asked(expression: Expression) -> tuple[object, ...]:
    return expression.aggregate, expression.quantile, expression.edge, expression.relation


def _refuse(problem: str, expression: str, *, remedy: str) -> NoReturn:
    raise RuleSyntaxError(f"{problem}.", expression=expression, position=0, remedy=remedy)
