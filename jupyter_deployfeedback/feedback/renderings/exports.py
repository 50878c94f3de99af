"""The verdict as an in-toto statement with the predicate Test Result v0.1, to be signed and checked before a rollout.

https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md
"""

import hashlib
import json
import math
import re
from base64 import b64encode
from typing import Any

from jupyter_deployfeedback.domain.feedback import FeedbackReport, FindingText, MetricRow
from jupyter_deployfeedback.domain.metric import Better
from jupyter_deployfeedback.domain.verdict import Standing, Verdict
from jupyter_deployfeedback.errors import UsageError
from jupyter_deployfeedback.feedback.escaping import one_line

_STATEMENT = "https://in-toto.io/Statement/v1"
_PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
_RESULTS = {Verdict.PASS: "PASSED", Verdict.WARN: "WARNED"}
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LISTS = {Verdict.PASS: "passedTests", Verdict.WARN: "warnedTests"}
_SHOWN_UNITS = {"s": ("ms", 1e3), "B": ("MiB", 1 / 2**20), "share": ("%", 100.0)}
"""The unit a chart shows, the same in every run: a line of numbers whose unit changed would jump."""


def render_in_toto(report: FeedbackReport) -> str:
    """Return an unsigned statement about the tested commit.

    The predicate knows no more than PASSED, WARNED and FAILED: what is inconclusive or could not run is FAILED, so that
    no verifier takes it for good, and says so in the test's name. ``UsageError`` where no commit stands for what was
    tested.
    """
    statement = {
        "_type": _STATEMENT,
        "subject": [{"name": "git", "digest": {"gitCommit": _tested_commit(report)}}],
        "predicateType": _PREDICATE,
        "predicate": {
            "result": _RESULTS.get(report.verdict, "FAILED"),
            "configuration": [_rules(report), *_inputs(report)],
            **_tests(report),
        },
    }
    return json.dumps(statement, allow_nan=False, indent=2) + "\n"


def _tested_commit(report: FeedbackReport) -> str:
    if report.run.commit is None:
        raise UsageError("The run tested no commit, so there is nothing to attest.", remedy="Run inside a repository.")
    if report.run.dirty:
        raise UsageError(
            "What was tested differs from its commit, so nothing can be attested of the commit.",
            remedy="Commit, then run again.",
        )
    return report.run.commit


def _rules(report: FeedbackReport) -> dict[str, Any]:
    """Return by what was judged, as a resource descriptor that carries it."""
    judged = [{"rule": each.rule, "expression": each.expression} for each in report.findings]
    content = json.dumps({"project": report.run.project, "judged": judged}, allow_nan=False).encode()
    digest = hashlib.sha256(content).hexdigest()
    return {"name": "rules", "digest": {"sha256": digest}, "content": b64encode(content).decode(), **_waivers(report)}


def _inputs(report: FeedbackReport) -> list[dict[str, Any]]:
    """Return the project file and the data that were tested with, as resource descriptors."""
    return [
        {"name": one_line(each.name, limit=200), "digest": {"sha256": each.sha256}}
        for each in report.digests
        if _SHA256.fullmatch(each.sha256)
    ]


def _waivers(report: FeedbackReport) -> dict[str, Any]:
    """Return who lets which finding pass, as an annotation: the result stays what the run said."""
    waived = [one_line(waiver.sentence, limit=3000) for waiver in report.waivers]
    return {"annotations": {"waivers": waived}} if waived else {}


def _tests(report: FeedbackReport) -> dict[str, list[str]]:
    tests: dict[str, list[str]] = {"passedTests": [], "warnedTests": [], "failedTests": []}
    for finding in report.findings:
        if finding.standing is Standing.COUNTED:
            tests[_LISTS.get(finding.verdict, "failedTests")].append(_name(finding))
    if report.verdict not in _RESULTS and not tests["failedTests"]:
        tests["failedTests"].append(f"{report.verdict.upper()} the run")
    return tests


def _name(finding: FindingText) -> str:
    name = one_line(finding.name, limit=200)
    unclear = finding.verdict in {Verdict.INCONCLUSIVE, Verdict.ERROR}
    return f"{finding.verdict.upper()} {name}" if unclear else name


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
