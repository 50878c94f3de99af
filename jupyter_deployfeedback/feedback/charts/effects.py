"""How far the candidate moved towards each relative limit: one bar per finding, all on one scale.

0 is no change and 1 is the limit, so that per cent and percentage points stand side by side; right is worse.
"""

from __future__ import annotations

import re

from jupyter_deployfeedback.domain.feedback import FeedbackReport, FindingText
from jupyter_deployfeedback.feedback.charts.style import COLOURS, Chart, Spec
from jupyter_deployfeedback.feedback.words import finding_tone, finding_word

_RELATIVE = re.compile(r"([<>])=?\s*[+-]")
_ROW_HEIGHT = 40
_FARTHEST = 4.0  # limits away from no change; what lies beyond is drawn at the edge, its numbers stand above it


def effects(report: FeedbackReport, width: int) -> Chart | None:
    """Return the relative findings with interval and limit, None where there are none."""
    rows = [row for row in map(_row, report.findings) if row is not None]
    if not rows:
        return None
    for place, row in enumerate(rows):
        row["place"] = place
    ends = [row[name] for row in rows for name in ("low", "high", "at")]
    domain = [max(-_FARTHEST, min(-1.2, *ends)), min(_FARTHEST, max(1.6, *ends))]
    return Chart(
        title="Change against the limit",
        description="Each change with its interval on a scale where 0 is no change and the limit is 1; right is worse.",
        spec={
            "width": width,
            "height": _ROW_HEIGHT * len(rows) + 30,
            "data": {"values": rows},
            "encoding": {
                "y": {
                    "field": "place",
                    "type": "ordinal",
                    "axis": None,
                    "scale": {"paddingInner": 0, "paddingOuter": 0},
                },
                "x": {"type": "quantitative", "scale": {"domain": domain, "clamp": True, "nice": False}},
            },
            "layer": _layers(width, domain, sorted({row["limit"] for row in rows})),
        },
    )


def _row(finding: FindingText) -> Spec | None:
    match = _RELATIVE.search(finding.expression)
    if match is None or finding.value is None or not finding.limit:
        return None
    worse = 1.0 if match[1] == "<" else -1.0
    at, edges = finding.value, finding.interval or (finding.value, finding.value)
    on_scale = sorted(worse * number / abs(finding.limit) for number in edges)
    return {
        "text": f"{finding_word(finding)} · {finding.text.subject}: {finding.text.value}, limit {finding.text.limit}",
        "tone": finding_tone(finding),
        "at": worse * at / abs(finding.limit),
        "low": on_scale[0],
        "high": on_scale[1],
        "limit": worse * finding.limit / abs(finding.limit),
    }


def _layers(width: int, domain: list[float], limits: list[float]) -> list[Spec]:
    axis = {
        "title": "← better · worse →",
        "values": [0, *limits],
        "labelExpr": "datum.value === 0 ? 'no change' : 'limit'",
        "grid": False,
        "domain": False,
    }
    colour = {"field": "tone", "type": "nominal", "legend": None}
    colour["scale"] = {"domain": list(COLOURS), "range": list(COLOURS.values())}
    lower = {"yOffset": 9}
    beyond: list[Spec] = []
    if limits == [1.0]:
        area = {"type": "rect", "color": COLOURS["fail"], "opacity": 0.07}
        beyond = [
            {
                "data": {"values": [{}]},
                "mark": area,
                "encoding": {
                    "x": {"datum": 1},
                    "x2": {"datum": domain[1]},
                    "y": {"value": 0},
                    "y2": {"value": "height"},
                },
            }
        ]
    return [
        *beyond,
        {
            "mark": {"type": "rule", "strokeDash": [2, 2], "opacity": 0.5},
            "encoding": {"x": {"datum": 0, "axis": axis}, "y": None},
        },
        {
            "mark": {"type": "tick", "thickness": 2.5, "size": 22, "color": COLOURS["fail"], **lower},
            "encoding": {"x": {"field": "limit"}},
        },
        {
            "mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.55, **lower},
            "encoding": {"x": {"field": "low"}, "x2": {"field": "high"}, "color": colour},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1, **lower},
            "encoding": {"x": {"field": "at"}, "color": colour},
        },
        {
            "mark": {"type": "text", "align": "left", "limit": width - 12, "dy": -9},
            "encoding": {"x": {"value": 0}, "text": {"field": "text"}},
        },
    ]
