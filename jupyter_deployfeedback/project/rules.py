"""Rules as written -> rules as values, and what is wrong with them, line by line."""

from collections.abc import Callable, Iterator, Mapping

from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Metric, MetricQuery
from jupyter_deployfeedback.domain.rules.checking import check_rule, check_subject, read_rule
from jupyter_deployfeedback.domain.rules.language import parse_subject
from jupyter_deployfeedback.domain.rules.rule import OnNoData, OnSmallSlice, Rule
from jupyter_deployfeedback.errors import Problem, RuleSyntaxError
from jupyter_deployfeedback.project.document import Document, Path
from jupyter_deployfeedback.project.reading import Sections
from jupyter_deployfeedback.project.schema import MetricFile, RuleFile

MOST_TOGETHER = 30  # conditions on one metric: each is compared with each
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
    together: dict[str, tuple[str, ...]] = {}  # all that must hold of a metric, whichever rule says it
    asked: dict[tuple[object, ...], Path] = {}
    for index, written in sections.rules.items():
        at: Path = ("rules", index)
        problems = _too_many(written, together, at, document=document)
        problems = problems or _check_alone(written, at, metrics, document=document)
        if not problems:
            yield from _check_repeated(written, rule_of(written, metrics), at, asked=asked, document=document)
        if not problems and not written.info:
            together[written.metric] = (*together.get(written.metric, ()), *written.passing)
            problems = _check_alone(_only(written, together[written.metric]), at, metrics, document=document)
        yield from dict.fromkeys(problems)
        yield from _check_gaps(written, at, sections, document)


def _too_many(
    written: RuleFile, together: Mapping[str, tuple[str, ...]], at: Path, *, document: Document
) -> list[Problem]:
    count = len(together.get(written.metric, ())) + len([*written.passing, *written.warning, *written.failing])
    said = f"makes {count} conditions on {written.metric}, and {MOST_TOGETHER} are the most."
    return [document.problem(at, said, "Leave some out.")] if count > MOST_TOGETHER else []


def _check_alone(written: RuleFile, at: Path, metrics: Mapping[str, Metric], *, document: Document) -> list[Problem]:
    """Return what is wrong with one rule: with its metric, else with its expressions, else with all of it."""

    def refusals(each: RuleFile, at: Path) -> list[Problem]:
        return _refusal(lambda: check_rule(rule_of(each, metrics), metrics), at, document)

    def check_metric() -> None:
        check_subject(parse_subject(written.metric), slices=written.slices, metrics=metrics)

    if not written.passing:
        return [document.problem((*at, "pass"), "names no condition.", 'Write for example: pass: ">=0.95".')]
    return (
        _refusal(check_metric, (*at, "metric"), document)
        or [problem for each in _one_by_one(written, at) for problem in refusals(*each)]
        or refusals(written, at)
    )


def _refusal(check: Callable[[], None], at: Path, document: Document) -> list[Problem]:
    try:
        check()
    except RuleSyntaxError as error:
        return [document.problem(at, error.message, error.remedy)]
    return []


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
