"""The report as JSON, version 1, and its published schema."""

from __future__ import annotations

import json
import re
from typing import Any

from jupyter_deployfeedback.domain.feedback import FeedbackReport

_INVISIBLE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff\ufffe\uffff]")


def render_json(report: FeedbackReport) -> str:
    r"""Return the report as JSON. It holds no NaN; bidi controls and lone surrogates stand in it as ``\uXXXX``."""
    text = json.dumps(report.model_dump(mode="json", by_alias=True), allow_nan=False, ensure_ascii=False, indent=2)
    return _INVISIBLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n"


def report_schema() -> dict[str, Any]:
    """Return the JSON Schema that every JSON report is valid against."""
    schema = FeedbackReport.model_json_schema(mode="serialization", by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema
