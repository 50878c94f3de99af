"""Stage 3: metric queries and a window in, observations out.

``ask_target`` says whether a target is ready and which version it serves, ``Health`` as often as it is asked.
``watch`` follows a target's CPU, memory, restarts and requests while a run loads it, from the target's own ``/metrics``
or from a Prometheus server, and gives each platform metric a number over exactly the run's window, or the reason why
there is none. ``read_deployments`` reads what AICoE-CI stored.
"""

from jupyter_deployfeedback.observation.aicoe import Deployment, is_stored_document, read_deployments, stored_evidence
from jupyter_deployfeedback.observation.watch import Health, Watch, ask_target, try_target, watch
from jupyter_deployfeedback.observation.window import load_window, loaded_windows
from jupyter_deployfeedback.probe.target import Exchange

__all__ = [
    "Deployment",
    "Exchange",
    "Health",
    "Watch",
    "ask_target",
    "is_stored_document",
    "load_window",
    "loaded_windows",
    "read_deployments",
    "stored_evidence",
    "try_target",
    "watch",
]
