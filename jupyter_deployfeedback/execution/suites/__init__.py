"""How a suite of each kind is run: one adapter each, in the worker process.

``notebook`` is loaded with the worker, because it is what nearly every suite needs; the others when they are asked for,
among them those that other packages bring through the entry point group ``jupyter_deployfeedback.suites``.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

from jupyter_deployfeedback.domain.kind import ADAPTERS, SuiteKind
from jupyter_deployfeedback.execution.worker.wire import Ending, Event, Spec


@dataclass
class Account:
    """What an adapter learned, told when the suite has ended, however that was.

    ``packages``: name -> version, of whatever ran the suite; ``kernel``: how that was supplied, in a word or two.
    ``asked``: whether the target was seen asked, None where that cannot be seen, ``unseen`` because of what.
    ``worked_through`` may be called as soon as nothing is left to be told: nobody waits then for what still has to end.
    """

    packages: dict[str, str] = field(default_factory=dict)
    kernel: str = ""
    notices: list[str] = field(default_factory=list)
    asked: bool | None = None
    unseen: str = ""
    worked_through: Callable[[], None] = lambda: None


class Adapter(Protocol):
    """Runs one suite and tells each step of it.

    It tells one ``Opened`` with all cases in order, ``CellStarted`` and ``CellEnded`` for each that is run,
    ``Recorded`` for each number; what became of the cases is computed from these alone. It may keep a notebook at
    ``spec.artifact`` that shows what happened. It ends by itself before ``deadline`` (on the monotonic clock), and lets
    ``Stopped`` pass after it has ended what it started. Raises Unfinished; any other exception is shown by its name.
    """

    def __call__(self, spec: Spec, *, tell: Callable[[Event], None], deadline: float, account: Account) -> None:
        """Run the suite."""


def read_bytes(spec: Spec) -> dict[str, str]:
    """Return the sha256 of each file that a suite is read from, a notebook or the code in a folder, by its path.

    Paths are relative to the project's folder. A file that cannot be read is left out: its adapter says why.
    """
    source, folder = Path(spec.source), Path(spec.folder)
    code = (each for each in source.rglob("*") if each.suffix in {".feature", ".py"})
    found = {}
    for file in (each for each in (sorted(code) if source.is_dir() else [source]) if each.is_file()):
        with suppress(OSError, ValueError):
            found[file.relative_to(folder).as_posix()] = hashlib.sha256(file.read_bytes()).hexdigest()
    return found


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


class Unfinished(Exception):
    """The suite could not be worked through; the message is shown to people."""

    def __init__(self, ending: Ending, message: str) -> None:
        super().__init__(message)
        self.ending = ending
