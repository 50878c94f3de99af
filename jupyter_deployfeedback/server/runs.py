"""The processes in which runs work: started, listened to, ended."""

import asyncio
import json
import logging
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from jupyter_deployfeedback.domain.run import Run, RunState
from jupyter_deployfeedback.errors import QueueFull
from jupyter_deployfeedback.run_process.client import ForkedRun, NoFork, Standby, end_marked, fork_run
from jupyter_deployfeedback.store import Store

EVENT_SCHEMA_ID = "https://events.jupyter-deployfeedback.org/run/v1"
GRACE_SECONDS = 10.0
ACTIVITY_SECONDS = 60.0
LINE_LIMIT = 2**20


class RunProcesses:
    """Works off runs that the store has acknowledged, ``limit`` at a time, each in a process of its own."""

    def __init__(
        self,
        *,
        limit: int,
        command: Callable[[str], list[str]],
        standby_command: Callable[[int], list[str]] | None,
        environment: Mapping[str, str],
        store: Store,
        emit: Callable[..., None],
        touch: Callable[[], None],
        log: logging.Logger,
    ) -> None:
        self._slots = asyncio.Semaphore(limit)
        self._coming = 0
        self._command = command
        self._environment = {**os.environ, **environment}
        self._standby = Standby(command=standby_command, environment=self._environment) if standby_command else None
        self._store = store
        self._emit = emit
        self._touch = touch
        self._log = log
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._waiting: set[str] = set()
        self._closing = False

    def warm_up(self) -> None:
        """Have a process stand by that has loaded what is installed now: a run will probably be asked for soon."""
        if self._standby is not None:
            self._standby.start()

    def expect(self, kernels: Iterable[str], *, preload: Sequence[str]) -> None:
        """Have kernels of these names stand by, too."""
        if self._standby is not None:
            self._standby.expect(kernels, preload=preload)

    @contextmanager
    def place(self, *, among: int) -> Iterator[None]:
        """Keep a place for a run while it is being acknowledged; raise QueueFull where all are taken."""
        if len(self._tasks) + self._coming >= among:
            remedy = "Wait until one is over, cancel one, or have c.DeployFeedbackApp.max_queued_runs raised."
            raise QueueFull(f"{among} runs work or wait already, and this server takes no more.", remedy=remedy)
        self._coming += 1
        try:
            yield
        finally:
            self._coming -= 1

    def submit(self, run: Run, *, log_file: Path) -> None:
        """Work off a run as soon as a slot is free."""
        task = asyncio.create_task(self._work(run, log_file=log_file))
        self._tasks[run.run_id] = task
        self._waiting.add(run.run_id)
        task.add_done_callback(lambda _: self._tasks.pop(run.run_id, None))

    def forget(self, run_id: str) -> None:
        """Let a run that was cancelled while it waited make room for others."""
        if run_id in self._waiting and run_id in self._tasks:
            self._tasks[run_id].cancel()

    async def close(self) -> None:
        """Cancel the runs that work, wait until their processes have gone, and leave those that wait in the queue."""
        self._closing = True
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._standby is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._standby.close)

    async def _work(self, run: Run, *, log_file: Path) -> None:
        process: Process | ForkedRun | None = None
        async with self._slots:  # cancelled here, because the server stops: the run waits for the next one
            self._waiting.discard(run.run_id)
            try:
                if await self._has_ended(run.run_id):  # cancelled while it waited
                    return
                process = await self._start(run, log_file=log_file)
                await self._listen(process)
                await process.wait()
            finally:
                if process is not None and process.returncode is None:
                    await _end(process)
                await self._lose_unfinished(run.run_id)

    async def _start(self, run: Run, *, log_file: Path) -> Process | ForkedRun:
        """Fork the run from the process that stands by, or start it anew where that is not possible."""
        address = self._standby.address if self._standby is not None else None
        if address is not None:
            try:
                request = {"run_id": run.run_id, "workers": run.request.parallel or 1}
                return await fork_run(address, request, log_file=log_file)
            except NoFork:
                self._log.warning("the process that stood by has gone; run %s is started anew", run.run_id)
        return await self._spawn(run.run_id, log_file=log_file)

    async def _spawn(self, run_id: str, *, log_file: Path) -> Process:
        with log_file.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *self._command(run_id),
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=log,
                env=self._environment,
                start_new_session=True,
                limit=LINE_LIMIT,
            )

    async def _listen(self, process: Process | ForkedRun) -> None:
        """Pass the run's events on; they are hints, so one that cannot be passed on is only logged."""
        if process.stdout is None:
            return
        while True:
            try:
                async with asyncio.timeout(ACTIVITY_SECONDS):  # wait_for may swallow a cancellation, in Python 3.11
                    line = await process.stdout.readline()
                if not line:
                    return
                self._pass_on(json.loads(line))
            except TimeoutError:
                self._touch()  # a cell that takes long is activity too
            except ValueError:  # some library printed something, or the line is longer than any event should be
                self._log.warning("a run told something that is no event")

    async def _has_ended(self, run_id: str) -> bool:
        return (await asyncio.to_thread(self._store.get, run_id)).state.terminal

    async def _lose_unfinished(self, run_id: str) -> None:
        """Mark a run lost whose process has gone without giving it an end, end what it left, and tell it."""
        run = await asyncio.to_thread(self._store.get, run_id)
        if self._closing and run.state is RunState.QUEUED:  # nobody has begun it: the next server does
            return
        if not run.state.terminal:
            await asyncio.to_thread(self._store.lose, run_id, "The process of this run ended before the run did.")
        if (await asyncio.to_thread(self._store.get, run_id)).state is RunState.LOST:
            await asyncio.to_thread(end_marked, run_id)
            events = await asyncio.to_thread(self._store.events, run_id)
            self._pass_on(events[-1].model_dump(mode="json"))

    def _pass_on(self, event: dict[str, Any]) -> None:
        self._touch()
        try:
            self._emit(schema_id=EVENT_SCHEMA_ID, data=event)
        except Exception:  # noqa: BLE001 - the events API raises what its listeners' schemas raise
            self._log.exception("an event of a run was not passed on")


async def _end(process: Process | ForkedRun) -> None:
    """TERM lets the run cancel its suites and their kernels; KILL is for one that does not."""
    with suppress(ProcessLookupError):
        process.terminate()
        try:
            async with asyncio.timeout(GRACE_SECONDS):
                await process.wait()
        except TimeoutError:
            _kill(process)
            await process.wait()


def _kill(process: Process | ForkedRun) -> None:
    if isinstance(process, ForkedRun):
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
