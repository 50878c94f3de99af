"""Send requests at times fixed beforehand, whether earlier ones were answered or not.

A sender that waits for an answer before it sends the next request sends few while the target stalls, so a stall of ten
seconds is one slow request among hundreds of fast ones ("coordinated omission", Tene). Here each latency counts from
the moment at which the request was to be sent.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from jupyter_deployfeedback.probe.answers import Answers, Misses
from jupyter_deployfeedback.probe.target import Exchange, RequestState, Target

LATE = "never sent: its window was over before a connection was free."


@dataclass(frozen=True)
class Shot:
    """One request: what became of it, counted from when it was to be sent, or why it was never sent."""

    exchange: Exchange
    unsent_because: str | None = None

    @property
    def in_time(self) -> bool:
        """Say whether the sender kept its schedule; a target that is dead is no fault of the sender's."""
        return self.unsent_because != LATE


@dataclass(frozen=True)
class _Slot:
    """When a request is due, by this process's clock and since the epoch, and until when it may be sent at all."""

    due: float
    epoch: float
    last: float


class Arm:
    """One target being loaded over many connections, each in a thread of its own; ``with`` ends them."""

    def __init__(self, target: Target, *, timeout_seconds: float, connections: int) -> None:
        self.answers = Answers(target.name)
        self._target = target
        self._timeout_seconds = timeout_seconds
        self._misses = Misses(target.name)
        self._own = threading.local()
        self._twins: list[Target] = []
        self._pool = ThreadPoolExecutor(connections, thread_name_prefix=f"load {target.name}")

    def __enter__(self) -> Self:
        self._target.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)
        for twin in self._twins:
            twin.close()

    def fire(
        self, batches: Sequence[Sequence[object]], *, rate: float, until: float, told: Callable[[int], None]
    ) -> tuple[float, list[Shot]]:
        """Send one batch every ``1 / rate`` seconds, for ``until`` seconds at most, and wait for the answers.

        Returns when the first was to be sent, in seconds since the epoch, and what became of each. One whose turn comes
        only after the end, because every connection was waiting, is not sent. ``told`` hears how many are under way.
        """
        started, epoch = time.perf_counter(), time.time()
        under_way: list[Future[Shot]] = []
        for number, batch in enumerate(batches):
            due = number / rate
            _sleep_until(started + due)
            slot = _Slot(due=started + due, epoch=epoch + due, last=started + until)
            under_way.append(self._pool.submit(self._send, batch, slot))
            told(number + 1)
        shots = [each.result() for each in under_way]
        _sleep_until(started + min(until, len(batches) / rate))
        return epoch, shots

    def keep(self, shots: Sequence[Shot]) -> None:
        """Add what became of the requests of one window to the answers."""
        for shot in shots:
            if shot.unsent_because is not None:
                self.answers.add_unsent(1, reason=shot.unsent_because)
            else:
                self.answers.add(shot.exchange, count=1)

    def _send(self, batch: Sequence[object], slot: _Slot) -> Shot:
        now = time.perf_counter()
        dead_because = self._misses.dead_because
        if dead_because is not None or now > slot.last:
            return Shot(Exchange(RequestState.NOT_SENT), unsent_because=dead_because or LATE)
        exchange = self._connection().exchange(batch, timeout_seconds=self._timeout_seconds)
        self._misses.count(exchange.error)
        if exchange.seconds is None:
            return Shot(exchange)
        waited = max(0.0, now - slot.due)
        return Shot(replace(exchange, sent_at=slot.epoch, seconds=waited + exchange.seconds))

    def _connection(self) -> Target:
        """Return this thread's own connection to the target."""
        if not hasattr(self._own, "target"):
            self._own.target = self._target.twin()
            self._twins.append(self._own.target)
        mine: Target = self._own.target
        return mine


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.perf_counter()))
