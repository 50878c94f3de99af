"""The papermill engine that runs a suite: tells every step, limits output, keeps an honest executed copy."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import nbformat
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_async, run_sync
from nbclient.exceptions import CellExecutionComplete, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager

from jupyter_deployfeedback.domain.notebook import spell_out
from jupyter_deployfeedback.execution.kernels.manager import ask_packages, asked_by, hear_answers, packages_of
from jupyter_deployfeedback.execution.suites import Account
from jupyter_deployfeedback.execution.suites.notebook import unraised
from jupyter_deployfeedback.execution.suites.notebook.source import INJECTED_ID, SAVE_EVERY_SECONDS, ExecutedCopy
from jupyter_deployfeedback.execution.worker import wire
from jupyter_deployfeedback.execution.worker.stopping import INTERRUPT_SECONDS, Stopped, stop_within
from jupyter_deployfeedback.probe.records import RECORD_MIME

SCRAP_MIMES = ("application/scrapbook.scrap.json+json", "application/scrapbook.scrap.text+json")
RESTARTED = "Restarting Bash"  # said by bash_kernel when a cell ended its shell; the new one then answers 0
STRAY_ERRORS = ("Exception in thread ", "exception was never retrieved", "was never awaited")

Tell = Callable[[wire.Event], None]
CAP_BYTES = 10_000_000
_STREAM = "stream"
_OVERHEAD = 100  # what an output takes in the file even if it is empty: a million short lines count too
_UPDATE = "update_display_data"
_DISPLAYS = {"display_data", "execute_result", _UPDATE}
_LOOK_SECONDS = 0.05
FLOOD = 500  # a socket holds a thousand; below this nothing is dropped, and a gap means a message that was never sent


class KernelNeverReadyError(Exception):
    """The kernel ended, or said nothing, before the first cell was sent to it."""


class SuiteEngine(NBClientEngine):  # type: ignore[misc]  # papermill is not annotated
    """Runs a notebook on a kernel that was supplied, with a client and a manager of ours."""

    @classmethod
    def execute_notebook(  # noqa: PLR0913 - papermill passes on what the suite gives it
        cls,
        nb: nbformat.NotebookNode,
        kernel_name: str,
        *,
        km: AsyncKernelManager,
        copy: ExecutedCopy,
        tell: Tell,
        deadline: float,
        cell_seconds: float | None,
        first: str,
        account: Account,
        **_: object,
    ) -> nbformat.NotebookNode:
        """Execute until the end, an exception or the deadline (on the monotonic clock); fill in the ``account``.

        A kernel of Python executes ``first`` before the first cell, which does not see it.
        A cell that takes longer than ``cell_seconds`` is interrupted, and stopped where it does not heed that.
        """
        watching = Watching(nb, copy=copy, tell=tell, deadline=deadline, cell_seconds=cell_seconds)
        client = SuiteClient(
            watching,
            km=km,
            kernel_name=kernel_name,
            timeout_func=lambda _cell: watching.seconds_left,
            startup_timeout=max(int(deadline - time.monotonic()), 1),
            iopub_timeout=max(int(deadline - time.monotonic()), 1),
            shell_timeout_interval=1,
            interrupt_on_timeout=True,
            on_cell_executed=watching.replied,
        )
        client.before_cells = f"{first}\n{unraised.WATCH}"  # what says whether it asks does not depend on the other
        watching.notebook_start()
        try:
            client.execute()
            asked = ask_packages(client, unawaited=unraised.UNAWAITED)
            client.hear_latecomers()
            watching.notebook_complete()  # it is written while the kernel looks
            answers = hear_answers(client, asked)
            account.packages.update(packages_of(client, answers))
            account.notices.extend(client.tell_unawaited(answers))
        except (DeadKernelError, Stopped) as stop:
            watching.mark_stopped(stop)
            raise
        except RuntimeError as error:  # as jupyter_client says it
            if client.kc is None or not watching.began:
                raise KernelNeverReadyError(str(error)) from error
            raise
        finally:
            if not watching.complete:
                watching.notebook_complete()
            if client.kc is not None:
                client.kc.stop_channels()
        return watching.nb


class Watching(NotebookExecutionManager):  # type: ignore[misc]  # papermill is not annotated
    """papermill's record of the execution, made to tell us each step and to call nothing completed that never ran."""

    def __init__(
        self,
        nb: nbformat.NotebookNode,
        *,
        copy: ExecutedCopy,
        tell: Tell,
        deadline: float = float("inf"),
        cell_seconds: float | None = None,
    ) -> None:
        self.copy = copy
        self.tell = tell
        self.deadline = deadline
        self.cell_seconds = cell_seconds
        self.time_over: float | None = None  # the limit that the cell exceeded, or the one before
        self.cap = OutputCap()
        self.gaps = MessageGaps()
        self.began = False
        self.complete = False
        self.left_shell = False
        self._ended: wire.CellEnded | None = None
        self._started_at = 0.0
        super().__init__(nb, progress_bar=False, autosave_cell_every=SAVE_EVERY_SECONDS)

    def notebook_start(self, **kwargs: object) -> None:
        """Clear what earlier runs left, and give the injected cell an id that lasts."""
        given = self.nb.metadata.papermill.get("parameters", {})
        self.nb.metadata.papermill["parameters"] = nbformat.from_dict(spell_out(given))
        for cell in self.nb.cells:
            if wire.INJECTED_TAG in cell.metadata.get("tags", []):
                cell.id = INJECTED_ID
        super().notebook_start(**kwargs)

    def cell_start(self, cell: nbformat.NotebookNode, cell_index: int | None = None, **kwargs: object) -> None:
        """Note that a cell starts; what is not sent to the kernel starts nothing."""
        super().cell_start(cell, cell_index, **kwargs)
        if cell.cell_type != "code" or not cell.source.strip() or wire.SKIP_TAG in cell.metadata.get("tags", []):
            return
        self.began = True
        self.cap, self.gaps, self.left_shell, self.time_over = OutputCap(), MessageGaps(), False, None
        self._ended = wire.CellEnded(cell.id)
        self._started_at = time.monotonic()
        self.tell(wire.CellStarted(cell.id))

    def replied(self, cell: nbformat.NotebookNode, cell_index: int, execute_reply: dict[str, Any]) -> None:
        """Take over what the kernel replied: the only proof that a cell was worked through."""
        del cell, cell_index
        content = execute_reply["content"]
        self.gaps.see(execute_reply)
        self.note(
            status=content["status"],
            execution_count=content.get("execution_count"),
            asked_exit=any(item.get("source") == "ask_exit" for item in content.get("payload") or ()),
        )
        if content["status"] == "error":
            self.note_error(content)

    def note(self, **facts: object) -> None:
        """Add to what is known of the cell that is running."""
        if self._ended is not None:
            self._ended = replace(self._ended, **facts)  # type: ignore[arg-type]  # the callers are above and below

    def note_error(self, content: dict[str, Any]) -> None:
        """Add what the cell raised; of several, the first."""
        if self._ended is not None and self._ended.error is None:
            traceback = "\n".join(content.get("traceback", []))
            self.note(error=(content.get("ename", "Error"), content.get("evalue", ""), traceback))

    def cell_complete(self, cell: nbformat.NotebookNode, cell_index: int | None = None, **kwargs: object) -> None:
        """Tell that the cell is over, and how far it came."""
        if self._ended is not None:
            if self.left_shell:  # seen in what the cell printed, which may come after the reply
                self.note(asked_exit=True)
            seconds = time.monotonic() - self._started_at
            self.note(truncated=self.cap.truncated, lost_messages=self.gaps.lost, duration_seconds=seconds)
            self.note(time_over=self.time_over)
            self.tell(self._ended)
            if self.time_over is not None and self._ended.status is not None:  # it heeded the interrupt
                stop_within(max(self.deadline - time.monotonic(), 0.0) + INTERRUPT_SECONDS)
        if self._ended is None or self._ended.status is not None:
            super().cell_complete(cell, cell_index, **kwargs)
        self._ended = None

    @property
    def seconds_left(self) -> float:
        """How long the cell may still take."""
        left = self.deadline - time.monotonic()
        return max(left if self.cell_seconds is None else min(left, self.cell_seconds), 0.05)

    def note_time_over(self) -> None:
        """Note that the cell is interrupted, perhaps again; where its own time is over, it is stopped soon."""
        if self.cell_seconds is not None and self.time_over is None and time.monotonic() < self.deadline:
            self.time_over = self.cell_seconds
            stop_within(INTERRUPT_SECONDS)

    def mark_stopped(self, stop: DeadKernelError | Stopped) -> None:
        """Say in the executed copy at which cell it ended: its reader sees no events."""
        name, text = ("KernelDied", "The kernel ended.") if isinstance(stop, DeadKernelError) else stop.said
        if self.time_over is not None and not isinstance(stop, DeadKernelError):
            name, text = wire.CELL_TIMEOUT, f"The cell's time ({self.time_over:g} s) was over."
        for cell in self.nb.cells:
            if cell.metadata.papermill["status"] == self.RUNNING:
                cell.outputs.append(nbformat.v4.new_output("error", ename=name, evalue=text, traceback=[text]))

    def notebook_complete(self, **_: object) -> None:
        """Close the record. papermill's own would call cells completed that never ran."""
        self.end_time = self.now()
        self.nb.metadata.papermill["end_time"] = self.end_time.isoformat()
        self.nb.metadata.papermill["duration"] = (self.end_time - self.start_time).total_seconds()
        self.copy.save(self.nb, now=True)
        self.complete = True

    def save(self, **_: object) -> None:
        """Write the executed copy, unless it was written just now."""
        self.copy.save(self.nb, now=False)
        self.last_save_time = self.now()


class SuiteClient(PapermillNotebookClient):  # type: ignore[misc]  # papermill is not annotated
    """papermill's client, which shows us each message before it becomes an output.

    ``before_cells``: what a kernel of Python executes, silently, before the first cell.
    """

    before_cells = ""

    def __init__(self, watching: Watching, **settings: Any) -> None:  # noqa: ANN401 - nbclient's own
        super().__init__(watching, **settings)
        self._cells_by_request: dict[str, str] = {}

    def execute(self, **settings: Any) -> nbformat.NotebookNode:  # noqa: ANN401 - nbclient's own
        """Execute the cells. papermill asks for the language at the end, which was heard when the kernel got ready."""
        self.reset_execution_trackers()
        with self.setup_kernel(**settings):
            if self.before_cells and self.kc.language_info.get("name") == "python":
                self.kc.execute(self.before_cells, silent=True, stop_on_error=False)  # nobody waits for it
            self.papermill_execute_cells()
            self.nb.metadata["language_info"] = self.kc.language_info
            self.set_widgets_metadata()
        return self.nb

    async def _async_handle_timeout(
        self,
        timeout: int,  # noqa: ASYNC109 - nbclient's own
        cell: nbformat.NotebookNode | None = None,
    ) -> Any:  # noqa: ANN401 - nbclient's own
        if cell is not None:
            self.nb_man.note_time_over()
            if not self.interrupt_on_timeout:  # then nbclient gives up, and nobody would see where the cell was
                await self._show_where_it_was(cell)
        return await super()._async_handle_timeout(timeout, cell)

    async def _show_where_it_was(self, cell: nbformat.NotebookNode) -> None:
        """Interrupt a cell and wait a moment for its traceback, which is heard beside."""
        await ensure_async(self.km.interrupt_kernel())
        for _ in range(int(INTERRUPT_SECONDS / _LOOK_SECONDS)):
            if any(each.output_type == "error" for each in cell.outputs):
                return
            await asyncio.sleep(_LOOK_SECONDS)

    async def _async_poll_output_msg(self, parent_msg_id: str, cell: nbformat.NotebookNode, cell_index: int) -> None:
        """Read messages until the cell is idle. nbclient's own drops what earlier cells send late, from threads."""
        self._cells_by_request[parent_msg_id] = cell.id
        while True:
            message = await ensure_async(self.kc.iopub_channel.get_msg(timeout=None))
            self.nb_man.gaps.see(message)
            if asked_by(message) != parent_msg_id:
                self._hear_latecomer(message)
                continue
            try:
                self.process_message(message, cell, cell_index)
            except CellExecutionComplete:
                return

    def process_message(self, msg: dict[str, Any], cell: nbformat.NotebookNode, cell_index: int) -> Any:  # noqa: ANN401
        """Read what is meant for us as it passes: an output can be cleared or overwritten, a message cannot."""
        watching: Watching = self.nb_man
        if msg["msg_type"] == "error":
            watching.note_error(msg["content"])
        is_own = RECORD_MIME in self._hear(msg, cell.id)
        admitted = msg if is_own else watching.cap.admit(msg)
        return None if admitted is None else super().process_message(admitted, cell, cell_index)

    def tell_unawaited(self, answers: Mapping[str, str]) -> tuple[str, ...]:
        """Tell what nobody awaited; return what is to be noticed of a kernel that cannot say."""
        if "unawaited" not in answers:
            return (unraised.NOT_WATCHED,) if self.kc.language_info.get("name") == "python" else ()
        for each in unraised.read_unawaited(answers["unawaited"], self._cells_by_request):
            self.nb_man.tell(each)
        return ()

    def hear_latecomers(self) -> None:
        """Read what came after the last cell was over."""
        run_sync(self._drain)()

    async def _drain(self) -> None:
        while await ensure_async(self.kc.iopub_channel.msg_ready()):
            self._hear_latecomer(await ensure_async(self.kc.iopub_channel.get_msg(timeout=1)))

    def _hear_latecomer(self, message: dict[str, Any]) -> None:
        cell_id = self._cells_by_request.get(asked_by(message) or "")
        if cell_id is not None:
            self._hear(message, cell_id)

    def _hear(self, message: dict[str, Any], cell_id: str) -> set[str]:
        """Tell records and stray errors of a message; return what kinds of records it held."""
        content = message["content"]
        if content.get("name") == "stdout" and self.km.language == "bash":
            self.nb_man.left_shell |= content.get("text", "").rstrip().endswith(RESTARTED)
        if content.get("name") == "stderr" and any(sign in content.get("text", "") for sign in STRAY_ERRORS):
            self.nb_man.tell(wire.StrayError(cell_id))
        records = _records(message)
        for mime, payload in records:
            self.nb_man.tell(wire.Recorded(cell_id, mime, payload))
        return {mime for mime, _ in records}


def _records(message: dict[str, Any]) -> list[tuple[str, Any]]:
    data = message["content"].get("data")
    if not message["msg_type"].endswith(("display_data", "execute_result")) or not isinstance(data, dict):
        return []
    return [(mime, data[mime]) for mime in (RECORD_MIME, *SCRAP_MIMES) if mime in data]


class OutputCap:
    """Counts one cell's output and cuts what goes beyond the cap, with a marker in its place."""

    def __init__(self, cap_bytes: int = CAP_BYTES) -> None:
        self.cap_bytes = cap_bytes
        self.truncated = False
        self._left = cap_bytes

    def admit(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """Return the message to keep: as it came, cut, or None where the cap was used up before.

        An update replaces what stands there, so each one has the whole cap.
        """
        kind, content = message["msg_type"], message["content"]
        left = self.cap_bytes if kind == _UPDATE else self._left
        size = _size(kind, content)
        if size <= left:
            self._left -= 0 if kind == _UPDATE else size
            return message
        if self.truncated and kind != _UPDATE:
            return None
        self.truncated = True
        self._left = self._left if kind == _UPDATE else 0
        return message | {"content": self._cut(kind, content, left)}

    def _cut(self, kind: str, content: dict[str, Any], kept: int) -> dict[str, Any]:
        marker = f"[output cut: this cell printed more than {self.cap_bytes / 1e6:g} MB]"
        if kind == _STREAM:
            return content | {"text": f"{content['text'][:kept]}\n{marker}\n"}
        return content | {"data": {"text/plain": marker}, "metadata": {}}


def _size(kind: str, content: dict[str, Any]) -> int:
    if kind == _STREAM:
        return _OVERHEAD + len(content["text"])
    if kind not in _DISPLAYS:
        return 0
    return _OVERHEAD + sum(
        len(value) if isinstance(value, str) else len(json.dumps(value)) for value in content["data"].values()
    )


class MessageGaps:
    """Counts the messages of one cell. Kernels of the Jupyter family number theirs: SESSION_PID_NUMBER."""

    def __init__(self) -> None:
        self._numbers: dict[str, tuple[int, int, int]] = {}  # sender -> first, last, how many

    def see(self, message: dict[str, Any]) -> None:
        """Count a message; one without a number counts for nothing."""
        sender, _, number = str(message["header"].get("msg_id", "")).rpartition("_")
        if sender and number.isdecimal():
            first, last, count = self._numbers.get(sender, (int(number), int(number), 0))
            self._numbers[sender] = (min(first, int(number)), max(last, int(number)), count + 1)

    @property
    def lost(self) -> int:
        """How many messages are missing from the floods among those seen."""
        return sum(max(0, last - first + 1 - count) for first, last, count in self._numbers.values() if count > FLOOD)
