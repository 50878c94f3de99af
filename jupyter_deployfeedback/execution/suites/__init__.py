"""How a suite of each kind is run: one adapter each, in the worker process.

``notebook`` is loaded with the worker, because it is what nearly every suite needs; the others when they are asked for,
among them those that other packages bring through the entry point group ``jupyter_deployfeedback.suites``.
"""

from __future__ import annotations

from importlib.metadata import entry_points

from jupyter_deployfeedback.domain.kind import ADAPTERS, SuiteKind
from jupyter_deployfeedback.execution.suites.adapter import Adapter


def adapter_for(kind: str) -> Adapter:
    """Return what runs suites of a kind. Raises LookupError for a kind nobody brings."""
    if kind == SuiteKind.NOTEBOOK:
        from jupyter_deployfeedback.execution.suites.notebook import suite as notebook

        return notebook.run
    if kind == SuiteKind.BEHAVE:
        from jupyter_deployfeedback.execution.suites.behave import suite as behave

        return behave.run
    if kind == SuiteKind.RESULTS:
        from jupyter_deployfeedback.execution.suites.results import suite as results

        return results.run
    for entry in entry_points(group=ADAPTERS, name=kind):
        adapter: Adapter = entry.load()
        return adapter
    raise LookupError(f"no package that is installed runs suites of the kind {kind!r}")
