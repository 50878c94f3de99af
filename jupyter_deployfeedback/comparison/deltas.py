"""The rows of the three tables: every metric on both sides, and whether it moved."""

from collections.abc import Iterator
from dataclasses import replace

from jupyter_deployfeedback.comparison.estimates import show, value_of
from jupyter_deployfeedback.comparison.numbers import EXACT_COUNTS
from jupyter_deployfeedback.comparison.samples import COUNTS, applies
from jupyter_deployfeedback.comparison.sides import Material, Numbers
from jupyter_deployfeedback.domain.comparison import Change, Delta, Estimand, Estimate
from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Better, Metric, Observation
from jupyter_deployfeedback.domain.rules.rule import Aggregate, Comparator, Expression, Relation

SAMPLED = tuple(name for name in STANDARD_METRICS if name != "latency")
NO_LIMIT = 1e300  # asks for a number without judging it


def deltas(material: Material) -> tuple[Delta, ...]:
    """Return one row for each metric that either side has; numbers that may not be judged are shown all the same."""
    return (*_sampled(material), *_platform(material), *_recorded(material))


def change(metric: Metric, *, difference: float, interval: tuple[float, float] | None, exact: bool) -> Change:
    """Say how a metric moved: only an interval that excludes zero, or an exact count that differs, is a change."""
    if exact:
        interval = (difference, difference)
    if interval is None:
        return Change.UNKNOWN
    low, high = interval
    if low <= 0 <= high:
        return Change.UNCHANGED
    if metric.better is Better.NEITHER:
        return Change.UNKNOWN
    return Change.IMPROVED if (low > 0) is (metric.better is Better.HIGHER) else Change.REGRESSED


def _sampled(material: Material) -> Iterator[Delta]:
    """Yield what the stored samples yield: never what a notebook says of itself."""
    pooled, stored = material.pooled, material.stored
    for name in SAMPLED:
        if pooled is not None and applies(name, pooled.candidate):
            yield _sampled_row(STANDARD_METRICS[name], replace(material, partial=None))
        elif stored is not None and applies(name, stored):
            yield _removed(STANDARD_METRICS[name], value_of(name, stored), source="stored evaluation")


def _sampled_row(metric: Metric, material: Material) -> Delta:
    alone = _ask(metric.name, Relation.ABSOLUTE, material)
    moved = _ask(metric.name, Relation.DIFFERENCE, material)
    baseline = moved.baseline if moved.value is not None else _unpaired_baseline(metric.name, material)
    interval = _count_interval(metric.name, material) if metric.name in COUNTS else moved.interval
    return Delta(
        **dict(metric),
        value=alone.value,
        n=alone.n,
        missing_because=alone.missing_because,
        baseline=baseline,
        difference=moved.value,
        interval=interval,
        change=_moved(metric, moved, interval=interval, added=_is_new(moved, material)),
        source=_sources(material),
        notices=(*_unanswered(alone), *_why_not_compared(moved, material)),
    )


def _unanswered(alone: Estimate) -> Iterator[str]:
    lost = alone.facts.get("unanswered")
    if lost:
        yield f"{lost:,.0f} of {alone.n or 0:,} examples have no answer and count as wrong"


def _ask(name: str, relation: Relation, material: Material, *, aggregate: Aggregate = Aggregate.VALUE) -> Estimate:
    expression = Expression(
        text="", aggregate=aggregate, comparator=Comparator.AT_MOST, relation=relation, limit=NO_LIMIT
    )
    asked = Estimand(metric=name, expression=expression, confidence=material.confidence)
    return show(asked, material)


def _count_interval(name: str, material: Material) -> tuple[float, float] | None:
    """Return how many requests more or less would be no surprise: the paired share's interval, in requests."""
    rate = _ask(name, Relation.DIFFERENCE, material, aggregate=Aggregate.RATE)
    return (rate.interval[0] * rate.n, rate.interval[1] * rate.n) if rate.interval and rate.n else None


def _moved(metric: Metric, moved: Estimate, *, interval: tuple[float, float] | None, added: bool) -> Change:
    if moved.value is None:
        return Change.ADDED if added else Change.UNKNOWN
    return change(metric, difference=moved.value, interval=interval, exact=False)


def _is_new(moved: Estimate, material: Material) -> bool:
    return material.baseline_name is not None and moved.baseline_missing


def _unpaired_baseline(name: str, material: Material) -> float | None:
    """Return the baseline's own number, to be shown but not compared."""
    stored = material.stored
    return value_of(name, stored) if stored is not None and applies(name, stored) else None


def _why_not_compared(moved: Estimate, material: Material) -> tuple[str, ...]:
    if material.baseline_name is None or moved.value is not None or moved.missing_because is None:
        return ()
    return (f"not compared: {moved.missing_because}",)


def _sources(material: Material) -> str:
    return ", ".join(
        dict.fromkeys(material.sources.get(pair.evaluation.suite, pair.evaluation.suite) for pair in material.pairs)
    )


def _platform(material: Material) -> Iterator[Delta]:
    yield from _rows(material.numbers.platform, _platform_of(material.baseline_numbers), material)


def _recorded(material: Material) -> Iterator[Delta]:
    """Yield what suites recorded, unless samples or the platform say it better."""
    pooled = material.pooled
    for name, found in material.numbers.recorded.items():
        sampled = pooled is not None and applies(name, pooled.candidate)
        if sampled or name in material.numbers.platform:
            continue
        for observation in found.values():
            yield _number_row(observation, _recorded_before(name, material), material)
    if material.baseline_numbers is not None:
        for name in material.baseline_numbers.recorded.keys() - material.numbers.recorded.keys():
            gone = next(iter(material.baseline_numbers.recorded[name].values()))
            yield _removed(gone.metric, gone.value, source=gone.source)


def _platform_of(numbers: Numbers | None) -> dict[str, Observation]:
    return numbers.platform if numbers else {}


def _recorded_before(name: str, material: Material) -> Observation | None:
    found = material.baseline_numbers.recorded.get(name, {}) if material.baseline_numbers else {}
    return next(iter(found.values())) if len(found) == 1 else None


def _rows(now: dict[str, Observation], before: dict[str, Observation], material: Material) -> Iterator[Delta]:
    for name, observation in now.items():
        windowed = _windowed_row(observation, material)
        yield windowed or _number_row(observation, before.get(name), material)
    for name, gone in before.items():
        if name not in now:
            yield _removed(gone.metric, gone.value, source=gone.source)


def _windowed_row(now: Observation, material: Material) -> Delta | None:
    """Return the row of a metric that was seen window by window on both sides, None where it was not."""
    if material.windows is None or not material.windows.holds(now.metric.name):
        return None
    moved = _ask(now.metric.name, Relation.DIFFERENCE, material)
    if moved.value is None or moved.weak is not None:
        return None
    return Delta(
        **dict(now.metric),
        value=moved.candidate,
        n=moved.n,
        baseline=moved.baseline,
        difference=moved.value,
        interval=moved.interval,
        change=change(now.metric, difference=moved.value, interval=moved.interval, exact=False),
        source=now.source,
        query=now.query,
        notices=now.notices,
    )


def _number_row(now: Observation, before: Observation | None, material: Material) -> Delta:
    """Return the row of a single number; without repetitions there is no interval, so only exact counts can change."""
    baseline = before.value if before else None
    difference = None if now.value is None or baseline is None else now.value - baseline
    new = before is None and material.baseline_numbers is not None and not material.live and now.value is not None
    moved = Change.ADDED if new else Change.UNKNOWN
    if difference is not None:
        moved = change(now.metric, difference=difference, interval=None, exact=now.metric.name in EXACT_COUNTS)
    return Delta(
        **dict(now.metric),
        value=now.value,
        n=now.n,
        missing_because=now.missing_because,
        baseline=baseline,
        difference=difference,
        change=moved,
        source=now.source,
        query=now.query,
        notices=(*now.notices, *(before.notices if before and material.imported else ())),
    )


def _removed(metric: Metric, value: float | None, *, source: str) -> Delta:
    reason = "this run did not measure it"
    return Delta(**dict(metric), missing_because=reason, baseline=value, change=Change.REMOVED, source=source)
