"""What a target's reply says: read strictly, and shown safely where it cannot be read."""

import json
import math
import re
import time
from dataclasses import dataclass, replace
from email.utils import mktime_tz, parsedate_tz
from typing import NoReturn, Self
from urllib.parse import urlsplit

from jupyter_deployfeedback.errors import ProtocolError
from jupyter_deployfeedback.probe.redaction import redact, redact_tree
from jupyter_deployfeedback.probe.secrets import redacted
from jupyter_deployfeedback.probe.settings import shown

SUCCESS = range(200, 300)
REDIRECT = range(300, 400)
_SERVER_ERROR = 500
_BUSY = frozenset({429, 503})
_SHAPE = "Compare what was sent with what the target takes: request.body says how inputs become a request."
_REMEDIES = {
    401: "Check auth: the target does not accept the credentials.",
    403: "Check auth: the target does not accept the credentials.",
    404: "Check the target's url and request.path, which is added to it.",
    405: "Check request.path: the target takes no such request there.",
    413: "Send less at once: a smaller batch_size.",
    429: "Send slower, or let the target take more requests.",
    503: "Wait until the target is ready, or see in its log what it lacks.",
}
_CHARSET = re.compile(
    r"charset=.?((?:iso-8859-|windows-125|us-ascii|utf-16|utf-32|shift_jis|euc-|gb|big5)[\w-]*)", re.IGNORECASE
)
_LARGEST_INTEGER = 2**63 - 1  # what every store and front end can hold


@dataclass(frozen=True)
class Reply:
    """A whole reply, its body decoded."""

    status: int
    content_type: str
    location: str
    body: bytes
    url: str = ""
    retry_after: str = ""

    def without_secrets(self) -> Self:
        """Return the reply before anything is read or cut from it: an endpoint may send back what it was sent."""
        return replace(self, body=redacted(self.body), location=redact(self.location))

    @property
    def wait_seconds(self) -> float | None:
        """How long the target asks to wait before it is asked again, None where it asks for nothing."""
        if self.status not in _BUSY:
            return None
        if self.retry_after.strip().isdecimal():
            return float(self.retry_after[:9])
        date = parsedate_tz(self.retry_after)
        return None if date is None else max(0.0, mktime_tz(date) - time.time())


def refuse_failure(reply: Reply) -> None:
    """Accept a reply of success (2xx); ``ProtocolError`` shows how any other begins."""
    if reply.status in SUCCESS:
        return
    if reply.status in REDIRECT:
        raise ProtocolError(
            f"answered {reply.status}, a redirect to {_place(reply.location)}, which is not followed.",
            remedy=_after_redirect(reply),
        )
    text = excerpt(reply.body)
    beginning = f": {text}" if text else ""
    raise ProtocolError(f"answered {reply.status}{beginning}.", remedy=_remedy(reply))


def _remedy(reply: Reply) -> str:
    """Say what to do about a failure by its cause; whoever answers 4xx, or breaks, did not like what was sent."""
    if reply.wait_seconds is not None:
        return f"Send slower: the target asks to wait {reply.wait_seconds:.3g} s."
    in_log = "" if reply.status < _SERVER_ERROR else " The target's log says more."
    return _REMEDIES.get(reply.status, f"{_SHAPE}{in_log}")


def _after_redirect(reply: Reply) -> str:
    try:
        old, new = urlsplit(reply.url), urlsplit(reply.location)
    except ValueError:
        return "Write the final address as the target's url."
    if new.path and new.netloc in {"", old.netloc} and new.scheme in {"", old.scheme}:
        return f"Let request.path lead to {excerpt(new.path.encode())}, the final address."
    return "Write the final address as the target's url."


def _place(location: str) -> str:
    try:
        return excerpt(shown(location).encode()) or "nowhere"
    except ValueError:
        return "an address that cannot be read"


def read_json(body: bytes, *, content_type: str = "") -> object:
    """Return the value a body holds, without our secrets; ``ProtocolError`` says how it begins where it holds none."""
    if not body.strip():
        raise ProtocolError("the answer is empty.")
    try:
        value = _decoded(body, content_type)
    except _Invalid as error:
        raise ProtocolError(f"the answer holds an invalid value: {error}.") from None
    except RecursionError:
        raise ProtocolError("the answer is nested too deeply to be read.") from None
    except (ValueError, LookupError):
        kind = content_type.partition(";")[0].strip() or "no content type"
        raise ProtocolError(f"the answer is not JSON but {kind}: {excerpt(body)!r}.") from None
    return redact_tree(value)


def _decoded(body: bytes, content_type: str) -> object:
    """Read UTF-8, as JSON must be; what is not may be in the charset that the header names, as old servers send it."""
    try:
        return _DECODER.decode(body.decode("utf-8-sig"))
    except ValueError:
        named = _CHARSET.search(content_type)
        if named is None:
            raise
        return _DECODER.decode(body.decode(named[1]))


def excerpt(body: bytes, *, longest: int = 200) -> str:
    """Return the first characters of a body, safe to show on one line; a secret is taken out before it is cut."""
    text = redact(body[: 5 * longest].decode("utf-8", errors="replace"))
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:longest]


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
