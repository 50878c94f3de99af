"""Stage 2: run suites against a target and say what became of each case.

``plan_suites`` picks the suites and their parameters, ``date_results`` tells those of results when the commit was made,
``execute`` runs them in worker processes and returns a result for each, ``parallelism`` says how many of them run at
once, ``cancelled_by_signals`` gives the ``Stop`` by which a signal stops them, ``prepare`` starts a worker early, so
that it loads while the caller still does something else, ``order_kernel`` has a kernel stand by, ``published`` says
where other programs find those, ``marked_runs`` says of which runs processes live, and ``end_marked`` ends those.
``own_folder`` makes a temporary folder, ``remove_left_folders`` removes those of killed processes. All are imported
when first used: this package itself costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_deployfeedback.execution.control_group import MAX_PARALLEL_VARIABLE, parallelism
    from jupyter_deployfeedback.execution.folders import lock_of, own_folder, remove_folder, remove_left_folders
    from jupyter_deployfeedback.execution.kernels.manager import order_kernel
    from jupyter_deployfeedback.execution.plan import date_results, plan_suites
    from jupyter_deployfeedback.execution.run import execute
    from jupyter_deployfeedback.execution.standby.orders import FOLDER_VARIABLE, published
    from jupyter_deployfeedback.execution.worker.process import WorkerProcess, load_worker, prepare
    from jupyter_deployfeedback.execution.worker.process_tree import end_marked, marked_runs
    from jupyter_deployfeedback.execution.worker.stopping import Stop, cancelled_by_signals

__all__ = [
    "FOLDER_VARIABLE",
    "MAX_PARALLEL_VARIABLE",
    "Stop",
    "WorkerProcess",
    "cancelled_by_signals",
    "date_results",
    "end_marked",
    "execute",
    "load_worker",
    "lock_of",
    "marked_runs",
    "order_kernel",
    "own_folder",
    "parallelism",
    "plan_suites",
    "prepare",
    "published",
    "remove_folder",
    "remove_left_folders",
]

_HOMES = {
    "FOLDER_VARIABLE": "standby.orders",
    "MAX_PARALLEL_VARIABLE": "control_group",
    "Stop": "worker.stopping",
    "WorkerProcess": "worker.process",
    "cancelled_by_signals": "worker.stopping",
    "date_results": "plan",
    "end_marked": "worker.process_tree",
    "execute": "run",
    "load_worker": "worker.process",
    "marked_runs": "worker.process_tree",
    "parallelism": "control_group",
    "plan_suites": "plan",
    "prepare": "worker.process",
    "published": "standby.orders",
    "order_kernel": "kernels.manager",
    **dict.fromkeys(("lock_of", "own_folder", "remove_folder", "remove_left_folders"), "folders"),
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the names differ in type
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
