"""The numbers that rules ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jupyter_deployfeedback.domain.comparison import Estimand
from jupyter_deployfeedback.domain.metric import Metric
from jupyter_deployfeedback.domain.rule import Expression, Rule
from jupyter_deployfeedback.verdict.language import parse_expression
from jupyter_deployfeedback.verdict.rules import opposite, select

Slice = tuple[str, str] | None


def estimands(
    rules: tuple[Rule, ...],
    *,
    metrics: Mapping[str, Metric],
    confidence: float,
    slice_values: Mapping[str, tuple[str, ...]],
) -> tuple[Estimand, ...]:
    """Return each number that the rules ask for, once; a slice without values asks for nothing and is judged ERROR."""
    asked = (
        Estimand(metric=select(rule.metric).metric, expression=expression, slice=within, confidence=confidence)
        for rule in rules
        for within in slices_of(rule, slice_values)
        for expression in _expressions(rule, metrics)
    )
    return tuple(dict.fromkeys(asked))


def slices_of(rule: Rule, slice_values: Mapping[str, tuple[str, ...]]) -> Iterator[Slice]:
    """Yield what a rule is judged on: all examples, then each value of each slice it lists, or the one it names."""
    yield select(rule.metric).slice
    for name in rule.slices:
        yield from ((name, value) for value in slice_values.get(name, ()))


def _expressions(rule: Rule, metrics: Mapping[str, Metric]) -> Iterator[Expression]:
    metric = metrics.get(select(rule.metric).metric)
    for text in (*rule.passing, *rule.warning):
        yield parse_expression(text, metric)
    for text in rule.failing:
        yield opposite(parse_expression(text, metric))
