"""Stage 4, keep and find: runs with their events, evidence and reports, releases, and the files of each run.

What the store has acknowledged is durable. The store, not the process, is the truth: a run whose process is gone is
read as lost, never as running.
"""

from jupyter_deployfeedback.store.folder import STORE_VARIABLE
from jupyter_deployfeedback.store.store import Store, open_store

__all__ = ["STORE_VARIABLE", "Store", "open_store"]
