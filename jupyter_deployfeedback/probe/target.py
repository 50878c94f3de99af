"""The deployed endpoint under test, as a suite holds it: connect to it, ask it."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from jupyter_deployfeedback.errors import (
    DeployFeedbackError,
    HarnessError,
    ProtocolError,
    TargetTimedOut,
    TargetUnreachable,
    UsageError,
)
from jupyter_deployfeedback.probe import secrets
from jupyter_deployfeedback.probe.environment import DEPLOYED_MODEL_URL, is_run, read_baseline, read_target
from jupyter_deployfeedback.probe.examples import plain_rows
from jupyter_deployfeedback.probe.failures import LONGEST, Failure, FailureKind
from jupyter_deployfeedback.probe.protocols import Answer, choose_protocol
from jupyter_deployfeedback.probe.replies import REDIRECT, SUCCESS, Reply, excerpt, read_json, refuse_failure
from jupyter_deployfeedback.probe.settings import TargetSettings, read_settings, shown
from jupyter_deployfeedback.probe.trust import allow, references_of, uses_of

if TYPE_CHECKING:
    from requests import PreparedRequest

    from jupyter_deployfeedback.probe.transport import Transport

USUAL_PATHS = ("/ready", "/readiness", "/health", "/healthz")
VERSION_PATH = "/version"
LONGEST_SECONDS = 5.0  # of one question
LARGEST_PAGE = 2**20  # bytes
_NOT_OFFERED = frozenset({404, 405, 501})
_KINDS: dict[type[HarnessError], FailureKind] = {
    TargetTimedOut: FailureKind.TIMED_OUT,
    TargetUnreachable: FailureKind.UNREACHABLE,
}
_UNREAD = "Compare what came back with response.predictions, the place of the predictions."
_LOG = "See in the target's log why it gave no answer, or let requests take longer (timeout)."
_MISDIRECTED = frozenset({*REDIRECT, 401, 403, 404, 405})


class RequestState(StrEnum):
    """What became of one request; the same words as in the domain, which a kernel does not import."""

    ANSWERED = "answered"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    NOT_SENT = "not_sent"


@dataclass(frozen=True)
class Exchange:
    """One request and what became of it: an answer, or the error that says why there is none.

    ``sent_at`` is seconds since the epoch; ``seconds`` is the latency at the client, the timeout for a timed-out
    request and None for one that was never sent.
    """

    state: RequestState
    answer: Answer | None = None
    error: HarnessError | None = None
    sent_at: float | None = None
    seconds: float | None = None
    failure: Failure | None = None
    wait_seconds: float | None = None  # what the target asks for before it is asked again (Retry-After)


class Target:
    """One deployed endpoint. It opens its connection with the first request; ``with`` or ``close()`` ends it."""

    def __init__(
        self,
        settings: TargetSettings,
        *,
        baseline: Target | None = None,
        environment: Mapping[str, str] = os.environ,
        by_hand: bool = False,
    ) -> None:
        self.settings = settings
        self.baseline = baseline
        self._given = environment
        self._by_hand = by_hand  # whoever runs the code wrote what is sent where, and so allowed it
        self._protocol = choose_protocol(settings)

    @property
    def name(self) -> str:
        """The target's name in the project, its address where it was connected by hand."""
        return self.settings.name

    @property
    def url(self) -> str:
        """The address, without a trailing slash."""
        return self.settings.url

    def predict(self, inputs: object, *, timeout: float | None = None) -> list[str | int | float | bool]:
        """Return the predictions for a batch, sent as one request; not timed, not recorded.

        Raises ``TargetUnreachable``, ``TargetTimedOut`` or ``ProtocolError`` with what came instead.
        """
        exchange = self.exchange(list(plain_rows(inputs)), timeout_seconds=timeout)
        if exchange.answer is None:
            raise exchange.error or HarnessError(f"{self.name} was not asked.")
        return list(exchange.answer.predictions)

    def health(self) -> dict[str, object]:
        """Return what the target says of itself: ready, model_version, server_version, software, problem, remedy."""
        return ask_settings(self.settings, environment=self._environment)

    def exchange(self, batch: Sequence[object], *, timeout_seconds: float | None = None) -> Exchange:
        """Send one batch and say what became of it; whatever the target does, nothing is raised.

        The clock runs from before the first byte (or the connection, where there is none yet) to the last byte.
        Raises ``UsageError`` only, for what no target could be asked, and ``SecretUnavailable``.
        """
        timeout = self.settings.timeout_seconds if timeout_seconds is None else timeout_seconds
        try:
            ready = self._prepared(batch)
        except ValueError as error:  # of the example, not of the target: JSON has no NaN
            remedy = "Mend or leave out these examples: JSON has no NaN and no infinity."
            problem = ProtocolError(f"cannot be written as JSON: {error}.", remedy=remedy)
            failure = Failure(FailureKind.UNWRITABLE, problem.message, remedy=problem.remedy)
            return Exchange(RequestState.NOT_SENT, error=problem, failure=failure)
        reply = None
        sent_at, started = time.time(), time.perf_counter()
        try:
            reply = self._transport.send(ready, timeout_seconds=timeout)
            seconds = time.perf_counter() - started
            reply = reply.without_secrets()
            answer = self._read(reply, count=len(batch))
        except HarnessError as error:
            late = isinstance(error, TargetTimedOut)
            state = RequestState.TIMED_OUT if late else RequestState.FAILED
            seconds = timeout if late else time.perf_counter() - started
            cleaned = secrets.without_secrets(error)
            failure, wait = self._failure(cleaned, ready, reply), reply.wait_seconds if reply else None
            return Exchange(state, error=cleaned, sent_at=sent_at, seconds=seconds, failure=failure, wait_seconds=wait)
        return Exchange(RequestState.ANSWERED, answer=answer, sent_at=sent_at, seconds=seconds)

    def open(self) -> None:
        """Load what sending needs and resolve the secrets, so that no request pays for it.

        Raises ``SecretUnavailable`` for a reference that resolves to nothing.
        """
        _ = self._transport, self._secret_headers

    def twin(self) -> Target:
        """Return the same target with a connection of its own, for another thread."""
        twin = copy.copy(self)
        twin.__dict__.pop("_transport", None)
        return twin

    def close(self) -> None:
        """Close the connection; asking again opens a new one."""
        if "_transport" in self.__dict__:
            self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        against = f", baseline {self.baseline.name} at {self.baseline.url}" if self.baseline else ""
        return f"<Target {self.name} at {self.url}{against}>"

    @cached_property
    def _transport(self) -> Transport:
        from jupyter_deployfeedback.probe.transport import Transport  # requests costs a kernel 0.1 s

        return Transport(self._address, written=self.url)

    @cached_property
    def _environment(self) -> Mapping[str, str]:
        """What secrets are resolved from, and what says where they may be sent."""
        if not self._by_hand:
            return self._given
        return allow(uses_of(self.url, references_of(self.settings.auth)), environment=self._given)

    @cached_property
    def _address(self) -> str:
        return secrets.real_address(self.url, environment=self._environment)

    @cached_property
    def _secret_headers(self) -> dict[str, str]:
        return secrets.secret_headers(self.settings.auth, url=self.url, environment=self._environment)

    def _prepared(self, batch: Sequence[object]) -> PreparedRequest:
        try:
            wanted = self._protocol.request(batch)
        except TypeError as error:
            raise UsageError(f"the inputs cannot be written as JSON: {error}.") from None
        headers = {**wanted.headers, **self._secret_headers}
        return self._transport.prepare(wanted.method, self._address + wanted.path, headers=headers, body=wanted.body)

    def _failure(self, error: HarnessError, request: PreparedRequest, reply: Reply | None) -> Failure:
        """Return why a request has no answer, with what was sent and what came back, in which no secret is."""
        kind = _KINDS.get(type(error), FailureKind.BROKEN_OFF)
        if reply is not None:
            kind = FailureKind.UNREADABLE if reply.status in SUCCESS else FailureKind.STATUS
        refused = reply is not None and kind is FailureKind.STATUS and reply.status not in REDIRECT
        body = request.body if isinstance(request.body, bytes) else b""
        path = request.path_url.removeprefix(urlsplit(self._address).path)  # never the host: a variable may stand in it
        sent = secrets.redacted(f"{request.method} {path} ".encode() + body)
        return Failure(
            kind,
            f"answered {reply.status}" if reply and refused else error.message,
            status=reply.status if reply else None,
            sent="" if kind is FailureKind.UNREACHABLE else excerpt(sent, longest=LONGEST),
            reply=excerpt(reply.body, longest=LONGEST) if reply else "",
            remedy=error.remedy or (_UNREAD if kind is FailureKind.UNREADABLE else _LOG),
        )

    def _read(self, reply: Reply, *, count: int) -> Answer:
        refuse_failure(reply)
        return self._protocol.answer(read_json(reply.body, content_type=reply.content_type), count=count)


def connect(
    url: str | None = None,
    *,
    request: Mapping[str, object] | None = None,
    response: Mapping[str, object] | None = None,
    auth: Mapping[str, object] | None = None,
    timeout: float | None = None,
    baseline: str | Target | None = None,
) -> Target:
    """Return the target of this run; by hand, outside a run, the one at ``url``.

    ``request``, ``response`` and ``auth`` are as in the project file, ``timeout`` is the seconds one request may take,
    ``baseline`` a second target (or its address) that ``evaluate`` asks the same. Nothing is sent yet.
    Raises ``UsageError`` where there is no target, or where a suite would test another target than its run's.
    """
    given = {"request": request, "response": response, "auth": auth, "timeout_seconds": timeout}
    wire = {**_wire(url), **{key: value for key, value in given.items() if value is not None}}
    by_hand = not is_run(os.environ)
    if isinstance(baseline, str):
        baseline = Target(read_settings({**wire, "url": baseline, "name": None}), by_hand=by_hand)
    if baseline is None:
        declared = read_baseline(os.environ)
        baseline = None if declared is None else Target(read_settings(declared), by_hand=by_hand)
    return Target(read_settings(wire), baseline=baseline, by_hand=by_hand)


def _wire(url: str | None) -> dict[str, object]:
    declared = read_target(os.environ)
    if url is None:
        if declared is None:
            raise UsageError(
                "there is no target to connect to: this kernel does not belong to a run.",
                remedy='By hand, give the address: connect("http://127.0.0.1:8001").',
            )
        return declared
    if declared is None or not is_run(os.environ):
        return {"url": url}
    ours = (declared.get("url"), os.environ.get(DEPLOYED_MODEL_URL))  # the second with its variables replaced
    if url.rstrip("/") not in {str(each).rstrip("/") for each in ours}:
        raise UsageError(
            f"this run tests {declared.get('name')}, but the suite connects to {shown(url)}.",
            remedy="Write connect() without an address, so that the suite tests what its run says it tests.",
        )
    return declared


def ask(target: Mapping[str, Any], *, environment: Mapping[str, str]) -> dict[str, Any]:
    """Return what a target says of itself: the fields of the domain's ``TargetFacts``; nothing is raised.

    ``target`` is the wire form. Asked are its ``health`` path (else the usual ones; a server that has none of them but
    answers is taken to be ready) and ``/version``. A missing version is None: unknown, never assumed.
    """
    try:
        return ask_settings(read_settings(target), environment=environment)
    except DeployFeedbackError as error:
        return _facts(problem=error)


def ask_settings(settings: TargetSettings, *, environment: Mapping[str, str]) -> dict[str, Any]:
    """Do as ``ask`` does for settings that are already read; raises only what is wrong with the settings."""
    with closing(HealthPages(settings, environment=environment)) as pages:
        return pages.ask()


class HealthPages:
    """The pages on which a target tells about itself, over one connection; not for use by several threads at once.

    Raises what is wrong with the settings: ``SecretUnavailable`` and ``UsageError``.
    """

    def __init__(self, settings: TargetSettings, *, environment: Mapping[str, str]) -> None:
        from jupyter_deployfeedback.probe.transport import Transport

        self._headers = secrets.secret_headers(settings.auth, url=settings.url, environment=environment)
        address = secrets.real_address(settings.url, environment=environment)
        self._transport = Transport(address, written=settings.url, largest=LARGEST_PAGE)
        self._settings = replace(settings, url=address)
        self._silent: set[str] = set()  # what told nothing is not asked twice

    def ask(self) -> dict[str, Any]:
        """Return what ``ask`` returns; nothing is raised."""
        try:
            said = [*self.readiness(), *self.version()]
        except HarnessError as error:
            return _facts(problem=secrets.without_secrets(error))
        return _facts(
            model_version=_first(said, "model_version") or _by_path(said, self._settings),
            server_version=_first(said, "server_version"),
            software=_software(said),
        )

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def readiness(self) -> Iterator[Mapping[str, Any]]:
        """Yield what the readiness page says; ``HarnessError`` where the target is not ready."""
        declared = self._settings.health
        paths = (declared,) if declared else USUAL_PATHS
        for path in [each for each in paths if each not in self._silent] or paths[-1:]:
            reply = self._get(path)
            if reply.status in _NOT_OFFERED and not declared:
                self._silent.add(path)
                continue
            _refuse_unready(reply, path=path)
            yield from _said(reply)
            return

    def version(self) -> Iterator[Mapping[str, Any]]:
        """Yield what the version page says; many servers have none."""
        if VERSION_PATH in self._silent:
            return
        reply = self._get(VERSION_PATH)
        said = list(_said(reply)) if reply.status == 200 else []
        if not said and (reply.status in SUCCESS or reply.status in _NOT_OFFERED):  # anything else may be over soon
            self._silent.add(VERSION_PATH)
        yield from said

    def _get(self, path: str) -> Reply:
        headers = {"Accept": "application/json", **self._headers}
        url = self._settings.url + (path if path.startswith("/") else f"/{path}")
        request = self._transport.prepare("GET", url, headers=headers, body=None)
        reply = self._transport.send(request, timeout_seconds=min(LONGEST_SECONDS, self._settings.timeout_seconds))
        return reply.without_secrets()


def _refuse_unready(reply: Reply, *, path: str) -> None:
    try:
        refuse_failure(reply)
    except ProtocolError as error:
        remedy = "Wait until the deployment is ready, or set the target's health path."
        if reply.status in _MISDIRECTED:
            remedy = error.remedy.replace("request.path", "health")
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
    problem: DeployFeedbackError | None = None,
) -> dict[str, Any]:
    return {
        "ready": problem is None,
        "model_version": model_version,
        "server_version": server_version,
        "software": dict(software or {}),
        "problem": None if problem is None else str(problem),
        "remedy": "" if problem is None else problem.remedy,
    }
