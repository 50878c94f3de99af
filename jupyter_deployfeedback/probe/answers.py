"""What one target answered, example by example: collected while it is asked, read afterwards."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from jupyter_deployfeedback.errors import DeployFeedbackError, TargetTimedOut, TargetUnreachable
from jupyter_deployfeedback.probe.failures import Failure, FailureKind, Failures
from jupyter_deployfeedback.probe.protocols import Answer
from jupyter_deployfeedback.probe.protocols.base import Scalar
from jupyter_deployfeedback.probe.target import Exchange, RequestState, Target

TRIES = 3  # again of one request, where the target asks to wait
LONGEST_WAIT = 60.0  # seconds that are waited because a target asks for it, and twice as long in a whole evaluation
SHORTEST_WAIT = 0.05
UNREACHABLE_IN_A_ROW = 20  # requests after which a target counts as dead
TIMED_OUT_IN_A_ROW = 10  # each costs a whole timeout


@dataclass
class Collected:
    """One target's answers, column by column, as long as the examples asked so far.

    ``predictions`` hold None where there was no answer. With batches, every example of a batch has the batch's state
    and latency. ``retries`` counts the requests that were sent again because the target asked to wait.
    """

    target: str
    predictions: list[Scalar | None] = field(default_factory=list)
    probabilities: list[float | None] = field(default_factory=list)
    latency_seconds: list[float | None] = field(default_factory=list)
    sent_at: list[float | None] = field(default_factory=list)
    states: list[RequestState] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    failures: Failures = field(default_factory=Failures)
    retries: int = 0

    def add(self, exchange: Exchange, *, count: int) -> None:
        """Add what became of one request for ``count`` examples."""
        answer = exchange.answer
        self.predictions.extend([None] * count if answer is None else answer.predictions)
        self.probabilities.extend(_probabilities(answer, count))
        self.latency_seconds.extend([exchange.seconds] * count)
        self.sent_at.extend([exchange.sent_at] * count)
        self.states.extend([exchange.state] * count)
        if answer is not None and answer.version is not None and answer.version not in self.versions:
            self.versions.append(answer.version)
        if exchange.failure is not None:
            self.failures.add(exchange.failure, count=count)

    def add_unsent(self, count: int, *, reason: str) -> None:
        """Add examples that were never sent, and why."""
        self.add(Exchange(RequestState.NOT_SENT, failure=Failure(FailureKind.NOT_SENT, reason)), count=count)

    def wire(self) -> dict[str, Any]:
        """Return the domain's ``Answers`` as JSON."""
        has_probabilities = any(value is not None for value in self.probabilities)
        return {
            "target": self.target,
            "predictions": self.predictions,
            "probabilities": self.probabilities if has_probabilities else None,
            "latency_seconds": self.latency_seconds,
            "sent_at": self.sent_at,
            "states": [state.value for state in self.states],
            "versions": self.versions,
            "failures": self.failures.wire(),
            "retries": self.retries,
        }


class Misses:
    """Counts what a target leaves unanswered in a row, which tells whether it is dead."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._unreachable = 0
        self._timed_out = 0

    def count(self, error: DeployFeedbackError | None) -> None:
        """Count what became of one request; an answer begins anew."""
        self._unreachable = self._unreachable + 1 if isinstance(error, TargetUnreachable) else 0
        self._timed_out = self._timed_out + 1 if isinstance(error, TargetTimedOut) else 0

    @property
    def dead_because(self) -> str | None:
        """Why the target is to be asked no more, None while it is."""
        if self._timed_out >= TIMED_OUT_IN_A_ROW:
            return f"never sent: {self._target} timed out {self._timed_out} times in a row."
        if self._unreachable >= UNREACHABLE_IN_A_ROW:
            return f"never sent: {self._target} could not be reached {self._unreachable} times in a row."
        return None


class Side:
    """One target being asked. Once it is dead it is left alone, and the rest is recorded as never sent."""

    def __init__(self, target: Target, *, timeout_seconds: float) -> None:
        self.answers = Collected(target.name)
        self._target = target
        self._timeout_seconds = timeout_seconds
        self._misses = Misses(target.name)
        self._waited = 0.0
        self._gave_up = False

    def warm_up(self, batches: Sequence[Sequence[object]]) -> None:
        """Ask without counting, so that connections, caches and just-in-time compilers are ready; give up early."""
        for batch in batches:
            error = self._target.exchange(batch, timeout_seconds=self._timeout_seconds).error
            if isinstance(error, TargetUnreachable):
                return

    def ask(self, batch: Sequence[object]) -> None:
        """Send one batch, again where the target asks to wait for that, and keep what became of it."""
        reason = self._misses.dead_because
        if reason is not None:
            self.answers.add_unsent(len(batch), reason=reason)
            return
        exchange = self._target.exchange(batch, timeout_seconds=self._timeout_seconds)
        for _ in range(TRIES):
            if not self._waits(exchange.wait_seconds):
                break
            exchange = self._target.exchange(batch, timeout_seconds=self._timeout_seconds)
        self._gave_up = exchange.wait_seconds is not None
        self.answers.add(exchange, count=len(batch))
        self._misses.count(exchange.error)

    def _waits(self, asked_for: float | None) -> bool:
        """Wait as long as the target asks for; say so, or that it takes too long or was in vain the last time."""
        seconds = max(SHORTEST_WAIT, asked_for or 0.0)
        if asked_for is None or self._gave_up or seconds > min(LONGEST_WAIT, 2 * LONGEST_WAIT - self._waited):
            return False
        time.sleep(seconds)
        self._waited += seconds
        self.answers.retries += 1
        return True


def _probabilities(answer: Answer | None, count: int) -> Sequence[float | None]:
    if answer is None or answer.probabilities is None:
        return [None] * count
    return answer.probabilities
