"""How far the candidate moved towards each relative limit: one bar per finding, all on one scale.

0 is no change and 1 is the limit, so that per cent and percentage points stand side by side; right is worse.
"""

import re
from collections.abc import Iterator

from jupyter_deployfeedback.domain.feedback import FeedbackReport, FindingText
from jupyter_deployfeedback.domain.rules.rule import Relation
from jupyter_deployfeedback.domain.verdict import Standing
from jupyter_deployfeedback.feedback.charts.style import COLOURS, Chart, Spec, paired_points, side_names
from jupyter_deployfeedback.feedback.escaping import one_line
from jupyter_deployfeedback.feedback.names import label
from jupyter_deployfeedback.feedback.outline import finding_tone, finding_word

_ROW_HEIGHT = 40
_BEST, _WORST = -2.5, 4.0  # in limits from no change; what lies beyond is drawn at the edge, its numbers stand above it
_NUMBER = re.compile(r"([0-9]+)")
_SLICE_HEIGHT = 22


def effects(report: FeedbackReport, width: int) -> Chart | None:
    """Return the relative findings with interval and limit, None where there are none.

    Findings that do not count are left out beside those that do.
    """
    counted = [finding for finding in report.findings if finding.standing is Standing.COUNTED]
    rows = [row for row in map(_row, counted) if row] or [row for row in map(_row, report.findings) if row]
    if not rows:
        return None
    for place, row in enumerate(rows):
        row["place"] = place
    ends = [row[name] for row in rows for name in ("low", "high", "at")]
    domain = [max(_BEST, min(-1.2, *ends) - 0.1), min(_WORST, max(1.6, *ends) + 0.1)]
    limits = sorted({row["limit"] for row in rows})
    return Chart(
        title="Change against the limit",
        description="Each change with its interval on a scale where 0 is no change and the limit is 1; right is worse.",
        spec={
            "width": width,
            "height": _ROW_HEIGHT * len(rows) + 36,
            "data": {"values": rows},
            "encoding": {
                "y": {"field": "place", "type": "ordinal", "axis": None, "scale": {"padding": 0}},
                "x": {"type": "quantitative", "scale": {"domain": domain, "clamp": True}, "axis": _axis(limits)},
            },
            "layer": [*_beyond(limits, domain), *_marks(), _text(width)],
        },
    )


def _row(finding: FindingText) -> Spec | None:
    asked = finding.condition
    if asked is None or asked.relation is Relation.ABSOLUTE or finding.value is None or not finding.limit:
        return None
    worse = 1.0 if asked.comparator.is_upper else -1.0
    low, high = sorted(worse * edge / abs(finding.limit) for edge in finding.interval or (finding.value, finding.value))
    return {
        "text": f"{finding_word(finding)} · {finding.text.subject} {finding.text.value}, limit {finding.text.limit}",
        "tone": finding_tone(finding),
        "at": worse * finding.value / abs(finding.limit),
        "low": low,
        "high": high,
        "limit": worse * finding.limit / abs(finding.limit),
        "zero": 0,
    }


def _axis(limits: list[float]) -> Spec:
    return {
        "title": "← better · worse →",
        "values": [0, *limits],
        "labelExpr": "datum.value === 0 ? 'no change' : 'limit'",
        "grid": False,
        "domain": False,
        "ticks": False,
    }


def _beyond(limits: list[float], domain: list[float]) -> list[Spec]:
    """Shade what lies beyond the limit where all rows have it in the same place."""
    if limits != [1.0]:
        return []
    area = {"type": "rect", "color": COLOURS["fail"], "opacity": 0.07}
    place = {"x": {"datum": 1}, "x2": {"datum": domain[1]}, "y": {"value": 0}, "y2": {"value": "height"}}
    return [{"data": {"values": [{}]}, "mark": area, "encoding": place}]


def _marks() -> list[Spec]:
    """Draw no change, limit, interval and point in the lower half of each row."""
    colour = {
        "field": "tone",
        "type": "nominal",
        "legend": None,
        "scale": {"domain": list(COLOURS), "range": list(COLOURS.values())},
    }
    low_half = {"yOffset": 9}
    tick = {"type": "tick", "orient": "vertical", "size": 20, **low_half}
    bar = {"type": "rule", "strokeWidth": 3, "opacity": 0.55, **low_half}
    point = {"type": "point", "filled": True, "size": 70, "opacity": 1, **low_half}
    return [
        {"mark": {**tick, "thickness": 1.5, "color": COLOURS["quiet"]}, "encoding": {"x": {"field": "zero"}}},
        {"mark": {**tick, "thickness": 2.5, "color": COLOURS["fail"]}, "encoding": {"x": {"field": "limit"}}},
        {"mark": bar, "encoding": {"x": {"field": "low"}, "x2": {"field": "high"}, "color": colour}},
        {"mark": point, "encoding": {"x": {"field": "at"}, "color": colour}},
    ]


def _text(width: int) -> Spec:
    mark = {"type": "text", "align": "left", "limit": width - 12, "yOffset": -9}
    return {"mark": mark, "encoding": {"x": {"value": 0}, "text": {"field": "text"}}}


def slices(report: FeedbackReport, width: int) -> Iterator[Chart]:
    """Yield one plot for each metric and slice that rules ask for."""
    groups: dict[tuple[str, str], dict[str, FindingText]] = {}
    for finding in report.findings:
        metric, (name, value) = finding.subject.metric, finding.subject.slice or ("", None)
        if metric is not None and value is not None and finding.candidate is not None:
            groups.setdefault((metric, name), {})[value] = finding
    for (metric, name), findings in groups.items():
        yield _slices_chart(report, width, f"{label(metric)} by {one_line(name, limit=40)}", findings)


def _slices_chart(report: FeedbackReport, width: int, title: str, findings: dict[str, FindingText]) -> Chart:
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
            "height": _SLICE_HEIGHT * len(findings) + 70,
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
