from __future__ import annotations

import pytest

from jupyter_deployfeedback.observation.presets import RequestFamily
from jupyter_deployfeedback.observation.summaries import choose_family, failed, served
from jupyter_deployfeedback.observation.window import Labels, labelled

FLASK = RequestFamily("flask_http_request_total")


def flask(**labels: str) -> Labels:
    return labelled("flask_http_request_total", labels)


def statuses(series: dict[Labels, list[tuple[float, float]]] | None) -> list[str]:
    return sorted(dict(labels)["status"] for labels in series or {})


def test_best_known_family_is_counted_alone() -> None:
    names = ["http_request_duration_seconds_count", "process_cpu_seconds_total", "http_requests_total"]
    assert choose_family([labelled(name, {}) for name in names]) == RequestFamily("http_requests_total")


def test_page_without_a_known_family_has_none() -> None:
    assert choose_family([labelled("my_requests", {})]) is None


@pytest.mark.parametrize("label", ["path", "handler", "endpoint", "url_rule"])
def test_only_requests_to_the_asked_path_count_where_the_server_tells_them_apart(label: str) -> None:
    asked, health = flask(**{label: "/predict", "status": "200"}), flask(**{label: "/ready", "status": "404"})
    assert list(served({asked: [], health: []}, family=FLASK, path="/predict")) == [asked]


def test_a_prefix_before_the_path_does_not_hide_it() -> None:
    asked = flask(path="/models/digits/predict/")
    assert list(served({asked: [], flask(path="/ready"): []}, family=FLASK, path="/predict")) == [asked]


def test_all_requests_count_where_paths_are_not_told_apart_except_our_own_reading_of_metrics() -> None:
    anything, reading = flask(handler="none", status="200"), flask(handler="/metrics", status="200")
    assert list(served({anything: [], reading: []}, family=FLASK, path="/predict")) == [anything]


def test_series_of_another_family_do_not_count_twice() -> None:
    series = {flask(status="200"): [], labelled("http_requests_total", {"status": "200"}): []}
    assert list(served(series, family=FLASK, path="/predict")) == [flask(status="200")]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["200", "201", "400", "404", "429", "500", "503"], ["400", "404", "429", "500", "503"]),
        (["2xx", "4xx", "5XX"], ["4xx", "5XX"]),
        (["200"], []),
        (["302", "4000", "error"], []),
    ],
)
def test_statuses_from_400_on_are_errors(given: list[str], expected: list[str]) -> None:
    series = {flask(status=status): [] for status in given}
    assert statuses(failed(series, family=FLASK)) == expected


def test_without_a_status_nobody_knows_what_failed() -> None:
    assert failed({flask(path="/predict"): []}, family=FLASK) is None
