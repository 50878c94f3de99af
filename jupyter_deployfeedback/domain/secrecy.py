"""What looks like a secret, and what is a reference to one (reference rules SR-1 and SR-4)."""

from __future__ import annotations

import re

HOW_TO_REFER = "Write a reference: env:NAME, file:PATH or keyring:SERVICE/USER."

_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:.+|keyring:[^/]+/.+")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_SECRET = frozenset({"token", "secret", "password", "passwd", "pwd", "passphrase", "key", "auth", "credential"})
_COUNTED = frozenset({"tokens", "keys"})  # max_tokens: 256 is a number of tokens
_SECRET_ENDS = ("token", "secret", "password", "passwd", "apikey", "authorization", "credentials", "cookie")


def is_reference(text: str) -> bool:
    """Say whether a text refers to a secret instead of being one."""
    return _REFERENCE.fullmatch(text) is not None


def looks_secret(name: str, value: object = "") -> bool:
    """Say whether a value of this name is probably a secret, so that it must never become a parameter.

    Goes by the words of the name (``api_key``, ``authToken``), not by its letters: ``author`` and ``keyboard`` are
    harmless, and so is a count such as ``max_tokens: 256``.
    """
    words = {word.lower() for word in _WORDS.findall(name)}
    if words & _SECRET or name.lower().replace("-", "").replace("_", "").endswith(_SECRET_ENDS):
        return True
    return bool(words & (_COUNTED | {"secrets", "passwords"})) and not isinstance(value, int | float)
