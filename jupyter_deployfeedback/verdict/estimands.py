"""The numbers that rules ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jupyter_deployfeedback.domain.comparison import Estimand
from jupyter_deployfeedback.domain.metric import Metric
from jupyter_deployfeedback.domain.rules.checking import opposite, select
from jupyter_deployfeedback.domain.rules.language import parse_expression
from jupyter_deployfeedback.domain.rules.rule import Expression, Rule

Slice = tuple[str, str] | None


def estimands(
    rules: tuple[Rule, ...],
    *,
    metrics: Mapping[str, Metric],
    confidence: float,
    slice_values: Mapping[str, tuple[str, ...]],
) -> tuple[Estimand, ...]:
    """Return each number that the rules ask for, once; a slice without values asks for nothing and is judged ERROR."""
    found: dict[tuple[str, Slice, str], Estimand] = {}
    for rule in sorted(rules, key=lambda rule: rule.info):  # what counts as well as informs counts
        name = select(rule.metric).metric
        for within in slices_of(rule, slice_values):
            for asked in _expressions(rule, metrics):
                estimand = Estimand(
                    metric=name, expression=asked, slice=within, informs=rule.info, confidence=confidence
                )
                found.setdefault((name, within, asked.text), estimand)
    return tuple(found.values())


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
