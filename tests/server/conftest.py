from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

from jupyter_deployfeedback.server.runs import EVENT_SCHEMA_ID

API = ("deployfeedback", "api", "v1")


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {
        "ServerApp": {
            "jpserver_extensions": {"jupyter_deployfeedback": True},
            "allow_unauthenticated_access": False,
        }
    }


@pytest.fixture
def project(jp_root_dir: Path, example: Path, deployments: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example under the server's root, both models deployed, the quick suites only."""
    for name, url in deployments.items():
        monkeypatch.setenv(name, url)
    folder = jp_root_dir / "digits"
    shutil.copytree(example, folder, ignore=shutil.ignore_patterns("models"))
    return folder


@pytest.fixture
def fetch(jp_fetch: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[tuple[int, Any]]]:
    """Ask a route; gives status and JSON, of errors too."""

    async def ask(*path: str, **options: Any) -> tuple[int, Any]:
        try:
            response = await jp_fetch(*API, *path, **options)
        except HTTPClientError as error:
            response = error.response
        return response.code, json.loads(response.body)

    return ask


@pytest.fixture
def finished(fetch: Callable[..., Awaitable[tuple[int, Any]]]) -> Callable[[str], Awaitable[Any]]:
    """Wait until a run is over; gives its last answer."""

    async def wait(run_id: str) -> Any:
        for _ in range(600):
            _, answer = await fetch("runs", run_id)
            if answer["run"]["state"] in {"finished", "cancelled", "lost"}:
                return answer
            await asyncio.sleep(0.1)
        raise AssertionError(f"run {run_id} has no end after 60 s: {answer}")

    return wait


@pytest.fixture
def heard(jp_serverapp: Any) -> list[dict[str, Any]]:
    """Listen to what the server tells of runs; gives the events as they come."""
    events: list[dict[str, Any]] = []

    async def listen(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        events.append(data)

    jp_serverapp.event_logger.add_listener(schema_id=EVENT_SCHEMA_ID, listener=listen)
    return events
