"""What a broken endpoint does to one request (reference/security-and-faults.md, E1 to E9)."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import requests
import urllib3.exceptions

from jupyter_deployfeedback.errors import HarnessError, ProtocolError, TargetTimedOut, TargetUnreachable
from jupyter_deployfeedback.probe.deadline import _refuse_metadata
from jupyter_deployfeedback.probe.transport import Transport, explain

if TYPE_CHECKING:
    from pathlib import Path

    from tests.probe.conftest import Visit


def ask(url: str, *, timeout: float = 5.0, largest: int = 2**20, headers: dict[str, str] | None = None) -> bytes:
    transport = Transport(url, largest=largest)
    try:
        request = transport.prepare("POST", url, headers=headers or {}, body=b"{}")
        return transport.send(request, timeout_seconds=timeout).body
    finally:
        transport.close()


def drip_body(visit: Visit) -> None:
    visit.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        visit.raw(b" ")
        time.sleep(0.05)


def drip_headers(visit: Visit) -> None:
    visit.raw(b"HTTP/1.1 200 OK\r\nX-Long: ")
    for _ in range(100):
        visit.raw(b"x")
        time.sleep(0.05)


def endless_continues(visit: Visit) -> None:
    for _ in range(100):
        visit.raw(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.05)


def hang(visit: Visit) -> None:
    visit.hang()


@pytest.mark.parametrize("script", [drip_body, drip_headers, endless_continues, hang])
def test_deadline_covers_the_whole_request_however_the_bytes_come(deploy: Callable, script: Callable) -> None:
    deployment = deploy(script)
    started = time.monotonic()

    with pytest.raises(TargetTimedOut, match=r"no whole answer within 0\.4 s"):
        ask(deployment.url, timeout=0.4)

    assert time.monotonic() - started < 1.0


def test_deadline_covers_connecting_to_a_host_that_accepts_nobody() -> None:
    with socket.socket() as listener:  # its queue is full after one: further connections are never completed
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        with socket.create_connection(listener.getsockname()), socket.socket() as second:
            second.settimeout(0)
            second.connect_ex(listener.getsockname())
            started = time.monotonic()

            with pytest.raises(TargetTimedOut):
                ask(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.4)

            assert time.monotonic() - started < 1.0


def test_deadline_covers_a_tls_handshake_that_stalls() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        with pytest.raises(TargetTimedOut):
            ask(f"https://127.0.0.1:{listener.getsockname()[1]}", timeout=0.4)


def test_nobody_listening_is_unreachable(free_url: str) -> None:
    with pytest.raises(TargetUnreachable, match="cannot be reached: Connection refused") as caught:
        ask(free_url)

    assert not isinstance(caught.value, TargetTimedOut)


def test_unknown_host_is_unreachable_and_named() -> None:
    with pytest.raises(TargetUnreachable, match=r"no-such-host\.invalid/predict: the host's name is not known"):
        ask("http://no-such-host.invalid/predict")


def reset_at_once(visit: Visit) -> None:
    visit.reset()


def reset_midway(visit: Visit) -> None:
    visit.raw(b'HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{"predictions": [1')
    visit.reset()


def short_length(visit: Visit) -> None:
    visit.raw(b'HTTP/1.1 200 OK\r\nContent-Length: 40\r\nConnection: close\r\n\r\n{"predictions": [1]}')
    visit.close_connection = True


def bad_chunks(visit: Visit) -> None:
    visit.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n")
    visit.close_connection = True


def many_headers(visit: Visit) -> None:
    visit.raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000 + b"\r\n")


def not_http(visit: Visit) -> None:
    visit.raw(b"SSH-2.0-OpenSSH_9.6\r\n")
    visit.close_connection = True


def broken_gzip(visit: Visit) -> None:
    visit.answer(b"this is not gzip", Content_Encoding="gzip")


@pytest.mark.parametrize(
    "script", [reset_at_once, reset_midway, short_length, bad_chunks, many_headers, not_http, broken_gzip]
)
def test_answer_that_breaks_off_is_a_protocol_error(deploy: Callable, script: Callable) -> None:
    deployment = deploy(script)

    with pytest.raises(ProtocolError, match=r"broke off or is not HTTP|compression is broken"):
        ask(deployment.url)

    assert len(deployment.visits) == 1, "nothing may be sent twice"


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_answer_is_cut_at_its_decoded_size(deploy: Callable, encoding: str) -> None:
    body = b"0" * 20_000_000
    packed = gzip.compress(body) if encoding else body
    deployment = deploy(lambda visit: visit.answer(packed, Content_Encoding=encoding or "identity"))

    with pytest.raises(ProtocolError, match="larger than 1 MiB"):
        ask(deployment.url)


def test_compressed_answer_is_decoded(deploy: Callable) -> None:
    deployment = deploy(lambda visit: visit.answer(gzip.compress(b'{"a": 1}'), Content_Encoding="gzip"))

    assert ask(deployment.url) == b'{"a": 1}'


def test_compressions_asked_for_do_not_depend_on_what_is_installed(deploy: Callable) -> None:
    deployment = deploy(lambda visit: visit.answer({}))

    ask(deployment.url)

    assert deployment.visits[0][2]["Accept-Encoding"] == "gzip, deflate"


def test_redirect_takes_no_header_to_another_host(deploy: Callable) -> None:
    other = deploy()
    first = deploy(lambda visit: visit.answer(b"", status=307, Location=other.url))

    ask(first.url, headers={"X-Api-Key": "a-long-secret", "Authorization": "Bearer another-secret"})

    assert len(first.visits) == 1
    assert other.visits == []


def test_environment_and_netrc_add_nothing(
    deploy: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free_url: str
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password something")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HTTP_PROXY", free_url)
    monkeypatch.setenv("http_proxy", free_url)
    deployment = deploy(lambda visit: visit.answer({}))

    ask(deployment.url)

    assert "Authorization" not in deployment.visits[0][2]


def test_connection_is_kept(deploy: Callable) -> None:
    deployment = deploy(lambda visit: visit.answer({}))
    transport = Transport(deployment.url)

    for _ in range(3):
        transport.send(transport.prepare("POST", deployment.url, headers={}, body=b"{}"), timeout_seconds=5)
    transport.close()

    assert deployment.connections == 1


def test_failure_of_the_server_is_followed_by_a_fresh_connection(deploy: Callable) -> None:
    def fail_and_drop(visit: Visit) -> None:  # as KServe does: it says keep-alive, then hangs up
        visit.answer({}, status=500 if visit.number == 0 else 200)

    deployment = deploy(fail_and_drop)
    transport = Transport(deployment.url)

    statuses = [
        transport.send(transport.prepare("POST", deployment.url, headers={}, body=b"{}"), timeout_seconds=5).status
        for _ in range(2)
    ]
    transport.close()

    assert statuses == [500, 200]
    assert deployment.connections == 2


def test_certificate_nobody_vouches_for_is_refused(deploy: Callable) -> None:
    deployment = deploy(lambda visit: visit.answer({}), tls=True)

    with pytest.raises(TargetUnreachable, match=r"TLS failed: .*self.signed certificate"):
        ask(deployment.url)

    assert deployment.visits == []


@pytest.mark.usefixtures("trusted")
def test_certificate_of_another_host_is_refused(deploy: Callable) -> None:
    deployment = deploy(lambda visit: visit.answer({}), tls=True)

    with pytest.raises(TargetUnreachable, match="TLS failed"):
        ask(deployment.url.replace("127.0.0.1", "localhost"))


@pytest.mark.usefixtures("trusted")
def test_own_authority_can_be_added(deploy: Callable) -> None:
    deployment = deploy(lambda visit: visit.answer({"a": 1}), tls=True)

    assert ask(deployment.url) == b'{"a": 1}'


@pytest.mark.usefixtures("trusted")
def test_deadline_holds_under_tls(deploy: Callable) -> None:
    deployment = deploy(drip_headers, tls=True)
    started = time.monotonic()

    with pytest.raises(TargetTimedOut):
        ask(deployment.url, timeout=0.4)

    assert time.monotonic() - started < 1.0


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fe80::1%eth0", "::ffff:169.254.169.254", "fd00:ec2::254", "100.100.100.200"]
)
def test_metadata_address_is_never_asked(address: str) -> None:
    with pytest.raises(TargetUnreachable, match="never asked"):
        _refuse_metadata(address)


def test_link_local_address_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(TargetUnreachable, match="never asked"):
        ask("http://169.254.169.254/latest/meta-data/", timeout=1)


def _leaves(kind: type[Exception]) -> list[type[Exception]]:
    return [kind, *(leaf for child in kind.__subclasses__() for leaf in _leaves(child))]


@pytest.mark.parametrize("kind", _leaves(requests.RequestException), ids=lambda kind: kind.__name__)
def test_every_error_of_requests_becomes_one_of_ours(kind: type[Exception]) -> None:
    explained = explain(kind.__new__(kind, "it went wrong"), url="http://model.example")

    assert isinstance(explained, HarnessError)
    assert explained.message.strip()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (requests.ConnectTimeout("x"), TargetTimedOut),
        (requests.ReadTimeout("x"), TargetTimedOut),
        (requests.ConnectionError(urllib3.exceptions.ReadTimeoutError(None, "/", "x")), TargetTimedOut),
        (requests.exceptions.SSLError("x"), TargetUnreachable),
        (requests.ConnectionError("x"), ProtocolError),
        (requests.exceptions.ChunkedEncodingError("x"), ProtocolError),
        (requests.exceptions.ContentDecodingError("x"), ProtocolError),
    ],
)
def test_error_of_requests_is_explained_as(error: Exception, expected: type[HarnessError]) -> None:
    assert type(explain(error, url="http://model.example")) is expected


def test_reason_shows_no_address_in_memory() -> None:
    error = requests.ConnectionError("<urllib3.connection.HTTPConnection object at 0x7f00>: it went wrong")

    assert explain(error, url="http://model.example").message == "the answer broke off or is not HTTP: it went wrong."
