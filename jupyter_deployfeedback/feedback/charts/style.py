"""What all plots share: size, colours, fonts."""

import re
from dataclasses import dataclass, replace
from typing import Any, Self

from jupyter_deployfeedback.domain.feedback import FeedbackReport
from jupyter_deployfeedback.feedback import outline
from jupyter_deployfeedback.feedback.escaping import visible

INK = "#757575"
CANDIDATE, BASELINE = "#2b83c6", "#8c8c8c"
COLOURS = {
    "pass": "#2c9461",
    "warn": "#b97a12",
    "inconclusive": "#9464d0",
    "fail": "#d64545",
    "error": "#d64545",
    "quiet": "#8c8c8c",
}
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_TWO_HALVES = re.compile("[\U00010000-\U0010ffff]")
Spec = dict[str, Any]


@dataclass(frozen=True)
class Chart:
    """One plot: its title, the same said in words for those who do not see it, and the Vega-Lite v5 spec."""

    title: str
    description: str
    spec: Spec

    def dressed(self, ink: str) -> Self:
        """Return the chart with what all charts share: schema, description, background, fonts and ink."""
        base = {
            "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
            "description": self.description,
            "background": "transparent",
            "padding": 4,
            "autosize": {"type": "fit", "contains": "padding"},
            "config": _config(ink),
        }
        return replace(self, spec=_legible(base | self.spec))


def side_names(report: FeedbackReport) -> tuple[str, str]:
    """Return the names of candidate and baseline for legends; never the same name twice."""
    candidate, baseline = outline.sides(report, limit=30)
    if baseline is None or baseline == candidate:
        baseline = f"{candidate} before"
    return candidate, baseline


def side_encodings(report: FeedbackReport) -> Spec:
    """Return colour and dash of the two sides; the baseline is grey and dashed, so that colour is not needed."""
    names = list(side_names(report))
    legend = {"title": None, "orient": "top", "symbolType": "stroke", "symbolStrokeWidth": 2.5, "labelLimit": 160}
    return {
        "color": {
            "field": "side",
            "type": "nominal",
            "scale": {"domain": names, "range": [CANDIDATE, BASELINE]},
            "legend": legend,
        },
        "strokeDash": {
            "field": "side",
            "type": "nominal",
            "scale": {"domain": names, "range": [[1, 0], [5, 3]]},
            "legend": legend,
        },
    }


def paired_points(report: FeedbackReport, *, joined_by: str) -> list[Spec]:
    """Return the layers of a plot with one point per side, circle and diamond, joined where a field is the same."""
    names = list(side_names(report))
    sides = {"field": "side", "type": "nominal", "legend": {"title": None, "orient": "top", "labelLimit": 160}}
    return [
        {
            "mark": {"type": "line", "strokeWidth": 2, "opacity": 0.35, "color": BASELINE},
            "encoding": {"detail": {"field": joined_by}},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
            "encoding": {
                "color": {**sides, "scale": {"domain": names, "range": [CANDIDATE, BASELINE]}},
                "shape": {**sides, "scale": {"domain": names, "range": ["circle", "diamond"]}},
            },
        },
    ]


def _legible(value: Any) -> Any:  # noqa: ANN401 - whatever a spec is made of
    """Return a spec without invisible characters: a single control character makes vl-convert abort the process.

    Vega cuts long text between the two halves of an emoji, and vl-convert refuses a half: boxes stand for those.
    """
    if isinstance(value, dict):
        return {key: _legible(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_legible(each) for each in value]
    return _TWO_HALVES.sub("\u25a1", visible(value)) if isinstance(value, str) else value


def _config(ink: str) -> Spec:
    return {
        "font": _FONT,
        "view": {"stroke": None},
        "axis": {
            "labelColor": ink,
            "titleColor": ink,
            "domainColor": ink,
            "tickColor": ink,
            "gridColor": ink,
            "domainOpacity": 0.4,
            "tickOpacity": 0.4,
            "gridOpacity": 0.14,
            "labelFontSize": 11,
            "titleFontSize": 11,
            "titleFontWeight": "normal",
        },
        "legend": {"labelColor": ink, "titleColor": ink, "labelFontSize": 11},
        "text": {"color": ink, "fontSize": 11},
    }
