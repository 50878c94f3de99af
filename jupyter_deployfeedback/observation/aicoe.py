"""What AICoE-CI stored of deployments, in all shapes it had, and the evidence that it is.

There are no samples in it, no times, and not what became of its tests: nothing of it can be judged, only compared with.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import PurePath
from typing import Any, NamedTuple, TypeGuard

from jupyter_deployfeedback.domain import aicoe, run
from jupyter_deployfeedback.domain.kind import SuiteKind
from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Family, Metric, Observation
from jupyter_deployfeedback.errors import UsageError

LONGEST = 5_000_000  # characters
SUITE = "AICoE-CI"
UNKNOWN_OUTCOME = "AICoE-CI stored numbers only: neither their samples nor what became of its tests is known"
BY_THE_HOUR = "AICoE-CI looked once an hour: the real maximum may be higher"
AS_WRITTEN = "unit as written upstream: AICoE-CI's {} stands for {} x 10^6 bytes"
_ABOUT = frozenset({aicoe.MODEL_VERSION, aicoe.TEST_URL, aicoe.NAMESPACE})
_NO_NUMBERS = frozenset({aicoe.NO_DATA, "NaN", "Infinity", "-Infinity"})
_MEMORY = re.compile(r"(\d+(?:\.\d+)?)Mi")


class Deployment(NamedTuple):
    """What was stored of one deployment, in the shape of the newest documents; ``file`` names where it stood."""

    document: dict[str, Any]
    file: str

    @property
    def name(self) -> str | None:
        """What AICoE-CI called it: ``pr-12-inference``; None where the file does not say."""
        name = self.document.get(aicoe.MODEL_VERSION)
        return str(name) if name is not None else None


def is_stored_document(text: str) -> bool:
    """Say whether a file looks like one of AICoE-CI's, whatever it holds."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and (_has_sections(document) or _is_flat(document))


def read_deployments(files: Mapping[str, str]) -> tuple[Deployment, ...]:
    """Return the deployments that files (path -> text) describe, in their order.

    A ``metrics.json`` and a ``platform_metrics.json`` describe one together. Raises UsageError with the file's name.
    """
    found, parts = list[Deployment](), dict[str, Deployment]()
    for file, text in files.items():
        document = _parse(text, file=file)
        if _has_sections(document):
            found += [Deployment(each, PurePath(file).name) for each in _deployments(document, file=file)]
            continue
        section = aicoe.PLATFORM_METRICS if document.keys() <= aicoe.USAGE_METRICS.keys() else aicoe.MODEL_METRICS
        if section in parts:
            remedy = "Import them one after the other."
            raise UsageError(f"{file} and {parts[section].file} hold the same part of a deployment.", remedy=remedy)
        parts[section] = Deployment({section: document}, PurePath(file).name)
    if parts:
        document = {section: part.document[section] for section, part in parts.items()}
        found.append(Deployment(document, ", ".join(part.file for part in parts.values())))
    return tuple(found)


def stored_evidence(stored: Deployment, *, target: str, now: datetime) -> run.Evidence:
    """Return what is known of a stored deployment: numbers without samples, of a suite that was not run here."""
    document = stored.document
    namespace = str(_section(document, aicoe.INFO_METRICS).get(aicoe.NAMESPACE) or aicoe.NO_DATA)
    suite = run.SuiteResult(
        suite=run.Suite(name=SUITE, kind=SuiteKind.RESULTS, source=stored.file),
        outcome=run.Outcome.NOT_RUN,
        reason=UNKNOWN_OUTCOME,
        observations=tuple(_measured(document, source=stored.file)),
        notices=tuple(_ignored(document)),
        started_at=now,
        finished_at=now,
        duration_seconds=0.0,
    )
    facts = run.TargetFacts(
        target=target,
        url=None,
        ready=False,
        namespace=None if namespace == aicoe.NO_DATA else namespace,
        model_version=stored.name,
        problem="it was not asked: what is known of it was stored by AICoE-CI",
    )
    usage = tuple(_usage(_section(document, aicoe.PLATFORM_METRICS), source=stored.file))
    return run.Evidence(suites=(suite,), candidate=run.SideEvidence(facts=facts, platform=usage), imported=document)


def _parse(text: str, *, file: str) -> dict[str, Any]:
    if len(text) > LONGEST:
        raise UsageError(f"{file} is larger than {LONGEST // 10**6} MB.", remedy="Give AICoE-CI's own documents.")
    try:
        document = json.loads(text, parse_constant=str)  # NaN is no number, and stays what was written
        json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file} is not JSON: {error}.") from None
    if not isinstance(document, dict) or not document:
        raise UsageError(f"{file} holds no object with keys.", remedy="Give AICoE-CI's own documents.")
    return document


def _has_sections(document: Mapping[str, Any]) -> bool:
    return any(isinstance(document.get(name), dict | list) for name in aicoe.SECTIONS) or bool(_older(document))


def _older(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what older documents have: the sections below the model version."""
    return {
        version: below
        for version, below in document.items()
        if version not in aicoe.SECTIONS
        and isinstance(below, dict)
        and any(isinstance(below.get(each), dict) for each in aicoe.SECTIONS)
    }


def _is_flat(document: Mapping[str, Any]) -> bool:
    """Say whether it may be a ``metrics.json``: names of numbers, among other things perhaps."""
    values = document.values()
    return any(value == aicoe.NO_DATA or _is_number(value) for value in values)


def _deployments(document: dict[str, Any], *, file: str) -> Iterator[dict[str, Any]]:
    if any(isinstance(document.get(name), list) for name in aicoe.SECTIONS):
        yield from _rows(document, file=file)
        return
    older = _older(document)
    newer = {name: value for name, value in document.items() if name not in older}
    version = newer.get(aicoe.MODEL_VERSION) or (next(iter(older)) if len(older) == 1 else None)
    same = older.pop(version, {}) if isinstance(version, str) else {}
    if newer or same:
        yield {aicoe.MODEL_VERSION: version, **same, **newer} if version is not None else newer
    for name, value in older.items():
        yield {aicoe.MODEL_VERSION: name, **value}


def _rows(document: Mapping[str, Any], *, file: str) -> Iterator[dict[str, Any]]:
    """Yield the deployments of an aggregated document, whose sections are parallel lists."""
    lists = {name: document[name] for name in aicoe.SECTIONS if isinstance(document.get(name), list)}
    for place in range(max(map(len, lists.values()), default=0)):
        row = {name: dict(each[place]) for name, each in lists.items() if _is_filled(each, place)}
        model, platform = row.get(aicoe.MODEL_METRICS, {}), row.get(aicoe.PLATFORM_METRICS, {})
        versions = {str(each[aicoe.MODEL_VERSION]) for each in (model, platform) if aicoe.MODEL_VERSION in each}
        if len(versions) > 1:
            told = " and ".join(sorted(versions))
            raise UsageError(f"{file}: row {place + 1} is of {told}: its lists are not parallel.")
        about = {name: model.pop(name) for name in (aicoe.TEST_URL, aicoe.NAMESPACE) if name in model}
        platform.pop(aicoe.MODEL_VERSION, None)
        row |= {aicoe.INFO_METRICS: row.get(aicoe.INFO_METRICS, {}) | about}
        yield {**dict.fromkeys((aicoe.MODEL_VERSION,) if versions else (), *versions), **row}


def _is_filled(rows: list[Any], place: int) -> bool:
    return place < len(rows) and isinstance(rows[place], dict)


def _section(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = document.get(name)
    return section if isinstance(section, dict) else {}


def _measured(document: Mapping[str, Any], *, source: str) -> Iterator[Observation]:
    for name, value in _section(document, aicoe.MODEL_METRICS).items():
        if name and name not in _ABOUT and _may_be_a_number(value):
            metric = (
                aicoe.TEST_METRICS.get(name) or STANDARD_METRICS.get(name) or Metric(name=name, family=Family.MODEL)
            )
            yield _observation(metric, _number(value), value, source=source)


def _ignored(document: Mapping[str, Any]) -> Iterator[str]:
    for name, value in _section(document, aicoe.MODEL_METRICS).items():
        if name not in _ABOUT and not (name and _may_be_a_number(value)):
            yield f"{name} is not a number and is not read as a metric."


def _usage(platform: Mapping[str, Any], *, source: str) -> Iterator[Observation]:
    for name, value in platform.items():
        if name == aicoe.MEMORY_MAX:
            found = _MEMORY.fullmatch(str(value))
            number = float(found[1]) * aicoe.MEGABYTE if found else None
            written = (AS_WRITTEN.format(value, found[1]),) if found else ()
            yield _observation(aicoe.USAGE_METRICS[name], number, value, source=source, notices=(*written, BY_THE_HOUR))
        elif name == aicoe.CPU_MAX:
            yield _observation(aicoe.USAGE_METRICS[name], _number(value), value, source=source, notices=(BY_THE_HOUR,))
        elif name and name != aicoe.MODEL_VERSION and _may_be_a_number(value):
            metric = Metric(name=name, family=Family.PLATFORM)
            yield _observation(metric, _number(value), value, source=source)


def _observation(
    metric: Metric, number: float | None, value: object, *, source: str, notices: tuple[str, ...] = ()
) -> Observation:
    if number is None:
        missing = f"AICoE-CI stored {json.dumps(value)}"
        return Observation(metric=metric, missing_because=missing, source=source, no_data=True)
    return Observation(metric=metric, value=number, source=source, notices=notices)


def _may_be_a_number(value: object) -> bool:
    return value is None or (isinstance(value, str) and value in _NO_NUMBERS) or _is_number(value)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: object) -> float | None:
    """Return a finite number, None for anything else."""
    try:
        return float(value) if _is_number(value) and math.isfinite(value) else None
    except OverflowError:  # a whole number of more digits than a float can hold
        return None
