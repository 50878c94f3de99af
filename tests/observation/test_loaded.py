"""One number for each window of a load: from what was seen inside it, or the reason why there is none."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from jupyter_deployfeedback.domain.metric import LoadedWindow, MetricQuery, Observation, Window
from jupyter_deployfeedback.observation import watch
from jupyter_deployfeedback.observation.loaded import observe_each
from jupyter_deployfeedback.observation.presets import PROCESS, SeriesPart
from jupyter_deployfeedback.observation.summaries import summarise
from jupyter_deployfeedback.observation.window import Reading, Sightings
from tests.observation.conftest import Deploy, Deployment, PrometheusServer, now, span, target

MIB = 2.0**20
BEGAN = datetime(2026, 1, 5, 12, tzinfo=UTC)
ONE = (("__name__", "series"), ("instance", "a"))


def window(start: float, end: float) -> Window:
    return Window(start=BEGAN + timedelta(seconds=start), end=BEGAN + timedelta(seconds=end))


def sightings(*, every: float = 0.5, until: float = 30.0, missing: tuple[float, float] = (99, 99)) -> Sightings:
    """A server that uses 0.1 cores at rest, 0.9 from second 5 to 9, and 100 MiB, then 200 MiB from second 5 on."""
    moments = [place * every for place in range(int(until / every) + 1)]
    moments = [at for at in moments if not missing[0] <= at < missing[1]]
    origin = BEGAN.timestamp()
    used = [0.1 * at + 0.8 * min(max(at - 5, 0.0), 4.0) for at in moments]
    series = {
        SeriesPart.CPU: list(zip(moments, used, strict=True)),
        SeriesPart.MEMORY: [(at, (200 if at >= 5 else 100) * MIB) for at in moments],
        SeriesPart.STARTED: [(at, 1.0) for at in moments],
    }
    return Sightings(
        source="scrape",
        preset=PROCESS,
        window=window(0, until),
        readings={
            part: Reading(part, {ONE: [(origin + at, value) for at, value in samples]})
            for part, samples in series.items()
        },
        pulse=tuple(origin + at for at in moments),
        interval_seconds=every,
        least_seconds=2 * every,
        request_path="/predict",
    )


def values(seen: LoadedWindow) -> dict[str, Observation]:
    return {each.metric.name: each for each in seen.observations}


def test_what_happened_outside_a_window_does_not_count_for_it() -> None:
    busy, quiet = (values(each) for each in observe_each(sightings(), [window(5.2, 8.8), window(10.2, 13.8)]).windows)

    assert busy["cpu_mean"].value == pytest.approx(0.9)
    assert busy["cpu_max"].value == pytest.approx(0.9)
    assert quiet["cpu_mean"].value == pytest.approx(0.1)
    assert (busy["memory_max"].value, busy["memory_mean"].value) == (200 * MIB, 200 * MIB)
    assert busy["cpu_mean"].n == 7


def test_the_memory_of_the_moment_before_is_not_that_of_the_window() -> None:
    (before,) = observe_each(sightings(), [window(2.2, 4.9)]).windows

    assert values(before)["memory_max"].value == 100 * MIB


@pytest.mark.parametrize(("lost", "expected"), [((6.0, 7.0), "only 5 of 7 expected scrapes"), ((6.0, 6.5), None)])
def test_fewer_than_80_percent_of_the_expected_scrapes_are_an_error(
    lost: tuple[float, float], expected: str | None
) -> None:
    (seen,) = observe_each(sightings(missing=lost), [window(5.2, 8.8)]).windows

    for each in seen.observations:
        assert (each.missing_because is None) is (expected is None)
        assert expected is None or expected in str(each.missing_because)


def test_a_window_shorter_than_four_scrapes_says_how_long_it_must_be() -> None:
    found = observe_each(sightings(every=5.0, until=60.0), [window(5, 15), window(20, 30)])

    assert found.too_coarse["memory_max"] == (
        "the target is scraped every 5 s, too rarely for windows of 10 s; write jdf.load(..., seconds=25)"
    )
    assert set(found.too_coarse) == {"cpu_max", "cpu_mean", "memory_max", "memory_mean"}


def test_a_counter_that_is_renewed_more_rarely_than_scraped_is_too_coarse() -> None:
    seen = sightings(until=60.0)
    stepped = [(at, value - (at % 5) * 0.1) for at, value in seen.readings[SeriesPart.CPU].series[ONE]]
    held = [stepped[place - place % 10] for place in range(len(stepped))]
    moments = [(at, value) for (at, _), (_, value) in zip(stepped, held, strict=True)]
    cached = replace(seen, readings={**seen.readings, SeriesPart.CPU: Reading("cpu", {ONE: moments})})

    found = observe_each(cached, [window(5.2, 8.8)])

    assert found.too_coarse["cpu_mean"].startswith(
        "the CPU counter is renewed every 5 s, too rarely for windows of 3.6 s"
    )
    assert "memory_mean" not in found.too_coarse


def test_a_restart_in_a_window_leaves_it_without_numbers_and_one_between_windows_does_not() -> None:
    seen = sightings()
    starts = [
        (at, 1.0 if at < BEGAN.timestamp() + 7 else 2.0) for at, _ in seen.readings[SeriesPart.STARTED].series[ONE]
    ]
    restarted = replace(seen, readings={**seen.readings, SeriesPart.STARTED: Reading("started", {ONE: starts})})

    within, after = observe_each(restarted, [window(5.2, 8.8), window(10.2, 13.8)]).windows

    assert {each.missing_because for each in within.observations} == {"the server restarted in a window of the load"}
    assert {each.missing_because for each in after.observations} == {None}


def test_clocks_that_differ_by_more_than_a_tenth_of_a_window_leave_it_without_numbers() -> None:
    (seen,) = observe_each(replace(sightings(), clock_ahead_seconds=-1.0), [window(5.2, 8.8)]).windows

    assert "the clocks differ by 1.0 s" in str(values(seen)["cpu_mean"].missing_because)


def test_without_loads_there_is_nothing_to_see() -> None:
    assert observe_each(sightings(), []).windows == ()


def loading(deployment: Deployment, *, burn_seconds: float) -> tuple[Window, float]:
    """Load a deployment for 3 s, with so much work in each half of a second; also say how many cores it really had."""
    start, used = now(), deployment.cpu_seconds()
    for place in range(6):
        deployment.predict(burn_seconds=burn_seconds)
        time.sleep(max(0.0, 0.5 * (place + 1) - (now() - start).total_seconds()))
    window_of_load = span(start, now())
    return window_of_load, (deployment.cpu_seconds() - used) / window_of_load.seconds


def test_windows_of_a_scraped_target_hold_the_work_done_in_them(deploy: Deploy) -> None:
    deployment = deploy()
    with watch(target(deployment.url), (), environment={}) as watching:
        time.sleep(0.6)
        light, little = loading(deployment, burn_seconds=0.02)
        time.sleep(0.6)
        heavy, much = loading(deployment, burn_seconds=0.4)
        watching.read(span(light.start, heavy.end))
    found = watching.read_each([light, heavy])
    cpu = [values(each)["cpu_mean"].value or 0.0 for each in found.windows]
    assert found.too_coarse == {}
    assert cpu == pytest.approx([little, much], rel=0.6, abs=0.1)  # a busy machine gives the work in bursts
    assert cpu[0] < cpu[1]


def test_windows_of_a_target_that_cannot_be_scraped_say_why(deploy: Deploy) -> None:
    deployment = deploy()
    deployment.kill()
    with watch(target(deployment.url), (), environment={}) as watching:
        each = span(now(), now() + timedelta(seconds=3))
        watching.read(each)
    (seen,) = watching.read_each([each]).windows
    assert {"cannot be reached" in str(one.missing_because) for one in seen.observations} == {True}


@pytest.mark.slow
def test_prometheus_tells_windows_apart_and_says_when_they_are_too_short(
    deploy: Deploy, prometheus: PrometheusServer
) -> None:
    deployment = deploy()
    prometheus.scrape({"port": deployment.port, "run": "windows"})
    query = MetricQuery(name="burnt", query="sum(increase(process_cpu_seconds_total{$labels}[$window]))", unit="s")
    where = {"source": "prometheus", "url": prometheus.url, "labels": {"run": "windows"}}
    with watch(target(deployment.url, **where), (query,), environment={}) as watching:
        light, little = loading(deployment, burn_seconds=0.02)
        time.sleep(0.6)
        heavy, much = loading(deployment, burn_seconds=0.4)
        watching.read(span(light.start, heavy.end))

    found = watching.read_each([light, heavy])
    short = watching.read_each([span(light.start, light.start + timedelta(seconds=1))])

    assert found.too_coarse == {}
    cpu = [values(each)["cpu_mean"].value or 0.0 for each in found.windows]
    burnt = [values(each)["burnt"].value or 0.0 for each in found.windows]
    assert cpu == pytest.approx([little, much], rel=0.6, abs=0.1)  # a busy machine gives the work in bursts
    assert cpu[0] < cpu[1]
    assert burnt == pytest.approx([little * light.seconds, much * heavy.seconds], rel=0.5, abs=0.3)
    assert short.too_coarse["burnt"] == short.too_coarse["memory_mean"]
    assert short.too_coarse["memory_mean"].endswith("write jdf.load(..., seconds=3), or set platform.source: scrape")


def test_memory_growth_is_that_of_the_runs_window() -> None:
    seen = sightings()
    leaking = [
        (at, 100 * MIB + (at - BEGAN.timestamp()) * MIB) for at, _ in seen.readings[SeriesPart.MEMORY].series[ONE]
    ]
    leaky = replace(seen, readings={**seen.readings, SeriesPart.MEMORY: Reading("memory", {ONE: leaking})})

    found = {each.metric.name: each.value for each in summarise(leaky)[0]}

    assert found["memory_growth"] == pytest.approx(30 * MIB)
