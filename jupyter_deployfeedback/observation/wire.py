"""HTTP with a total deadline, a size limit, no redirects and nothing taken from the environment."""

import requests
from urllib3.exceptions import HTTPError

from jupyter_deployfeedback.errors import MetricsUnavailable
from jupyter_deployfeedback.probe.deadline import BoundedAdapter, Deadline
from jupyter_deployfeedback.probe.settings import shown
from jupyter_deployfeedback.probe.transport import explain

SERVER_ERROR = 500  # statuses from here on may pass; those below will not

_CHUNK_BYTES = 16 * 2**10  # compressed bytes at a time: at most 1032 times as many come out of deflate


class BoundedSession(requests.Session):
    """A session with one server, for one thread, whose requests end at a deadline whatever the server does.

    It trusts no .netrc, proxy or CA variable. A redirect is an error: it leads to a login page, not to metrics.
    """

    def __init__(self, url: str, *, ca_file: str | None) -> None:
        super().__init__()
        self.trust_env = False
        self.verify = ca_file or True
        self.max_redirects = 0
        self._deadline = Deadline()
        self.bound(url)

    def bound(self, url: str) -> None:
        """Let the deadline hold for all addresses that begin so, in place of what was mounted for them."""
        self.mount(url, BoundedAdapter(self._deadline, tls=url.lower().startswith("https:")))

    def allow(self, seconds: float) -> None:
        """Let the next request take so many seconds, from the look-up of the name to the last byte."""
        self._deadline.start(seconds)


def read_body(response: requests.Response, *, limit_bytes: int, url: str = "") -> bytes:
    """Read a streamed answer; MetricsUnavailable where it is larger than ``limit_bytes`` after decompression."""
    body = bytearray()
    try:
        for chunk in response.raw.stream(_CHUNK_BYTES, decode_content=True):
            body += chunk
            if len(body) > limit_bytes:
                response.close()
                raise MetricsUnavailable(f"{shown(url or response.url)} sent more than {limit_bytes // 2**20} MiB.")
    except HTTPError as error:  # urllib3's own: requests translates them only where it reads itself
        raise requests.ConnectionError(error, response=response) from error
    return bytes(body)


def why_unreachable(error: OSError, *, url: str) -> str:
    """Say in a sentence why a request got no answer; requests' errors are OSErrors."""
    if isinstance(error, requests.TooManyRedirects):
        return f"{shown(url)} redirects, perhaps to a login page."
    if isinstance(error, requests.RequestException | TimeoutError):
        message = explain(error, url=shown(url)).message
        return message if shown(url) in message else f"{shown(url)}: {message}"
    return f"{shown(url)} cannot be asked: {error.strerror or type(error).__name__}."
