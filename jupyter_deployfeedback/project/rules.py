"""Rules as written -> rules as judged, their expressions read by whoever knows the language."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Metric
from jupyter_deployfeedback.domain.observation import MetricQuery
from jupyter_deployfeedback.domain.rules.rule import OnNoData, OnSmallSlice, Rule
from jupyter_deployfeedback.errors import Problem, RuleSyntaxError
from jupyter_deployfeedback.project.document import Document, Path
from jupyter_deployfeedback.project.reading import Sections
from jupyter_deployfeedback.project.schema import MetricFile, RuleFile

COUNTER = '"http_requests_total{$labels}"'
CheckRule = Callable[[Rule, Mapping[str, Metric]], None]
"""Raises RuleSyntaxError for a rule that cannot be read; the language belongs to another stage."""


def read_rule(
    written: RuleFile,
    *,
    on_no_data: OnNoData = OnNoData.ERROR,
    on_small_slice: OnSmallSlice = OnSmallSlice.INCONCLUSIVE,
) -> Rule:
    """Return the rule that a section of the file declares; what it leaves out is as the file says of all rules."""
    return Rule(
        metric=written.metric,
        passing=written.passing,
        warning=written.warning,
        failing=written.failing,
        slices=written.slices,
        on_fail=written.on_fail,
        on_no_data=written.on_no_data or on_no_data,
        on_small_slice=written.on_small_slice or on_small_slice,
        info=written.info,
    )


def read_metrics(written: Mapping[str, MetricFile]) -> tuple[MetricQuery, ...]:
    """Return the project's own metrics."""
    return tuple(
        MetricQuery(name=name, query=metric.query, unit=metric.unit, better=metric.better, exists=metric.exists)
        for name, metric in written.items()
    )


def check_rules(sections: Sections, document: Document, *, check_rule: CheckRule) -> Iterator[Problem]:
    """Yield what is wrong with the rules, expression by expression, and then rule by rule."""
    metrics = {**STANDARD_METRICS, **{query.name: query.metric for query in read_metrics(sections.metrics)}}

    def complaint(rule: Rule, at: Path) -> Problem | None:
        try:
            check_rule(rule, metrics)
        except RuleSyntaxError as error:
            place = (*at[:2], "metric") if error.expression == rule.metric else at
            return document.problem(place, error.message, error.remedy)
        return None

    together: dict[str, tuple[str, ...]] = {}  # all that must hold of a metric, whichever rule says it
    for index, written in sections.rules.items():
        at: Path = ("rules", index)
        if not written.passing:
            yield document.problem((*at, "pass"), "names no condition.", 'Write for example: pass: ">=0.95".')
            continue
        rule = read_rule(written)
        problems = [complaint(alone, place) for alone, place in _one_by_one(rule, at)]
        problems = problems if any(problems) else [complaint(rule, at)]
        if not any(problems) and not rule.info:
            earlier = together.get(rule.metric, ())
            problems = [complaint(_only(rule, (*earlier, *rule.passing)), at)]
            together[rule.metric] = (*earlier, *rule.passing)
        yield from dict.fromkeys(problem for problem in problems if problem is not None)
        yield from _check_gaps(written, at, sections, document)
    yield from _check_repeated(sections, document)


def _check_repeated(sections: Sections, document: Document) -> Iterator[Problem]:
    """Refuse a condition that is written twice: it would be counted twice, and both findings would have one name."""
    asked: dict[tuple[object, ...], Path] = {}
    for index, written in sections.rules.items():
        for alone, at in _one_by_one(read_rule(written), ("rules", index)):
            metric, text = ("".join(each.split()) for each in (written.metric, *alone.passing))
            for within in ("", *written.slices):
                first = asked.setdefault((metric, within, at[2], text, written.info), at)
                if first != at:
                    said = f"stands in line {document.line(first)} already."
                    yield document.problem(at, said, "Drop one of the two.")
                    break


def _check_gaps(written: RuleFile, at: Path, sections: Sections, document: Document) -> Iterator[Problem]:
    """Refuse what would say of missing data more than can be known, or would never say anything."""
    if written.on_small_slice is not None and not written.slices and "{" not in written.metric:
        remedy = "Add slices: [NAME], or drop on_small_slice."
        yield document.problem((*at, "on_small_slice"), "stands in a rule without slices.", remedy)
    if written.on_no_data is not OnNoData.ZERO:
        return
    own = sections.metrics.get(written.metric)
    if own is None or own.exists is None:
        remedy = f"Declare it under metrics with exists: {COUNTER}, or write on_no_data: error."
        yield document.problem((*at, "on_no_data"), "is zero, but nothing proves that the counter exists.", remedy)


def _one_by_one(rule: Rule, at: Path) -> Iterator[tuple[Rule, Path]]:
    """Yield the rule once for each of its expressions, so that each complaint names its own line."""
    for key, expressions in (("pass", rule.passing), ("warn", rule.warning), ("fail", rule.failing)):
        for position, text in enumerate(expressions):
            yield _only(rule, (text,)), (*at, key, position)


def _only(rule: Rule, passing: tuple[str, ...]) -> Rule:
    return rule.model_copy(update={"passing": passing, "warning": (), "failing": ()})
