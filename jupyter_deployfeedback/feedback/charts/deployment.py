"""How CPU, memory and other platform metrics moved on both sides: over the window, and in each window of a load."""

from collections.abc import Iterator

from jupyter_deployfeedback.domain.comparison import Distribution
from jupyter_deployfeedback.domain.feedback import FeedbackReport, SeriesRow, WindowsRow
from jupyter_deployfeedback.feedback.charts.style import Chart, Spec, paired_points, side_encodings, side_names
from jupyter_deployfeedback.feedback.escaping import one_line
from jupyter_deployfeedback.feedback.names import label

_FACTORS = {"B": (2.0**-20, "MiB")}
_USUAL = ("cpu_mean", "memory_mean")
_LAST_LEVEL = 0.99  # beyond it a single straggler would squeeze the rest


def platform(report: FeedbackReport, width: int) -> Iterator[Chart]:
    """Yield one plot per metric that was sampled at least twice."""
    groups: dict[str, list[SeriesRow]] = {}
    for row in report.series:
        if len(row.points) > 1:
            groups.setdefault(row.metric, []).append(row)
    return (_chart(report, width, rows) for rows in groups.values())


def _chart(report: FeedbackReport, width: int, rows: list[SeriesRow]) -> Chart:
    factor, unit = _FACTORS.get(rows[0].unit, (1.0, one_line(rows[0].unit, limit=30)))
    names = dict(zip(("candidate", "baseline"), side_names(report), strict=True))
    values: list[Spec] = [
        {"second": second, "value": value * factor, "side": names[row.side]}
        for row in rows
        for second, value in row.points
    ]
    name = label(rows[0].metric).removesuffix(" max").removesuffix(" mean")
    title = f"{name[0].upper()}{name[1:]} over the window{f' ({unit})' if unit else ''}"
    return Chart(
        title=title,
        description=f"{title}, one line per side.",
        spec={
            "width": width,
            "height": 140,
            "data": {"values": values},
            "mark": {"type": "line", "strokeWidth": 2, "interpolate": "monotone"},
            "encoding": {
                "x": {
                    "field": "second",
                    "type": "quantitative",
                    "axis": {"title": "seconds since the window began", "tickCount": 6},
                },
                "y": {
                    "field": "value",
                    "type": "quantitative",
                    "scale": {"zero": True},
                    "axis": {"title": None, "tickCount": 4},
                },
                **side_encodings(report),
            },
        },
    )


def windows(report: FeedbackReport, width: int) -> Iterator[Chart]:
    """Yield one plot for each metric that a rule asks for, of CPU and memory where none does."""
    judged = {finding.subject.text for finding in report.findings}
    known = [row for row in report.windows if len(row.candidate) > 1]
    wanted = [row for row in known if row.metric in judged] or [row for row in known if row.metric in _USUAL]
    return (_windows_chart(report, width, row) for row in wanted)


def _windows_chart(report: FeedbackReport, width: int, row: WindowsRow) -> Chart:
    factor, unit = _FACTORS.get(row.unit, (1.0, one_line(row.unit, limit=30)))
    values: list[Spec] = [
        {"window": place + 1, "value": value * factor, "side": name}
        for name, column in zip(side_names(report), (row.candidate, row.baseline or ()), strict=True)
        for place, value in enumerate(column)
        if value is not None
    ]
    text = label(row.metric)
    title = f"{text[0].upper()}{text[1:]} in each window of load{f' ({unit})' if unit else ''}"
    return Chart(
        title=title,
        description=f"{title}: one point per side, one column per pair of windows.",
        spec={
            "width": width,
            "height": 140,
            "data": {"values": values},
            "encoding": {
                "x": {"field": "window", "type": "ordinal", "axis": {"title": "pair of windows", "labelAngle": 0}},
                "y": {
                    "field": "value",
                    "type": "quantitative",
                    "scale": {"zero": True},
                    "axis": {"title": None, "tickCount": 4},
                },
            },
            "layer": paired_points(report, joined_by="window"),
        },
    )


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
