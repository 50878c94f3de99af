from __future__ import annotations

import json

import pytest

from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Family, MetricQuery
from jupyter_deployfeedback.domain.project import Platform, PlatformSource, Target
from jupyter_deployfeedback.observation import ask_target, watch
from tests.observation.conftest import Respond, Serve, by_name, now, page, span, target

PLATFORM = {name for name, metric in STANDARD_METRICS.items() if metric.family is Family.PLATFORM}


@pytest.mark.parametrize("source", list(PlatformSource))
def test_every_platform_metric_is_known_with_a_number_or_a_reason(source: PlatformSource) -> None:
    own = MetricQuery(name="queue_depth", query="max(queue_depth{$labels})")
    settings = target("http://127.0.0.1:9", source=source, url="http://127.0.0.1:9", labels={"job": "x"})
    with watch(settings, (own,), environment={}) as watching:
        found = by_name(watching.read(span(now(), now()))[0])
    assert set(found) == PLATFORM | {"queue_depth"}
    assert all(observation.missing_because for observation in found.values())


def test_c19_no_source_is_a_reason_not_a_silence() -> None:
    with watch(target("http://127.0.0.1:9", source="none"), (), environment={}) as watching:
        observations, series = watching.read(span(now(), now()))
    assert {observation.missing_because for observation in observations} == {
        "platform.source is none; set it to scrape or prometheus."
    }
    assert series == ()


def test_reading_ends_the_watching_and_can_be_repeated(serve: Serve) -> None:
    url = serve(page("process_cpu_seconds_total 1\n"))
    with watch(target(url), (), environment={}) as watching:
        window = span(now(), now())
        assert watching.read(window) == watching.read(window)


@pytest.mark.parametrize(
    ("respond", "ready", "version"),
    [
        (page(json.dumps({"model_version": "2.1"}), content_type="application/json"), True, "2.1"),
        (page("starting", status=503), False, None),
    ],
)
def test_target_says_whether_it_is_ready_and_which_model_it_serves(
    respond: Respond, *, ready: bool, version: str | None, serve: Serve
) -> None:
    facts = ask_target(target(serve(respond)), environment={})
    assert (facts.ready, facts.model_version) == (ready, version)
    assert (facts.problem is None) == ready


def test_target_that_cannot_be_reached_is_not_ready_and_shows_no_secret() -> None:
    address = "http://127.0.0.1:9/models?key=abcdefgh"
    facts = ask_target(Target(name="candidate", url=address), environment={})
    assert facts.url == "http://127.0.0.1:9/models"
    assert not facts.ready
    assert "127.0.0.1:9" in str(facts.problem)
    assert "abcdefgh" not in str(facts.problem)


def test_target_is_in_the_namespace_that_its_platform_names() -> None:
    platform = Platform(labels={"namespace": "ml", "pod": "digits-.*"})

    facts = ask_target(Target(name="candidate", url=None, platform=platform), environment={})

    assert facts.namespace == "ml"
