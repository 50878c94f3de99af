"""What a real Prometheus rarely does in a test: warn, run on another clock, scrape too seldom."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

import pytest

from jupyter_deployfeedback.domain.metric import Observation
from jupyter_deployfeedback.observation import prometheus_watch as module
from jupyter_deployfeedback.observation import watch
from tests.observation.conftest import Serve, by_name, page, span, target

LABELS = {"instance": "a:1", "job": "model"}


class Store:
    """Answers as Prometheus does, from samples that are made up; ``asked`` holds the queries."""

    def __init__(
        self,
        *,
        every_seconds: float = 0.25,
        renewed_seconds: float = 0.25,
        clock_ahead: float = 0.0,
        warnings: tuple[str, ...] = (),
    ) -> None:
        self.every_seconds = every_seconds
        self.renewed_seconds = renewed_seconds
        self.clock_ahead = clock_ahead
        self.warnings = warnings
        self.asked: list[str] = []

    def respond(self, handler: BaseHTTPRequestHandler) -> None:
        query = parse_qs(urlsplit(handler.path).query)["query"][0]
        self.asked.append(query)
        data = {"resultType": "scalar", "result": [0, str(time.time() + self.clock_ahead)]}
        if query != "time()":
            data = {"resultType": "matrix", "result": self._series(query)}
        document = {"status": "success", "data": data, "warnings": self.warnings}
        page(json.dumps(document), content_type="application/json")(handler)

    def _series(self, query: str) -> list[dict[str, object]]:
        name = query.partition("{")[0]
        if name not in {"up", "process_cpu_seconds_total"}:
            return []
        last = time.time() // self.every_seconds * self.every_seconds
        moments = [last - number * self.every_seconds for number in range(60)]
        used = {at: at // self.renewed_seconds * self.renewed_seconds / 2 for at in moments}  # half a core
        values = [[at, "1" if name == "up" else str(used[at])] for at in moments]  # newest first
        return [{"metric": {**LABELS, "__name__": name}, "values": values}]


def observe(store: Store, serve: Serve, *, seconds: float = 10.0) -> dict[str, Observation]:
    settings = target("http://127.0.0.1:9", source="prometheus", url=serve(store.respond), labels={"job": "model"})
    end = datetime.now(UTC)
    with watch(settings, (), environment={}) as watching:
        return by_name(watching.read(span(end - timedelta(seconds=seconds), end))[0])


def test_numbers_come_from_samples_in_any_order(serve: Serve) -> None:
    found = observe(Store(), serve)
    assert found["cpu_max"].value == pytest.approx(0.5)
    assert found["cpu_max"].notices == ()


def test_a_counter_renewed_more_rarely_than_scraped_has_no_bursts(serve: Serve) -> None:
    found = observe(Store(renewed_seconds=1.0), serve)  # as cAdvisor does; from scrape to scrape it would be 2 cores
    assert found["cpu_max"].value == pytest.approx(0.5)


def test_warnings_of_the_server_stand_beside_the_number(serve: Serve) -> None:
    found = observe(Store(warnings=("one store did not answer",)), serve)
    assert found["cpu_max"].value == pytest.approx(0.5)
    assert found["cpu_max"].notices == ("Prometheus: one store did not answer",)


@pytest.mark.parametrize(("ahead", "said"), [(600.0, "600 s ahead of"), (-600.0, "600 s behind")])
def test_a_server_on_another_clock_is_refused(ahead: float, said: str, serve: Serve) -> None:
    found = observe(Store(clock_ahead=ahead), serve)
    assert said in str(found["cpu_max"].missing_because)
    assert str(found["cpu_max"].missing_because).endswith("Set both clocks.")


def test_a_long_scrape_interval_is_inconclusive_and_says_what_would_settle_it(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_WAIT_SECONDS", 0.3)  # else it waits for the next scrape
    found = observe(Store(every_seconds=30.0), serve, seconds=12.5)
    reason = str(found["cpu_max"].missing_because)
    assert "at a 30 s interval in a window of 12.5 s" in reason
    assert reason.endswith("load the target for at least 120 s, or set platform.source: scrape.")


def test_c18_the_first_scrape_after_the_run_is_waited_for(serve: Serve) -> None:
    store = Store(every_seconds=0.5)
    observe(store, serve)
    before_the_clock = store.asked[: store.asked.index("time()")]
    assert len([query for query in before_the_clock if query.startswith("up{")]) >= 2


def test_a_part_that_is_not_there_does_not_hide_the_others(serve: Serve) -> None:
    found = observe(Store(), serve)
    assert found["memory_max"].missing_because == (
        'no series matches process_resident_memory_bytes{job="model"} around the run.'
    )
    assert found["cpu_mean"].value == pytest.approx(0.5)


def test_numbers_behind_a_warning_are_marked_as_partial(serve: Serve) -> None:
    found = observe(Store(warnings=("one store did not answer",)), serve)
    said = "Prometheus answered with a warning, so its data may be partial: one store did not answer"
    assert found["cpu_max"].partial == said


def test_numbers_without_a_warning_are_whole(serve: Serve) -> None:
    assert observe(Store(), serve)["cpu_max"].partial is None
