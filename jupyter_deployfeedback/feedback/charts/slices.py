"""One metric in each slice, on both sides."""

import re
from collections.abc import Iterator

from jupyter_deployfeedback.domain.feedback import FeedbackReport, FindingText
from jupyter_deployfeedback.feedback.charts.style import Chart, Spec, paired_points, side_names
from jupyter_deployfeedback.feedback.escaping import one_line
from jupyter_deployfeedback.feedback.names import label

_NUMBER = re.compile(r"([0-9]+)")
_ROW_HEIGHT = 22


def slices(report: FeedbackReport, width: int) -> Iterator[Chart]:
    """Yield one plot for each metric and slice that rules ask for."""
    groups: dict[tuple[str, str], dict[str, FindingText]] = {}
    for finding in report.findings:
        metric, (name, value) = finding.subject.metric, finding.subject.slice or ("", None)
        if metric is not None and value is not None and finding.candidate is not None:
            groups.setdefault((metric, name), {})[value] = finding
    for (metric, name), findings in groups.items():
        yield _chart(report, width, f"{label(metric)} by {one_line(name, limit=40)}", findings)


def _chart(report: FeedbackReport, width: int, title: str, findings: dict[str, FindingText]) -> Chart:
    share = all(finding.metric_unit == "share" for finding in findings.values())
    candidate, baseline = side_names(report)
    values: list[Spec] = []
    for value, finding in findings.items():
        for side, number in ((candidate, finding.candidate), (baseline, finding.baseline)):
            if number is not None:
                values.append({"slice": one_line(value, limit=40), "value": number, "side": side})
    x = {
        "field": "value",
        "type": "quantitative",
        "scale": {"zero": False, "padding": 10},
        "axis": {"title": None, "tickCount": 5, **({"format": "%"} if share else {})},
    }
    return Chart(
        title=title[0].upper() + title[1:],
        description=f"{title}: one row per value, one point per side.",
        spec={
            "width": width,
            "height": _ROW_HEIGHT * len(findings) + 70,
            "data": {"values": values},
            "encoding": {
                "y": {
                    "field": "slice",
                    "type": "nominal",
                    "sort": _natural(findings),
                    "axis": {"title": None, "grid": True, "labelLimit": 120},
                },
                "x": x,
            },
            "layer": paired_points(report, joined_by="slice"),
        },
    )


def _natural(values: dict[str, FindingText]) -> list[str]:
    """Order values as people count: 2 before 10, n=2 before n=10, words after numbers."""
    ordered = sorted(
        values,
        key=lambda value: [int(part) if part.isascii() and part.isdecimal() else part for part in _NUMBER.split(value)],
    )
    return [one_line(value, limit=40) for value in ordered]
