"""The probe's own reading of a target's wire form, checked before anything is sent."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

from jupyter_deployfeedback.errors import UsageError
from jupyter_deployfeedback.probe.trust import without_variables


@dataclass(frozen=True)
class RequestShape:
    """How inputs become a request: ``$inputs`` stands for the batch, ``$input`` for its only example."""

    path: str = "/predict"
    body: object = field(default_factory=lambda: {"inputs": "$inputs"})
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ResponseShape:
    """Where the answer holds what we need, as paths such as ``$.outputs[0].data``."""

    predictions: str = "$.predictions"
    probabilities: str | None = None
    version: str | None = None


Shape = TypeVar("Shape", RequestShape, ResponseShape)


@dataclass(frozen=True)
class TargetSettings:
    """What the probe needs to know of a target; ``auth`` holds references to secrets, never secrets."""

    name: str
    url: str
    protocol: str = "rest"
    request: RequestShape = RequestShape()
    response: ResponseShape = ResponseShape()
    health: str | None = None
    auth: Mapping[str, Any] = field(default_factory=dict)
    timeout_seconds: float = 10.0


def read_settings(wire: Mapping[str, Any]) -> TargetSettings:
    """Turn the wire form of a target into settings; keys the probe has no use for are left out.

    Raises ``UsageError`` for an address that is not http(s) or holds a password, and for a timeout that is no time.
    """
    url = checked_url(str(wire["url"]))
    known = {name: wire[name] for name in ("protocol", "health", "auth") if wire.get(name) is not None}
    return TargetSettings(
        name=str(wire.get("name") or shown(url)),
        url=url,
        request=_shape(RequestShape, wire.get("request"), key="request"),
        response=_shape(ResponseShape, wire.get("response"), key="response"),
        timeout_seconds=_checked_timeout(wire.get("timeout_seconds", 10.0)),
        **known,
    )


def shown(url: str) -> str:
    """Return an address as messages may show it: without user, password, query and fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def checked_url(url: str, *, named: str | None = None) -> str:
    """Return an address that can be asked, without a slash at its end; an error calls it as it is ``named``."""
    named = named or url
    try:
        parts = urlsplit(without_variables(url))
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(
            f"{named.partition('?')[0]!r} is not the address of a deployment.",
            remedy='Write it like "http://127.0.0.1:8001".',
        )
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise UsageError(
            f"the address {shown(named)} carries a user, password or query.",
            remedy='Take it out and refer to a secret like this: auth={"bearer": "env:NAME"}.',
        )
    return url.rstrip("/")


def _checked_timeout(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise UsageError(f"the timeout {value!r} is not a time.", remedy="Give seconds above zero, such as timeout=10.")
    return float(value)


def _shape(shape: type[Shape], value: object, *, key: str) -> Shape:
    if value is None:
        return shape()
    try:
        return shape(**value)  # type: ignore[arg-type]  # wrong keys and wrong types are the TypeError below
    except TypeError:
        known = ", ".join(shape.__dataclass_fields__)
        raise UsageError(
            f"{key}={value!r} cannot be used.", remedy=f"Give a dictionary with any of: {known}."
        ) from None
