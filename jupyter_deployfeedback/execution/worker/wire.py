"""What a worker and the process that watches it tell each other: one JSON object per line.

The watcher sends a Spec for each suite; the worker answers with events. What became of a suite is computed from its
events alone, so that nothing is lost when the worker is killed. Standard library only: the worker must start fast.
"""

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, get_args

from jupyter_deployfeedback.domain.kind import holds_code
from jupyter_deployfeedback.probe.redaction import redact, redact_tree

SKIP_TAG = "skip-execution"
INJECTED_TAG = "injected-parameters"
EXIT_STATUS_TAG = "exit-status-ok"
CELL_TIMEOUT = "CellTimeout"  # the name of the error where a cell's own time was over
_PROSE = frozenset({"markdown", "raw"})


class Ending(StrEnum):
    """How the execution of a suite ended, whatever its cells did."""

    COMPLETED = "completed"  # the suite was worked through, or stopped at a cell that raised
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    KERNEL_DIED = "kernel_died"
    PROCESS_DIED = "process_died"  # of what runs the suite, where that is no kernel
    WORKER_DIED = "worker_died"
    OUT_OF_MEMORY = "out_of_memory"  # one of these three, and memory was used up meanwhile
    BROKEN = "broken"  # it could not be run: no kernel, not a notebook, no adapter, a defect of ours


@dataclass(frozen=True)
class Spec:
    """One suite to be run. Paths are absolute; ``environment`` is the whole environment of what runs it.

    ``folder`` is the project's, ``options`` what the file says of a suite beyond what all kinds have.
    """

    source: str
    folder: str
    artifact: str
    runtime_folder: str
    timeout_seconds: float
    cell_timeout_seconds: float | None = None
    kind: str = "notebook"
    options: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    kernel: str = ""  # "": the one that the notebook names
    environment: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)  # reference -> value: what no event and no file may hold
    supply: str = ""  # the folder where kernels stand by, if there is one
    may_fork: bool = True
    preload: tuple[str, ...] = ()

    def to_line(self) -> str:
        """Write the spec as one line of JSON."""
        return json.dumps(asdict(self)) + "\n"


@dataclass(frozen=True)
class Settle:
    """Say ``Settled`` as soon as nothing of the last suite is left: what comes next must not be disturbed by it."""

    settle: bool = True

    def to_line(self) -> str:
        """Write it as one line of JSON."""
        return json.dumps(asdict(self)) + "\n"


Request = Spec | Settle


def read_request(line: str) -> Request:
    """Return what the watcher asks of its worker."""
    fields = json.loads(line)
    return Settle() if "settle" in fields else Spec(**fields)


@dataclass(frozen=True)
class Cell:
    """One cell of a notebook, or one case of a suite of another kind; its id stays the same from run to run.

    ``title`` is what it is called, where that is not to be found in its source. ``could_fail`` says
    whether it holds what is there to fail: an assertion, a step; None where nobody can tell.
    """

    cell_id: str
    cell_type: str
    source: str
    tags: tuple[str, ...] = ()
    title: str = ""
    could_fail: bool | None = None

    @property
    def is_run(self) -> bool:
        """Say whether it is sent to a kernel as the user's own."""
        return self.cell_type not in _PROSE and bool(self.source.strip()) and INJECTED_TAG not in self.tags

    @property
    def is_case(self) -> bool:
        """Say whether the cell holds code of the user's: what papermill injects and mere comments are no cases."""
        return self.is_run and (self.cell_type != "code" or holds_code(self.source))


@dataclass(frozen=True)
class Opened:
    """The suite was read; these are its cells in order."""

    cells: tuple[Cell, ...]
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class CellStarted:
    """A cell is being run."""

    cell_id: str


@dataclass(frozen=True)
class Recorded:
    """A cell displayed something that is meant for us; ``mime`` says what ``payload`` is."""

    cell_id: str
    mime: str
    payload: Any


@dataclass(frozen=True)
class CellEnded:
    """A cell is over.

    ``status`` is that of the kernel's reply (ok, error, aborted) or skipped, None where no reply came. ``error`` is
    name, text and traceback of what it raised. ``asked_exit``: it told the kernel to end. ``truncated``: it printed
    more than is kept. ``lost_messages``: how many of its messages never reached us. ``time_over``: its own limit, in
    seconds, where that was exceeded.
    """

    cell_id: str
    status: str | None = None
    execution_count: int | None = None
    error: tuple[str, str, str] | None = None
    asked_exit: bool = False
    truncated: bool = False
    lost_messages: int = 0
    time_over: float | None = None
    duration_seconds: float | None = None


@dataclass(frozen=True)
class StrayError:
    """Something failed in a cell that raised nothing: ``said`` says what, on one line without full stop.

    ``fails``: tests failed, which is as bad as a false assertion. ``exit_status``: the exit status of a command says
    so, which the tag ``exit-status-ok`` permits.
    """

    cell_id: str
    said: str = "an exception in a thread or a task reached only stderr"
    fails: bool = False
    exit_status: bool = False


@dataclass(frozen=True)
class Ended:
    """The suite is over.

    ``environment`` holds the packages of what ran it: name -> version. ``kernel`` says how that was supplied, "" if it
    was not. ``asked``: whether it was seen to ask the target, None where that cannot be seen; ``unseen`` says why.
    ``read`` holds the sha256 of each file it was read from, "" of one that changed meanwhile.
    """

    ending: Ending
    message: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    kernel: str = ""
    asked: bool | None = None
    unseen: str = ""
    read: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Settled:
    """Nothing of the last suite is left."""


Event = Opened | CellStarted | Recorded | StrayError | CellEnded | Ended | Settled
_EVENTS: dict[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event)}


def encode(event: Event) -> bytes:
    """Write an event as one line, without secrets."""
    fields = {"event": type(event).__name__, **asdict(event)}
    line = json.dumps(fields)
    if redact(line) != line:
        line = json.dumps(redact_tree(fields))
    return f"{line}\n".encode()


def decode(line: bytes) -> Event:
    """Read what ``encode`` wrote."""
    fields = json.loads(line)
    kind = _EVENTS[fields.pop("event")]
    if kind is Opened:
        fields["cells"] = tuple(Cell(**{**cell, "tags": tuple(cell["tags"])}) for cell in fields["cells"])
    if kind is Ended:
        fields["ending"] = Ending(fields["ending"])
    if fields.get("error"):
        fields["error"] = tuple(fields["error"])
    if "notices" in fields:
        fields["notices"] = tuple(fields["notices"])
    return kind(**fields)
