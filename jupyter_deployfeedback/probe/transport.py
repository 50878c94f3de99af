"""One HTTP request with a deadline and a size limit; the errors of requests become ours here and nowhere else."""

import re
from collections.abc import Mapping

import requests
from urllib3.exceptions import HTTPError

from jupyter_deployfeedback.errors import HarnessError, ProtocolError, TargetTimedOut, TargetUnreachable, UsageError
from jupyter_deployfeedback.probe.deadline import BoundedAdapter, Deadline
from jupyter_deployfeedback.probe.replies import Reply, excerpt
from jupyter_deployfeedback.probe.settings import shown

LARGEST_ANSWER = 32 * 2**20  # decoded bytes
_CHUNK = 16 * 2**10  # compressed bytes at a time: at most 1032 times as many come out of deflate
_SERVER_ERROR = 500


class Transport:
    """Sends requests to one target over a kept-alive connection; not for use by several threads at once.

    No redirect is followed (custom headers would follow it to another host), nothing is taken from proxy variables or
    ``.netrc``, no cookie is kept, nothing is sent twice.
    """

    def __init__(self, url: str, *, written: str | None = None, largest: int = LARGEST_ANSWER) -> None:
        self._shown = None if written in (None, url) else written  # with values in it, an address is never shown
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
            "".join(headers).encode("ascii")
            return requests.Request(method, url, headers={**defaults, **headers}, data=body).prepare()
        except (requests.RequestException, HTTPError, ValueError) as error:
            problem = (
                f"{shown(url)} cannot be asked: {error}." if self._shown is None else f"{self._shown} is no address."
            )
            raise UsageError(problem, remedy="Check path and headers.") from (None if self._shown else error)

    def send(self, request: requests.PreparedRequest, *, timeout_seconds: float) -> Reply:
        """Return the whole reply. Raises ``TargetTimedOut``, ``TargetUnreachable``, ``ProtocolError`` (broken off)."""
        self._deadline.start(timeout_seconds)
        try:
            with self._adapter.send(request, stream=True, timeout=timeout_seconds) as response:
                reply = self._read(response)
        except (requests.RequestException, HTTPError, OSError) as error:
            self.close()
            url, cause = self._shown or shown(request.url or ""), None if self._shown else error
            if self._deadline.passed:
                raise TargetTimedOut(f"{url} gave no whole answer within {timeout_seconds:g} s.") from cause
            raise explain(error, url=url) from cause
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
            url=response.url or "",
            retry_after=response.headers.get("Retry-After", ""),
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
        return TargetUnreachable(
            f"{url} cannot be reached: {reason}.", remedy="Start the deployment there, or correct the address."
        )
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
    text = re.sub(r"<[^>]*object at 0x[0-9a-f]+>:? ?|\s*\(_ssl\.c:\d+\)", "", text)
    return excerpt(text.encode(errors="replace")).strip(" .")  # it may hold what came in place of a status line
