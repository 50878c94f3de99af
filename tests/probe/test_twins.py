"""The probe has classes of its own, for a kernel may lack pydantic: they are the domain's, field by field, word by word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from enum import StrEnum
from typing import Any

import pytest
from pydantic import BaseModel

from jupyter_deployfeedback.domain import evaluation, project
from jupyter_deployfeedback.domain.metric import Better, Family
from jupyter_deployfeedback.execution.records import CheckRecord, MetricRecord, ProgressRecord
from jupyter_deployfeedback.probe import answers, failures, recording, records, results, settings, target
from jupyter_deployfeedback.probe.evaluation import RIGHT, UNREACHABLE, WRONG

TWINS: list[tuple[Any, type[BaseModel], set[str]]] = [  # the fields that the probe has no use for
    (settings.RequestShape, project.RequestShape, set()),
    (settings.ResponseShape, project.ResponseShape, set()),
    (settings.TargetSettings, project.Target, {"model", "expect_version", "platform"}),
    (answers.Collected, evaluation.Answers, {"errors"}),
    (failures.Failure, evaluation.Failure, {"count"}),
]


@pytest.mark.parametrize(("own", "noun", "unused"), TWINS)
def test_a_class_of_the_probe_has_the_fields_of_its_noun(own: Any, noun: type[BaseModel], unused: set[str]) -> None:
    assert {each.name for each in fields(own)} - {"wait_seconds"} == set(noun.model_fields) - unused


@pytest.mark.parametrize(("own", "noun"), [twins[:2] for twins in TWINS[:3]])
def test_a_setting_that_is_left_out_means_the_same_inside_and_outside_the_kernel(
    own: Any, noun: type[BaseModel]
) -> None:
    required = {each.name: "u" for each in fields(own) if each.default is MISSING and each.default_factory is MISSING}
    outside = noun(**required).model_dump(mode="json")

    inside = {each.name: plain(getattr(own(**required), each.name)) for each in fields(own)}

    given = {name: nothing(outside[name]) for name in inside}
    assert inside == given


@pytest.mark.parametrize(
    ("words", "closed_set"),
    [
        (target.RequestState, evaluation.RequestState),
        ((results.CLASSIFICATION, results.REGRESSION), evaluation.Task),
        ((RIGHT, WRONG, UNREACHABLE), evaluation.KnownKind),
        (recording.BETTER, Better),
        (recording.FAMILIES, Family),
    ],
)
def test_the_probe_says_it_in_the_words_of_the_domain(words: Iterable[str], closed_set: type[StrEnum]) -> None:
    assert set(words) == set(closed_set)


@pytest.mark.parametrize(
    ("written", "read", "of_others"),
    [
        (records.metric_record("a", 1, unit="", better="lower", family="model", n=1, missing_because=None), MetricRecord, {"hits"}),
        (records.check_record("a", passed=True), CheckRecord, set()),
        (records.progress_record(1, total=2), ProgressRecord, set()),
    ],
    ids=["metric", "check", "progress"],
)  # fmt: skip
def test_a_record_is_written_with_the_keys_that_are_read(
    written: dict[str, Any], read: type[BaseModel], of_others: set[str]
) -> None:
    assert written.keys() - {"kind"} == read.model_fields.keys() - of_others


def plain(value: Any) -> Any:
    return vars(value) if hasattr(value, "__dataclass_fields__") else value


def nothing(value: Any) -> Any:
    """Return an Auth without references as the probe has it: an empty mapping."""
    return {} if isinstance(value, Mapping) and not any(value.values()) else value
