"""The formats a report can be rendered in.

Each is imported when it is first asked for: rich and jinja2 take longer to import than all the rest of this stage.
"""

from __future__ import annotations

from enum import StrEnum

from jupyter_deployfeedback.domain.feedback import FeedbackReport


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


def render_text(report: FeedbackReport, *, width: int = 80, color: bool = False) -> str:
    """Return the report for a terminal of ``width`` columns; without ``color`` there are no escape sequences in it."""
    from jupyter_deployfeedback.feedback.renderings import text

    return text.render_text(report, width=width, color=color)
