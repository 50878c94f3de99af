"""A client that knows when a kernel is ready without waiting for silence."""

from __future__ import annotations

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
