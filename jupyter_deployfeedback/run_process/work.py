"""Work off a run that was acknowledged, in the process that is there for it."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from jupyter_deployfeedback.errors import RunInterrupted
from jupyter_deployfeedback.execution import cancelled_by_signals

if TYPE_CHECKING:
    from jupyter_deployfeedback.domain.run import RunEvent
    from jupyter_deployfeedback.execution import WorkerProcess
    from jupyter_deployfeedback.store import Store

CANCEL_POLL_SECONDS = 0.5
ORPHANED = "The process that it ran under has gone, as when its Jupyter server is killed."
AGAIN = "Start it again: the server may have been restarted."


def work(run_id: str, *, store: Store, workers: Sequence[WorkerProcess]) -> int:
    """Evaluate an acknowledged run and return its exit code; ``workers`` stand by."""
    from jupyter_deployfeedback.pipeline.run import evaluate

    parent, stdout = os.getppid(), sys.stdout.fileno()
    with cancelled_by_signals() as cancelled:

        def watch_others() -> None:
            while not cancelled.wait(CANCEL_POLL_SECONDS):
                if os.getppid() != parent:
                    cancelled.set_because(RunInterrupted(ORPHANED, remedy=AGAIN))
                elif store.cancel_requested(run_id):
                    cancelled.set()

        def tell(event: RunEvent) -> None:
            try:
                os.write(stdout, event.model_dump_json().encode() + b"\n")
            except BrokenPipeError:  # the server was killed; the store knows what it would have told
                cancelled.set_because(RunInterrupted(ORPHANED, remedy=AGAIN))

        threading.Thread(target=watch_others, daemon=True).start()
        try:
            report = evaluate(
                run_id, store=store, environment=os.environ, tell=tell, cancelled=cancelled, workers=workers
            )
        finally:
            tell(store.events(run_id)[-1])  # how it ended: who watches need not ask
    return report.exit_code
