"""From display data to observations, checks and evaluations; what cannot be read is never dropped silently."""

from __future__ import annotations

import math
from typing import Any

import pytest

from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Better, Family, Metric, Observation
from jupyter_deployfeedback.domain.run import CaseError, CaseResult, Outcome, Suite
from jupyter_deployfeedback.execution.records import read_records
from jupyter_deployfeedback.execution.worker.wire import Recorded
from jupyter_deployfeedback.probe.records import RECORD_MIME

SUITE = Suite(name="quality", source="suites/quality.ipynb")
SCRAP = "application/scrapbook.scrap.json+json"
TEXT_SCRAP = "application/scrapbook.scrap.text+json"
EVALUATION = {
    "name": "holdout",
    "ids": ["1", "2"],
    "truth": [3, 4],
    "candidate": {
        "target": "candidate",
        "predictions": [3, None],
        "latency_seconds": [0.01, 10.0],
        "sent_at": [1.0, 2.0],
        "states": ["answered", "timed_out"],
    },
    "window": {"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T00:00:01Z"},
    "dataset_digest": "ab",
}


def own(kind: str, **fields: Any) -> Recorded:
    return Recorded("c1", RECORD_MIME, {"schema_version": 1, "kind": kind, **fields})


def scrap(name: str, data: Any, mime: str = SCRAP) -> Recorded:
    return Recorded("c1", mime, {"name": name, "data": data, "encoder": "json", "version": 1})


def seen(metric: Metric, value: float | None = None, **fields: Any) -> Observation:
    return Observation(metric=metric, value=value, source="suites/quality.ipynb", **fields)


OWN = Metric(name="spread", family=Family.APPLICATION, unit="ms", better=Better.LOWER)
PLAIN = Metric(name="spread", family=Family.MODEL)
ACCURACY = STANDARD_METRICS["accuracy"]
METRICS = [
    (own("metric", name="spread", value=3, unit="ms", better="lower", family="application", n=7), seen(OWN, 3.0, n=7)),
    (own("metric", name="accuracy", value=0.9), seen(ACCURACY, 0.9)),
    (own("metric", name="accuracy", value=0.9, unit="share", better="lower"), seen(ACCURACY, 0.9)),
    (
        own("metric", name="latency_p95", value=35.0, unit="ms"),
        seen(
            STANDARD_METRICS["latency_p95"],
            missing_because="it was recorded in 'ms', but latency_p95 is measured in 's'",
        ),
    ),
    (own("metric", name="spread", value=None, missing_because="no answers"), seen(PLAIN, missing_because="no answers")),
    (own("metric", name="spread", value=None), seen(PLAIN, missing_because="it was recorded without a number")),
    (own("metric", name="spread", value=math.nan), seen(PLAIN, missing_because="it was recorded as nan")),
    (own("metric", name="spread", value=math.inf), seen(PLAIN, missing_because="it was recorded as inf")),
    (scrap("spread", 2), seen(PLAIN, 2.0)),
    (scrap("accuracy", "0.5", TEXT_SCRAP), seen(ACCURACY, 0.5)),
    (scrap("spread", math.nan), seen(PLAIN, missing_because="it was recorded as nan")),
]


@pytest.mark.parametrize(("record", "expected"), METRICS)
def test_a_number_is_read_as_an_observation(record: Recorded, expected: Observation) -> None:
    reading = read_records([record], suite=SUITE)

    assert list(reading.observations.values()) == [expected]
    assert reading.cases == {}


@pytest.mark.parametrize(
    "record",
    [
        own("metric", name="", value=1.0),
        own("metric", value=1.0),
        own("metric", name="spread", value=True),
        own("metric", name="spread", value="1"),
        own("metric", name="spread", value=1.0, better="sideways"),
        own("check", title="claim", passed="yes"),
        own("check", title="claim"),
        own("verdict", value="pass"),
        own("evaluation", **{**EVALUATION, "ids": ["1", "1"]}),
        own("evaluation", **{**EVALUATION, "truth": [3]}),
        own("evaluation", **{**EVALUATION, "load": {"rate": 1, "pairs": [{"candidate": EVALUATION["window"]}]}}),
        Recorded("c1", RECORD_MIME, {"schema_version": 2, "kind": "metric", "name": "x", "value": 1.0}),
        Recorded("c1", RECORD_MIME, {"schema_version": 2, "kind": "evaluation", **EVALUATION}),
        Recorded("c1", RECORD_MIME, [1, 2]),
        Recorded("c1", SCRAP, {"data": 1}),
        Recorded("c1", SCRAP, "x"),
    ],
)
def test_a_record_that_cannot_be_read_is_an_errored_case(record: Recorded) -> None:
    reading = read_records([record], suite=SUITE)

    (case,) = reading.cases["c1"]
    assert (case.case_id, case.outcome, case.title) == ("c1#1", Outcome.ERRORED, "a record that cannot be read")
    assert reading.observations == {}


def test_checks_are_cases_numbered_within_their_cell() -> None:
    reading = read_records(
        [own("check", title="fast", passed=True), own("check", title="right", passed=False)], suite=SUITE
    )

    assert reading.cases["c1"] == [
        CaseResult(case_id="c1#1", title="fast", outcome=Outcome.PASSED, cell_id="c1"),
        CaseResult(
            case_id="c1#2",
            title="right",
            outcome=Outcome.FAILED,
            cell_id="c1",
            error=CaseError(type="CheckFailed", message="right"),
        ),
    ]


def test_an_evaluation_is_read_with_its_suites_name() -> None:
    (evaluation,) = read_records([own("evaluation", **EVALUATION)], suite=SUITE).evaluations

    assert (evaluation.suite, evaluation.truth, evaluation.candidate.predictions) == ("quality", (3, 4), (3, None))


def test_of_two_values_of_a_metric_the_later_counts_and_it_is_noticed() -> None:
    reading = read_records([own("metric", name="f1", value=0.1), own("metric", name="f1", value=0.2)], suite=SUITE)

    assert reading.observations["f1"].value == 0.2
    assert reading.notices == ["f1 was recorded more than once; the last value counts."]


@pytest.mark.parametrize("data", ["blue", {"a": 1}, [1], None, True])
def test_a_scrap_that_is_no_number_is_named_in_a_notice(data: object) -> None:
    reading = read_records([scrap("colour", data)], suite=SUITE)

    assert reading.observations == {}
    assert reading.notices == ["The scrap 'colour' is not a number and is not read as a metric."]


def test_numbers_of_a_matrix_come_from_their_point() -> None:
    point = SUITE.model_copy(update={"name": "quality[n=1]", "point_of": "quality"})

    reading = read_records([own("metric", name="spread", value=0.5), scrap("width", 2)], suite=point)

    assert [each.source for each in reading.observations.values()] == ["quality[n=1]", "quality[n=1]"]
