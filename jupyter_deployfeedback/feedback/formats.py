"""The formats a report can be rendered in.

Each is imported when it is first asked for: rich and jinja2 take longer to import than all the rest of this stage.
"""

from __future__ import annotations

from enum import StrEnum

from jupyter_deployfeedback.domain.feedback import FeedbackReport
from jupyter_deployfeedback.domain.metric import Better


class Format(StrEnum):
    """What a report can be rendered as."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    JUNIT = "junit"
    BENCHMARK_SMALLER = "benchmark-json"
    BENCHMARK_BIGGER = "benchmark-json-bigger"
    IN_TOTO = "in-toto"
    AICOE = "aicoe"
    AICOE_METRICS = "aicoe-metrics"
    AICOE_PLATFORM = "aicoe-platform"


def render(report: FeedbackReport, format: Format) -> str:  # noqa: A002 - the command line's word; a return each
    """Return the report in one format; TEXT is 80 columns wide and without colour.

    Raises ``UsageError`` where IN_TOTO has no commit to speak of.
    """
    match format:
        case Format.TEXT:
            return render_text(report)
        case Format.JSON:
            from jupyter_deployfeedback.feedback.renderings.document import render_json

            return render_json(report)
        case Format.MARKDOWN:
            from jupyter_deployfeedback.feedback.renderings.markdown import render_markdown

            return render_markdown(report)
        case Format.HTML:
            from jupyter_deployfeedback.feedback.renderings.page import render_html

            return render_html(report)
        case Format.JUNIT:
            from jupyter_deployfeedback.feedback.renderings.junit import render_junit

            return render_junit(report)
        case _:
            return _render_for_tools(report, format)


def _render_for_tools(report: FeedbackReport, form: Format) -> str:
    if form in {Format.AICOE, Format.AICOE_METRICS, Format.AICOE_PLATFORM}:
        return _render_for_aicoe(report, form)
    if form is Format.IN_TOTO:
        from jupyter_deployfeedback.feedback.renderings.attestation import render_in_toto

        return render_in_toto(report)
    from jupyter_deployfeedback.feedback.renderings.benchmark import render_benchmark

    return render_benchmark(report, better=Better.LOWER if form is Format.BENCHMARK_SMALLER else Better.HIGHER)


def _render_for_aicoe(report: FeedbackReport, form: Format) -> str:
    from jupyter_deployfeedback.feedback.renderings import aicoe

    part = {Format.AICOE_METRICS: aicoe.render_metrics, Format.AICOE_PLATFORM: aicoe.render_usage}
    return part.get(form, aicoe.render_stored)(report)


def render_text(report: FeedbackReport, *, width: int = 80, color: bool = False) -> str:
    """Return the report for a terminal of ``width`` columns; without ``color`` there are no escape sequences in it."""
    from jupyter_deployfeedback.feedback.renderings import text

    return text.render_text(report, width=width, color=color)
