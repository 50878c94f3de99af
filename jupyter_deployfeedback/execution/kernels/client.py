"""A client that knows when a kernel is ready without waiting for silence, and asks it for its packages."""

import ast
import time
from collections.abc import Mapping
from queue import Empty
from types import MappingProxyType
from typing import Any

import zmq
from jupyter_client.asynchronous.client import AsyncKernelClient

RECONNECT_MILLISECONDS = 10  # a kernel that starts has not bound its sockets yet
_ANSWER_SECONDS = 1.0
_IDLE_SECONDS = 0.1  # from a reply to the same request's "idle", where the outputs are listened to already
# The folders' names are enough (name-version.dist-info): reading each package's metadata would take 50 ms.
_EXPRESSION = """'/'.join(
    name
    for folder in __import__('sys').path if __import__('os').path.isdir(folder or '.')
    for name in __import__('os').listdir(folder or '.') if name.endswith('.dist-info')
)"""


def hear_everything(client: AsyncKernelClient) -> None:
    """Have a client drop no message and connect at once, before it has opened a channel.

    ZeroMQ drops messages without a word when a thousand are waiting to be read, failed checks among them.
    """
    client.context.setsockopt(zmq.RCVHWM, 0)
    client.context.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MILLISECONDS)


def asked_by(message: Mapping[str, Any]) -> str | None:
    """Return the id of the request that a message belongs to, None where it belongs to none."""
    parent = message["parent_header"]
    return parent.get("msg_id") if parent else None  # xeus writes null


class SuiteKernelClient(AsyncKernelClient):
    """jupyter_client's, which flushes outputs until 0.2 s pass without one before it calls a kernel ready.

    ``language_info``: what the kernel says of its language, once it is ready.
    """

    language_info: Mapping[str, Any] = MappingProxyType({})

    async def wait_for_ready(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - jupyter_client's signature
        """Ask until reply and "idle" of one request were heard: then outputs arrive. RuntimeError where they do not."""
        give_up_at = time.monotonic() + (float("inf") if timeout is None else timeout)
        while not await self._answers():
            if not await self._async_is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > give_up_at:
                raise RuntimeError(f"Kernel didn't respond in {timeout} seconds")

    async def _answers(self) -> bool:
        asked = self.kernel_info()
        try:
            reply = await self.get_shell_msg(timeout=_ANSWER_SECONDS)
            while not await self._is_idle_after(asked):
                pass
        except Empty:
            return False
        if reply["msg_type"] != "kernel_info_reply":
            return False
        self._handle_kernel_info_reply(reply)
        self.language_info = reply["content"].get("language_info", {})
        return True

    async def _is_idle_after(self, request: str) -> bool:
        message: dict[str, Any] = await self.get_iopub_msg(timeout=_IDLE_SECONDS)
        return asked_by(message) == request and message["content"].get("execution_state") == "idle"


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
