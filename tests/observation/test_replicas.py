from __future__ import annotations

import pytest

from jupyter_deployfeedback.errors import MetricsUnavailable
from jupyter_deployfeedback.observation.presets import KUBERNETES, PROCESS, Preset, SeriesPart
from jupyter_deployfeedback.observation.prometheus_watch import doubts, refuse_doubles
from jupyter_deployfeedback.observation.window import Labels, Reading, Sample, labelled

STEADY = [(float(at), 1.0) for at in range(-1, 12)]


def up(instance: str, **labels: str) -> Labels:
    return labelled("up", {"instance": instance, "job": "model", **labels})


def container(pod: str, **labels: str) -> Labels:
    return labelled("container_memory_working_set_bytes", {"namespace": "ml", "pod": pod, "container": "m", **labels})


@pytest.mark.parametrize(
    ("preset", "series", "by"),
    [
        (PROCESS, [up("a:1"), up("a:1", job="model30")], "job"),
        (KUBERNETES, [container("a", metrics_path="/metrics/cadvisor"), container("a", metrics_path="/metrics/resource")], "metrics_path"),
        (KUBERNETES, [container("a", prometheus_replica="0"), container("a", prometheus_replica="1")], "prometheus_replica"),
    ],
)  # fmt: skip
def test_replica_scraped_twice_is_refused(preset: Preset, series: list[Labels], by: str) -> None:
    with pytest.raises(MetricsUnavailable) as caught:
        refuse_doubles(dict.fromkeys(series, STEADY), preset)
    assert f"is scraped by several ({by})" in caught.value.message
    assert caught.value.remedy == f"Name one {by} in platform.labels."


@pytest.mark.parametrize(
    ("preset", "series"),
    [
        (PROCESS, [up("a:1"), up("b:1")]),
        (PROCESS, [up("a:1", path="/x"), up("a:1", path="/y")]),
        (KUBERNETES, [container("a"), container("b"), container("a", container="sidecar")]),
        (KUBERNETES, [container("a", id="before its restart"), container("a", id="after")]),
    ],
)
def test_replicas_that_differ_are_summed(preset: Preset, series: list[Labels]) -> None:
    refuse_doubles(dict.fromkeys(series, STEADY), preset)


@pytest.mark.parametrize(
    ("case", "pulse", "started", "expected"),
    [
        ("nothing happened", {up("a:1"): STEADY}, [(0, 100.0), (10, 100.0)], ()),
        ("down twice", {up("a:1"): [*STEADY[:5], (4, 0.0), (5, 0.0), *STEADY[7:]]}, [], ("a:1 could not be scraped 2 times",)),
        (
            "restarted",
            {up("a:1"): STEADY},
            [(0, 100.0), (5, 200.0)],
            ("the server restarted during the run: what it counted just before that is lost",),
        ),
        (
            "replaced",
            {up("a:1"): STEADY[:6], up("b:1"): STEADY[6:]},
            [],
            ("a:1 went away during the run", "b:1 came up during the run"),
        ),
    ],
)  # fmt: skip
def test_what_makes_numbers_doubtful_is_said(
    case: str, pulse: dict[Labels, list[Sample]], started: list[Sample], expected: tuple[str, ...]
) -> None:
    readings = {SeriesPart.STARTED: Reading("", {labelled("process_start_time_seconds", {}): started})}
    assert doubts(pulse, readings, PROCESS, start=0.0, end=10.0, interval_seconds=1.0) == expected, case
