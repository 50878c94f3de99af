"""Which aggregates and relations each kind of metric has a method for; everything else is refused before a run."""

from collections.abc import Mapping

from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Family
from jupyter_deployfeedback.domain.rules.rule import Aggregate, Expression, Relation

ABSOLUTE = frozenset({Relation.ABSOLUTE})
BY_DIFFERENCE = frozenset({Relation.ABSOLUTE, Relation.DIFFERENCE})
ANY = frozenset(Relation)

Support = Mapping[Aggregate, frozenset[Relation]]

_NUMBER: Support = {Aggregate.VALUE: ANY}
_SHARE: Support = {Aggregate.VALUE: ANY, Aggregate.RATE: ANY}
_REQUESTS: Support = {Aggregate.VALUE: BY_DIFFERENCE, Aggregate.COUNT: BY_DIFFERENCE, Aggregate.RATE: BY_DIFFERENCE}
_COUNTER: Support = {Aggregate.VALUE: BY_DIFFERENCE}
_SAMPLES: Support = {
    Aggregate.QUANTILE: ANY,
    Aggregate.MEDIAN: ANY,
    Aggregate.MEAN: ANY,
    Aggregate.TYPICAL: frozenset({Relation.RATIO}),
    Aggregate.SHARE: BY_DIFFERENCE,
    Aggregate.COUNT: ABSOLUTE,
    Aggregate.MINIMUM: ABSOLUTE,
    Aggregate.MAXIMUM: ABSOLUTE,
}
SUPPORTED: Mapping[str, Support] = {
    "latency": _SAMPLES,
    "accuracy": _SHARE,
    "error_rate": _SHARE,
    "failure_rate": {Aggregate.VALUE: BY_DIFFERENCE, Aggregate.RATE: BY_DIFFERENCE},  # a ratio to 0 is none
    "requests_attempted": _REQUESTS,
    "requests_answered": _REQUESTS,
    "requests_failed": _REQUESTS,
    "requests_timed_out": _REQUESTS,
    "restarts": _COUNTER,
    "oom_kills": _COUNTER,
    "server_errors": {**_NUMBER, Aggregate.RATE: ABSOLUTE},
}
"""Metrics that are not listed are one number each."""

WITHOUT_SLICES = frozenset({"throughput"})


def support(name: str) -> Support:
    """Return what may be asked of a metric."""
    return SUPPORTED.get(name, _NUMBER)


def has_slices(name: str) -> bool:
    """Say whether a metric is known example by example: platform metrics and recorded numbers are not."""
    metric = STANDARD_METRICS.get(name)
    return metric is not None and metric.family is not Family.PLATFORM and name not in WITHOUT_SLICES


def unsupported(name: str, expression: Expression) -> str | None:
    """Return what to write instead of an expression that has no method, None where it has one."""
    known = support(name)
    if expression.relation in known.get(expression.aggregate, frozenset()):
        return None
    if name == "latency" and expression.aggregate is Aggregate.VALUE:
        return "Say which latency is meant: p(95)<300ms, typical<=+10%, share(>300ms)<=+1pp or avg<200ms."
    if name == "latency" and expression.aggregate is Aggregate.TYPICAL:
        return "typical compares pairs with the baseline: write typical<=+10%, or p(50)<300ms for a limit of its own."
    if expression.aggregate not in known:
        return f"Of {name} you can ask: {', '.join(_written(each) for each in known)}."
    instead = " or ".join(_HINTS[relation] for relation in Relation if relation in known[expression.aggregate])
    return f"Write {instead}."


_HINTS = {
    Relation.ABSOLUTE: "a limit without a sign",
    Relation.DIFFERENCE: "a difference such as +1pp, +20ms or +5",
    Relation.RATIO: "a ratio such as +10%",
}


def _written(aggregate: Aggregate) -> str:
    forms = {Aggregate.VALUE: "its value (<=...)", Aggregate.QUANTILE: "p(95)", Aggregate.SHARE: "share(>300ms)"}
    return forms.get(aggregate, aggregate.value)
