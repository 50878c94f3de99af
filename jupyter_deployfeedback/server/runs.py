"""The processes in which runs work: started, listened to, ended."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

EVENT_SCHEMA_ID = "https://events.jupyter-deployfeedback.org/run/v1"
GRACE_SECONDS = 10.0
LINE_LIMIT = 2**20


class RunProcesses:
    """Works off acknowledged runs, ``limit`` at a time; ``ended`` is called when a run's process has gone."""

    def __init__(
        self,
        *,
        limit: int,
        command: Callable[[str], list[str]],
        environment: Mapping[str, str],
        ended: Callable[[str], None],
        emit: Callable[..., None],
        touch: Callable[[], None],
        log: logging.Logger,
    ) -> None:
        self._slots = asyncio.Semaphore(limit)
        self._command = command
        self._environment = {**os.environ, **environment}
        self._ended = ended
        self._emit = emit
        self._touch = touch
        self._log = log
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def submit(self, run_id: str, *, log_file: Path) -> None:
        """Work off a run as soon as a slot is free."""
        task = asyncio.create_task(self._work(run_id, log_file=log_file))
        self._tasks[run_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(run_id, None))

    async def close(self) -> None:
        """Cancel all runs and wait until their processes have gone."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, run_id: str, *, log_file: Path) -> None:
        process: Process | None = None
        try:
            async with self._slots:
                process = await self._spawn(run_id, log_file=log_file)
                await self._listen(process)
                await process.wait()
        finally:
            if process is not None and process.returncode is None:
                await _end(process)
            self._ended(run_id)

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

    async def _listen(self, process: Process) -> None:
        """Pass the run's events on; they are hints, so one that cannot be passed on is only logged."""
        if process.stdout is None:
            return
        async for line in process.stdout:
            self._touch()
            try:
                self._emit(schema_id=EVENT_SCHEMA_ID, data=_event(line))
            except Exception:  # noqa: BLE001 - the events API raises what its listeners' schemas raise
                self._log.exception("an event of a run was not passed on")


def _event(line: bytes) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(line)
    return parsed


async def _end(process: Process) -> None:
    """TERM lets the run cancel its suites and their kernels; KILL is for one that does not."""
    with suppress(ProcessLookupError):
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), GRACE_SECONDS)
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
