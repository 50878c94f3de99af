"""``${NAME}`` and ``${NAME:-default}`` in addresses."""

from __future__ import annotations

import re
from collections.abc import Mapping

_VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")


class Unexpandable(ValueError):
    """A text cannot be expanded; ``remedy`` says what to do."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.remedy = remedy


def expand(text: str, environment: Mapping[str, str]) -> str:
    """Replace each variable by its value; one that is unset or empty takes its default, as in a shell.

    Raises Unexpandable where a variable has neither, and for a ``${`` that is not closed or not understood.
    """

    def value(match: re.Match[str]) -> str:
        name, default = match["name"], match["default"]
        found = environment.get(name) or default
        if found is None:
            raise Unexpandable(
                f"needs the environment variable {name}, which is not set.",
                f"Set {name}, or give a default: ${{{name}:-http://127.0.0.1:8000}}.",
            )
        return found

    expanded = _VARIABLE.sub(value, text)
    if "${" in _VARIABLE.sub("", text):
        raise Unexpandable("holds a ${ that is not understood.", "Write ${NAME} or ${NAME:-default}.")
    return expanded


def has_variable(text: str) -> bool:
    """Say whether a text holds a ``${NAME}``."""
    return _VARIABLE.search(text) is not None
