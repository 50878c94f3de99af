"""What a target says of itself before it is tested. A hint: only an answered request proves that it serves."""

from collections.abc import Iterator, Mapping
from typing import Any

from jupyter_deployfeedback.errors import DeployFeedbackError, HarnessError, ProtocolError
from jupyter_deployfeedback.probe.protocols import choose_protocol
from jupyter_deployfeedback.probe.secrets import secret_headers, without_secrets
from jupyter_deployfeedback.probe.settings import TargetSettings, read_settings
from jupyter_deployfeedback.probe.strict_json import read_json
from jupyter_deployfeedback.probe.transport import Reply, Transport, refuse_failure

USUAL_PATHS = ("/ready", "/readiness", "/health", "/healthz")
VERSION_PATH = "/version"
LONGEST_SECONDS = 5.0  # of one question
LARGEST_PAGE = 2**20  # bytes
_NOT_OFFERED = frozenset({404, 405, 501})


def ask(target: Mapping[str, Any], *, environment: Mapping[str, str]) -> dict[str, Any]:
    """Return ``ready``, ``model_version``, ``server_version``, ``software`` and ``problem``; nothing is raised.

    ``target`` is the wire form. Asked are its ``health`` path (else the usual ones; a server that has none of them but
    answers is taken to be ready) and ``/version``. A missing version is None: unknown, never assumed.
    """
    try:
        return ask_settings(read_settings(target), environment=environment)
    except DeployFeedbackError as error:
        return _facts(problem=str(error))


def ask_settings(settings: TargetSettings, *, environment: Mapping[str, str]) -> dict[str, Any]:
    """Do as ``ask`` does for settings that are already read; raises only what is wrong with the settings."""
    headers = secret_headers(settings.auth, environment=environment)
    transport = Transport(settings.url, largest=LARGEST_PAGE)
    try:
        page = _Pages(transport, settings, headers)
        said = [*page.readiness(), *page.version()]
    except HarnessError as error:
        return _facts(problem=str(without_secrets(error, headers=headers)))
    finally:
        transport.close()
    return _facts(
        model_version=_first(said, "model_version") or _by_path(said, settings),
        server_version=_first(said, "server_version"),
        software=_software(said),
    )


class _Pages:
    """The pages on which a target tells about itself."""

    def __init__(self, transport: Transport, settings: TargetSettings, headers: Mapping[str, str]) -> None:
        self._transport = transport
        self._settings = settings
        self._headers = headers

    def readiness(self) -> Iterator[Mapping[str, Any]]:
        """Yield what the readiness page says; ``HarnessError`` where the target is not ready."""
        declared = self._settings.health
        for path in (declared,) if declared else USUAL_PATHS:
            reply = self._get(path)
            if reply.status in _NOT_OFFERED and not declared:
                continue
            _refuse_unready(reply, path=path)
            yield from _said(reply)
            return

    def version(self) -> Iterator[Mapping[str, Any]]:
        """Yield what the version page says; many servers have none."""
        reply = self._get(VERSION_PATH)
        if reply.status == 200:
            yield from _said(reply)

    def _get(self, path: str) -> Reply:
        headers = {"Accept": "application/json", **self._headers}
        url = self._settings.url + (path if path.startswith("/") else f"/{path}")
        request = self._transport.prepare("GET", url, headers=headers, body=None)
        return self._transport.send(request, timeout_seconds=min(LONGEST_SECONDS, self._settings.timeout_seconds))


def _refuse_unready(reply: Reply, *, path: str) -> None:
    try:
        refuse_failure(reply)
    except ProtocolError as error:
        remedy = error.remedy or "Wait until the deployment is ready, or set the target's health path."
        raise ProtocolError(f"not ready: {path} {error.message}", remedy=remedy) from None


def _said(reply: Reply) -> Iterator[Mapping[str, Any]]:
    """Yield the page's object; an empty page and plain text are valid answers that say nothing more."""
    try:
        page = read_json(reply.body)
    except ProtocolError:
        return
    if isinstance(page, Mapping):
        yield page


def _first(said: list[Mapping[str, Any]], key: str) -> str | None:
    found = (page.get(key) for page in said)
    return next((str(value)[:200] for value in found if isinstance(value, str | int | float)), None)


def _by_path(said: list[Mapping[str, Any]], settings: TargetSettings) -> str | None:
    protocol = choose_protocol(settings)
    return next((version for page in said if (version := protocol.version(page)) is not None), None)


def _software(said: list[Mapping[str, Any]]) -> dict[str, str]:
    pages = [page["software"] for page in said if isinstance(page.get("software"), Mapping)]
    return {str(name)[:100]: str(version)[:100] for page in pages for name, version in list(page.items())[:500]}


def _facts(
    *,
    model_version: str | None = None,
    server_version: str | None = None,
    software: Mapping[str, str] | None = None,
    problem: str | None = None,
) -> dict[str, Any]:
    return {
        "ready": problem is None,
        "model_version": model_version,
        "server_version": server_version,
        "software": dict(software or {}),
        "problem": problem,
    }
