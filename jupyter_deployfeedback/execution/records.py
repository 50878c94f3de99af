"""What a suite recorded: metrics, checks, evaluations and scrapbook's scraps, read from display data. Pure.

Nothing that cannot be read is dropped silently: a metric becomes a missing one with the reason, anything else an
errored case.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jupyter_deployfeedback.domain.evaluation import Evaluation
from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Better, Family, Metric, Observation
from jupyter_deployfeedback.domain.run import CaseError, CaseResult, Outcome, Suite
from jupyter_deployfeedback.execution.worker.wire import Recorded
from jupyter_deployfeedback.probe.records import CHECK, EVALUATION, METRIC, PROGRESS, RECORD_MIME


class _Wire(BaseModel):
    """A record of schema version 1; keys that are not known yet are ignored."""

    model_config = ConfigDict(extra="ignore", strict=True)
    schema_version: Literal[1]


class MetricRecord(_Wire):
    """A number by name, or the reason why there is none."""

    name: str = Field(min_length=1)
    value: float | None = None
    unit: str = ""
    better: Better = Field(default=Better.NEITHER, strict=False)
    family: Family = Field(default=Family.MODEL, strict=False)
    n: int | None = None
    hits: int | None = None
    missing_because: str | None = None


class CheckRecord(_Wire):
    """A named claim and whether it held."""

    title: str
    passed: bool


class ProgressRecord(_Wire):
    """How far an evaluation has come, in requests."""

    done: int
    total: int


@dataclass
class RecordReading:
    """Everything a suite recorded; ``cases`` are its checks, by the cell that made them."""

    observations: dict[str, Observation] = field(default_factory=dict)
    evaluations: list[Evaluation] = field(default_factory=list)
    cases: dict[str, list[CaseResult]] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)


def read_records(records: Sequence[Recorded], *, suite: Suite) -> RecordReading:
    """Read all records of a suite in the order in which they were made; of two for one metric the later one counts."""
    reading = RecordReading()
    for record in records:
        try:
            if record.mime == RECORD_MIME:
                _read_own(record, reading, suite=suite)
            else:
                _read_scrap(record.payload, reading, suite=suite)
        except (ValidationError, ValueError, TypeError, KeyError) as error:
            problem = CaseError(type="UnreadableRecord", message=_first_problem(error))
            _add_case(reading, record.cell_id, title="a record that cannot be read", error=problem)
    return reading


def read_check(record: Recorded, *, position: int) -> CaseResult:
    """Read a check as a case: the ``position``-th of its cell. Raises ValidationError."""
    check = CheckRecord.model_validate(record.payload)
    error = None if check.passed else CaseError(type="CheckFailed", message=check.title)
    return _case(record.cell_id, position, title=check.title, error=error)


def kind_of(record: Recorded) -> str | None:
    """Return the kind of one of our records, None for a scrap and for what is no record."""
    is_own = record.mime == RECORD_MIME and isinstance(record.payload, dict)
    return record.payload.get("kind") if is_own else None


def _read_own(record: Recorded, reading: RecordReading, *, suite: Suite) -> None:
    kind = kind_of(record)
    if kind == METRIC:
        _add_metric(reading, _observe(record.payload, source=suite.origin))
    elif kind == CHECK:
        cases = reading.cases.setdefault(record.cell_id, [])
        cases.append(read_check(record, position=len(cases) + 1))
    elif kind == EVALUATION:
        _add_evaluation(reading, record.payload, suite=suite)
    elif kind != PROGRESS:
        raise ValueError(f"its kind {kind!r} is unknown")


def _observe(payload: dict[str, Any], *, source: str) -> Observation:
    value = payload.get("value")
    if isinstance(value, float) and not math.isfinite(value):
        payload = payload | {"value": None, "missing_because": f"it was recorded as {value}"}
    record = MetricRecord.model_validate(payload)
    metric = STANDARD_METRICS.get(record.name)
    if metric is None:
        metric = Metric(name=record.name, family=record.family, unit=record.unit, better=record.better)
    elif record.unit not in {"", metric.unit}:
        reason = (
            f"it was recorded in {record.unit!r}, but {metric.name} is measured in {metric.unit or 'plain numbers'!r}"
        )
        return Observation(metric=metric, missing_because=reason, source=source)
    missing = None if record.value is not None else record.missing_because or "it was recorded without a number"
    return Observation(
        metric=metric, value=record.value, n=record.n, hits=record.hits, missing_because=missing, source=source
    )


def _add_metric(reading: RecordReading, observation: Observation) -> None:
    name = observation.metric.name
    if name in reading.observations:
        reading.notices.append(f"{name} was recorded more than once; the last value counts.")
    reading.observations[name] = observation


def _add_evaluation(reading: RecordReading, payload: dict[str, Any], *, suite: Suite) -> None:
    if payload.get("schema_version") != 1:
        raise ValueError(f"its schema version {payload.get('schema_version')!r} is unknown")
    fields = {key: value for key, value in payload.items() if key not in {"kind", "schema_version"}}
    evaluation = Evaluation.model_validate({**fields, "suite": suite.name})
    if any(evaluation.name == other.name for other in reading.evaluations):
        reading.notices.append(f"The evaluation {evaluation.name!r} was made more than once.")
    reading.evaluations.append(evaluation)


def _read_scrap(payload: dict[str, Any], reading: RecordReading, *, suite: Suite) -> None:
    """Read a scrap as a metric where it is a number; other scraps are named in a notice."""
    name, value = payload["name"], payload["data"]
    if isinstance(value, str):
        value = _number(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        reading.notices.append(f"The scrap {name!r} is not a number and is not read as a metric.")
        return
    record = {"schema_version": 1, "name": name, "value": float(value)}
    _add_metric(reading, _observe(record, source=suite.origin))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _add_case(reading: RecordReading, cell_id: str, *, title: str, error: CaseError) -> None:
    cases = reading.cases.setdefault(cell_id, [])
    cases.append(_case(cell_id, len(cases) + 1, title=title, error=error))


def _case(cell_id: str, position: int, *, title: str, error: CaseError | None) -> CaseResult:
    outcome = Outcome.PASSED
    if error is not None:
        outcome = Outcome.FAILED if error.type == "CheckFailed" else Outcome.ERRORED
    return CaseResult(case_id=f"{cell_id}#{position}", title=title, outcome=outcome, error=error, cell_id=cell_id)


def _first_problem(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}".removeprefix(": ")
    return f"{type(error).__name__}: {error}"
