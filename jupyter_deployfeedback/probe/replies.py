"""What a target's reply says before anything is read from its body as a prediction."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_deployfeedback.errors import ProtocolError
from jupyter_deployfeedback.probe.settings import shown
from jupyter_deployfeedback.probe.strict_json import excerpt

_SUCCESS = range(200, 300)
_REDIRECT = range(300, 400)
_REMEDIES = {
    401: "Check auth: the target does not accept the credentials.",
    403: "Check auth: the target does not accept the credentials.",
    404: "Check the target's url and request.path.",
    405: "Check request.path: the target takes no such request there.",
}


@dataclass(frozen=True)
class Reply:
    """A whole reply, its body decoded."""

    status: int
    content_type: str
    location: str
    body: bytes


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
