"""Secrets by reference: ``env:NAME``, ``file:PATH``, ``keyring:SERVICE/USER``; resolved as late as possible.

Rules: reference/security-and-faults.md section 6.1. No message of this file holds a value, only a reference.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

from jupyter_deployfeedback.errors import HarnessError, SecretUnavailable, UsageError
from jupyter_deployfeedback.probe.redaction import SHORTEST, learn, redact
from jupyter_deployfeedback.probe.settings import checked_url
from jupyter_deployfeedback.probe.trust import VARIABLE, refuse_unallowed, uses_of

_BEARER = "Bearer "


def resolve(reference: str, *, url: str, environment: Mapping[str, str]) -> str:
    """Return the secret a reference stands for, to be sent to ``url`` alone.

    Raises ``SecretNotAllowed`` where it may not be sent there, ``SecretUnavailable`` where it resolves to nothing.
    """
    scheme, colon, place = reference.partition(":")
    if not colon or scheme not in _SOURCES or not place:
        raise SecretUnavailable(  # the text may be the secret itself, so it is not shown
            "a secret is written down in plain text or in an unknown form.",
            remedy="Write where it is kept instead: env:NAME, file:PATH or keyring:SERVICE/USER.",
        )
    refuse_unallowed(uses_of(url, [reference]), environment=environment)
    secret = _SOURCES[scheme](place, environment).strip()
    _refuse_unusable(secret, reference=reference)
    learn({reference: secret})
    return secret


def _from_environment(name: str, environment: Mapping[str, str]) -> str:
    try:
        return environment[name]
    except KeyError:
        raise SecretUnavailable(
            f"env:{name}: this process has no environment variable {name}.",
            remedy=f"Set {name} where this is started (export {name}=...), and start again what runs already. What a "
            "suite itself asks for also stands under kernels.environment.",
        ) from None


def _from_file(path: str, _environment: Mapping[str, str]) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SecretUnavailable(
            f"file:{path} cannot be read: {reason}.", remedy="Check the path and who may read it."
        ) from None


def _from_keyring(place: str, _environment: Mapping[str, str]) -> str:
    service, _, user = place.rpartition("/")
    try:
        keyring = import_module("keyring")
    except ImportError:
        raise SecretUnavailable(
            f"keyring:{place}: the package keyring is not installed in this kernel.",
            remedy="pip install keyring, or refer to the secret by env: or file:.",
        ) from None
    secret = keyring.get_password(service, user)
    if secret is None:
        raise SecretUnavailable(
            f"keyring:{place}: the keyring holds nothing under this name.", remedy=f"keyring set {service} {user}"
        )
    return str(secret)


_SOURCES: dict[str, Callable[[str, Mapping[str, str]], str]] = {
    "env": _from_environment,
    "file": _from_file,
    "keyring": _from_keyring,
}


def _refuse_unusable(secret: str, *, reference: str) -> None:
    if len(secret) < SHORTEST:
        raise SecretUnavailable(
            f"{reference}: the value is shorter than {SHORTEST} characters, so it could not be kept out of logs.",
            remedy="Use a longer secret.",
        )
    if not secret.isprintable() or not secret.isascii():
        raise SecretUnavailable(
            f"{reference}: the value holds characters that cannot stand in a header, such as a line break.",
            remedy="Store the secret alone, on one line.",
        )


def secret_headers(auth: Mapping[str, object], *, url: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that carry secrets to ``url``; raises what ``resolve`` does."""
    headers = auth.get("headers") or {}
    if not isinstance(headers, Mapping):
        raise UsageError("auth.headers is not a mapping.", remedy='Write {"X-Api-Key": "env:NAME"}.')
    given = {str(name): str(reference) for name, reference in headers.items()}
    found = {name: resolve(reference, url=url, environment=environment) for name, reference in given.items()}
    if auth.get("bearer"):
        found["Authorization"] = _BEARER + resolve(str(auth["bearer"]), url=url, environment=environment)
    return found


def real_address(url: str, *, environment: Mapping[str, str]) -> str:
    """Return an address with its variables replaced; what comes of it is sent to, and never shown.

    Raises ``SecretNotAllowed``, ``SecretUnavailable``, and ``UsageError`` where the values make it no address.
    """
    if not VARIABLE.search(url):
        return url
    refuse_unallowed(uses_of(url), environment=environment)
    learn(secrets_in(url, environment=environment))
    return checked_url(VARIABLE.sub(lambda each: _from_environment(each[1], environment), url), named=url)


def secrets_in(url: str, *, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the values of the variables in an address, but for those that are too short to be a secret."""
    values = {each[0]: environment.get(each[1], "") for each in VARIABLE.finditer(url)}
    return {written: value for written, value in values.items() if len(value) >= SHORTEST}


def without_secrets(error: HarnessError) -> HarnessError:
    """Return an error whose message holds none of our secrets: an endpoint may send back what it was sent."""
    message = redact(error.message)
    return error if message == error.message else type(error)(message, remedy=error.remedy)


def redacted(body: bytes) -> bytes:
    """Return what an endpoint sent without our secrets, before anything is read or cut from it."""
    text = body.decode(errors="surrogateescape")
    clean = redact(text)
    return body if clean == text else clean.encode(errors="surrogateescape")
