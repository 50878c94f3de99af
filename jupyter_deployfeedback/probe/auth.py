"""The headers that carry a target's secrets, and the same secrets taken out of what is shown."""

from __future__ import annotations

from collections.abc import Mapping

from jupyter_deployfeedback.errors import HarnessError, UsageError
from jupyter_deployfeedback.probe.secrets import resolve

_BEARER = "Bearer "


def secret_headers(auth: Mapping[str, object], *, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that carry a target's secrets; ``SecretUnavailable`` names a reference that fails."""
    headers = auth.get("headers") or {}
    if not isinstance(headers, Mapping):
        raise UsageError("auth.headers is not a mapping.", remedy='Write {"X-Api-Key": "env:NAME"}.')
    found = {str(name): resolve(str(reference), environment=environment) for name, reference in headers.items()}
    if auth.get("bearer"):
        found["Authorization"] = _BEARER + resolve(str(auth["bearer"]), environment=environment)
    return found


def without_secrets(error: HarnessError, *, headers: Mapping[str, str]) -> HarnessError:
    """Return an error whose message holds none of our secrets: an endpoint may send back what it was sent."""
    message = error.message
    for value in headers.values():
        message = message.replace(value.removeprefix(_BEARER), "[secret]")
    return error if message == error.message else type(error)(message, remedy=error.remedy)
