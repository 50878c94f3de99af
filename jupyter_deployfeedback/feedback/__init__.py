"""Stage 7: everything a run found out becomes one FeedbackReport, and that becomes text, JSON, markdown, HTML or JUnit.

Pure: no I/O beside reading this package's own template. All renderings carry the same numbers and words, because the
report holds them ready to show.
"""

from jupyter_deployfeedback.feedback.charts import draw_charts
from jupyter_deployfeedback.feedback.formats import Export, Format, export, render, render_text, report_schema
from jupyter_deployfeedback.feedback.plans import planned, scattered
from jupyter_deployfeedback.feedback.report import build_report

__all__ = [
    "Export",
    "Format",
    "build_report",
    "draw_charts",
    "export",
    "planned",
    "render",
    "render_text",
    "report_schema",
    "scattered",
]
