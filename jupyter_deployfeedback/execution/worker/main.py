"""The child process that runs suites: specs come in on stdin, events go out on a descriptor of their own.

It stands by with papermill loaded, runs one suite after the other, each by the adapter of its kind, and goes when its
parent goes. SIGTERM stops the suite that is running.
"""

import os
import shutil
import signal
import sys
import threading
import time

from jupyter_deployfeedback.execution.suites import Account, Unfinished, adapter_for, read_bytes
from jupyter_deployfeedback.execution.suites.notebook import suite as notebook
from jupyter_deployfeedback.execution.worker import wire
from jupyter_deployfeedback.execution.worker.process_tree import adopt_orphans_and_hide, end_descendants
from jupyter_deployfeedback.execution.worker.stopping import INTERRUPT_SECONDS, STOPS, Stopped, heed_stops, stoppable
from jupyter_deployfeedback.probe.redaction import learn

PARENT_CHECK_SECONDS = 0.5


def main(descriptor: int, parent: int, runtime_folder: str, *, ahead: bool = False) -> None:
    """Stand by until stdin ends or a suite did not end by itself: what was stopped once is not used again.

    ``ahead``: it is started before a run is asked for, and has time to warm up.
    """
    adopt_orphans_and_hide()
    threading.Thread(target=_go_with_parent, args=(parent,), daemon=True).start()
    tell = Teller(descriptor)
    if ahead:
        notebook.warm_up()
    try:
        for line in sys.stdin:
            request = wire.read_request(line)
            if isinstance(request, wire.Settle):
                tell(wire.Settled())
            elif run_suite(request, tell=tell) is not wire.Ending.COMPLETED:
                break
    finally:
        if os.getppid() != parent:  # nobody else is left to do it
            shutil.rmtree(runtime_folder, ignore_errors=True)


class Teller:
    """Writes events, each as one whole line: no signal cuts one in two."""

    def __init__(self, descriptor: int) -> None:
        # A process that inherited it would hide the worker's death.
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - the standard library's signature
        self._descriptor = descriptor

    def __call__(self, event: wire.Event) -> None:
        """Write one event; when nobody reads any more, the watch on the parent stops the suite."""
        line = wire.encode(event)
        masked = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
        except BrokenPipeError:
            return
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, masked)


def run_suite(spec: wire.Spec, *, tell: Teller) -> wire.Ending:
    """Run one suite and tell how it ended; whatever it left running is ended before.

    Unless it is worked through: that is told at once, and what it leaves is ended after.
    """
    deadline = time.monotonic() + spec.timeout_seconds
    learn(spec.secrets)
    told: list[wire.Ending] = []

    def tell_once(ending: wire.Ending, message: str = "") -> None:
        if told:
            return
        if time.monotonic() >= deadline and ending not in {wire.Ending.CANCELLED, wire.Ending.TIMED_OUT}:
            ending, message = wire.Ending.TIMED_OUT, ""
        if ending is not wire.Ending.COMPLETED:
            end_descendants(os.getpid())
        told.append(ending)
        now = read_bytes(spec)  # what changed meanwhile may have been read before or after
        read = {path: digest if now.get(path) == digest else "" for path, digest in opened.items()}
        said = (account.packages, tuple(account.notices), account.kernel, account.asked, account.unseen)
        tell(wire.Ended(ending, message, *said, read=read))

    opened = read_bytes(spec)
    account = Account(worked_through=lambda: tell_once(wire.Ending.COMPLETED))
    try:
        with stoppable(within_seconds=spec.timeout_seconds + INTERRUPT_SECONDS):
            adapter_for(spec.kind)(spec, tell=tell, deadline=deadline, account=account)
        tell_once(wire.Ending.COMPLETED)
    except Stopped as stopped:
        tell_once(stopped.ending)
    except Unfinished as unfinished:
        tell_once(unfinished.ending, str(unfinished))
    except Exception as error:  # noqa: BLE001 - the run loop: whatever broke becomes the suite's outcome, by name
        tell_once(wire.Ending.BROKEN, f"{type(error).__name__}: {error}")
    end_descendants(os.getpid())
    heed_stops()
    return told[0]


def _go_with_parent(parent: int) -> None:
    """End with the parent: a suite that is running is stopped and its processes are ended."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
