from __future__ import annotations

from datetime import UTC, datetime

import pytest

from jupyter_deployfeedback.domain.metric import Window
from jupyter_deployfeedback.errors import MetricsUnavailable
from jupyter_deployfeedback.observation.presets import SeriesPart
from jupyter_deployfeedback.observation.scrape import MOST_SERIES, MOST_SNAPSHOTS, Snapshots
from jupyter_deployfeedback.observation.window import Sightings, labelled

CPU = labelled("process_cpu_seconds_total", {})
STARTED = labelled("process_start_time_seconds", {})


def hits(status: str) -> tuple[tuple[str, str], ...]:
    return labelled("http_requests_total", {"code": status})


def seen(snapshots: Snapshots, start: float, end: float) -> Sightings:
    window = Window(start=datetime.fromtimestamp(start, UTC), end=datetime.fromtimestamp(end, UTC))
    return snapshots.sightings(window, source="scrape", url="http://m/metrics", path="/predict", problem=None)


def taken(*looks: dict[tuple[tuple[str, str], ...], float]) -> Snapshots:
    snapshots = Snapshots(period_seconds=1.0)
    for at, values in enumerate(looks):
        snapshots.add(float(at), values)
    return snapshots


def test_counter_that_the_page_does_not_show_yet_is_at_zero() -> None:
    snapshots = taken({STARTED: 9}, {STARTED: 9}, {STARTED: 9, hits("500"): 7})
    assert seen(snapshots, 0, 2).readings[SeriesPart.REQUESTS].series == {hits("500"): [(0, 0), (1, 0), (2, 7)]}


def test_restart_between_two_looks_counts_from_zero_even_if_the_counter_seems_to_grow() -> None:
    snapshots = taken({STARTED: 9, CPU: 5}, {STARTED: 10, CPU: 7})
    assert seen(snapshots, 0, 1).readings[SeriesPart.CPU].series == {CPU: [(0, 5), (0.5, 0), (1, 7)]}


@pytest.mark.parametrize(
    ("looks", "fell"),
    [
        ([{STARTED: 9}, {STARTED: 8}], "process_start_time_seconds"),
        ([{STARTED: 9}, {STARTED: 10}, {STARTED: 9}], "process_start_time_seconds"),
        ([{STARTED: 9, CPU: 5}, {STARTED: 9, CPU: 4}], "process_cpu_seconds_total"),
        ([{CPU: 5}, {CPU: 4}], "process_cpu_seconds_total"),  # no start time: nobody can say it was a restart
        ([{STARTED: 9, hits("200"): 5}, {STARTED: 9}], "http_requests_total"),
    ],
)
def test_page_of_several_replicas_is_refused_with_advice(
    looks: list[dict[tuple[tuple[str, str], ...], float]], fell: str
) -> None:
    with pytest.raises(MetricsUnavailable) as caught:
        seen(taken(*looks), 0, 2)
    assert str(caught.value) == (
        f"http://m/metrics is answered by several processes in turn: {fell} went back."
        " Use a Prometheus server that scrapes each replica: platform.source: prometheus."
    )


def test_a_long_run_keeps_its_ends_and_looks_less_often() -> None:
    snapshots = Snapshots(period_seconds=0.5)
    for look in range(MOST_SNAPSHOTS + 10):
        snapshots.add(look / 2, {CPU: float(look)})
    pulse = seen(snapshots, 0, 1000).pulse
    assert len(pulse) == MOST_SNAPSHOTS // 2 + 10
    assert (pulse[0], pulse[-1]) == (0.0, (MOST_SNAPSHOTS + 9) / 2)
    assert snapshots.period_seconds == 1.0


def test_a_page_with_a_series_for_everybody_still_gives_cpu() -> None:
    crowd = {labelled("http_requests_total", {"user": str(number)}): 1.0 for number in range(MOST_SERIES + 1)}
    readings = seen(taken({CPU: 1, **crowd}, {CPU: 2, **crowd}), 0, 1).readings
    assert readings[SeriesPart.CPU].series == {CPU: [(0, 1), (1, 2)]}
    assert readings[SeriesPart.REQUESTS].missing_because == (
        f"http://m/metrics has {MOST_SERIES + 2} series; {MOST_SERIES} are read at most."
    )


def test_a_late_server_is_looked_at_less_often_than_wanted() -> None:
    snapshots = Snapshots(period_seconds=0.5)
    for at in (0.0, 2.0, 4.0, 6.0):
        snapshots.add(at, {CPU: at})
    assert seen(snapshots, 0, 6).interval_seconds == 2.0


def test_nothing_seen_is_a_reason() -> None:
    with pytest.raises(MetricsUnavailable, match=r"http://m/metrics was not read in time\."):
        seen(Snapshots(period_seconds=1.0), 0, 1)
