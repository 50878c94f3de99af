"""The numbers that features leave: a metrics file written during the run, and JSON attached to a report."""

import base64
import binascii
import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_deployfeedback.domain.aicoe import NO_DATA, TEST_METRICS
from jupyter_deployfeedback.domain.metric import Family, Metric
from jupyter_deployfeedback.execution.suites.behave.judging import Scenario
from jupyter_deployfeedback.probe.records import metric_record

STORE_VARIABLE = "STORE_METRICS_PATH"
PIPELINE_VARIABLE = "PIPELINE_HELPERS_METRICS_FILE_PATH"
COUNT = "number_requests"
LIMIT_VARIABLE = "TUTORIAL_MAX_REQUESTS_TEST"
USUAL_FILE = "metrics.json"
JSON_MIME = "application/json"
LARGEST_FILE = 5_000_000  # bytes, of a metrics file and of an attachment


@dataclass
class Numbers:
    """Records of metrics, ready to be told, and what is worth reading about them.

    ``short`` says that the test sent fewer requests than it was asked for; then only their count is a number.
    """

    records: list[dict[str, Any]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    short: str | None = None


@dataclass(frozen=True)
class Attachment:
    """What a step attached to behave's report."""

    cell_id: str
    mime: str
    content: bytes


class MetricsFiles:
    """The files that a test may write its metrics to, as they were before it ran."""

    def __init__(self, own: Path, *, root: Path, environment: Mapping[str, str]) -> None:
        declared = environment.get(PIPELINE_VARIABLE)
        shared = root / (declared or USUAL_FILE)
        self._before = {path: _fingerprint(path) for path in dict.fromkeys((own, shared, root / USUAL_FILE))}

    def written(self) -> tuple[Path | None, list[str]]:
        """Return the first that was written since, and say which ones are older than this run."""
        stale = []
        for path, before in self._before.items():
            now = _fingerprint(path)
            if now is not None and now != before:
                return path, []
            if now is not None:
                stale.append(f"{path.name} was not written during this run, so it was not read.")
        return None, stale


def read_numbers(file: Path | None, attached: Mapping[str, Any], *, environment: Mapping[str, str]) -> Numbers:
    """Read the metrics file and what was attached; on a clash the file wins, and the clash is said."""
    numbers = Numbers()
    written = _read_file(file, numbers) if file else {}
    for name in sorted(written.keys() & attached.keys()):
        if written[name] != attached[name]:
            numbers.notices.append(f"{name} is {written[name]} in the metrics file and {attached[name]} attached.")
    found = {**attached, **written}
    if not found and not numbers.notices:
        numbers.notices.append("The test wrote no metrics file, so there are no metrics of it.")
    numbers.short = _shortfall(found, environment)
    for name, value in found.items():
        _add(name, value, numbers)
    numbers.notices.extend(_doubts(found))
    return numbers


def attachments(scenario: Scenario) -> Iterator[Attachment]:
    """Yield what the steps of a scenario attached; what cannot be decoded is left out."""
    for step in scenario.steps:
        for embedding in step.get("embeddings") or ():
            try:
                content = base64.b64decode(embedding.get("data", ""), validate=True)
            except (binascii.Error, ValueError, TypeError):
                continue
            yield Attachment(scenario.cell_id, str(embedding.get("mime_type", "")), content)


def flat_object(attachment: Attachment) -> dict[str, Any] | None:
    """Return an attached JSON object whose values are no objects or lists, None for anything else."""
    if attachment.mime != JSON_MIME:
        return None
    try:
        value = json.loads(attachment.content)
    except ValueError:
        return None
    is_flat = isinstance(value, dict) and not any(isinstance(each, dict | list) for each in value.values())
    return value if is_flat else None


def _fingerprint(path: Path) -> tuple[int, str] | None:
    try:
        return path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _read_file(path: Path, numbers: Numbers) -> dict[str, Any]:
    if path.stat().st_size > LARGEST_FILE:
        numbers.notices.append(f"{path.name} is larger than {LARGEST_FILE // 10**6} MB and was not read.")
        return {}
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        numbers.notices.append(f"{path.name} is not JSON, so there are no metrics of it.")
        return {}
    if not isinstance(value, dict):
        numbers.notices.append(f"{path.name} holds no object of names and numbers, so there are no metrics of it.")
        return {}
    return value


def _add(name: str, value: object, numbers: Numbers) -> None:
    metric = TEST_METRICS.get(name) or Metric(name=name, family=Family.MODEL)
    missing: str | None
    if value is None or value == NO_DATA:
        missing = f"the test wrote {json.dumps(value)}"
        number = None
    elif isinstance(value, int | float) and not isinstance(value, bool):
        missing = numbers.short if name != COUNT else None
        number = None if missing else _float(value)
    else:
        numbers.notices.append(f"{name} is not a number and is not read as a metric.")
        return
    numbers.records.append(
        metric_record(
            name,
            number,
            unit=metric.unit,
            better=metric.better,
            family=metric.family,
            n=None,
            missing_because=missing,
        )
    )


def _float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:  # a whole number of more digits than a float can hold
        return math.inf


def _shortfall(found: Mapping[str, Any], environment: Mapping[str, str]) -> str | None:
    sent, asked = found.get(COUNT), environment.get(LIMIT_VARIABLE, "")
    if isinstance(sent, int | float) and asked.isdecimal() and sent < int(asked):
        return f"the test counts {sent:g} requests of the {asked} it was asked for"
    return None


def _doubts(found: Mapping[str, Any]) -> Iterator[str]:
    error = found.get("average_error")
    if isinstance(error, int | float) and not isinstance(error, bool) and error in {0, 1}:
        yield f"average_error is exactly {error:g}: check that the test compares the right things."
