"""The client library's defects, each against a small real HTTP server, and what is made of them."""

from __future__ import annotations

import json
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from jupyter_deployfeedback.domain.project import Auth, Platform, PlatformSource, Target
from jupyter_deployfeedback.errors import MetricsUnavailable, SecretUnavailable
from jupyter_deployfeedback.observation import prometheus as module
from jupyter_deployfeedback.observation.presets import buckets_of
from jupyter_deployfeedback.observation.prometheus import Number, Prometheus
from jupyter_deployfeedback.probe.trust import allow
from tests.observation.conftest import Respond, Serve, page

CERTIFICATE = Path(__file__).parents[1] / "probe" / "loopback-only.pem"  # self-signed, for 127.0.0.1 only
TOKEN = "a-token-that-nobody-may-see"


def connect(url: str | None, *, deadline_seconds: float = 10, **platform: object) -> Prometheus:
    settings = Platform(source=PlatformSource.PROMETHEUS, url=url, **platform)
    uses = Target(name="digits", url=None, platform=settings).asked_for  # whoever tests it allows it
    return Prometheus(
        settings, environment=allow(uses, environment={"TOKEN": TOKEN}), deadline_seconds=deadline_seconds
    )


def answer(result: object, *, kind: str = "vector", **more: object) -> Respond:
    document = {"status": "success", "data": {"resultType": kind, "result": result}, **more}
    return page(json.dumps(document), content_type="application/json")


def series(*values: str) -> list[dict[str, object]]:
    return [{"metric": {"pod": str(number)}, "value": [1.0, value]} for number, value in enumerate(values)]


def failure(status: int, text: str) -> Respond:
    return page(json.dumps({"status": "error", "error": text}), status=status, content_type="application/json")


def reason(server: Prometheus) -> str:
    with server, pytest.raises(MetricsUnavailable) as caught:
        server.number("up", at=1.0)
    return str(caught.value)


@pytest.mark.parametrize(
    ("case", "respond", "expected"),
    [
        ("no series", answer([]), "the query yields no series in this window. Check its labels."),
        ("two series", answer(series("1", "2")), "the query yields 2 series, not one. Wrap it in sum(), max() or avg()."),
        ("not a number", answer(series("NaN")), "the query yields NaN, which is no number to judge by. Guard its divisor."),
        ("infinite", answer(series("+Inf")), "the query yields +Inf, which is no number to judge by. Guard its divisor."),
        ("a range", answer([], kind="matrix"), "the query yields a matrix, not a number. Aggregate it."),
        (
            "a native histogram",
            answer([{"metric": {}, "histogram": [1.0, {}]}]),
            "the query yields a histogram. Wrap it in histogram_quantile().",
        ),
        ("rejected", failure(422, "query timed out"), "URL answered 422: query timed out. Try the query there by hand."),
        ("too many points", failure(400, "exceeded 11,000 points"), "URL answered 400: exceeded 11,000 points. Try the query there by hand."),
        ("not allowed", failure(401, "no token"), "URL answered 401: no token. Check platform.auth."),
        ("busy", page("upstream  is\nbusy", status=503), "URL answered 503: upstream is busy. Try the query there by hand."),
        (
            "a login page",
            page("<html>log in</html>", content_type="text/html"),
            "URL answered with text/html, not with Prometheus's JSON. A login page? Check platform.url and platform.auth.",
        ),
        (
            "a redirect to one",
            page("", status=302, Location="/login"),
            "URL redirects, perhaps to a login page. Check platform.url.",
        ),
        ("other JSON", page("[1]", content_type="application/json"), "URL answered with application/json, not with Prometheus's JSON. A login page? Check platform.url and platform.auth."),
    ],
)  # fmt: skip
def test_c19_an_answer_without_one_number_says_why(case: str, respond: Respond, expected: str, serve: Serve) -> None:
    url = serve(respond)
    assert reason(connect(url)) == expected.replace("URL", url), case


def test_c19_no_server_says_so_at_once() -> None:
    began = time.monotonic()
    assert reason(connect("http://127.0.0.1:9")).startswith("http://127.0.0.1:9 cannot be reached")
    assert time.monotonic() - began < 2


def test_a_number_comes_with_the_servers_warnings(serve: Serve) -> None:
    url = serve(answer(series("4.5"), warnings=["one store did not answer"], infos=["not a counter"]))
    with connect(url) as server:
        assert server.number("up", at=1.0) == Number(
            value=4.5,
            notices=("Prometheus: one store did not answer", "Prometheus: not a counter"),
            partial="Prometheus answered with a warning, so its data may be partial: one store did not answer",
        )


def test_edges_of_buckets_are_the_finite_ones_in_order(serve: Serve) -> None:
    listed = [{"metric": {"le": edge}, "value": [1.0, "3"]} for edge in ("+Inf", "0.5", "0.25", "1")]
    with connect(serve(answer(listed))) as server:
        assert server.edges("sum by (le) (rate(x_bucket[1m]))", at=1.0) == (0.25, 0.5, 1.0)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("max(queue_depth)", None),
        ("histogram_quantile(0.95, x_bucket)", "x_bucket"),
        (' histogram_quantile( .9 , sum by (le) (rate(x{a=")"}[1m])) )', 'sum by (le) (rate(x{a=")"}[1m]))'),
        ("1000 * histogram_quantile(0.95, x_bucket)", ""),
        ("max(histogram_quantile(0.95, x_bucket))", ""),
        ("histogram_quantile(0.95, x_bucket) - histogram_quantile(0.5, x_bucket)", ""),
        ("histogram_quantile(scalar(q), x_bucket)", ""),
    ],
)
def test_buckets_are_known_where_a_query_is_their_quantile_and_nothing_more(query: str, expected: str | None) -> None:
    assert buckets_of(query) == expected


def test_a_busy_server_is_asked_once_more(serve: Serve) -> None:
    asked: list[str] = []

    def respond(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        (answer(series("7")) if len(asked) > 1 else failure(503, "busy"))(handler)

    with connect(serve(respond)) as server:
        assert server.number("up", at=1.0).value == 7
    assert len(asked) == 2


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_server_that_drips_ends_at_the_deadline(part: str, serve: Serve) -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        if part == "body":
            handler.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n")
        for _ in range(100):
            handler.wfile.write(b"x")
            time.sleep(0.05)

    began = time.monotonic()
    said = reason(connect(serve(respond), deadline_seconds=0.5))
    assert "in time" in said or "within" in said
    assert time.monotonic() - began < 2.5  # the drip alone takes 5 s


def test_one_deadline_holds_for_all_queries(serve: Serve) -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.2)
        answer(series("1"))(handler)

    with connect(serve(respond), deadline_seconds=0.5) as server:
        server.number("up", at=1.0)
        server.number("up", at=1.0)
        with pytest.raises(MetricsUnavailable):
            server.number("up", at=1.0)


def test_an_unreachable_server_is_not_asked_again(serve: Serve) -> None:
    asked: list[str] = []

    def respond(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        handler.close_connection = True

    with connect(serve(respond)) as server:
        for _ in range(3):
            with pytest.raises(MetricsUnavailable):
                server.number("up", at=1.0)
    assert len(asked) == 1


def test_an_answer_that_is_too_large_is_not_read(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIMIT_BYTES", 2**20)
    url = serve(answer([], padding="x" * 2**21))
    assert reason(connect(url)) == f"{url}/api/v1/query sent more than 1 MiB."


def test_too_many_series_are_refused(serve: Serve) -> None:
    many = [{"metric": {"pod": str(number)}, "values": [[1.0, "1"]]} for number in range(2001)]
    with connect(serve(answer(many, kind="matrix"))) as server, pytest.raises(MetricsUnavailable) as caught:
        server.raw("up", start=0.0, end=1.0)
    assert str(caught.value) == "up matches 2001 series. Name more of platform.labels."


def test_raw_samples_are_sorted_and_finite(serve: Serve) -> None:
    values = [[3.0, "2"], [1.0, "1"], [2.0, "NaN"], [3.0, "2"]]
    url = serve(answer([{"metric": {"pod": "a"}, "values": values}], kind="matrix"))
    with connect(url) as server:
        assert server.raw("up", start=0.0, end=4.0).series == {(("pod", "a"),): [(1.0, 1.0), (3.0, 2.0)]}


def test_times_are_asked_to_the_millisecond(serve: Serve) -> None:
    asked: list[str] = []

    def respond(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        answer([], kind="matrix")(handler)

    with connect(serve(respond)) as server:
        server.raw('up{job="x"}', start=1000.25, end=1012.75)
    assert asked == ["/api/v1/query?query=up%7Bjob%3D%22x%22%7D%5B12500ms%5D&time=1012.750"]


def test_a_netrc_does_not_replace_the_token(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []

    def respond(handler: BaseHTTPRequestHandler) -> None:
        seen.append(handler.headers["Authorization"])
        answer(series("1"))(handler)

    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with connect(serve(respond), auth=Auth(bearer="env:TOKEN")) as server:
        server.number("up", at=1.0)
    assert seen == [f"Bearer {TOKEN}"]


def test_a_server_that_repeats_our_token_does_not_bring_it_into_the_feedback(serve: Serve) -> None:
    said = reason(connect(serve(failure(403, f"{TOKEN} is not valid")), auth=Auth(bearer="env:TOKEN")))
    assert TOKEN not in said
    assert "[secret:env:TOKEN] is not valid" in said


def test_a_certificate_of_the_teams_own_authority_is_trusted_through_ca_file(serve: Serve) -> None:
    url = serve(answer(series("1")), certificate=CERTIFICATE)
    with connect(url, ca_file=str(CERTIFICATE)) as server:
        assert server.number("up", at=1.0).value == 1


def test_a_certificate_of_nobody_is_not_trusted(serve: Serve) -> None:
    assert "TLS failed" in reason(connect(serve(answer(series("1")), certificate=CERTIFICATE)))


def test_a_redirect_takes_no_request_elsewhere(serve: Serve) -> None:
    seen: list[str] = []

    def log_in(handler: BaseHTTPRequestHandler) -> None:
        seen.append(handler.path)
        answer(series("1"))(handler)

    reason(connect(serve(page("", status=302, Location=serve(log_in))), auth=Auth(headers={"X-Api-Key": "env:TOKEN"})))
    assert seen == []


def test_a_proxy_variable_is_not_followed(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with connect(serve(answer(series("1")))) as server:
        assert server.number("up", at=1.0).value == 1


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ({"url": None}, "platform.source is prometheus, but platform.url is not set. Set it."),
        ({"url": "http://p", "ca_file": "/nowhere.pem"}, "platform.ca_file /nowhere.pem is no file. Correct the path."),
    ],
)
def test_settings_that_cannot_work_say_what_to_mend(platform: dict[str, object], expected: str) -> None:
    with pytest.raises(MetricsUnavailable) as caught:
        connect(**platform)
    assert str(caught.value) == expected


def test_a_secret_that_is_not_there_is_named_not_guessed() -> None:
    with pytest.raises(SecretUnavailable, match="env:OTHER"):
        connect("http://127.0.0.1:9", auth=Auth(bearer="env:OTHER"))


def test_clock_of_the_server_is_compared_with_ours(serve: Serve) -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        answer([time.time() + 600, str(time.time() + 600)], kind="scalar")(handler)

    with connect(serve(respond)) as server:
        assert server.clock_ahead() == pytest.approx(600, abs=2)
