"""The report as the document that AICoE-CI kept of each deployment (``processed_metrics``), with its keys and units."""

from __future__ import annotations

import json
import math
import re
from urllib.parse import quote

from jupyter_deployfeedback.domain.comparison import finding_name
from jupyter_deployfeedback.domain.feedback import FeedbackReport, MetricRow
from jupyter_deployfeedback.domain.metric import Family
from jupyter_deployfeedback.feedback.visible import one_line

NO_DATA = "N/A"
LOCAL_ONLY = "local only"
PAGE = re.compile(r"https?://[A-Za-z0-9.:-]+/[A-Za-z0-9/._%-]*")
AICOE_NAMES = {
    "latency_mean": "average_latency",
    "error_rate": "average_error",
    "probability_mean": "average_probability",
    "requests_answered": "number_requests",
    "cpu_max": "CPU max usage",
    "memory_max": "Memory max usage",
}
_MEGABYTE = 1e6  # what AICoE-CI wrote as Mi


def render_aicoe(report: FeedbackReport) -> str:
    """Return the candidate's numbers as that document: seconds, shares, cores, and memory in whole 10^6 bytes as "Mi".

    ``"N/A"`` stands where there is no number, or no namespace is known. Where a test recorded a number under a name
    that ours has there, the test's is told, as AICoE-CI did.
    """
    version = _version(report)
    platform = {row.name: row.value for row in report.metrics if row.family is Family.PLATFORM and row.point is None}
    document = {
        "model_version": version,
        "info_metrics": {
            "test URL": one_line(tests_of(report), limit=1000),
            "namespace deployment": one_line(report.run.namespace or NO_DATA, limit=200),
        },
        "model_application_metrics": {**_model_and_application(report), "model_version": version},
        "platform_metrics": {
            AICOE_NAMES["cpu_max"]: _cores(platform.get("cpu_max")),
            AICOE_NAMES["memory_max"]: _megabytes(platform.get("memory_max")),
        },
    }
    return json.dumps(document, allow_nan=False, indent=2) + "\n"


def tests_of(report: FeedbackReport) -> str:
    """Return where the suites can be seen as they were tested: their pages, or that they are on one machine only."""
    sources = list(dict.fromkeys(suite.source for suite in report.suites))
    page = report.run.page or ""
    if sources and not PAGE.fullmatch(page):
        return f"{', '.join(sources)} ({LOCAL_ONLY})"
    return ", ".join(f"{page}{quote(source, errors='replace')}" for source in sources) or NO_DATA


def _version(report: FeedbackReport) -> str:
    run = report.run
    return one_line(f"{run.target} {run.model_version}" if run.model_version else run.target, limit=200)


def _model_and_application(report: FeedbackReport) -> dict[str, float | str]:
    rows = [row for row in report.metrics if row.family is not Family.PLATFORM]
    ours_first = sorted(rows, key=lambda row: row.name not in AICOE_NAMES)
    return {_name(row): NO_DATA if (value := _number(row.value)) is None else value for row in ours_first}


def _name(row: MetricRow) -> str:
    return one_line(finding_name(AICOE_NAMES.get(row.name, row.name), point=row.point), limit=200)


def _cores(value: float | None) -> float | str:
    number = _number(value)
    return NO_DATA if number is None else round(number, 4)


def _megabytes(value: float | None) -> str:
    number = _number(value)
    return NO_DATA if number is None else f"{round(number / _MEGABYTE)}Mi"


def _number(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return int(value) if value.is_integer() else value  # 500 requests, not 500.0
