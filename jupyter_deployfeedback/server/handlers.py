"""The routes: each handler parses, calls one function of the desk and writes what it gives."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web

from jupyter_deployfeedback.errors import BodyTooLarge, DeployFeedbackError, GateClosed, ProjectError, UsageError
from jupyter_deployfeedback.server import API

if TYPE_CHECKING:
    from pydantic import BaseModel

    from jupyter_deployfeedback.server.desk import Desk

MEDIA_TYPES = {
    "json": "application/json",
    "markdown": "text/markdown; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "junit": "application/xml; charset=utf-8",
}
CODES = {400: "bad_request", 403: "forbidden", 404: "not_found", 405: "method_not_allowed", 500: "internal"}
REMEDIES = {
    400: "Mend the request: the reference lists what each route takes.",
    403: "Log in, or ask who runs this server for the permission.",
    404: "The reference lists the routes.",
    405: "Use a verb that Allow lists.",
    422: "Mend what the problems name.",
}


def _finite(text: str) -> float:
    """Read a number of a body; JSON has no NaN, and one that no float can hold is none either."""
    if math.isfinite(value := float(text)):
        return value
    raise ValueError(f"{text[:40]} is not a number")


class BaseHandler(APIHandler):
    """Parse, call one function, write: errors that escape a handler become the one error JSON."""

    auth_resource = "jupyter_deployfeedback"

    @property
    def desk(self) -> Desk:
        """What answers: opened by the first request, or after the start where a run may wait."""
        desk: Desk = self.settings["deployfeedback_desk"]()
        return desk

    @property
    def content_security_policy(self) -> str:
        """Confine each answer alike: renderings hold texts from endpoints, files are written by notebooks."""
        return super().content_security_policy + "; sandbox"

    async def prepare(self) -> None:  # type: ignore[override]  # as jupyter_server's own APIHandler does
        """Let somebody in, with a body that is no larger than this server takes."""
        await super().prepare()
        most = self.settings["deployfeedback_max_body_bytes"]
        if len(self.request.body) > most:
            remedy = "Send less, or have c.DeployFeedbackApp.max_body_bytes raised."
            raise BodyTooLarge(f"The body is larger than {most} bytes.", remedy=remedy)

    def decode_argument(self, value: bytes, name: str | None = None) -> str:  # noqa: ARG002 - tornado's signature
        """Return what stands in a path or query; bytes that are no text name nothing that is there."""
        return value.decode("utf-8", "replace")

    def body(self) -> dict[str, Any]:
        """Return the body, which must be a JSON object in UTF-8."""
        try:
            parsed = json.loads(self.request.body.decode("utf-8"), parse_float=_finite, parse_constant=_finite)
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
        self.set_header("Cache-Control", "no-store")
        try:
            text = model.model_dump_json(by_alias=True)
        except ValueError:  # the name of a file may hold half a character, which only an escape can write
            text = json.dumps(model.model_dump(mode="json", by_alias=True))
        self.finish(text)

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
        body["remedy"] = body["remedy"] or REMEDIES.get(self.get_status(), "Look at the log of the server.")
        if status_code == 405:
            self.set_header("Allow", ", ".join(_verbs(type(self))))
        self.finish(json.dumps(body))


class ProjectHandler(BaseHandler):
    """The project that governs a notebook or folder."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the project, or with the problems of its file."""
        self.answer(await self.desk.project(self.get_query_argument("path")))


class HealthHandler(BaseHandler):
    """What a target says of itself."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Ask the target."""
        self.answer(await self.desk.health(self.get_query_argument("path"), target=name))


class SecretsHandler(BaseHandler):
    """What this user lets projects send."""

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]  # jupyter_server leaves this form untyped
    async def post(self) -> None:
        """Allow one secret that a project asks for."""
        secret = await self.desk.allow_secret(self.body())
        self.set_status(201)
        self.answer(secret)


class RunsHandler(BaseHandler):
    """All runs, and the start of a new one."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """List runs, newest first."""
        self.answer(
            await self.desk.runs(
                self.get_query_argument("path", None),
                state=self.get_query_argument("state", None),
                verdict=self.get_query_argument("verdict", None),
                limit=self.number("limit", default=50, most=500),
                after=self.get_query_argument("after", None),
            )
        )

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]  # jupyter_server leaves this form untyped
    async def post(self) -> None:
        """Start a run; answer as soon as it is on disk."""
        run = await self.desk.create_run(self.body())
        self.set_status(202)
        self.set_header("Location", url_path_join(self.base_url, API, "runs", run.run_id))
        self.answer(run)


class RunHandler(BaseHandler):
    """One run."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        """Answer with its state and progress so far."""
        self.answer(await self.desk.run(run_id))


class EventsHandler(BaseHandler):
    """The events of one run."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        """Answer with the events after a sequence number."""
        self.answer(await self.desk.events(run_id, after=self.number("after", default=0, most=10**9)))


class FeedbackHandler(BaseHandler):
    """The report of a finished run."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        """Answer with the report in the format that was asked for."""
        form = self.get_query_argument("format", "json")
        if form not in MEDIA_TYPES:
            raise UsageError(f"There is no format {form!r}.", remedy=f"Choose one of: {', '.join(MEDIA_TYPES)}.")
        text = await self.desk.feedback(run_id, form=form)
        if form != "json":
            self.set_header("Content-Disposition", f"attachment; filename={run_id}.{_suffix(form)}")
        self.finish(text.encode("utf-8", "backslashreplace"), set_content_type=MEDIA_TYPES[form])


class ChartsHandler(BaseHandler):
    """The plots of a run's feedback."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        """Answer with Vega-Lite specifications for a width in pixels."""
        self.answer(await self.desk.charts(run_id, width=self.number("width", default=360, most=4000)))


class CancelHandler(BaseHandler):
    """The end of a run before its time."""

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]  # jupyter_server leaves this form untyped
    async def post(self, run_id: str) -> None:
        """Ask the run to stop."""
        run = await self.desk.cancel(run_id)
        self.set_status(202)
        self.answer(run)


class ContinueHandler(BaseHandler):
    """More of what an inconclusive run asked."""

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]  # jupyter_server leaves this form untyped
    async def post(self, run_id: str) -> None:
        """Start the run that continues it; answer as soon as it is on disk."""
        run = await self.desk.continue_run(run_id)
        self.set_status(202)
        self.set_header("Location", url_path_join(self.base_url, API, "runs", run.run_id))
        self.answer(run)


class WaiversHandler(BaseHandler):
    """The waivers of a run's findings; its feedback lists them."""

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]  # jupyter_server leaves this form untyped
    async def post(self, run_id: str) -> None:
        """Waive a finding; the verdict stays."""
        waiver = await self.desk.create_waiver(run_id, self.body())
        self.set_status(201)
        self.answer(waiver)


class ArtifactHandler(BaseHandler):
    """A file kept for a run."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str, name: str) -> None:
        """Send the file as an attachment."""
        content = await self.desk.artifact(run_id, name)
        self.set_header("Content-Disposition", "attachment")
        self.finish(content, set_content_type="application/octet-stream")


class ReleasesHandler(BaseHandler):
    """Releases, and the making of a new one."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """List the releases of a project."""
        self.answer(await self.desk.releases(self.get_query_argument("path")))

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]  # jupyter_server leaves this form untyped
    async def post(self) -> None:
        """Tag the tested commit."""
        release = await self.desk.create_release(self.body())
        self.set_status(201)
        self.answer(release)


class ChangesHandler(BaseHandler):
    """What differs from a project's commit, and the commit of it."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Show the differences."""
        self.answer(await self.desk.changes(self.get_query_argument("path")))

    @web.authenticated
    @authorized("execute")  # type: ignore[untyped-decorator]  # jupyter_server leaves this form untyped
    async def post(self) -> None:
        """Commit exactly the files that are named."""
        project = await self.desk.create_commit(self.body())
        self.set_status(201)
        self.answer(project)


def routes() -> list[tuple[str, type[BaseHandler]]]:
    """Return all routes; the last one catches what is none."""
    run = rf"/{API}/runs/(?P<run_id>[A-Za-z0-9_-]{{1,64}})"
    return [
        (rf"/{API}/project", ProjectHandler),
        (rf"/{API}/targets/(?P<name>[^/]+)/health", HealthHandler),
        (rf"/{API}/secrets", SecretsHandler),
        (rf"/{API}/runs", RunsHandler),
        (run, RunHandler),
        (rf"{run}/events", EventsHandler),
        (rf"{run}/feedback", FeedbackHandler),
        (rf"{run}/charts", ChartsHandler),
        (rf"{run}/cancel", CancelHandler),
        (rf"{run}/continue", ContinueHandler),
        (rf"{run}/waivers", WaiversHandler),
        (rf"{run}/artifacts/(?P<name>[^/]+)", ArtifactHandler),
        (rf"/{API}/releases", ReleasesHandler),
        (rf"/{API}/changes", ChangesHandler),
        (r"/deployfeedback(?:/.*)?", NotFound),
    ]


def _suffix(form: str) -> str:
    return {"markdown": "md", "html": "html", "junit": "xml"}[form]


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
