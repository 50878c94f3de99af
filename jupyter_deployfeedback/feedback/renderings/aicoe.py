"""Reports as the documents of AICoE-CI: what a test wrote, what the pipeline stored, with its keys and units."""

import json
import math
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from jupyter_deployfeedback.domain import aicoe
from jupyter_deployfeedback.domain.feedback import FeedbackReport, MetricRow
from jupyter_deployfeedback.domain.metric import Family
from jupyter_deployfeedback.domain.rules.rule import Subject
from jupyter_deployfeedback.feedback.escaping import one_line

LOCAL_ONLY = "local only"
PAGE = re.compile(r"https?://[A-Za-z0-9.:-]+/[A-Za-z0-9/._%-]*")
AICOE_NAMES = {
    "latency_mean": "average_latency",
    "error_rate": "average_error",
    "probability_mean": "average_probability",
    "requests_answered": "number_requests",
    "cpu_max": aicoe.CPU_MAX,
    "memory_max": aicoe.MEMORY_MAX,
}


def render_stored(report: FeedbackReport) -> str:
    """Return the candidate's numbers as ``processed_metrics``: seconds, shares, cores, whole 10^6 bytes as "Mi".

    ``"N/A"`` stands where there is no number, or no namespace is known. Where a test recorded a number under a name
    that ours has there, the test's is told, as AICoE-CI did. A report that was imported is told as it was.
    """
    return _text(_stored(report))


def render_metrics(report: FeedbackReport) -> str:
    """Return the model and application metrics as a test's ``metrics.json``."""
    return _text(_metrics(report))


def render_usage(report: FeedbackReport) -> str:
    """Return CPU and memory as ``platform_metrics.json``."""
    return _text(_usage(report))


def render_aggregated(reports: Iterable[FeedbackReport]) -> str:
    """Return reports as ``aggregated_metrics``: parallel lists with a row for each, in the order given."""
    stored = [_stored(report) for report in reports]
    about = [
        {name: each[aicoe.INFO_METRICS].get(name, aicoe.NO_DATA) for name in (aicoe.NAMESPACE, aicoe.TEST_URL)}
        for each in stored
    ]
    version = [{aicoe.MODEL_VERSION: each[aicoe.MODEL_VERSION]} for each in stored]
    return _text(
        {
            aicoe.INFO_METRICS: [],
            aicoe.MODEL_METRICS: [each[aicoe.MODEL_METRICS] | more for each, more in zip(stored, about, strict=True)],
            aicoe.PLATFORM_METRICS: [
                each[aicoe.PLATFORM_METRICS] | more for each, more in zip(stored, version, strict=True)
            ],
        }
    )


def tests_of(report: FeedbackReport) -> str:
    """Return where the suites can be seen as they were tested: their pages, or that they are on one machine only."""
    if report.imported is not None:
        return str(_imported(report, aicoe.INFO_METRICS).get(aicoe.TEST_URL) or aicoe.NO_DATA)
    sources = list(dict.fromkeys(suite.source for suite in report.suites))
    page = report.run.page or ""
    if sources and not PAGE.fullmatch(page):
        return f"{', '.join(sources)} ({LOCAL_ONLY})"
    return ", ".join(f"{page}{quote(source, errors='replace')}" for source in sources) or aicoe.NO_DATA


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, allow_nan=False, indent=2) + "\n"


def _stored(report: FeedbackReport) -> dict[str, Any]:
    version = _version(report)
    info = {aicoe.TEST_URL: one_line(tests_of(report), limit=1000), aicoe.NAMESPACE: _namespace(report)}
    sections = {
        aicoe.INFO_METRICS: info | _imported(report, aicoe.INFO_METRICS),
        aicoe.MODEL_METRICS: {aicoe.MODEL_VERSION: version} | _metrics(report),
        aicoe.PLATFORM_METRICS: _usage(report),
    }
    return {aicoe.MODEL_VERSION: version} | (report.imported or {}) | sections


def _imported(report: FeedbackReport, section: str) -> dict[str, Any]:
    found = (report.imported or {}).get(section)
    return found if isinstance(found, dict) else {}


def _namespace(report: FeedbackReport) -> str:
    return one_line(report.run.namespace or aicoe.NO_DATA, limit=200)


def _version(report: FeedbackReport) -> str:
    run, called = report.run, (report.imported or {}).get(aicoe.MODEL_VERSION)
    if called is not None:
        return one_line(str(called), limit=200)
    return one_line(f"{run.target} {run.model_version}" if run.model_version else run.target, limit=200)


def _metrics(report: FeedbackReport) -> dict[str, Any]:
    if report.imported is not None:
        return _imported(report, aicoe.MODEL_METRICS)
    rows = [row for row in report.metrics if row.family is not Family.PLATFORM]
    ours_first = sorted(rows, key=lambda row: row.name not in AICOE_NAMES)
    return {_name(row): aicoe.NO_DATA if (value := _number(row.value)) is None else value for row in ours_first}


def _name(row: MetricRow) -> str:
    return one_line(Subject(name=AICOE_NAMES.get(row.name, row.name), point=row.point).text, limit=200)


def _usage(report: FeedbackReport) -> dict[str, Any]:
    platform = {row.name: row.value for row in report.metrics if row.family is Family.PLATFORM and row.point is None}
    cores, size = _number(platform.get("cpu_max")), _number(platform.get("memory_max"))
    measured: dict[str, Any] = {
        aicoe.CPU_MAX: aicoe.NO_DATA if cores is None else round(cores, 4),
        aicoe.MEMORY_MAX: aicoe.NO_DATA if size is None else f"{round(size / aicoe.MEGABYTE)}Mi",
    }
    return measured | _imported(report, aicoe.PLATFORM_METRICS)


def _number(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return int(value) if value.is_integer() else value  # 500 requests, not 500.0
