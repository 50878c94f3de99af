"""How what is running is stopped: signals cancel a run, SIGTERM its suites, an alarm those whose time is over."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from jupyter_deployfeedback.errors import DeployFeedbackError, RunCancelled
from jupyter_deployfeedback.execution.worker.wire import Ending

INTERRUPT_SECONDS = 3.0  # for a cell to heed the interrupt that says that its time is over
ENDED = "It was ended by SIGTERM, as a server or a pipeline that stops does."
AGAIN = "Start it again when you are ready."
STOPS = {signal.SIGTERM, signal.SIGALRM}


class Stopped(KeyboardInterrupt):
    """The suite has to end now. A KeyboardInterrupt, because asyncio lets no other exception through from callbacks."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending)
        self.ending = ending

    @property
    def said(self) -> tuple[str, str]:
        """Name and sentence of what happened, as an error in a notebook shows them."""
        if self.ending is Ending.TIMED_OUT:
            return "SuiteTimeout", "The suite's time was over."
        return "RunCancelled", "The run was cancelled."


class Stop(threading.Event):
    """Set once a run has to stop; ``error`` says why, where nobody cancelled it."""

    error: DeployFeedbackError | None = None

    def set_because(self, error: DeployFeedbackError) -> None:
        """Stop the run for another reason than that somebody cancelled it."""
        self.error = error
        self.set()


@contextmanager
def cancelled_by_signals() -> Iterator[Stop]:
    """Give an event that SIGINT and SIGTERM set, so that a run gets an end; a second one does what it did before."""
    cancelled = Stop()
    if threading.current_thread() is not threading.main_thread():  # elsewhere Python sets no handlers
        yield cancelled
        return
    before = {number: signal.getsignal(number) or signal.SIG_DFL for number in (signal.SIGINT, signal.SIGTERM)}

    def on_signal(number: int, _: FrameType | None) -> None:
        if number == signal.SIGTERM:
            cancelled.error = RunCancelled(ENDED, remedy=AGAIN)
        cancelled.set()
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, on_signal)
    try:
        yield cancelled
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stoppable(*, within_seconds: float) -> Iterator[None]:
    """Let SIGTERM and the alarm raise Stopped in here, once; from then on nothing disturbs the clean-up."""

    def stop(number: int, _: FrameType | None) -> None:
        ignore_stops()
        raise Stopped(Ending.TIMED_OUT if number == signal.SIGALRM else Ending.CANCELLED)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGALRM, stop)
    stop_within(within_seconds)
    try:
        yield
    finally:
        ignore_stops()


def stop_within(seconds: float) -> None:
    """Have what is running stopped when so many seconds are over, whatever was said before."""
    signal.setitimer(signal.ITIMER_REAL, seconds)


def ignore_stops() -> None:
    """Let nothing disturb what follows: the clean-up."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def heed_stops() -> None:
    """Let SIGTERM end the process again: there is nothing to clean up."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
