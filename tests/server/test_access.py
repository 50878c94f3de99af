"""Who may call what: every route and verb, read from the live application."""

from __future__ import annotations

from typing import Any

import pytest
from jupyter_server.auth.authorizer import Authorizer
from jupyter_server.base.handlers import JupyterHandler
from tornado.httpclient import HTTPClientError

from jupyter_deployfeedback.server.handlers import routes

VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
PATHS = [
    "project", "targets/candidate/health", "secrets", "runs", "runs/x", "runs/x/events", "runs/x/feedback", "runs/x/charts",
    "runs/x/cancel", "runs/x/continue", "runs/x/waivers", "runs/x/artifacts/y", "releases", "changes", "nothing",
]  # fmt: skip


class DenyAll(Authorizer):
    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return False


class ReadOnly(Authorizer):
    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        assert resource == "jupyter_deployfeedback" or not handler.request.path.startswith("/a%40b/deployfeedback")
        return action == "read"


async def status(jp_fetch: Any, path: str, verb: str, **headers: str) -> int:
    body = "{}" if verb in {"POST", "PUT", "PATCH"} else None
    try:
        response = await jp_fetch(
            "deployfeedback",
            "api",
            "v1",
            *path.split("/"),
            method=verb,
            body=body,
            params={"path": ""},
            headers=headers,
        )
    except HTTPClientError as error:
        return int(error.code)
    return int(response.code)


def test_every_route_has_a_row_here() -> None:
    assert len(routes()) == len(PATHS)
    assert all(issubclass(handler, JupyterHandler) for _, handler in routes())


@pytest.mark.parametrize("path", PATHS)
async def test_anonymous_callers_get_nothing(jp_fetch: Any, path: str) -> None:
    found = {verb: await status(jp_fetch, path, verb, Authorization="") for verb in VERBS}
    assert set(found.values()) <= {403, 405}
    assert 403 in found.values()


class TestWithoutAnyPermission:
    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:
        jp_server_config["ServerApp"]["authorizer_class"] = DenyAll
        return jp_server_config

    @pytest.mark.parametrize("path", PATHS)
    async def test_every_route_is_forbidden(self, jp_fetch: Any, path: str) -> None:
        found = {verb: await status(jp_fetch, path, verb) for verb in ("GET", "POST")}
        assert set(found.values()) <= {403, 405}
        assert 403 in found.values()


class TestWithPermissionToRead:
    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:
        jp_server_config["ServerApp"]["authorizer_class"] = ReadOnly
        return jp_server_config

    @pytest.mark.parametrize(
        "path", ["secrets", "runs", "runs/x/cancel", "runs/x/continue", "runs/x/waivers", "releases"]
    )
    async def test_nothing_can_be_started_stopped_or_tagged(self, jp_fetch: Any, path: str) -> None:
        assert await status(jp_fetch, path, "POST") == 403

    async def test_runs_can_be_listed(self, jp_fetch: Any) -> None:
        assert await status(jp_fetch, "runs/x", "GET") == 404
