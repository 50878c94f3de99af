"""Estimates of metrics that are single numbers, or quantiles of histograms: platform metrics and what suites record.

Quantiles are exact at the edges of a histogram's buckets, a guess between them.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches

from jupyter_deployfeedback.comparison.measured import Measured, Missing, single
from jupyter_deployfeedback.comparison.methods.proportion import share
from jupyter_deployfeedback.comparison.sides import Material, Numbers
from jupyter_deployfeedback.domain.comparison import Estimand
from jupyter_deployfeedback.domain.evaluation import Task
from jupyter_deployfeedback.domain.metric import COUNT, STANDARD_METRICS, Family, Observation, dimension_of
from jupyter_deployfeedback.domain.rules.rule import Aggregate, Comparator, Expression, Relation

EXACT_COUNTS = frozenset({"restarts", "oom_kills"})
ONE_WINDOW = "one window, not repeated"
POINT_VALUE = "a single number without its samples"
RELEASED = "historical: suites record of the candidate only, so it is compared with the last release's own number"
SERVER_RATE = ("server_errors", "server_requests")
SHOWN = 12
ALIKE = 1e-9  # 0.3 and 300 * 0.001 differ in the last digit
UNKNOWN = (
    "it is computed from a quantile of a histogram whose buckets cannot be read;"
    " let its query be histogram_quantile(...) of classic buckets and nothing around it"
)


def measure_number(estimand: Estimand, material: Material) -> Measured | Missing:
    """Return the estimate of a single number; how exact or weak it is depends on what it counts."""
    if estimand.slice is not None:
        return Missing(f"no suite evaluated {estimand.metric} example by example, so it has no slices")
    candidate = _find(estimand.metric, material.numbers, material.broken_suites)
    if isinstance(candidate, Missing):
        return _of_another_task(estimand.metric, material) or candidate
    unfit = candidate.partial or between_edges(estimand.expression, candidate)
    if unfit:
        return Missing(unfit)
    return _doubted(_number(estimand, candidate, material), estimand, material)


def unit_of(name: str, material: Material) -> str:
    """Return the unit of a metric: the standard one, or that of whoever observed it."""
    if name in STANDARD_METRICS:
        return STANDARD_METRICS[name].unit
    found = _find(name, material.numbers, {})
    return "" if isinstance(found, Missing) else found.metric.unit


def _number(estimand: Estimand, candidate: Observation, material: Material) -> Measured | Missing:
    if estimand.expression.aggregate is Aggregate.RATE and estimand.metric == SERVER_RATE[0]:
        return _server_rate(material)
    if candidate.value is None:
        return Missing(
            candidate.missing_because or "it has no value",
            no_data=candidate.no_data,
            counted_nothing=candidate.counted_nothing,
        )
    return _measured(estimand, candidate, candidate.value, material)


def _doubted(found: Measured | Missing, estimand: Estimand, material: Material) -> Measured | Missing:
    """Return the same with what may have been missed on either side."""
    sides = [material.numbers, None if estimand.expression.relation is Relation.ABSOLUTE else material.baseline_numbers]
    names = SERVER_RATE if estimand.expression.aggregate is Aggregate.RATE else (estimand.metric,)
    seen = [side.platform[name] for side in sides if side for name in names if name in side.platform]
    doubts = dict.fromkeys(doubt for each in seen for doubt in each.doubts)
    return replace(found, doubt="; ".join(doubts)) if doubts and isinstance(found, Measured) else found


def _measured(estimand: Estimand, candidate: Observation, value: float, material: Material) -> Measured | Missing:
    """Measure a share of counts by its interval, a number of windows by the windows; any other is all there is."""
    name, relation = estimand.metric, estimand.expression.relation
    if relation is Relation.ABSOLUTE and candidate.hits is not None and candidate.n:
        return share(candidate.hits, candidate.n)
    baseline = None if relation is Relation.ABSOLUTE else _baseline(name, material)
    if isinstance(baseline, Missing):
        return baseline
    platform = name in material.numbers.platform
    weak = RELEASED if baseline is not None and material.live and not platform else None
    weak = weak or _weakness(estimand, candidate, platform=platform)
    windows = material.windows if material.live or relation is Relation.ABSOLUTE else None
    quantile = candidate.edges is not None  # of a histogram: a mean of those over windows is no quantile
    if weak == ONE_WINDOW and not quantile and windows is not None and windows.holds(name):
        return windows.measure(name, relation)
    coarse = windows.too_coarse(name) if windows is not None else None
    told = f"{weak}: {coarse}" if weak and coarse else weak
    return single(value, baseline, relation=relation, weak=told, n=candidate.n)


def _weakness(estimand: Estimand, observed: Observation, *, platform: bool) -> str | None:
    """Say why one number is weak evidence, None where it is exact.

    Exact are ``==``, whole things that were counted, and platform maxima under an absolute cap: the window's maximum
    either was above the cap or was not. Means, ratios and differences of one window are not.
    """
    expression = estimand.expression
    absolute = expression.relation is Relation.ABSOLUTE
    whole = float(observed.value or 0).is_integer()  # 41.7 tokens/s were not counted
    counted = whole and dimension_of(observed.metric.unit) == COUNT
    cap = platform and estimand.metric.endswith("_max") and expression.comparator.is_upper
    if estimand.metric in EXACT_COUNTS or (absolute and (counted or cap or expression.comparator is Comparator.EQUAL)):
        return None
    return ONE_WINDOW if platform else POINT_VALUE


def _find(name: str, numbers: Numbers, broken: Mapping[str, str]) -> Observation | Missing:
    """Return the only number of this name; ``broken`` suites' numbers may not be judged."""
    if name in numbers.platform:
        return numbers.platform[name]
    found = numbers.recorded.get(name, {})
    if not found:
        return Missing(_nobody(name, numbers), no_data=not broken)  # a suite that broke off might have recorded it
    if len(found) > 1:
        return Missing(f"suites {', '.join(found)} recorded {name}; give each number a name of its own")
    suite, observation = next(iter(found.items()))
    return Missing(f"suite {suite!r} broke off: {broken[suite]}") if suite in broken else observation


def _nobody(name: str, numbers: Numbers) -> str:
    """Say that nobody measured a metric, and who could."""
    standard = STANDARD_METRICS.get(name)
    if standard is not None and standard.family is not Family.PLATFORM:
        calls = "jdf.evaluate(...) or jdf.record(...)" if standard.family is Family.MODEL else "jdf.evaluate(...)"
        return f"no suite measured it; let one call {calls}"
    close = get_close_matches(name, [*STANDARD_METRICS, *numbers.platform, *numbers.recorded], n=1)
    meant = f" (did you mean {close[0]}?)" if close and standard is None else ""
    return f"no suite recorded {name} and the platform has no such metric{meant}"


def _of_another_task(name: str, material: Material) -> Missing | None:
    """Say that what was evaluated is of the other task than a metric; None where that is not why it is missing."""
    known = STANDARD_METRICS.get(name)
    tasks = {pair.evaluation.task.value for pair in material.pairs if pair.evaluation.load is None}
    if known is None or known.family is not Family.MODEL or len(tasks) != 1 or material.broken_suites:
        return None
    (task,) = tasks
    other = next(each for each in Task if each != task)
    return Missing(f'what was evaluated was taken for {task}; say jdf.evaluate(..., task="{other}")', no_data=True)


def _baseline(name: str, material: Material) -> float | Missing:
    if material.baseline_name is None:
        return Missing("there is no baseline", baseline=True)
    numbers = material.baseline_numbers
    if numbers is None:
        return Missing("the evidence of the baseline is not there")
    found = _find(name, numbers, {})
    recorded = not material.live or name in material.numbers.recorded
    if recorded and (isinstance(found, Missing) or found.value is None):
        return Missing("the baseline has no such number", baseline=True)
    if isinstance(found, Missing):
        return found
    if found.partial or found.value is None:
        return Missing(f"the baseline has no number: {found.partial or found.missing_because}")
    return found.value


def _server_rate(material: Material) -> Measured | Missing:
    """Return server errors as a share of the server's own requests."""
    counts = [material.numbers.platform.get(name) for name in SERVER_RATE]
    values = [each.value for each in counts if each is not None and each.value is not None]
    if len(values) < len(SERVER_RATE):
        return Missing("the platform does not count both errors and requests")
    errors, requests = map(round, values)
    if errors > requests:
        return Missing(f"the platform counts more errors ({errors}) than requests ({requests})")
    return share(errors, requests)


def between_edges(expression: Expression, observation: Observation) -> str | None:
    """Say why a limit cannot be judged of a histogram's quantile, None where it can or where it is none.

    Prometheus interpolates inside a bucket, which can be wrong by the whole bucket. Which bucket the quantile lies in
    is known, so a limit at an edge is judged rightly. What lies beyond the last edge is reported as that edge.
    """
    edges, limit, value = observation.edges, expression.limit, observation.value
    if edges is None:
        return None
    if not edges:
        return UNKNOWN
    if expression.relation is not Relation.ABSOLUTE:
        return f"a histogram tells a quantile only to its bucket; give it a limit at an edge: {_listed(edges)}"
    if not any(math.isclose(limit, edge, rel_tol=ALIKE) for edge in edges):
        return (
            f"{limit:g} is no edge of the histogram, and between edges its quantile is a guess: {_near(edges, limit)}"
        )
    last = edges[-1] * (1 - ALIKE)
    if value is not None and limit >= last and value >= last:
        return f"the quantile lies at or beyond the last edge of the histogram, {edges[-1]:g}"
    return None


def _near(edges: tuple[float, ...], limit: float) -> str:
    below = [edge for edge in edges if edge < limit][-1:]
    above = [edge for edge in edges if edge > limit][:1]
    return f"use {' or '.join(f'{edge:g}' for edge in (*below, *above))}"


def _listed(edges: tuple[float, ...]) -> str:
    return ", ".join(f"{edge:g}" for edge in edges[:SHOWN]) + (" ..." if len(edges) > SHOWN else "")
