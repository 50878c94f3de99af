"""The process in which a run happens: what stands by, what works a run off, and who asks for one.

``work`` works off an acknowledged run, ``standby`` forks a process for each run from one that has loaded everything,
``warm_up`` leaves it with what a first run would wait for, ``client`` has runs forked there. A door that has a run in
its own process finds here what it needs of stage 2, imported when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_deployfeedback.execution import (
        FOLDER_VARIABLE,
        WorkerProcess,
        cancelled_by_signals,
        prepare,
        published,
    )
    from jupyter_deployfeedback.execution.suites.notebook.engine import SuiteEngine
    from jupyter_deployfeedback.execution.suites.notebook.unrecorded import execute_unrecorded
    from jupyter_deployfeedback.execution.worker import skip_iri_grammar

__all__ = [
    "FOLDER_VARIABLE",
    "SuiteEngine",
    "WorkerProcess",
    "cancelled_by_signals",
    "execute_unrecorded",
    "prepare",
    "published",
    "skip_iri_grammar",
]

_HOMES = {
    "SuiteEngine": ".suites.notebook.engine",
    "execute_unrecorded": ".suites.notebook.unrecorded",
    "skip_iri_grammar": ".worker",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the names differ in type
    if name in __all__:
        return getattr(import_module(f"jupyter_deployfeedback.execution{_HOMES.get(name, '')}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
