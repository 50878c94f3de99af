"""The deployed endpoint under test, as a suite holds it: connect to it, ask it."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from jupyter_deployfeedback.errors import HarnessError, ProtocolError, TargetTimedOut, UsageError
from jupyter_deployfeedback.probe.environment import is_run, read_baseline, read_target
from jupyter_deployfeedback.probe.examples import plain_rows
from jupyter_deployfeedback.probe.protocols import Answer, choose_protocol
from jupyter_deployfeedback.probe.secrets import secret_headers, without_secrets
from jupyter_deployfeedback.probe.settings import TargetSettings, read_settings, shown
from jupyter_deployfeedback.probe.strict_json import read_json
from jupyter_deployfeedback.probe.transport import Reply, refuse_failure

if TYPE_CHECKING:
    from requests import PreparedRequest

    from jupyter_deployfeedback.probe.transport import Transport


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


class Target:
    """One deployed endpoint. It opens its connection with the first request; ``with`` or ``close()`` ends it."""

    def __init__(self, settings: TargetSettings, *, baseline: Target | None = None) -> None:
        self.settings = settings
        self.baseline = baseline
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
        """Return what the target says of itself: ready, model_version, server_version, software, problem."""
        from jupyter_deployfeedback.probe.health import ask_settings

        return ask_settings(self.settings, environment=os.environ)

    def exchange(self, batch: Sequence[object], *, timeout_seconds: float | None = None) -> Exchange:
        """Send one batch and say what became of it; whatever the target does, nothing is raised.

        The clock runs from before the first byte (or the connection, where there is none yet) to the last byte.
        Raises ``UsageError`` only, for what no target could be asked, and ``SecretUnavailable``.
        """
        timeout = self.settings.timeout_seconds if timeout_seconds is None else timeout_seconds
        try:
            ready = self._prepared(batch)
        except ValueError as error:  # of the example, not of the target: JSON has no NaN
            return Exchange(RequestState.NOT_SENT, error=ProtocolError(f"cannot be written as JSON: {error}."))
        sent_at, started = time.time(), time.perf_counter()
        try:
            reply = self._transport.send(ready, timeout_seconds=timeout)
            seconds = time.perf_counter() - started
            answer = self._read(reply, count=len(batch))
        except TargetTimedOut as error:
            return Exchange(RequestState.TIMED_OUT, error=error, sent_at=sent_at, seconds=timeout)
        except HarnessError as error:
            seconds = time.perf_counter() - started
            cleaned = without_secrets(error, headers=self._secret_headers)
            return Exchange(RequestState.FAILED, error=cleaned, sent_at=sent_at, seconds=seconds)
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

        return Transport(self.url)

    @cached_property
    def _secret_headers(self) -> dict[str, str]:
        return secret_headers(self.settings.auth, environment=os.environ)

    def _prepared(self, batch: Sequence[object]) -> PreparedRequest:
        try:
            wanted = self._protocol.request(batch)
        except TypeError as error:
            raise UsageError(f"the inputs cannot be written as JSON: {error}.") from None
        headers = {**wanted.headers, **self._secret_headers}
        return self._transport.prepare(wanted.method, self.url + wanted.path, headers=headers, body=wanted.body)

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
    if isinstance(baseline, str):
        baseline = Target(read_settings({**wire, "url": baseline, "name": None}))
    if baseline is None:
        declared = read_baseline(os.environ)
        baseline = None if declared is None else Target(read_settings(declared))
    return Target(read_settings(wire), baseline=baseline)


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
    if url.rstrip("/") != str(declared.get("url")).rstrip("/"):
        raise UsageError(
            f"this run tests {declared.get('name')}, but the suite connects to {shown(url)}.",
            remedy="Write connect() without an address, so that the suite tests what its run says it tests.",
        )
    return declared
