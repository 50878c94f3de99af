"""Progress of a run: a bar for each suite on the terminal, on stderr so that stdout holds only the feedback."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from jupyter_deployfeedback.cli import screen
from jupyter_deployfeedback.domain.run import EventKind, RunEvent

STAGES = {
    "ask": "Asking the target",
    "execute": "Running the suites",
    "observe": "Reading platform metrics",
    "compare": "Comparing with the baseline",
    "judge": "Judging",
}
MARKS = {"passed": "✓", "failed": "✗", "errored": "✗", "not_run": "–", "skipped": "–"}


@contextmanager
def show_progress(*, parallel: int | None = None) -> Iterator[Callable[[RunEvent], None]]:
    """Give a function that shows events: live bars on a terminal, one line for each stage and suite elsewhere.

    ``parallel`` suites run at once, which is said where there are several.
    """
    stages = STAGES if parallel in {None, 1} else STAGES | {"execute": f"Running the suites, {parallel} at once"}
    current = screen.current()
    if current or not sys.stderr.isatty():
        say = current.say if current else partial(click.echo, err=True)
        yield lambda event: _say(event, say, stages=stages)
        return
    columns = (
        SpinnerColumn(finished_text=" "),
        TextColumn("{task.description}", markup=False),  # a name may hold what looks like markup: quality[n=100]
        BarColumn(bar_width=24),
        TextColumn("{task.fields[count]}", markup=False),
        TextColumn("{task.fields[doing]}", style="dim", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        yield _Bars(bars, stages=stages).show


class _Bars:
    """One bar for each suite; inside a case that sends requests it counts those."""

    def __init__(self, bars: Progress, *, stages: Mapping[str, str]) -> None:
        self._bars = bars
        self._stages = stages
        self._tasks: dict[str, TaskID] = {}
        self._stage = bars.add_task("Starting", total=None, doing="", count="")

    def show(self, event: RunEvent) -> None:
        if event.kind is EventKind.STAGE:
            self._bars.update(self._stage, description=self._stages.get(event.message or "", event.message or ""))
        if event.suite is None:
            return
        task = self._task(event.suite)
        if event.kind is EventKind.CASE_STARTED:
            self._bars.update(task, total=event.total, doing=(event.title or "")[:40])
        if event.kind is EventKind.CASE_FINISHED and event.done is not None:  # a check in a cell has no count
            self._bars.update(task, completed=event.done, count=f"{event.done} of {event.total}")
        if event.kind is EventKind.PROGRESS:
            self._bars.update(task, doing=f"{event.done} of {event.total} requests")
        if event.kind is EventKind.SUITE_FINISHED:
            mark = MARKS.get(event.outcome or "", " ")
            self._bars.update(task, description=f"{mark} {event.suite}", doing=event.outcome or "")

    def _task(self, suite: str) -> TaskID:
        if suite not in self._tasks:
            self._tasks[suite] = self._bars.add_task(f"  {suite}", total=None, doing="", count="")
        return self._tasks[suite]


def _say(event: RunEvent, say: Callable[[str], object], *, stages: Mapping[str, str]) -> None:
    if event.kind is EventKind.STAGE:
        say(f"{stages.get(event.message or '', event.message)} ...")
    if event.kind is EventKind.SUITE_FINISHED:
        say(f"  {MARKS.get(event.outcome or '', ' ')} {event.suite}: {event.outcome}")
