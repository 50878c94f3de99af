"""What metrics, estimands and sides are called in sentences and tables."""

from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Family
from jupyter_deployfeedback.domain.rules.rule import Aggregate, Expression, Subject
from jupyter_deployfeedback.feedback.escaping import one_line
from jupyter_deployfeedback.feedback.quantities import limit_text

_CAPITALS = {"cpu": "CPU", "oom": "OOM", "f1": "F1", "r2": "R²"}
_AGGREGATES = {
    Aggregate.MEAN: "{} mean",
    Aggregate.MEDIAN: "{} median",
    Aggregate.MINIMUM: "{} minimum",
    Aggregate.MAXIMUM: "{} maximum",
    Aggregate.COUNT: "count of {}",
    Aggregate.RATE: "rate of {}",
    Aggregate.TYPICAL: "typical {}",
}
_METHODS = {
    "exact": "compared exactly",
    "point": "one number without an interval",
    "skewed-mean": "t interval of the mean, corrected for skewness (Hall)",
    "paired-t": "paired t interval of the difference",
    "paired-log-ratio-of-means": "paired interval of the ratio of means (delta method)",
    "paired-bootstrap": "paired percentile bootstrap",
    "block-quantiles-paired": "paired t interval over blocks in time",
    "block-medians-paired": "paired t interval over medians of blocks in time",
    "hodges-lehmann-paired": "Hodges-Lehmann estimate of the paired log ratios, Walsh interval",
    "clopper-pearson": "Clopper-Pearson interval of a share",
    "newcombe-paired": "Newcombe's paired score interval",
    "mover-ratio-paired": "paired interval of the ratio of shares (MOVER)",
    "order-statistics": "interval of a quantile from order statistics",
    "windows": "t interval over windows of load",
    "paired-windows": "t interval over pairs of windows of load",
    "paired-windows-log-ratio": "t interval of the log ratio over pairs of windows of load",
    "windows-jackknife": "t interval over pairs of windows of load (jackknife)",
    "bca-bootstrap-paired": "paired bootstrap, bias-corrected and accelerated",
    "bca-bootstrap": "bootstrap, bias-corrected and accelerated",
}
_WINDOW_METHODS = frozenset({"windows", "paired-windows", "paired-windows-log-ratio"})
_PAIR = "pair"
_EMPTY = '""'  # a label of nothing, as it is written in a rule
_SAMPLES = {Family.MODEL: "example", Family.APPLICATION: "request", Family.PLATFORM: "sample"}


def method(code: str) -> str:
    """Return a method's name in words; the code itself where it has none."""
    return _METHODS.get(code, code)


def label(name: str) -> str:
    """Return a standard metric's name with blanks (``latency p95``); a user's own name stays as it was written."""
    if name not in STANDARD_METRICS:
        return one_line(name, limit=80)
    return " ".join(_CAPITALS.get(word, word) for word in name.split("_"))


def capitalised(text: str) -> str:
    """Return the text with a capital first letter where it begins with a word of ours, not with a user's name."""
    first = text.split(" ", 1)[0]
    ours = {label(name).split(" ", 1)[0] for name in STANDARD_METRICS} | {"typical", "share", "count", "rate", "suite"}
    return text[0].upper() + text[1:] if first in ours else text


def says_its_unit(name: str, unit: str) -> bool:
    """Say whether a metric's name holds its unit already: restarts, requests failed, OOM kills."""
    standard = STANDARD_METRICS.get(name)
    return standard is not None and standard.unit == unit and unit in {"requests", "restarts", "kills", "replicas"}


def subject(about: Subject, condition: Expression | None, *, unit: str) -> str:
    """Return what a rule is about: ``typical latency``, ``latency p95``, ``accuracy for digit 8 in quality[n=100]``.

    ``unit`` is that of the metric, in which the edge of a ``share(>300ms)`` is given.
    """
    if about.metric is None or condition is None or (about.slice and about.slice[1] is None):
        return label(about.text)
    name = _aggregated(about.name, condition, unit)
    if about.slice is not None:
        name = f"{name} for {' '.join(one_line(part or '', limit=40) or _EMPTY for part in about.slice)}"
    return at_point(name, about.point)


def at_point(name: str, point: str | None) -> str:
    """Return what was measured at a point of a matrix: ``accuracy in quality[n=100]``."""
    return name if point is None else f"{name} in {one_line(point, limit=80)}"


def sample_noun(family: Family | None, aggregate: Aggregate | None, *, method: str = "") -> str:
    """Return what the samples behind a number are called, in singular."""
    if method in _WINDOW_METHODS:
        return "window pair" if method.startswith("paired") else "window"
    if aggregate is Aggregate.TYPICAL:
        return _PAIR
    return _SAMPLES[family] if family else "sample"


def of_sides(noun: str, *, method: str) -> str:
    """Return what both sides' own numbers are, where they are not what the rule names; it ends with a blank."""
    if noun == _PAIR:
        return "medians "  # whose ratio is not that of the typical pair
    return "geometric means " if method == "paired-windows-log-ratio" else ""


def _aggregated(metric: str, expression: Expression, unit: str) -> str:
    name = label(metric)
    if expression.aggregate is Aggregate.QUANTILE and expression.quantile is not None:
        return f"{name} p{100 * expression.quantile:.6g}"
    if expression.aggregate is Aggregate.SHARE and expression.edge is not None:
        return f"share of {name} {limit_text(*expression.edge, unit)}"
    return _AGGREGATES.get(expression.aggregate, "{}").replace("{}", name)
