"""The formats a report can be rendered in."""

from __future__ import annotations

from enum import StrEnum

from jupyter_deployfeedback.domain.feedback import FeedbackReport
from jupyter_deployfeedback.feedback.renderings.document import render_json, report_schema
from jupyter_deployfeedback.feedback.renderings.junit import render_junit
from jupyter_deployfeedback.feedback.renderings.markdown import render_markdown
from jupyter_deployfeedback.feedback.renderings.page import render_html
from jupyter_deployfeedback.feedback.renderings.text import render_text

__all__ = ["Format", "render", "report_schema"]


class Format(StrEnum):
    """What a report can be rendered as."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    JUNIT = "junit"


def render(report: FeedbackReport, format: Format) -> str:  # noqa: A002 - the word design.md and the command line use
    """Return the report in one format; TEXT is 80 columns wide and without colour."""
    match format:
        case Format.TEXT:
            return render_text(report)
        case Format.JSON:
            return render_json(report)
        case Format.MARKDOWN:
            return render_markdown(report)
        case Format.HTML:
            return render_html(report)
        case Format.JUNIT:
            return render_junit(report)
