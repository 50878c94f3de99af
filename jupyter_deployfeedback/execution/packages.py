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


def ask_packages(client: Any) -> str:  # noqa: ANN401 - nbclient's client, which only the engine imports
    """Ask a kernel, silently, for its packages; one of another language is asked how it is. Returns the question."""
    if client.nb.metadata["language_info"].get("name") != "python":
        return str(client.kc.kernel_info())
    return str(client.kc.execute("", silent=True, user_expressions={"packages": _EXPRESSION}))


def hear_packages(client: Any, question: str) -> dict[str, str]:  # noqa: ANN401
    """Return the kernel's answer, nothing where it gives none; one that has died raises nbclient's DeadKernelError."""
    reply = client.wait_for_reply(question)
    answer = (reply["content"].get("user_expressions") or {}).get("packages", {})  # xeus-python answers with null
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
