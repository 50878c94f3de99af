"""Which packages a Python kernel sees."""

from __future__ import annotations

import ast
from typing import Any

# The folders' names are enough (name-version.dist-info): reading each package's metadata would take 50 ms.
_EXPRESSION = """'/'.join(
    name
    for folder in __import__('sys').path if __import__('os').path.isdir(folder or '.')
    for name in __import__('os').listdir(folder or '.') if name.endswith('.dist-info')
)"""


def ask_packages(client: Any) -> str | None:  # noqa: ANN401 - nbclient's client, which only the engine imports
    """Ask a living kernel, silently, for its packages; returns the question, None for a kernel of another language."""
    if client.nb.metadata.get("language_info", {}).get("name") != "python":
        return None
    question: str = client.kc.execute("", silent=True, user_expressions={"packages": _EXPRESSION})
    return question


def hear_packages(client: Any, question: str | None) -> dict[str, str]:  # noqa: ANN401
    """Return the kernel's answer, nothing where it gives none."""
    reply = client.wait_for_reply(question) if question else None
    answer = reply["content"].get("user_expressions", {}).get("packages", {}) if reply else {}
    if answer.get("status") != "ok":
        return {}
    python = client.nb.metadata["language_info"].get("version", "")
    return {"python": python} | read_packages(ast.literal_eval(answer["data"]["text/plain"]))


def read_packages(listing: str) -> dict[str, str]:
    """Read ``name-version.dist-info/...``; of two versions the one found first is the one that is imported."""
    found: dict[str, str] = {}
    for folder in listing.split("/"):
        name, dash, version = folder.removesuffix(".dist-info").rpartition("-")
        if dash:
            found.setdefault(name.replace("_", "-").lower(), version)
    return dict(sorted(found.items()))
