from __future__ import annotations

import pytest

from jupyter_deployfeedback.observation.window import Labels, labelled, read_page

TYPED = """\
# HELP flask_http_request_total Requests
# TYPE flask_http_request_total counter
flask_http_request_total{method="POST",path="/predict",status="200"} 201.0
flask_http_request_total{method="POST",path="/predict",status="400"} 7.0
# TYPE flask_http_request_created gauge
flask_http_request_created{method="POST",path="/predict",status="200"} 1.7e+09
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 3.25
python_info{version="3.11"} 1.0
"""


@pytest.mark.parametrize(
    ("case", "text", "wanted", "expected"),
    [
        ("nothing wanted", TYPED, {"up"}, {}),
        ("one without labels", TYPED, {"process_cpu_seconds_total"}, {labelled("process_cpu_seconds_total", {}): 3.25}),
        (
            "wanted without _total, written with it: the wanted spelling",
            TYPED,
            {"process_cpu_seconds"},
            {labelled("process_cpu_seconds", {}): 3.25},
        ),
        (
            "wanted with _total, written without it",
            "# TYPE requests counter\nrequests 4\n",
            {"requests_total"},
            {labelled("requests_total", {}): 4.0},
        ),
        (
            "a family that stands twice is one",
            'hits{method="a"} 1\nother 3\nhits{method="b"} 2\nhits{method="a"} 5\n',
            {"hits"},
            {labelled("hits", {"method": "a"}): 5.0, labelled("hits", {"method": "b"}): 2.0},
        ),
        (
            "label values are only text",
            'hits{path="<b>\\"\\n} 9"} 1\n',
            {"hits"},
            {labelled("hits", {"path": '<b>"\n} 9'}): 1.0},
        ),
        ("a name that only begins so", "hits_per_hour 4\n", {"hits"}, {}),
        ("an empty page", "", {"hits"}, {}),
        ("a timestamp is not the value", "hits 4 1395066363000\n", {"hits"}, {labelled("hits", {}): 4.0}),
    ],
)
def test_page_gives_the_wanted_series(case: str, text: str, wanted: set[str], expected: dict[Labels, float]) -> None:
    assert read_page(text, wanted=wanted) == expected, case


def test_requests_by_status_keep_their_labels() -> None:
    found = read_page(TYPED, wanted={"flask_http_request_total"})
    assert {dict(labels)["status"]: value for labels, value in found.items()} == {"200": 201.0, "400": 7.0}


def test_a_page_that_is_no_metrics_page_is_an_error() -> None:
    with pytest.raises(ValueError, match="float"):
        read_page("hits is what you are looking for", wanted={"hits"})
