"""Feedback about a deployed model, before you tag a release.

In a suite notebook: ``import jupyter_deployfeedback as jdf`` gives ``connect``, ``evaluate``, ``load``, ``record``
and ``check``. They are imported when first used, so that importing this package costs a kernel next to nothing. The
doors are imported by name, because this package stands below them all: everything imports it for its version.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_deployfeedback.probe import check, connect, evaluate, load, record

__version__ = "0.1.0"
__all__ = ["__version__", "check", "connect", "evaluate", "load", "record"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the probe's functions differ in type
    if name in __all__:
        return getattr(import_module("jupyter_deployfeedback.probe"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "jupyter-deployfeedback"}]


def _jupyter_server_extension_points() -> list[dict[str, object]]:
    app = import_module("jupyter_deployfeedback.server.app").DeployFeedbackApp
    return [{"module": "jupyter_deployfeedback", "app": app}]


def load_ipython_extension(ipython: Any) -> None:  # noqa: ANN401 - IPython is imported by whoever calls this
    """Register ``%deployfeedback``; IPython calls this on ``%load_ext jupyter_deployfeedback``."""
    ipython.register_magics(import_module("jupyter_deployfeedback.magics").DeployFeedbackMagics)
