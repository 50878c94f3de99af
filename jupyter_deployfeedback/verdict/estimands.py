"""The numbers that rules ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jupyter_deployfeedback.domain.comparison import Estimand
from jupyter_deployfeedback.domain.rules.rule import Expression, Rule

Slice = tuple[str, str] | None


def estimands(
    rules: tuple[Rule, ...],
    *,
    confidence: float,
    slice_values: Mapping[str, tuple[str, ...]],
) -> tuple[Estimand, ...]:
    """Return each number that the rules ask for, once; a slice without values asks for nothing and is judged ERROR."""
    found: dict[tuple[str, Slice, Expression], Estimand] = {}
    for rule in sorted(rules, key=lambda rule: rule.info):  # what counts as well as informs counts
        for within in slices_of(rule, slice_values):
            for asked in rule.expressions:
                estimand = Estimand(
                    metric=rule.metric, expression=asked, slice=within, informs=rule.info, confidence=confidence
                )
                found.setdefault((rule.metric, within, asked), estimand)
    return tuple(found.values())


def slices_of(rule: Rule, slice_values: Mapping[str, tuple[str, ...]]) -> Iterator[Slice]:
    """Yield what a rule is judged on: all examples, then each value of each slice it lists, or the one it names."""
    yield rule.within
    for name in rule.slices:
        yield from ((name, value) for value in slice_values.get(name, ()))
