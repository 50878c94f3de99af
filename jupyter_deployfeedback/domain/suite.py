"""Suites, the points of their matrices, their cases and what became of them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeAlias

from pydantic import AwareDatetime

from jupyter_deployfeedback.domain.base import Frozen, Scalar
from jupyter_deployfeedback.domain.evaluation import Evaluation
from jupyter_deployfeedback.domain.observation import Observation

MOST_POINTS = 500  # of one suite: a typing mistake should not run for a week

Axes: TypeAlias = Mapping[str, Sequence[Scalar]]
"""Parameter -> the values it takes, one after the other."""
ADAPTERS = "jupyter_deployfeedback.suites"
"""The entry point group through which other packages bring suites of other kinds."""


class SuiteKind(StrEnum):
    """What a suite is made of: the kinds that need no other package. Others go by the name of their entry point."""

    NOTEBOOK = "notebook"
    BEHAVE = "behave"
    RESULTS = "results"  # a file that a load generator or a chaos experiment left


class Suite(Frozen):
    """One notebook, behave feature set or whatever else an adapter runs against a target.

    ``source`` is its path relative to the project's folder, ``options`` what only its adapter understands.
    ``environment`` names variables it may see beside the project's. ``exclusive`` suites run while nothing else does.
    ``matrix`` holds the values that parameters take point by point; a suite at one of them has none, a name of its own,
    and in ``point_of`` the name that the file gives the suite.
    ``more`` names the parameter that says how many examples are sent in all: continuing a run raises it.
    """

    name: str
    kind: str = SuiteKind.NOTEBOOK
    source: str
    options: dict[str, Any] = {}
    environment: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()  # it is run against these only; none named: all
    parameters: dict[str, Scalar | list[Scalar]] = {}
    timeout_seconds: float = 600.0
    cell_timeout_seconds: float | None = None  # of each cell of a notebook
    exclusive: bool = False
    matrix: dict[str, tuple[Scalar, ...]] = {}
    point_of: str | None = None
    more: str | None = None

    @property
    def origin(self) -> str:
        """Say where its numbers come from: its file, which points of a matrix share, so of a point its name."""
        return self.source if self.point_of is None else self.name


class Outcome(StrEnum):
    """What became of a case, from best to worst."""

    PASSED = "passed"
    SKIPPED = "skipped"  # on purpose
    NOT_RUN = "not_run"  # never reached
    FAILED = "failed"  # an assertion was false
    ERRORED = "errored"  # any other exception, a timeout, a dead kernel


class CaseError(Frozen):
    """Why a case did not pass."""

    type: str
    message: str
    traceback: str = ""


class CaseResult(Frozen):
    """One code cell (or scenario), known by its cell id, or one named check inside it."""

    case_id: str
    title: str
    outcome: Outcome
    duration_seconds: float | None = None
    error: CaseError | None = None
    cell_id: str | None = None  # the cell to open: for a check, the cell that made it


class SuiteResult(Frozen):
    """What became of a suite: its cases, the metrics it recorded, the samples it took.

    ``reason`` says why the suite as a whole is errored or not run; ``artifact`` names the executed copy.
    """

    suite: Suite
    outcome: Outcome
    cases: tuple[CaseResult, ...] = ()
    observations: tuple[Observation, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    reason: str | None = None
    notices: tuple[str, ...] = ()
    artifact: str | None = None
    started_at: AwareDatetime
    finished_at: AwareDatetime
    duration_seconds: float
    environment: dict[str, str] = {}  # the kernel's packages: name -> version
    kernel: str | None = None  # how it was supplied: "forked" from one that stood by, or "started"


def point_name(suite: str, values: Mapping[str, Scalar]) -> str:
    """Return the name of a suite at one point of its matrix: ``quality[n=100,seed=1]``."""
    return f"{suite}[{','.join(f'{name}={spell(value)}' for name, value in values.items())}]"


def spell(value: Scalar) -> str:
    """Write a value as it stands in a point's name, as in YAML."""
    words: dict[Scalar, str] = {True: "true", False: "false", None: "null"}
    return words[value] if value is None or isinstance(value, bool) else str(value)


def alike(values: Iterable[Scalar]) -> str | None:
    """Return the first value that is written like another one, so that points would share a name; None without any."""
    return next((text for text, count in Counter(map(spell, values)).items() if count > 1), None)
