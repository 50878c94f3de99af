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


def ask_packages(client: Any) -> dict[str, str]:  # noqa: ANN401 - nbclient's client, which only the engine imports
    """Ask a living kernel, silently, for its packages; a kernel of another language has none."""
    language = client.nb.metadata.get("language_info", {})
    if language.get("name") != "python":
        return {}
    request = client.kc.execute("", silent=True, user_expressions={"packages": _EXPRESSION})
    reply = client.wait_for_reply(request)
    answer = reply["content"].get("user_expressions", {}).get("packages", {}) if reply else {}
    if answer.get("status") != "ok":
        return {}
    return {"python": language.get("version", "")} | read_packages(ast.literal_eval(answer["data"]["text/plain"]))


def read_packages(listing: str) -> dict[str, str]:
    """Read ``name-version.dist-info/...``; of two versions the one found first is the one that is imported."""
    found: dict[str, str] = {}
    for folder in listing.split("/"):
        name, dash, version = folder.removesuffix(".dist-info").rpartition("-")
        if dash:
            found.setdefault(name.replace("_", "-").lower(), version)
    return dict(sorted(found.items()))
