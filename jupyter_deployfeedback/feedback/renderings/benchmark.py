"""The metrics as github-action-benchmark's custom JSON: an array of numbers to draw over commits.

That action compares with the previous commit by a fixed percentage: its charts are for looking at, they are no gate.
"""

import json
import math
from typing import Any

from jupyter_deployfeedback.domain.feedback import FeedbackReport, MetricRow
from jupyter_deployfeedback.domain.metric import Better
from jupyter_deployfeedback.feedback.escaping import one_line

_SHOWN_UNITS = {"s": ("ms", 1e3), "B": ("MiB", 1 / 2**20), "share": ("%", 100.0)}
"""The unit a chart shows, the same in every run: a line of numbers whose unit changed would jump."""


def render_benchmark(report: FeedbackReport, *, better: Better) -> str:
    """Return the measured metrics of one direction: ``customSmallerIsBetter`` or ``customBiggerIsBetter``.

    One file holds one direction only; a metric without a number, or without a direction, is in neither.
    """
    entries = [_entry(row, report) for row in report.metrics if row.better is better and _measured(row)]
    return json.dumps(entries, allow_nan=False, indent=2) + "\n"


def _measured(row: MetricRow) -> bool:
    return row.value is not None and math.isfinite(row.value)


def _entry(row: MetricRow, report: FeedbackReport) -> dict[str, Any]:
    unit, factor = _SHOWN_UNITS.get(row.unit, (row.unit, 1.0))
    facts = {
        "n": None if row.n is None else str(row.n),
        "baseline": report.run.baseline and f"{report.run.baseline} {row.text.baseline}",
        "difference": report.run.baseline and row.text.difference,
        "verdict": report.verdict.value,
        "run": report.run.run_id,
        "waivers": " ".join(waiver.sentence for waiver in report.waivers),
    }
    extra = "\n".join(
        f"{name}={one_line(text, limit=3000 if name == 'waivers' else 200)}" for name, text in facts.items() if text
    )
    value = float(f"{(row.value or 0.0) * factor:.12g}")  # only measured rows come here; 13.9, not 13.899999999999999
    name, unit = one_line(row.text.label, limit=200), one_line(unit, limit=40)
    return {"name": name, "unit": unit, "value": value, "extra": extra}
