"""Hostile servers and repositories: an answer is its request's or none, and what a repository holds cannot harm."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import requests
from urllib3.util.wait import wait_for_read

import jupyter_deployfeedback as jdf
from jupyter_deployfeedback.errors import ProtocolError, TargetTimedOut
from jupyter_deployfeedback.observation.wire import BoundedSession, read_body
from jupyter_deployfeedback.probe.transport import Transport
from tests.probe import conftest as probe

if TYPE_CHECKING:
    from tests.probe.conftest import Visit

Deploy = Callable[..., object]
deploy, outside_a_run, trusted = probe.deploy, probe.outside_a_run, probe.trusted

EXAMPLES = [[n] for n in range(30)]
TRUTH = list(range(30))
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </s.css>; rel=preload\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BODY = b'{"predictions": [0]}'


def whole(body: bytes) -> bytes:
    return ANSWER + b"Content-Length: %d\r\n\r\n" % len(body) + body


def same(visit: Visit) -> bytes:
    return whole(json.dumps({"predictions": [row[0] for row in visit.inputs]}).encode())


def in_chunks(*chunks: bytes) -> bytes:
    return ANSWER + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(chunks)


def hint_before_each_third(visit: Visit) -> None:
    visit.raw(HINTS * (visit.number % 3 == 0) + same(visit))


def other_interim_answers(visit: Visit) -> None:
    visit.raw(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nContent-Length: 7\r\n\r\n" + HINTS * 50 + same(visit)
    )


@pytest.mark.parametrize("script", [hint_before_each_third, other_interim_answers])
def test_interim_answers_shift_no_answer_to_another_example(deploy: Deploy, script: Callable[[Visit], None]) -> None:
    deployment = deploy(script)

    result = jdf.evaluate(jdf.connect(deployment.url), EXAMPLES, TRUTH)

    assert result.accuracy == 1.0
    assert deployment.connections == 1


def test_interim_answers_without_end_are_ended_by_the_deadline(deploy: Deploy) -> None:
    def endless(visit: Visit) -> None:
        while not visit.deployment.over.wait(0.01):
            visit.raw(HINTS)

    with pytest.raises(TargetTimedOut):
        ask(Transport(url := deploy(endless).url), url, timeout=0.3)


UNPROVEN = {
    "negative length": ANSWER + b"Content-Length: -5\r\n\r\n" + BODY,
    "no number": ANSWER + b"Content-Length: 2_0\r\n\r\n" + BODY,
    "two lengths": ANSWER + b"Content-Length: 5\r\nContent-Length: 20\r\n\r\n" + BODY,
    "list of lengths": ANSWER + b"Content-Length: 20, 20\r\n\r\n" + BODY,
    "length and chunks": ANSWER
    + b"Content-Length: 20\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n"
    + BODY
    + b"\r\n0\r\n\r\n",
    "unknown encoding": ANSWER + b"Content-Length: 20\r\nTransfer-Encoding: gzip, chunked\r\n\r\n" + BODY,
    "chunks in HTTP/1.0": in_chunks(b"14\r\n" + BODY, b"\r\n0\r\n\r\n").replace(b"HTTP/1.1", b"HTTP/1.0"),
    "more than the length": whole(BODY) + whole(BODY),
    "more after chunks": in_chunks(b"14\r\n" + BODY + b"\r\n0\r\n\r\n", whole(BODY)),
    "chunk is longer than it says": in_chunks(b"14\r\n" + BODY + b"  0\r\n\r\n"),
    "chunk of a negative size": in_chunks(b"-14\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "chunk with a sign": in_chunks(b"+14\r\n" + BODY + b"\r\n0\r\n\r\n"),
    "truncated chunk": in_chunks(b"14\r\n" + BODY[:5]),
    "no last chunk": in_chunks(b"14\r\n" + BODY + b"\r\n"),
    "broken header": ANSWER + b"a line without a colon\r\nContent-Length: 20\r\n\r\n" + BODY,
    "space in a header's name": ANSWER + b"Content-Length : 20\r\n\r\n" + BODY,
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + whole(BODY),
}


@pytest.mark.parametrize("answer", UNPROVEN.values(), ids=UNPROVEN)
def test_an_answer_whose_end_is_not_proven_is_refused_with_its_connection(deploy: Deploy, answer: bytes) -> None:
    def script(visit: Visit) -> None:
        visit.raw(answer)
        visit.close_connection = answer in {UNPROVEN["truncated chunk"], UNPROVEN["no last chunk"]}

    deployment = deploy(script)
    transport = Transport(deployment.url)

    for _ in range(2):
        with pytest.raises(ProtocolError, match="broke off or is not HTTP"):
            ask(transport, deployment.url)

    assert deployment.connections == 2


@pytest.mark.parametrize("answer", [UNPROVEN["negative length"], UNPROVEN["more than the length"]])
def test_metrics_whose_end_is_not_proven_are_refused(deploy: Deploy, answer: bytes) -> None:
    url = deploy(lambda visit: visit.raw(answer)).url
    session = BoundedSession(url, ca_file=None)
    session.allow(5)

    with session, pytest.raises(requests.RequestException), session.get(url, stream=True) as response:
        read_body(response, limit_bytes=1000)


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.usefixtures("trusted")
def test_an_answer_that_comes_before_its_request_is_nobodys(deploy: Deploy, *, tls: bool) -> None:
    read = threading.Semaphore(0)

    def one_in_advance(visit: Visit) -> None:
        visit.raw(same(visit))
        read.acquire()
        visit.raw(whole(BODY))  # would be taken for the next request's answer

    target = jdf.connect(deploy(one_in_advance, tls=tls).url)

    for number in (1, 2, 3):
        assert target.predict([[number]]) == [number]
        read.release()
        assert wait_for_read(kept_socket(target), timeout=5)


@pytest.mark.usefixtures("trusted")
def test_two_answers_in_one_tls_record_are_none(deploy: Deploy) -> None:
    """The second would wait inside the TLS layer, where no look at the socket finds it."""
    padded = whole(b'{"predictions": [0]}' + b" " * 9000)
    deployment = deploy(lambda visit: visit.raw(padded + whole(BODY)), tls=True)

    with pytest.raises(ProtocolError):
        ask(Transport(deployment.url), deployment.url)


def test_honest_answers_of_every_form_keep_their_connection(deploy: Deploy) -> None:
    chunked = in_chunks(b"5;name=value\r\n" + BODY[:5] + b"\r\n", b"F \r\n" + BODY[5:] + b"\r\n0\r\nTrailer: 1\r\n\r\n")
    same_twice = ANSWER + b"Content-Length: 20\r\nContent-Length: 20\r\n\r\n" + BODY
    forms = [whole(BODY), chunked, same_twice, b"HTTP/1.1 204 No Content\r\n\r\n"]
    deployment = deploy(lambda visit: visit.raw(forms[visit.number]))
    transport = Transport(deployment.url)

    assert [ask(transport, deployment.url) for _ in forms] == [BODY, BODY, BODY, b""]
    assert deployment.connections == 1


def ask(transport: Transport, url: str, *, timeout: float = 5) -> bytes:
    request = transport.prepare("POST", url, headers={}, body=b"{}")
    return transport.send(request, timeout_seconds=timeout).body


def kept_socket(target: jdf.Target) -> socket.socket:
    pools = target._transport._adapter.poolmanager.pools
    return pools[next(iter(pools.keys()))].pool.queue[-1].sock
