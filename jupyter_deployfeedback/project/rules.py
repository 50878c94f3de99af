"""Rules as written -> rules as values, and what is wrong with them, line by line."""

from collections.abc import Iterator, Mapping

from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Metric, MetricQuery
from jupyter_deployfeedback.domain.rules.checking import check_rule, read_rule
from jupyter_deployfeedback.domain.rules.rule import OnNoData, OnSmallSlice, Rule
from jupyter_deployfeedback.errors import Problem, RuleSyntaxError
from jupyter_deployfeedback.project.document import Document, Path
from jupyter_deployfeedback.project.reading import Sections
from jupyter_deployfeedback.project.schema import MetricFile, RuleFile

COUNTER = '"http_requests_total{$labels}"'


def rule_of(
    written: RuleFile,
    metrics: Mapping[str, Metric],
    *,
    on_no_data: OnNoData = OnNoData.ERROR,
    on_small_slice: OnSmallSlice = OnSmallSlice.INCONCLUSIVE,
) -> Rule:
    """Return the rule that a section of the file declares; what it leaves out is as the file says of all rules.

    Raises RuleSyntaxError.
    """
    return read_rule(
        written.metric,
        passing=written.passing,
        warning=written.warning,
        failing=written.failing,
        metrics=metrics,
        slices=written.slices,
        on_fail=written.on_fail,
        on_no_data=written.on_no_data or on_no_data,
        on_small_slice=written.on_small_slice or on_small_slice,
        info=written.info,
    )


def metrics_of(written: Mapping[str, MetricFile]) -> dict[str, Metric]:
    """Return the metrics whose unit is known before a run: the standard ones and the project's own."""
    return {**STANDARD_METRICS, **{query.name: query.metric for query in read_metrics(written)}}


def read_metrics(written: Mapping[str, MetricFile]) -> tuple[MetricQuery, ...]:
    """Return the project's own metrics."""
    return tuple(
        MetricQuery(name=name, query=metric.query, unit=metric.unit, better=metric.better, exists=metric.exists)
        for name, metric in written.items()
    )


def check_rules(sections: Sections, document: Document) -> Iterator[Problem]:
    """Yield what is wrong with the rules, expression by expression, and then rule by rule."""
    metrics = metrics_of(sections.metrics)

    def complaint(written: RuleFile, at: Path) -> Problem | None:
        try:
            check_rule(rule_of(written, metrics), metrics)
        except RuleSyntaxError as error:
            place = (*at[:2], "metric") if error.expression == written.metric else at
            return document.problem(place, error.message, error.remedy)
        return None

    together: dict[str, tuple[str, ...]] = {}  # all that must hold of a metric, whichever rule says it
    asked: dict[tuple[object, ...], Path] = {}
    for index, written in sections.rules.items():
        at: Path = ("rules", index)
        if not written.passing:
            yield document.problem((*at, "pass"), "names no condition.", 'Write for example: pass: ">=0.95".')
            continue
        problems = [complaint(alone, place) for alone, place in _one_by_one(written, at)]
        problems = problems if any(problems) else [complaint(written, at)]
        if not any(problems):
            yield from _check_repeated(written, rule_of(written, metrics), at, asked=asked, document=document)
            if not written.info:
                together[written.metric] = (*together.get(written.metric, ()), *written.passing)
                problems = [complaint(_only(written, together[written.metric]), at)]
        yield from dict.fromkeys(problem for problem in problems if problem is not None)
        yield from _check_gaps(written, at, sections, document)


def _check_repeated(
    written: RuleFile, rule: Rule, at: Path, *, asked: dict[tuple[object, ...], Path], document: Document
) -> Iterator[Problem]:
    """Refuse a condition that is written twice: it would be counted twice, and both findings would have one name."""
    for each, (_, place) in zip(rule.expressions, _one_by_one(written, at), strict=True):
        for within in (None, *rule.slices):
            first = asked.setdefault((rule.subject, within, place[2], each.demand, rule.info), place)
            if first != place:
                said = f"stands in line {document.line(first)} already."
                yield document.problem(place, said, "Drop one of the two.")
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


def _one_by_one(written: RuleFile, at: Path) -> Iterator[tuple[RuleFile, Path]]:
    """Yield the rule once for each of its expressions, so that each complaint names its own line."""
    for key, expressions in (("pass", written.passing), ("warn", written.warning), ("fail", written.failing)):
        for position, text in enumerate(expressions):
            yield _only(written, (text,)), (*at, key, position)


def _only(written: RuleFile, passing: tuple[str, ...]) -> RuleFile:
    return written.model_copy(update={"passing": passing, "warning": (), "failing": ()})
