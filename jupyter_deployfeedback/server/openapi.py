"""The OpenAPI document, the source of the panel's TypeScript types. Run this module to print it."""

import json
import sys
from dataclasses import dataclass

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from jupyter_deployfeedback import __version__
from jupyter_deployfeedback.domain.feedback import FeedbackReport
from jupyter_deployfeedback.domain.run import Release, RunEvent
from jupyter_deployfeedback.domain.verdict import Waiver
from jupyter_deployfeedback.server import API, wire

FORMATS = ("json", "markdown", "html", "junit")


@dataclass(frozen=True)
class Operation:
    """One route and verb: what it takes and what it gives."""

    verb: str
    path: str
    name: str
    summary: str
    answer: type[BaseModel] | None
    body: type[BaseModel] | None = None
    query: tuple[tuple[str, str, bool], ...] = ()  # name, type, required
    code: int = 200


OPERATIONS = (
    Operation("get", "/project", "getProject", "The project that governs a notebook or folder, checked.",
              wire.ProjectAnswer, query=(("path", "string", True),)),
    Operation("get", "/targets/{name}/health", "getHealth", "What a target says of itself.",
              wire.HealthAnswer, query=(("path", "string", True),)),
    Operation("post", "/secrets", "allowSecret", "Let a secret that the project asks for be sent where it says.",
              wire.SecretBody, body=wire.AllowSecret, code=201),
    Operation("post", "/runs", "createRun", "Start a run; answers as soon as it is on disk.",
              wire.RunBody, body=wire.CreateRun, code=202),
    Operation("get", "/runs", "listRuns", "Runs, newest first, paged.", wire.RunsAnswer,
              query=(("path", "string", False), ("state", "string", False), ("verdict", "string", False),
                     ("limit", "integer", False), ("after", "string", False))),
    Operation("get", "/runs/{run_id}", "getRun", "One run: its state and progress so far.", wire.RunAnswer),
    Operation("get", "/runs/{run_id}/events", "listEvents", "Events after a sequence number.",
              wire.EventsAnswer, query=(("after", "integer", False),)),
    Operation("get", "/runs/{run_id}/feedback", "getFeedback", "The report of a finished run.",
              FeedbackReport, query=(("format", "string", False),)),
    Operation("get", "/runs/{run_id}/charts", "getCharts", "The report's plots as Vega-Lite specifications.",
              wire.ChartsAnswer, query=(("width", "integer", False),)),
    Operation("post", "/runs/{run_id}/cancel", "cancelRun", "Ask a run to stop.", wire.RunBody, code=202),
    Operation("post", "/runs/{run_id}/continue", "continueRun",
              "Send what an inconclusive run needs and judge all together. 409 where it cannot be continued.",
              wire.RunBody, code=202),
    Operation("post", "/runs/{run_id}/waivers", "createWaiver",
              "Let a person answer for a finding; the verdict stays. 409 for an error and for what needs no waiver.",
              Waiver, body=wire.CreateWaiver, code=201),
    Operation("get", "/runs/{run_id}/artifacts/{name}", "getArtifact", "A file kept for the run, as attachment.", None),
    Operation("get", "/releases", "listReleases", "Releases, newest first.", wire.ReleasesAnswer,
              query=(("path", "string", True),)),
    Operation("post", "/releases", "createRelease", "Tag the tested commit; 409 while the gate is closed.",
              Release, body=wire.CreateRelease, code=201),
    Operation("get", "/changes", "listChanges", "How files differ from a project's commit.", wire.ChangesAnswer,
              query=(("path", "string", True),)),
    Operation("post", "/changes", "createCommit", "Commit exactly these files; 409 where git refuses.",
              wire.ProjectAnswer, body=wire.CreateCommit, code=201),
)  # fmt: skip


def openapi_document() -> dict[str, object]:
    """Return the OpenAPI 3.1 document of all routes."""
    models = {op.answer for op in OPERATIONS if op.answer} | {wire.ErrorBody, RunEvent}
    bodies = {op.body for op in OPERATIONS if op.body}
    modes = [(model, "serialization") for model in models] + [(model, "validation") for model in bodies]
    _, definitions = models_json_schema(
        sorted(modes, key=lambda pair: pair[0].__name__),  # type: ignore[arg-type]  # the mode is one of pydantic's two
        ref_template="#/components/schemas/{model}",
    )
    paths: dict[str, dict[str, object]] = {}
    for op in OPERATIONS:
        paths.setdefault(op.path, {})[op.verb] = _operation(op)
    return {
        "openapi": "3.1.0",
        "info": {"title": "jupyter_deployfeedback", "version": __version__, "license": {"name": "BSD-3-Clause"}},
        "servers": [{"url": f"/{API}"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(definitions["$defs"].items())),
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "Authorization"}},
        },
    }


def _operation(op: Operation) -> dict[str, object]:
    errors = {
        str(code): {"description": text, "content": _json(wire.ErrorBody)}
        for code, text in ((400, "wrong use"), (404, "not found"), (409, "not now"), (422, "cannot be used"))
    }
    answer: dict[str, object] = {"description": op.summary}
    answer["content"] = _json(op.answer) if op.answer else {"application/octet-stream": {}}
    described: dict[str, object] = {
        "operationId": op.name,
        "summary": op.summary,
        "parameters": _parameters(op),
        "responses": {str(op.code): answer, "403": {"description": "no token, or not allowed"}, **errors},
    }
    if op.body:
        described["requestBody"] = {"required": True, "content": _json(op.body)}
    return described


def _parameters(op: Operation) -> list[dict[str, object]]:
    in_path = [part[1:-1] for part in op.path.split("/") if part.startswith("{")]
    found: list[dict[str, object]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in in_path
    ]
    for name, kind, required in op.query:
        schema: dict[str, object] = {"type": kind}
        if name == "format":
            schema["enum"] = list(FORMATS)
        found.append({"name": name, "in": "query", "required": required, "schema": schema})
    return found


def _json(model: type[BaseModel]) -> dict[str, object]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(openapi_document(), indent=2) + "\n")
