"""One HTTP request with a deadline and a size limit; the errors of requests become ours here and nowhere else."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

import requests
from urllib3.exceptions import HTTPError

from jupyter_deployfeedback.errors import HarnessError, ProtocolError, TargetTimedOut, TargetUnreachable, UsageError
from jupyter_deployfeedback.probe.deadline import BoundedAdapter, Deadline
from jupyter_deployfeedback.probe.settings import shown

LARGEST_ANSWER = 32 * 2**20  # decoded bytes
_CHUNK = 16 * 2**10  # compressed bytes at a time: at most 1032 times as many come out of deflate
_SERVER_ERROR = 500
_SUCCESS = range(200, 300)
_REDIRECT = range(300, 400)
_REMEDIES = {
    401: "Check auth: the target does not accept the credentials.",
    403: "Check auth: the target does not accept the credentials.",
    404: "Check the target's url and request.path.",
    405: "Check request.path: the target takes no such request there.",
}
_LARGEST_INTEGER = 2**63 - 1  # what every store and front end can hold


@dataclass(frozen=True)
class Reply:
    """A whole reply, its body decoded."""

    status: int
    content_type: str
    location: str
    body: bytes


class Transport:
    """Sends requests to one target over a kept-alive connection; not for use by several threads at once.

    No redirect is followed (custom headers would follow it to another host), nothing is taken from proxy variables or
    ``.netrc``, no cookie is kept, nothing is sent twice.
    """

    def __init__(self, url: str, *, largest: int = LARGEST_ANSWER) -> None:
        self._deadline = Deadline()
        self._adapter = BoundedAdapter(self._deadline, tls=url.lower().startswith("https:"))
        self._largest = largest

    def prepare(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None
    ) -> requests.PreparedRequest:
        """Return a request that is ready to be sent, so that preparing it is not part of a latency.

        Raises ``UsageError`` for an address or a header that HTTP does not allow.
        """
        defaults = {"Accept-Encoding": "gzip, deflate", "User-Agent": "jupyter_deployfeedback"}
        try:
            return requests.Request(method, url, headers={**defaults, **headers}, data=body).prepare()
        except (requests.RequestException, HTTPError, ValueError) as error:
            raise UsageError(f"{shown(url)} cannot be asked: {error}.", remedy="Check path and headers.") from error

    def send(self, request: requests.PreparedRequest, *, timeout_seconds: float) -> Reply:
        """Return the whole reply. Raises ``TargetTimedOut``, ``TargetUnreachable``, ``ProtocolError`` (broken off)."""
        self._deadline.start(timeout_seconds)
        try:
            with self._adapter.send(request, stream=True, timeout=timeout_seconds) as response:
                reply = self._read(response)
        except (requests.RequestException, HTTPError, OSError) as error:
            self.close()
            url = shown(request.url or "")
            if self._deadline.passed:
                raise TargetTimedOut(f"{url} gave no whole answer within {timeout_seconds:g} s.") from error
            raise explain(error, url=url) from error
        if reply.status >= _SERVER_ERROR:
            self.close()  # servers drop the connection after a failure without saying so (KServe does)
        return reply

    def close(self) -> None:
        """Close the kept connection; the next request opens a fresh one."""
        self._adapter.close()

    def _read(self, response: requests.Response) -> Reply:
        body = bytearray()
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if len(body) > self._largest:
                response.close()
                raise ProtocolError(f"the answer is larger than {self._largest // 2**20} MiB.")
            self._deadline.remaining()
        return Reply(
            status=response.status_code,
            content_type=response.headers.get("Content-Type", ""),
            location=response.headers.get("Location", ""),
            body=bytes(body),
        )


def explain(error: Exception, *, url: str) -> HarnessError:
    """Turn an error of requests, urllib3 or the socket into one of ours: the reason without addresses in memory."""
    causes = list(_chain(error))
    names = {type(cause).__name__ for cause in causes}
    reason = _reason(causes[-1])
    if names & {"SSLError", "SSLCertVerificationError"}:
        return TargetUnreachable(
            f"{url}: TLS failed: {reason}.", remedy="Check the certificate and that the address means this host."
        )
    if "NameResolutionError" in names:
        return TargetUnreachable(f"{url}: the host's name is not known.", remedy="Check the address.")
    if names & {"ConnectTimeout", "ReadTimeout", "ConnectTimeoutError", "ReadTimeoutError", "TimeoutError"}:
        return TargetTimedOut(f"{url} gave no whole answer in time.")
    if names & {"NewConnectionError", "ConnectionRefusedError"}:
        return TargetUnreachable(f"{url} cannot be reached: {reason}.", remedy="Is the deployment running there?")
    if names & {"ContentDecodingError", "DecodeError"}:
        return ProtocolError("the answer's compression is broken.")
    return ProtocolError(f"the answer broke off or is not HTTP: {reason}.")


def _chain(error: BaseException) -> list[BaseException]:
    """Return an error and what lies behind it, outermost first; requests hides the cause in ``args`` or ``reason``."""
    found: list[BaseException] = []
    following: object = error
    while isinstance(following, BaseException) and following not in found:
        found.append(following)
        wrapped = [argument for argument in following.args if isinstance(argument, BaseException)]
        following = getattr(following, "reason", None) or (wrapped[0] if wrapped else following.__cause__)
    return found


def _reason(cause: BaseException) -> str:
    text = (cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)) or type(cause).__name__
    return re.sub(r"<[^>]*object at 0x[0-9a-f]+>:? ?|\s*\(_ssl\.c:\d+\)", "", text).strip(" .")


def refuse_failure(reply: Reply) -> None:
    """Accept a reply of success (2xx); ``ProtocolError`` shows how any other begins."""
    if reply.status in _SUCCESS:
        return
    if reply.status in _REDIRECT:
        raise ProtocolError(
            f"answered {reply.status}, a redirect to {_place(reply.location)}, which is not followed.",
            remedy="Write the final address as the target's url.",
        )
    text = excerpt(reply.body)
    beginning = f": {text}" if text else ""
    raise ProtocolError(f"answered {reply.status}{beginning}.", remedy=_REMEDIES.get(reply.status, ""))


def _place(location: str) -> str:
    try:
        return excerpt(shown(location).encode()) or "nowhere"
    except ValueError:
        return "an address that cannot be read"


def read_json(body: bytes, *, content_type: str = "") -> object:
    """Return the value a body holds; ``ProtocolError`` says what came instead, with its first characters."""
    if not body.strip():
        raise ProtocolError("the answer is empty.")
    try:
        value: object = _DECODER.decode(body.decode("utf-8-sig"))
    except _Invalid as error:
        raise ProtocolError(f"the answer holds an invalid value: {error}.") from None
    except RecursionError:
        raise ProtocolError("the answer is nested too deeply to be read.") from None
    except ValueError:
        kind = content_type.partition(";")[0].strip() or "no content type"
        raise ProtocolError(f"the answer is not JSON but {kind}: {excerpt(body)!r}.") from None
    return value


def excerpt(body: bytes) -> str:
    """Return the first 200 characters of a body, safe to show on one line."""
    text = body[:1000].decode("utf-8", errors="replace")
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:200]


class _Invalid(Exception):
    """A value JSON does not know, or that cannot be kept."""


def _constant(name: str) -> NoReturn:
    raise _Invalid(name)


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _Invalid(f"{text[:20]} is beyond what a number can hold")
    return value


def _integer(text: str) -> int:
    if len(text) > 20 or abs(int(text)) > _LARGEST_INTEGER:
        raise _Invalid(f"an integer of {len(text)} characters")
    return int(text)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Invalid("an object names a key twice")
    return found


_DECODER = json.JSONDecoder(parse_constant=_constant, parse_float=_float, parse_int=_integer, object_pairs_hook=_object)
