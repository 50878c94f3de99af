from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler

import pytest
import requests

from jupyter_deployfeedback.domain.metric import MetricQuery
from jupyter_deployfeedback.domain.project import Auth, Target
from jupyter_deployfeedback.observation import scrape, watch
from jupyter_deployfeedback.probe.trust import allow
from tests.observation.conftest import Deploy, Respond, Serve, TrueCpu, by_name, now, page, span, target

TOKEN = "a-token-that-nobody-may-see"
REMEDY = "Expose prometheus_client metrics there, or set platform.url or platform.source."


def test_c19_counts_of_a_scraped_target_are_those_of_its_window(deploy: Deploy) -> None:
    deployment = deploy()
    for _ in range(5):
        deployment.predict()  # before the window: not counted
    with watch(target(deployment.url), (), environment={}) as watching:
        start = now()
        for _ in range(120):
            deployment.predict()
        for _ in range(7):
            deployment.predict(status=400)  # a series that is born in the window
        requests.get(f"{deployment.url}/ready", timeout=5)  # the platform's own look: no request of ours
        window = span(start, now())
    found = by_name(watching.read(window)[0])
    assert (found["server_requests"].value, found["server_errors"].value) == (127, 7)
    assert found["restarts"].value == 0


def test_cpu_and_memory_are_those_of_the_operating_system(deploy: Deploy) -> None:
    deployment = deploy()
    with watch(target(deployment.url), (), environment={}) as watching, TrueCpu(deployment) as truth:
        start = now()
        time.sleep(1)
        deployment.predict(burn_seconds=2)
        deployment.predict(allocate_bytes=50_000_000)
        time.sleep(0.7)
        window = span(start, now())
    observations, series = watching.read(window)
    found = by_name(observations)
    assert found["cpu_max"].value == pytest.approx(truth.highest(seconds=1.0), abs=0.25)
    assert found["cpu_mean"].value == pytest.approx(truth.used() / window.seconds, abs=0.15)
    assert found["memory_max"].value == pytest.approx(deployment.memory(), rel=0.02)
    assert found["memory_mean"].value < found["memory_max"].value - 10_000_000
    assert {each.metric.name: max(value for _, value in each.points) for each in series} == {
        "cpu_max": found["cpu_max"].value,
        "memory_max": found["memory_max"].value,
    }
    assert all(0 <= at <= window.seconds for each in series for at, _ in each.points)


def test_a_restart_is_counted_and_doubts_the_counts(deploy: Deploy) -> None:
    deployment = deploy()
    with watch(target(deployment.url), (), environment={}) as watching:
        start = now()
        for _ in range(3):
            deployment.predict()
        time.sleep(1.2)  # at least one look
        deployment.kill()
        deploy(port=deployment.port).predict()
        window = span(start, now())
    found = by_name(watching.read(window)[0])
    assert found["restarts"].value == 1
    assert found["server_requests"].value == 4
    assert found["server_requests"].notices == (
        "the server restarted during the run: what it counted just before that is lost",
    )


def test_a_target_that_dies_has_no_counts(deploy: Deploy) -> None:
    deployment = deploy()
    with watch(target(deployment.url), (), environment={}) as watching:
        start = now()
        deployment.predict()
        deployment.kill()
        time.sleep(1)
        window = span(start, now())
    found = by_name(watching.read(window)[0])
    assert all(found[name].value is None for name in found)
    assert "before the run's end" in str(found["server_requests"].missing_because)
    assert "See whether the target still runs" in str(found["restarts"].missing_because)


def test_a_run_too_short_for_cpu_still_has_counts(deploy: Deploy) -> None:
    deployment = deploy()
    with watch(target(deployment.url), (), environment={}) as watching:
        start = now()
        deployment.predict()
        window = span(start, now())
    found = by_name(watching.read(window)[0])
    assert found["server_requests"].value == 1
    assert "load the target for at least 2 s" in str(found["cpu_max"].missing_because)


@pytest.mark.parametrize(
    ("case", "respond", "expected"),
    [
        ("no page", page("", status=404), f"URL answered 404. {REMEDY}"),
        ("a redirect", page("", status=302, Location="/login"), f"URL redirects, perhaps to a login page. {REMEDY}"),
        (
            "not allowed",
            page("", status=403),
            "URL answered 403. Set platform.auth to what the page asks for, or set platform.source.",
        ),
        ("a broken page", page("process_cpu_seconds_total is secret"), f"URL is not a page of Prometheus metrics. {REMEDY}"),
        ("another page", page("<html></html>", content_type="text/html"), "URL has no process_cpu_seconds_total."),
    ],
)  # fmt: skip
def test_c19_a_page_that_cannot_be_read_says_why(case: str, respond: Respond, expected: str, serve: Serve) -> None:
    url = serve(respond)
    found = _look_for(0.1, target(url))
    assert found["cpu_max"].missing_because == expected.replace("URL", f"{url}/metrics"), case
    assert all(observation.value is None for observation in found.values())


def test_no_server_says_so() -> None:
    found = _look_for(0.1, target("http://127.0.0.1:9"))
    assert str(found["cpu_max"].missing_because).startswith("http://127.0.0.1:9/metrics cannot be reached")


def test_c19_a_page_without_process_metrics_says_which_are_missing(serve: Serve) -> None:
    found = _look_for(2.0, target(serve(page('http_requests_total{code="200"} 4\n'))))
    assert "has no process_cpu_seconds_total" in str(found["cpu_max"].missing_because)
    assert "has no process_start_time_seconds" in str(found["restarts"].missing_because)
    assert found["server_requests"].value == 0


def test_several_replicas_behind_one_address_are_refused(serve: Serve) -> None:
    asked: list[str] = []

    def respond(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        started = 1000 + len(asked) % 2
        page(f"process_start_time_seconds {started}\nprocess_cpu_seconds_total {len(asked)}\n")(handler)

    found = _look_for(1.2, target(serve(respond)))
    assert "answered by several processes in turn" in str(found["cpu_max"].missing_because)
    assert "set platform.source" in str(found["cpu_max"].missing_because) or "platform.source: prometheus" in str(
        found["cpu_max"].missing_because
    )


def test_an_endless_page_is_left_at_the_limit(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrape, "LIMIT_BYTES", 2**20)
    found = _look_for(0.1, target(serve(page("x 1\n" * 2**20))))
    assert "sent more than 1 MiB" in str(found["cpu_max"].missing_because)


def test_a_dripping_page_does_not_hold_up_the_run(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrape, "DEADLINE_SECONDS", 0.5)

    def respond(handler: BaseHTTPRequestHandler) -> None:
        for _ in range(100):
            handler.wfile.write(b"x")
            time.sleep(0.05)

    began = time.monotonic()
    found = _look_for(0.1, target(serve(respond)))
    assert found["cpu_max"].value is None
    assert time.monotonic() - began < 4  # the drip alone takes 5 s


def test_a_query_of_ones_own_needs_prometheus(serve: Serve) -> None:
    own = MetricQuery(name="queue_depth", query="max(queue_depth{$labels})", unit="requests")
    with watch(target(serve(page(""))), (own,), environment={}) as watching:
        found = by_name(watching.read(span(now(), now()))[0])
    assert found["queue_depth"].missing_because == (
        "a query of your own needs a Prometheus server: set platform.source: prometheus."
    )


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"auth": Auth(bearer="env:TOKEN")}, f"Bearer {TOKEN}"),  # the page is the target's own
        ({"auth": Auth(bearer="env:TOKEN"), "elsewhere": True}, None),  # and never another's
    ],
)
def test_the_targets_credentials_go_to_its_own_page_only(
    settings: dict[str, object], expected: str | None, serve: Serve
) -> None:
    seen: list[str | None] = []

    def respond(handler: BaseHTTPRequestHandler) -> None:
        seen.append(handler.headers["Authorization"])
        page("")(handler)

    url = serve(respond)
    own = target(url) if "elsewhere" not in settings else target("http://127.0.0.1:9", url=url)
    _look_for(0.1, own.model_copy(update={"auth": settings["auth"]}), environment={"TOKEN": TOKEN})
    assert set(seen) == {expected}


def test_a_missing_secret_is_the_reason_not_an_exception(serve: Serve) -> None:
    settings = target(serve(page("")), auth=Auth(bearer="env:NOBODY_SET_THIS"))
    assert "env:NOBODY_SET_THIS" in str(_look_for(0.1, settings)["cpu_max"].missing_because)


def test_a_mistake_of_ours_is_raised_not_taken_for_a_missing_metric() -> None:
    settings = target("http://127.0.0.1:9", auth=Auth(bearer="env:TOKEN"))
    with pytest.raises(AttributeError):
        _look_for(0.1, settings, environment=5)  # type: ignore[arg-type] - the mistake


def _look_for(seconds: float, settings: Target, *, environment: dict[str, str] | None = None) -> dict:
    if not isinstance(environment, int):
        environment = allow(settings.asked_for, environment=environment or {})  # whoever tests it allows it
    with watch(settings, (), environment=environment) as watching:
        start = now()
        time.sleep(seconds)
        window = span(start, now())
    return by_name(watching.read(window)[0])
