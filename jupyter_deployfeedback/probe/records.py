"""What leaves the kernel: display data of one MIME type, version 1, read by ``execution``.

``progress`` is replaced by ``evaluation`` under the same display id. Numbers are finite or null with a reason.
"""

from typing import Any

RECORD_MIME = "application/vnd.deployfeedback.observation+json"
SCHEMA_VERSION = 1

METRIC = "metric"
CHECK = "check"
EVALUATION = "evaluation"
PROGRESS = "progress"


def metric_record(
    name: str,
    value: float | None,
    *,
    unit: str,
    better: str,
    family: str,
    n: int | None,
    missing_because: str | None,
) -> dict[str, Any]:
    """Return the record of one number; ``value`` None comes with the reason why there is none."""
    return _record(
        METRIC, name=name, value=value, unit=unit, better=better, family=family, n=n, missing_because=missing_because
    )


def check_record(title: str, *, passed: bool) -> dict[str, Any]:
    """Return the record of one claim."""
    return _record(CHECK, title=title, passed=passed)


def progress_record(done: int, *, total: int) -> dict[str, Any]:
    """Return how many of an evaluation's examples are done."""
    return _record(PROGRESS, done=done, total=total)


def evaluation_record(evaluation: dict[str, Any]) -> dict[str, Any]:
    """Return the record of an evaluation: the domain's ``Evaluation`` without ``suite``."""
    return _record(EVALUATION, **evaluation)


def _record(kind: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - this is the wire edge
    return {"schema_version": SCHEMA_VERSION, "kind": kind, **fields}
