"""Suites side by side: who runs where, who has to wait for whom, and what stops all of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import LifoQueue
from threading import Event as Flag
from threading import Lock

from jupyter_deployfeedback.domain.run import Step, Suite, SuiteResult
from jupyter_deployfeedback.execution.plan import turns
from jupyter_deployfeedback.execution.worker.process import WorkerProcess, prepare


class Bench:
    """Keeps one worker standing by; one that was stopped or died is replaced."""

    def __init__(self, environment: Mapping[str, str], worker: WorkerProcess | None) -> None:
        self._environment = environment
        self._worker = worker
        self._given = worker

    def worker(self) -> WorkerProcess:
        """Return the worker that stands by, or a new one."""
        if self._worker is None:
            self._worker = prepare(self._environment)
        return self._worker

    def settle(self) -> None:
        """Wait until nothing is left of the suite that ran here last."""
        if self._worker is not None and not self._worker.settle():
            self.give_up()

    def give_up(self) -> None:
        """End the worker and all below it at once."""
        if self._worker is not None:
            self._worker.kill()
            self._worker = None

    def close(self) -> None:
        """Let the worker go; one that was given is waited for by who gave it."""
        if self._worker is not None:
            (self._worker.dismiss if self._worker is self._given else self._worker.close)()
            self._worker = None


@dataclass(frozen=True)
class Halt:
    """Set once somebody cancelled the run, or something in it broke: no suite begins any more, and all are stopped."""

    cancelled: Flag
    broken: Flag = field(default_factory=Flag)

    def is_set(self) -> bool:
        """Say whether suites have to stop."""
        return self.cancelled.is_set() or self.broken.is_set()

    @contextmanager
    def when_broken(self) -> Iterator[None]:
        """Stop everything where this raises."""
        try:
            yield
        except BaseException:
            self.broken.set()
            raise


@contextmanager
def benches(
    environment: Mapping[str, str], workers: Sequence[WorkerProcess], *, count: int
) -> Iterator[tuple[Bench, ...]]:
    """Give benches, the first of them with these workers; the others start theirs when one is needed.

    Afterwards all are closed at once: a worker may take seconds to leave.
    """
    given = (*workers, *[None] * max(0, count - len(workers)))
    made = tuple(Bench(environment, worker) for worker in given)
    try:
        yield made[:count]
    finally:
        with ThreadPoolExecutor(len(made)) as pool:
            list(pool.map(Bench.close, made))


def run_side_by_side(
    suites: Iterable[Suite],
    *,
    on: Sequence[Bench],
    begin: Callable[[Suite], Callable[[Bench], SuiteResult]],
    halt: Halt,
) -> tuple[SuiteResult, ...]:
    """Run suites on as many benches as there are and return their results in their order.

    They begin in their order, each as soon as a bench is free and, for an exclusive one and what follows it, all before
    it have ended. ``begin`` is called here, what it returns in a thread; what one of them raises stops the others and
    is raised when they have ended.
    """
    free: LifoQueue[Bench] = LifoQueue()  # whoever waits gets the bench used last: a single lane needs a single worker
    for bench in reversed(on):
        free.put(bench)

    def run(rest: Callable[[Bench], SuiteResult], bench: Bench) -> SuiteResult:
        try:
            with halt.when_broken():
                return rest(bench)
        finally:
            free.put(bench)

    ongoing: list[Future[SuiteResult]] = []
    with ThreadPoolExecutor(len(on)) as pool, halt.when_broken():
        for number, turn in enumerate(turns(suites)):
            if number:  # a kernel may still be ending: it must not disturb what runs alone
                wait(ongoing)
                for bench in on:
                    bench.settle()
            for suite in turn:
                bench = free.get()
                ongoing.append(pool.submit(run, begin(suite), bench))
    return tuple(each.result() for each in ongoing)


def one_at_a_time(tell: Callable[[Step], None]) -> Callable[[Step], None]:
    """Return the same for several threads: what is told reaches its hearer in the order in which it was numbered."""
    lock = Lock()

    def told(step: Step) -> None:
        with lock:
            tell(step)

    return told
