"""What all handlers share: who may call, how a body is read, how an error is answered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web

from jupyter_deployfeedback.errors import DeployFeedbackError, GateClosed, ProjectError, UsageError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from jupyter_deployfeedback.server.desk import Desk

CODES = {400: "bad_request", 403: "forbidden", 404: "not_found", 405: "method_not_allowed", 500: "internal"}


class BaseHandler(APIHandler):
    """Parse, call one function, write: errors that escape a handler become the one error JSON."""

    auth_resource = "jupyter_deployfeedback"

    @property
    def desk(self) -> Desk:
        """What answers: opened when the first request comes, so that starting the server stays cheap."""
        desk: Desk = self.settings["deployfeedback_desk"]()
        return desk

    def body(self) -> dict[str, Any]:
        """Return the body, which must be a JSON object in UTF-8."""
        try:
            parsed = json.loads(self.request.body.decode("utf-8"))
            json.dumps(parsed, ensure_ascii=False).encode()  # half a character (\ud800) could be written nowhere
        except (ValueError, RecursionError) as error:
            raise UsageError("The body is not JSON in UTF-8.", remedy="Send a JSON object.") from error
        if not isinstance(parsed, dict):
            raise UsageError("The body is not a JSON object.", remedy="Send an object such as {}.")
        return parsed

    def number(self, name: str, *, default: int, most: int) -> int:
        """Return a query parameter that is a whole number from 0 to ``most``."""
        text = self.get_query_argument(name, str(default))
        if not text.isascii() or not text.isdigit() or len(text) > len(str(most)) or int(text) > most:
            raise UsageError(f"{name} is not a whole number from 0 to {most}.", remedy=f"Leave {name} out, or mend it.")
        return int(text)

    def answer(self, model: BaseModel) -> None:
        """Write a model as JSON."""
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        self.finish(model.model_dump_json(by_alias=True))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:  # noqa: ANN401 - tornado's signature
        """Log our own errors as one line: they are answers, not crashes."""
        if isinstance(value, DeployFeedbackError) and value.http_status < 500:
            self.log.info("%s %s: %s", self.request.method, self.request.path, value.code)
            return
        super().log_exception(typ, value, tb)

    def write_error(self, status_code: int, **kwargs: Any) -> None:  # noqa: ANN401 - tornado's signature
        """Write ``{"error", "message", "remedy"}``, whatever went wrong."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, DeployFeedbackError):
            self.set_status(error.http_status)
            body = _described(error)
        else:
            message = getattr(error, "log_message", None) or self._reason
            body = {"error": CODES.get(status_code, "http"), "message": message, "remedy": ""}
        if status_code == 405:
            self.set_header("Allow", ", ".join(_verbs(type(self))))
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(body))


class NotFound(BaseHandler):
    """Every path of ours that is no route: JSON, not the server's HTML page."""

    @web.authenticated
    @authorized
    def get(self, *_: str) -> None:
        """Answer 404."""
        raise web.HTTPError(404, "There is no such route.")

    post = put = patch = delete = get


def _described(error: DeployFeedbackError) -> dict[str, object]:
    body: dict[str, object] = {"error": error.code, "message": error.message, "remedy": error.remedy}
    if isinstance(error, GateClosed):
        body["findings"] = list(error.findings)
    if isinstance(error, ProjectError):
        body["problems"] = [vars(problem) for problem in error.problems]
    return body


def _verbs(handler: type[web.RequestHandler]) -> list[str]:
    verbs = ("get", "post", "put", "patch", "delete")
    inherited = web.RequestHandler
    return [verb.upper() for verb in verbs if getattr(handler, verb) is not getattr(inherited, verb)]
