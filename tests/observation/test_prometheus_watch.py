"""A real Prometheus that scrapes a real deployment, against what the operating system and we ourselves counted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler

import pytest

from jupyter_deployfeedback.domain.metric import Better, MetricQuery, Observation, Window
from jupyter_deployfeedback.domain.project import Target
from jupyter_deployfeedback.observation import watch
from tests.observation.conftest import (
    Deploy,
    Deployment,
    PrometheusServer,
    TrueCpu,
    by_name,
    deploying,
    now,
    page,
    serving,
    span,
    target,
)

KUBERNETES_EXACT = {
    "memory_max": 2e8,
    "memory_mean": 2e8,
    "restarts": 2,
    "oom_kills": 2,
    "replicas": 2,
    "server_requests": 0,
}


class Cluster:
    """A page as cAdvisor and kube-state-metrics write it, of two pods; each uses CPU at its own rate."""

    def __init__(self) -> None:
        self.began = time.time()
        self.cores = {"digits-a": 0.5, "digits-b": 1.0}
        self.pods = list(self.cores)
        self.restarts = 0

    def respond(self, handler: BaseHTTPRequestHandler) -> None:
        lines = [line for pod in self.pods for line in self._lines(pod)]
        page("\n".join([*lines, ""]))(handler)

    def _lines(self, pod: str) -> list[str]:
        own = f'namespace="ml",pod="{pod}"'
        used = self.cores[pod] * (time.time() - self.began)
        return [
            f'container_cpu_usage_seconds_total{{{own},container="model"}} {used}',
            f'container_cpu_usage_seconds_total{{{own},container=""}} {used}',  # the pod's own sum: not to be added
            f'container_cpu_usage_seconds_total{{{own},container="POD"}} {used}',  # the pause container
            f'container_memory_working_set_bytes{{{own},container="model"}} 1e8',
            f'container_memory_working_set_bytes{{{own},container=""}} 1e8',
            f'container_oom_events_total{{{own},container="model"}} {self.restarts}',
            f'kube_pod_container_status_restarts_total{{{own},container="model"}} {3 + self.restarts}',
            f'kube_pod_status_phase{{{own},phase="Running"}} 1',
            f'kube_pod_status_phase{{{own},phase="Pending"}} 0',
            f'http_requests_total{{{own},code="200"}} 0',
        ]


@dataclass
class Scraped:
    """What the Prometheus scrapes: a deployment for each test that harms it, pages of metrics, two clusters."""

    measured: Deployment
    restarted: Deployment
    died: Deployment
    page: int
    steady: Cluster
    replaced: Cluster


@pytest.fixture(scope="module")
def scraped(prometheus: PrometheusServer) -> Iterator[Scraped]:
    with deploying() as deploy, serving() as serve:
        made = Scraped(
            measured=deploy(),
            restarted=deploy(),
            died=deploy(),
            page=port(serve(page("process_cpu_seconds_total 1\n"))),
            steady=Cluster(),
            replaced=Cluster(),
        )
        prometheus.scrape(
            *({"port": getattr(made, name).port, "pod": f"{name}-0"} for name in ("measured", "restarted", "died")),
            {"port": made.page, "pod": "double-0"},
            {"port": made.page, "pod": "double-0", "job": "again"},
            {"port": made.page, "pod": "brief-0", "job": "once"},
            {"port": port(serve(made.steady.respond)), "cluster": "steady"},
            {"port": port(serve(made.replaced.respond)), "cluster": "replaced"},
        )
        yield made


def observe(settings: Target, window: Window, *queries: MetricQuery) -> dict[str, Observation]:
    with watch(settings, queries, environment={}) as watching:
        return by_name(watching.read(window)[0])


def through(prometheus: PrometheusServer, *, preset: str = "process", **labels: str) -> Target:
    return target("http://127.0.0.1:9", source="prometheus", url=prometheus.url, preset=preset, labels=labels)


def port(url: str) -> int:
    return int(url.rpartition(":")[2])


def test_numbers_of_a_run_are_those_of_the_operating_system(prometheus: PrometheusServer, scraped: Scraped) -> None:
    deployment = scraped.measured
    settings = through(prometheus, pod="measured-.*")
    own = MetricQuery(name="samples", query="max(count_over_time(up{$labels}[$window]))", better=Better.HIGHER)
    with watch(settings, (own,), environment={}) as watching, TrueCpu(deployment) as truth:
        start = now()
        for _ in range(120):
            deployment.predict()
        deployment.predict(burn_seconds=2)
        for _ in range(7):
            deployment.predict(status=400)  # born in the window: increase() would say 0
        deployment.predict(allocate_bytes=50_000_000)
        time.sleep(1)
        window = span(start, now())
    observations, series = watching.read(window)
    found = by_name(observations)
    assert (found["server_requests"].value, found["server_errors"].value) == (129, 7)
    assert found["cpu_max"].value == pytest.approx(truth.highest(seconds=0.5), abs=0.25)
    assert found["cpu_mean"].value == pytest.approx(truth.used() / window.seconds, abs=0.15)
    assert found["memory_max"].value == pytest.approx(deployment.memory(), rel=0.02)
    assert found["restarts"].value == 0
    assert found["samples"].value >= 4
    assert found["samples"].query == f'max(count_over_time(up{{pod=~"measured-.*"}}[{round(window.seconds * 1000)}ms]))'
    assert found["cpu_max"].query == 'process_cpu_seconds_total{pod=~"measured-.*"}'
    assert {each.metric.name for each in series} == {"cpu_max", "memory_max"}
    assert not any("restarted" in notice for observation in observations for notice in observation.notices)


def test_a_restart_is_found_and_doubts_the_rest(prometheus: PrometheusServer, scraped: Scraped, deploy: Deploy) -> None:
    deployment = scraped.restarted
    start = now()
    time.sleep(1)
    deployment.kill()
    deploy(port=deployment.port)
    time.sleep(1.2)
    found = observe(through(prometheus, pod="restarted-0"), span(start, now()))
    assert found["restarts"].value == 1
    assert "the server restarted during the run: what it counted just before that is lost" in found["restarts"].notices


def test_a_target_that_dies_is_never_zero(prometheus: PrometheusServer, scraped: Scraped) -> None:
    start = now()
    scraped.died.kill()
    time.sleep(2)
    found = observe(through(prometheus, pod="died-0"), span(start, now()))
    assert [name for name, observation in found.items() if observation.value is not None] == []
    assert "before the run's end" in str(found["server_requests"].missing_because)


@pytest.mark.parametrize(
    ("labels", "preset", "expected"),
    [
        ({"pod": "nowhere"}, "process", 'URL has no series up{pod="nowhere"} around the run.'),
        ({}, "process", "platform.labels is empty, so any series could be meant."),
        ({"pod": "("}, "process", "URL answered 400: invalid parameter"),
    ],
)
def test_a_target_that_is_not_found_says_why(
    labels: dict[str, str], preset: str, expected: str, prometheus: PrometheusServer
) -> None:
    found = observe(through(prometheus, preset=preset, **labels), span(now(), now()))
    reason = str(found["cpu_max"].missing_because)
    assert reason.startswith(expected.replace("URL", prometheus.url))


def test_a_target_scraped_by_two_jobs_is_not_counted_twice(prometheus: PrometheusServer, scraped: Scraped) -> None:
    found = observe(through(prometheus, pod="double-0"), span(now(), now()))
    assert found["cpu_max"].missing_because == (
        f"127.0.0.1:{scraped.page} is scraped by several (job), so sums would count it twice. Name one job in platform.labels."
    )


def test_c18_a_run_shorter_than_the_scrapes_says_how_long_it_must_be(
    prometheus: PrometheusServer, scraped: Scraped
) -> None:
    found = observe(through(prometheus, pod="brief-0"), span(now(), now()))
    assert "load the target for at least 2 s, or set platform.source: scrape" in str(found["cpu_max"].missing_because)


def test_an_own_query_without_one_number_says_so_with_its_text(prometheus: PrometheusServer) -> None:
    bad = MetricQuery(name="bad", query="sum(")
    empty = MetricQuery(name="empty", query='max(depth{$labels,queue="a"})')
    found = observe(through(prometheus, pod="nowhere"), span(now(), now()), bad, empty)
    assert "parse error" in str(found["bad"].missing_because)
    assert found["empty"].missing_because == (
        'the query yields no series in this window. Check its labels. The query was max(depth{pod="nowhere",queue="a"})'
    )


def test_a_query_that_yields_nothing_counts_nothing_only_where_its_counter_is_there(
    prometheus: PrometheusServer, scraped: Scraped
) -> None:
    start = now()
    time.sleep(1)
    query = 'sum(increase(up{$labels,never="there"}[$window]))'
    lost, gone, unproven = (
        MetricQuery(name=name, query=query, exists=exists)
        for name, exists in (("lost", "up{$labels}"), ("gone", 'up{$labels,never="there"}'), ("unproven", None))
    )

    found = observe(through(prometheus, pod="restarted-0"), span(start, now()), lost, gone, unproven)

    said = {name: (found[name].value, found[name].no_data, found[name].counted_nothing) for name in ("lost", "gone")}
    assert said == {"lost": (None, True, True), "gone": (None, True, False)}
    assert found["unproven"].counted_nothing is False


def test_no_prometheus_is_the_reason_for_all() -> None:
    settings = target("http://127.0.0.1:9", source="prometheus", url="http://127.0.0.1:9", labels={"pod": "x"})
    own = MetricQuery(name="depth", query="depth")
    found = observe(settings, span(now(), now()), own)
    assert all("cannot be reached" in str(observation.missing_because) for observation in found.values())
    assert {"cpu_max", "memory_max", "restarts", "server_requests", "depth"} <= set(found)


def test_c18_kubernetes_metrics_are_summed_over_the_pods_of_the_target(
    prometheus: PrometheusServer, scraped: Scraped
) -> None:
    start = now()
    time.sleep(1)
    scraped.steady.restarts = 1
    time.sleep(1.5)
    settings = through(prometheus, preset="kubernetes", namespace="ml", pod="digits-.*", cluster="steady")
    found = observe(settings, span(start, now()))
    assert found["cpu_max"].value == pytest.approx(1.5, abs=0.1)
    assert found["cpu_mean"].value == pytest.approx(1.5, abs=0.1)
    assert {name: found[name].value for name in KUBERNETES_EXACT} == KUBERNETES_EXACT


def test_one_pod_can_be_told_from_the_others(prometheus: PrometheusServer, scraped: Scraped) -> None:
    start = now()
    time.sleep(2)
    settings = through(prometheus, preset="kubernetes", namespace="ml", pod="digits-a", cluster="steady")
    found = observe(settings, span(start, now()))
    assert found["cpu_max"].value == pytest.approx(0.5, abs=0.1)
    assert found["replicas"].value == 1


def test_a_pod_that_is_replaced_is_said(prometheus: PrometheusServer, scraped: Scraped) -> None:
    scraped.replaced.pods = ["digits-a"]
    time.sleep(1)
    start = now()
    time.sleep(1.2)
    scraped.replaced.pods = ["digits-b"]
    time.sleep(1.2)
    settings = through(prometheus, preset="kubernetes", namespace="ml", pod="digits-.*", cluster="replaced")
    found = observe(settings, span(start, now()))
    assert found["restarts"].notices == (
        "ml/digits-a/model went away during the run",
        "ml/digits-b/model came up during the run",
    )
