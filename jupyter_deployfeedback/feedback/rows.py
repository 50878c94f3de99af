"""The rows of the report's tables."""

from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import Literal

from jupyter_deployfeedback.domain import feedback
from jupyter_deployfeedback.domain.base import shared_fields
from jupyter_deployfeedback.domain.comparison import Delta, ExampleChange
from jupyter_deployfeedback.domain.kind import SuiteKind
from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Family
from jupyter_deployfeedback.domain.run import Evidence, Outcome, Run, SideEvidence, SuiteResult
from jupyter_deployfeedback.feedback.names import at_point, label, says_its_unit
from jupyter_deployfeedback.feedback.quantities import MISSING, measured, quantity

_FAMILIES = list(Family)
_STANDARD_ORDER = {name: place for place, name in enumerate(STANDARD_METRICS)}


def metric_rows(deltas: Iterable[Delta]) -> tuple[feedback.MetricRow, ...]:
    """Return the metrics by family, the standard ones first in their order, then the user's own in theirs."""
    last = len(_STANDARD_ORDER)
    ordered = sorted(deltas, key=lambda delta: (_FAMILIES.index(delta.family), _STANDARD_ORDER.get(delta.name, last)))
    return tuple(_metric_row(delta) for delta in ordered)


def suite_row(suite: SuiteResult) -> feedback.SuiteRow:
    """Return a suite with its cases."""
    return feedback.SuiteRow(
        **(shared_fields(suite.suite, feedback.SuiteRow) | shared_fields(suite, feedback.SuiteRow))
    )


def digests(run: Run, evidence: Evidence, *, project_file: str | None) -> tuple[feedback.Digest, ...]:
    """Return what the run was made from, by digest: the project file, then suites, then the data of evaluations."""
    file = PurePath(run.request.project_file).name  # the folders above it are nobody else's business
    made_from = [feedback.Digest(name=file, sha256=project_file, in_commit=True)] if project_file else []
    data = [
        feedback.Digest(name=f"data of {each.suite}/{each.name}", sha256=each.dataset_digest)
        for suite in evidence.suites
        for each in suite.evaluations
    ]
    return (*made_from, *_executed(evidence), *data)


def _executed(evidence: Evidence) -> Iterator[feedback.Digest]:
    """Yield the files that were executed; of one that was not the same each time, no digest is known."""
    found: dict[tuple[str, bool], set[str]] = {}
    for each in evidence.suites if evidence.imported is None else ():
        if each.outcome is not Outcome.NOT_RUN:
            committed = each.suite.kind in {SuiteKind.NOTEBOOK, SuiteKind.BEHAVE}  # others may be made by the pipeline
            for path, digest in (each.read or {each.suite.source: ""}).items():
                found.setdefault((path, committed), set()).add(digest)
    for (path, committed), known in found.items():
        yield feedback.Digest(name=path, sha256=known.pop() if len(known) == 1 else "", in_commit=committed)


def example_rows(examples: Iterable[ExampleChange], suites: Iterable[SuiteResult]) -> tuple[feedback.ExampleRow, ...]:
    """Return the examples that only one side got right; points of a matrix that agree on one share a row."""
    whole = {each.suite.name: each.suite.point_of for each in suites}
    alike: dict[object, list[ExampleChange]] = {}
    for place, each in enumerate(examples):
        suite = whole.get(each.suite)
        same = (suite, each.example_id, each.truth, each.candidate, each.baseline)
        alike.setdefault(place if suite is None else same, []).append(each)
    return tuple(
        feedback.ExampleRow(**dict(each[0]), points=len({one.suite for one in each})) for each in alike.values()
    )


def series_rows(evidence: Evidence) -> tuple[feedback.SeriesRow, ...]:
    """Return how the platform metrics moved on both sides."""
    baseline = _side_series(evidence.baseline, "baseline") if evidence.baseline else ()
    return (*_side_series(evidence.candidate, "candidate"), *baseline)


def windows_rows(evidence: Evidence) -> tuple[feedback.WindowsRow, ...]:
    """Return what was seen of the platform in each window of the loads, one row for each metric."""
    names = dict.fromkeys(each.metric for window in evidence.candidate.loaded for each in window.observations)
    baseline = evidence.baseline
    return tuple(
        feedback.WindowsRow(
            metric=metric.name,
            unit=metric.unit,
            candidate=_in_windows(evidence.candidate, metric.name),
            baseline=_in_windows(baseline, metric.name) if baseline else None,
        )
        for metric in names
        if metric.name not in evidence.candidate.too_coarse
    )


def _metric_row(delta: Delta) -> feedback.MetricRow:
    return feedback.MetricRow(
        **dict(delta),
        text=feedback.MetricText(
            label=at_point(label(delta.name), delta.point),
            value=_plain(delta.value, delta.name, delta.unit),
            baseline=_plain(delta.baseline, delta.name, delta.unit),
            difference=_difference_text(delta),
        ),
    )


def _plain(value: float | None, name: str, unit: str) -> str:
    """Write a number for a table; the unit of a count stands in the metric's name already."""
    return quantity(value, "" if says_its_unit(name, unit) else unit)


def _difference_text(delta: Delta) -> str:
    """Write candidate - baseline with its interval, or, where it has none, also in per cent of the baseline."""
    if delta.difference is None:
        return MISSING
    unit = "pp" if delta.unit == "share" else delta.unit
    unit = "" if says_its_unit(delta.name, unit) else unit
    text = str(measured(delta.difference, delta.interval, unit, signed=True))
    if delta.interval is not None or unit == "pp" or not delta.baseline or not delta.difference:
        return text
    return f"{text} ({quantity(delta.difference / abs(delta.baseline), '%', signed=True)})"


def _in_windows(side: SideEvidence, name: str) -> tuple[float | None, ...]:
    found = ((each.value for each in window.observations if each.metric.name == name) for window in side.loaded)
    return tuple(next(values, None) for values in found)


def _side_series(side: SideEvidence, name: Literal["candidate", "baseline"]) -> tuple[feedback.SeriesRow, ...]:
    return tuple(
        feedback.SeriesRow(metric=each.metric.name, unit=each.metric.unit, side=name, points=each.points)
        for each in side.series
    )
