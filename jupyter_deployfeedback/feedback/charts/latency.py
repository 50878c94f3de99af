"""How long requests took on both sides: the share of them that was answered within a time."""

from jupyter_deployfeedback.domain.comparison import Distribution
from jupyter_deployfeedback.domain.feedback import FeedbackReport
from jupyter_deployfeedback.feedback.charts.style import Chart, Spec, side_encodings, side_names

_LAST_LEVEL = 0.99  # beyond it a single straggler would squeeze the rest


def latency(report: FeedbackReport, width: int) -> Chart | None:
    """Return the cumulative distribution of latency, None where no request was timed."""
    row = next((each for each in report.distributions if each.metric == "latency"), None)
    if row is None or not row.candidate:
        return None
    factor, unit = (1.0, "s") if _median(row) >= 1 else (1e3, "ms")
    candidate, baseline = side_names(report)
    values = _points(row.levels, row.candidate, factor, candidate)
    if row.baseline:
        values += _points(row.levels, row.baseline, factor, baseline)
    return Chart(
        title="Latency: share of requests answered within a time",
        description="Cumulative distribution of latency; a curve further to the left is faster.",
        spec={
            "width": width,
            "height": 180,
            "data": {"values": values},
            "mark": {"type": "line", "strokeWidth": 2},
            "encoding": {
                "x": {
                    "field": "time",
                    "type": "quantitative",
                    "scale": {"zero": False, "nice": True},
                    "axis": {"title": f"latency ({unit})", "tickCount": 6},
                },
                "y": {
                    "field": "share",
                    "type": "quantitative",
                    "scale": {"domain": [0, 1]},
                    "axis": {"title": None, "format": "%", "values": [0, 0.25, 0.5, 0.75, 0.95]},
                },
                **side_encodings(report),
            },
        },
    )


def _median(row: Distribution) -> float:
    return sorted(row.candidate)[len(row.candidate) // 2]


def _points(levels: tuple[float, ...], times: tuple[float, ...], factor: float, side: str) -> list[Spec]:
    pairs = list(zip(levels, times, strict=False))
    kept = [pair for pair in pairs if pair[0] <= _LAST_LEVEL] or pairs
    return [{"share": level, "time": time * factor, "side": side} for level, time in kept]
