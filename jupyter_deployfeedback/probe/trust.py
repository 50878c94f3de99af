"""Which secret may be sent where: allowed by the user or an admin, never by the repository. Decided in here alone.

A secret is known by its reference (``${NAME}`` inside an address is ``env:NAME``), a place by its origin: scheme, host
and port. What is allowed travels in one variable, into kernels too; it names secrets and holds none.
"""

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from jupyter_deployfeedback.errors import SecretNotAllowed, UsageError
from jupyter_deployfeedback.probe.environment import ALLOWED

ANY = "*"  # in place of a reference: all that are sent to an origin
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_BASE = re.compile(r"\$\{\w+\}(?=/|\Z)", re.ASCII)  # a variable that an address begins with, and no part of a host
_PORTS = {"http": "80", "https": "443"}
_HOST = r"\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9_.-]|\$\{\w+\})+"
_AUTHORITY = re.compile(rf"(?P<host>{_HOST})(?::(?P<port>\d*|\$\{{\w+\}}))?", re.ASCII)
_REFERENCE = re.compile(r"\*|env:\w+|file:.+|keyring:.+")


class Use(NamedTuple):
    """A secret and where it is sent, written ``env:NAME=https://host``."""

    reference: str
    origin: str

    def __str__(self) -> str:
        return f"{self.reference}={self.origin}"

    @property
    def how_to_allow(self) -> str:
        """The command with which a person allows it."""
        return f"jupyter deployfeedback trust allow {shlex.quote(str(self))}"

    def is_allowed(self, environment: Mapping[str, str]) -> bool:
        """Say whether the secret may be sent there: where nobody said so, it may not."""
        return not {self, Use(ANY, self.origin)}.isdisjoint(_allowed(environment))


def read_use(text: str) -> Use:
    """Read ``REFERENCE=ORIGIN``, where ``NAME`` is ``env:NAME``. A wrong text may hold a secret and is not shown."""
    reference, _, origin = text.rpartition("=")
    reference = f"env:{reference}" if reference.isidentifier() else reference
    if not _REFERENCE.fullmatch(reference) or not reference.isprintable():
        raise UsageError(
            "That does not say which secret may be sent where.",
            remedy="Write a reference and an origin: env:MODEL_TOKEN=https://model.example.",
        )
    return Use(reference, origin_of(origin))


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address; a variable in there stays as it is written.

    Raises UsageError for an address that can be read in more than one way, or not at all.
    """
    if base := _BASE.match(url):
        return base[0]
    scheme, _, rest = url.partition("://")
    found = _AUTHORITY.fullmatch(re.split(r"[/?#]", rest, maxsplit=1)[0])
    if scheme.lower() not in _PORTS or found is None:
        raise UsageError(
            "No secret can be sent to that address.", remedy="Write http:// or https:// and a host in plain ASCII."
        )
    host, port = found["host"], found["port"] or ""
    host = host if "${" in host else host.lower()
    port = str(int(port)) if port.isdecimal() else port
    return f"{scheme.lower()}://{host}" + (f":{port}" if port not in ("", _PORTS[scheme.lower()]) else "")


def references_of(auth: Mapping[str, Any]) -> tuple[str, ...]:
    """Return all that an ``auth`` refers to."""
    return tuple(str(each) for each in (auth.get("bearer"), *(auth.get("headers") or {}).values()) if each)


def uses_of(url: str, references: Iterable[str] = ()) -> tuple[Use, ...]:
    """Return which secrets go to an address: those that are referred to, and the variables in the address itself."""
    named = [*references, *(f"env:{name}" for name in VARIABLE.findall(url))]
    return tuple(Use(reference, origin_of(url)) for reference in dict.fromkeys(named))


def without_variables(url: str) -> str:
    """Return an address of the same form that holds no variable, to be checked before there are values."""
    return VARIABLE.sub("1", _BASE.sub("http://1", url, count=1) if _BASE.match(url) else url)


def allow(uses: Iterable[Use], *, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which these are allowed, too."""
    known = sorted({str(use) for use in (*_allowed(environment), *uses)})
    return {**environment, ALLOWED: json.dumps(known)}


def refuse_unallowed(uses: Iterable[Use], *, environment: Mapping[str, str]) -> None:
    """Raise SecretNotAllowed, which names all that may not be sent and the command that allows it."""
    refused = [use for use in dict.fromkeys(uses) if not use.is_allowed(environment)]
    if refused:
        said = "; ".join(f"{use.reference} may not be sent to {use.origin}" for use in refused)
        more = "".join(f" {shlex.quote(str(use))}" for use in refused[1:])
        in_ci = " ".join(f"--allow-secret {shlex.quote(str(use))}" for use in refused)
        remedy = f"If it belongs there: {refused[0].how_to_allow}{more}\nIn CI, for this run alone: {in_ci}"
        raise SecretNotAllowed(f"{said}: nobody allowed it.", remedy=remedy)


def _allowed(environment: Mapping[str, str]) -> frozenset[Use]:
    text = environment.get(ALLOWED) or "[]"
    try:
        return frozenset(map(read_use, json.loads(text)))
    except (ValueError, TypeError, AttributeError):
        problem = f"{ALLOWED} is not a list of texts as JSON."
        raise UsageError(problem, remedy='Unset it, or write ["env:NAME=https://host"].') from None
