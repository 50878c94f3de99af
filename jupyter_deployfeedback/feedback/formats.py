"""The formats a report can be rendered in, and those in which it is exported to other programs.

Each is imported when it is first asked for: rich and jinja2 take longer to import than all the rest of this stage.
"""

import json
import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial
from typing import Any

from jupyter_deployfeedback.domain.feedback import FeedbackReport
from jupyter_deployfeedback.domain.metric import Better

_INVISIBLE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff\ufffe\uffff]")


class Format(StrEnum):
    """What a report can be rendered as: all of them say the same."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    JUNIT = "junit"


class Export(StrEnum):
    """What another program reads: the part of a report that its format has a place for."""

    BENCHMARK_SMALLER = "benchmark-json"
    BENCHMARK_BIGGER = "benchmark-json-bigger"
    IN_TOTO = "in-toto"
    AICOE = "aicoe"
    AICOE_AGGREGATED = "aicoe-aggregated"
    AICOE_METRICS = "aicoe-metrics"
    AICOE_PLATFORM = "aicoe-platform"


def render(report: FeedbackReport, format: Format) -> str:  # noqa: A002 - the command line's word; a return each
    """Return the report in one format; TEXT is 80 columns wide and without colour."""
    match format:
        case Format.TEXT:
            return render_text(report)
        case Format.JSON:
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


def export(reports: Sequence[FeedbackReport], form: Export) -> str:
    """Return what another program reads of the first report; AICOE_AGGREGATED is of all of them.

    Raises ``UsageError`` where IN_TOTO has no commit to speak of.
    """
    from jupyter_deployfeedback.feedback.renderings import aicoe, exports

    if form is Export.AICOE_AGGREGATED:
        return aicoe.render_aggregated(reports)
    writers: dict[Export, Callable[[FeedbackReport], str]] = {
        Export.AICOE: aicoe.render_stored,
        Export.AICOE_METRICS: aicoe.render_metrics,
        Export.AICOE_PLATFORM: aicoe.render_usage,
        Export.IN_TOTO: exports.render_in_toto,
        Export.BENCHMARK_SMALLER: partial(exports.render_benchmark, better=Better.LOWER),
        Export.BENCHMARK_BIGGER: partial(exports.render_benchmark, better=Better.HIGHER),
    }
    return writers[form](reports[0])


def render_text(report: FeedbackReport, *, width: int = 80, color: bool = False) -> str:
    """Return the report for a terminal of ``width`` columns; without ``color`` there are no escape sequences in it."""
    from jupyter_deployfeedback.feedback.renderings import text

    return text.render_text(report, width=width, color=color)


def render_json(report: FeedbackReport) -> str:
    r"""Return the report as JSON. It holds no NaN; bidi controls and lone surrogates stand in it as ``\uXXXX``."""
    text = json.dumps(report.model_dump(mode="json", by_alias=True), allow_nan=False, ensure_ascii=False, indent=2)
    return _INVISIBLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n"


def report_schema() -> dict[str, Any]:
    """Return the JSON Schema that every JSON report is valid against."""
    schema = FeedbackReport.model_json_schema(mode="serialization", by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema
