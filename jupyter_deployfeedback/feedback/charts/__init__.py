"""Vega-Lite v5 plots of a report: the panel shows them through Lab's own Vega, the HTML page as static SVG."""

from jupyter_deployfeedback.domain.feedback import FeedbackReport
from jupyter_deployfeedback.feedback.charts.deployment import latency, platform, windows
from jupyter_deployfeedback.feedback.charts.effects import effects, slices
from jupyter_deployfeedback.feedback.charts.style import INK, Chart

__all__ = ["Chart", "draw_charts"]


def draw_charts(report: FeedbackReport, *, width: int = 360, ink: str = INK) -> tuple[Chart, ...]:
    """Return the plots that the report has numbers for, ``width`` pixels wide, on a transparent background.

    ``ink`` is the colour of text and axes; the default can be read on white and on black. Text of others stands in the
    specs only as values, never in an expression.
    """
    found = (
        effects(report, width),
        latency(report, width),
        *windows(report, width),
        *platform(report, width),
        *slices(report, width),
    )
    return tuple(chart.dressed(ink) for chart in found if chart is not None)
