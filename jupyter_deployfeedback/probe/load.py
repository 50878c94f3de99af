"""Load the target as its users would: at a steady rate, in windows that alternate with those of the live baseline."""

import hashlib
import json
import math
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import cycle, islice
from numbers import Integral, Real
from random import Random
from types import TracebackType
from typing import Any, Self

from jupyter_deployfeedback.errors import GeneratorSaturated, UsageError
from jupyter_deployfeedback.probe.answers import Collected, Misses
from jupyter_deployfeedback.probe.display import Display, Progress, write
from jupyter_deployfeedback.probe.environment import place_name, read_seed
from jupyter_deployfeedback.probe.examples import plain_rows
from jupyter_deployfeedback.probe.records import evaluation_record
from jupyter_deployfeedback.probe.results import LoadResult, LoadSide, load_summary
from jupyter_deployfeedback.probe.target import Exchange, RequestState, Target

DEFAULT_NAME = "load"
ENOUGH_IN_TIME = 0.95  # of a window's requests; fewer would measure the sender, not the target
LEAST_REST = 0.1  # of a window's length: windows without rest between them are one series cut into slices
LATE = "never sent: its window was over before a connection was free."


@dataclass(frozen=True)
class LoadPlan:
    """What is sent when: equally long windows with rest between them, the same requests in both windows of a pair."""

    rows: Sequence[object]
    rate: float
    seconds: float
    windows: int
    settle: float
    warmup: int

    @property
    def per_window(self) -> int:
        """How many requests one window holds."""
        return round(self.rate * self.seconds)

    def batches(self, pair: int) -> list[list[object]]:
        """Return the requests of one pair of windows; each pair goes on where the one before it ended."""
        first = pair * self.per_window % len(self.rows)
        return [[row] for row in islice(cycle(self.rows), first, first + self.per_window)]

    @property
    def digest(self) -> str:
        """The sha256 of all that is sent."""
        sent = [self.rate, self.seconds, self.windows, self.rows]
        return hashlib.sha256(json.dumps(sent, separators=(",", ":"), default=str).encode()).hexdigest()


def load(  # noqa: PLR0913 - a suite's central call, read by its keywords
    target: Target,
    inputs: object,
    *,
    rate: float,
    seconds: float = 5.0,
    windows: int = 5,
    settle: float = 1.0,
    warmup: int = 10,
    connections: int = 64,
    name: str | None = None,
) -> LoadResult:
    """Send ``rate`` requests a second, one example each, in ``windows`` windows of ``seconds``; return the latencies.

    Each request goes out at its time, whether earlier ones were answered or not, and its latency counts from that time:
    a stall slows all the requests that fell into it. With a live baseline each window is followed, or preceded, by one
    of the baseline with the same requests (ABBA); ``settle`` seconds of rest lie between windows. The inputs are sent
    in turn and begin anew when they are used up. ``warmup`` requests a side go first and are not counted.
    CPU, memory and latency under this load are judged window by window: 5 windows a side are usual, 3 the fewest.
    Raises ``GeneratorSaturated`` where fewer than 95 % of a window's requests could be sent in it; then nothing is
    recorded. Raises ``UsageError`` before anything is sent where the numbers make no sense.
    """
    if not isinstance(target, Target):
        raise UsageError(f"{target!r} is not a target.", remedy="Use what connect() returns.")
    plan = LoadPlan(list(plain_rows(inputs)), rate=rate, seconds=seconds, windows=windows, settle=settle, warmup=warmup)
    _refuse_wrong(plan, connections=connections)
    display = Display()
    with ExitStack() as stack:
        arms = [
            stack.enter_context(Arm(one, timeout_seconds=target.settings.timeout_seconds, connections=connections))
            for one in ([target] if target.baseline is None else [target, target.baseline])
        ]
        starts = _fire_all(arms, plan, display=display)
    result = LoadResult(
        arms[0].answers,
        name=place_name(name, default=DEFAULT_NAME),
        rate=rate,
        seconds=seconds,
        windows=windows,
        baseline=LoadSide(arms[1].answers) if len(arms) > 1 else None,
    )
    if not display.show(evaluation_record(_wire(result, plan, starts)), text=load_summary(result)):
        write(load_summary(result))
    return result


def _refuse_wrong(plan: LoadPlan, *, connections: int) -> None:
    if not plan.rows:
        raise UsageError("there are no examples to send.", remedy="Check how the data set was loaded.")
    for what, value in {"rate": plan.rate, "seconds": plan.seconds}.items():
        if not isinstance(value, Real) or not 0 < value < math.inf:
            raise UsageError(f"{what}={value!r} sends nothing.", remedy="Give a number above 0.")
    if plan.per_window < 1:
        raise UsageError(
            f"rate={plan.rate:g} for {plan.seconds:g} s is less than one request a window.", remedy="Raise one of them."
        )
    counts = {"windows": (plan.windows, 1), "connections": (connections, 1), "warmup": (plan.warmup, 0)}
    for what, (number, fewest) in counts.items():
        if not isinstance(number, Integral) or number < fewest:
            raise UsageError(f"{what}={number!r} is too few.", remedy=f"Use {fewest} or more.")
    if not isinstance(plan.settle, Real) or not LEAST_REST * plan.seconds <= plan.settle < math.inf:
        raise UsageError(
            f"settle={plan.settle!r} leaves too little rest between windows of {plan.seconds:g} s:"
            " they would be one series cut into slices.",
            remedy=f"Use {LEAST_REST * plan.seconds:g} or more.",
        )


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
        self.answers = Collected(target.name)
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


def _fire_all(arms: Sequence[Arm], plan: LoadPlan, *, display: Display) -> list[list[float]]:
    """Send all windows, one side at a time; who goes first in a pair changes from pair to pair.

    Returns when each side's windows began, in seconds since the epoch.
    """
    starts: list[list[float]] = [[] for _ in arms]
    chance = Random(read_seed(os.environ))  # noqa: S311 - an order, no secret
    turn = [*enumerate(arms)][:: chance.choice((1, -1))]
    progress = Progress(display, total=plan.per_window * plan.windows * len(arms), what="requests sent")
    for _, arm in turn:
        arm.fire(plan.batches(0)[: plan.warmup], rate=plan.rate, until=math.inf, told=_unheard)
    done = 0
    for pair in range(plan.windows):
        for side, arm in turn:
            time.sleep(plan.settle)
            told = partial(progress.tell, before=done)
            epoch, shots = arm.fire(plan.batches(pair), rate=plan.rate, until=plan.seconds, told=told)
            _refuse_late(shots, arm)
            arm.keep(shots)
            starts[side].append(epoch)
            done += len(shots)
        turn.reverse()
    return starts


def _refuse_late(shots: Sequence[Shot], arm: Arm) -> None:
    sent = sum(shot.in_time for shot in shots)
    if sent < ENOUGH_IN_TIME * len(shots):
        raise GeneratorSaturated(
            f"generator saturated: only {sent} of {len(shots)} requests could be sent to {arm.answers.target} in their"
            " window.",
            remedy="Lower rate, give more connections, or load from a machine with more to spare.",
        )


def _unheard(_: int) -> None:
    """Nobody watches the warm-up."""


def _wire(result: LoadResult, plan: LoadPlan, starts: Sequence[Sequence[float]]) -> dict[str, Any]:
    places = [f"{pair + 1}.{place + 1}" for pair in range(plan.windows) for place in range(plan.per_window)]
    sides = [[_window(start, plan.seconds) for start in one] for one in starts]
    edges = sorted(start for one in starts for start in one)
    baseline: Sequence[object] = sides[1] if len(sides) > 1 else [None] * plan.windows
    return {
        "name": result.name,
        "task": "classification",
        "ids": places,
        "truth": [None] * len(places),
        "candidate": _unread(result.answers),
        "baseline": None if result.baseline is None else _unread(result.baseline.answers),
        "window": {"start": _moment(edges[0]), "end": _moment(edges[-1] + plan.seconds)},
        "dataset_digest": plan.digest,
        "load": {
            "rate": plan.rate,
            "pairs": [{"candidate": mine, "baseline": other} for mine, other in zip(sides[0], baseline, strict=True)],
        },
    }


def _unread(answers: Collected) -> dict[str, Any]:
    """Return the answers without predictions: what a load sends was answered before, by ``evaluate``."""
    wire = answers.wire()
    return wire | {"predictions": [None] * len(wire["states"]), "probabilities": None}


def _window(start: float, seconds: float) -> dict[str, str]:
    return {"start": _moment(start), "end": _moment(start + seconds)}


def _moment(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat()


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.perf_counter()))
