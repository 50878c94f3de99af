"""Runs of a project's suites against one target at one commit: suites, cases, events, evidence, releases."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeAlias

from pydantic import AwareDatetime

from jupyter_deployfeedback.domain.base import Frozen, Parameter, Scalar
from jupyter_deployfeedback.domain.evaluation import Evaluation
from jupyter_deployfeedback.domain.kind import SuiteKind
from jupyter_deployfeedback.domain.metric import LoadedWindow, Observation, Series, Window
from jupyter_deployfeedback.domain.verdict import Verdict

MOST_WARNINGS = 3  # of a suite that are told in one sentence
MOST_POINTS = 500  # of one suite: a typing mistake should not run for a week

Axes: TypeAlias = Mapping[str, Sequence[Scalar]]
"""Parameter -> the values it takes, one after the other."""


class RunState(StrEnum):
    """Where a run stands. The last three are terminal: such a run never changes again."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def terminal(self) -> bool:
        """Say whether a run in this state never changes again."""
        return self in {RunState.FINISHED, RunState.CANCELLED, RunState.LOST}


class Commit(Frozen):
    """What was tested, as git knows it; ``dirty`` files differ from the commit.

    ``hidden`` files are those that git was told not to look at, each with the command that lets it look again.
    ``page`` is where a browser finds the project's folder at this commit, with a slash at its end; None where no remote
    is known to have the commit.
    """

    sha: str
    branch: str | None = None
    dirty: tuple[str, ...] = ()
    hidden: dict[str, str] = {}
    subject: str = ""
    committed_at: AwareDatetime | None = None
    page: str | None = None


class RunChoice(Frozen):
    """What somebody chose for a run, of what its project offers."""

    target: str
    against: str | None = None  # a target, a run, a tag, "none"; None takes the project's baseline
    suites: tuple[str, ...] = ()  # none named: all
    parameters: dict[str, Parameter] = {}
    matrix: dict[str, list[Scalar]] = {}  # values that parameters take point by point
    kernel: str | None = None  # of all notebooks; None: what the project or the notebook says
    parallel: int | None = None  # suites at once; None: as many as the project says, or as there are cores
    continues: str | None = None  # the run whose samples this one adds to
    imported: str | None = None  # what AICoE-CI called the deployment whose numbers it stored: nothing is run


class RunRequest(RunChoice):
    """What somebody asked to be run."""

    project_file: str
    urls: dict[str, str] = {}  # target -> its address in this run; "" is the target of the run
    raised: dict[str, dict[str, int]] = {}  # by suite, the parameters that a continued run raises
    by_server: bool = False  # a server works it off, this one or the next: in the queue it outlives its server


class RunHead(Frozen):
    """What became of a run so far. Times are aware UTC; ``seq`` is that of its newest event.

    ``baseline`` is the name of the live target or the id of the run it is compared with, None on a first release.
    ``message`` says why a run is lost or cancelled.
    """

    run_id: str
    state: RunState
    project: str
    commit: Commit | None = None
    baseline: str | None = None
    verdict: Verdict | None = None
    message: str | None = None
    created_at: AwareDatetime
    started_at: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None
    seq: int = 0


class Run(RunHead):
    """One run as the store knows it."""

    request: RunRequest


class TargetFacts(Frozen):
    """What a target said of itself when the run began."""

    target: str
    url: str | None  # without user, password and query; None where it is not known
    ready: bool
    namespace: str | None = None  # of Kubernetes, where the project says it
    model_version: str | None = None
    later_versions: tuple[str, ...] = ()  # others that it said while the run lasted
    server_version: str | None = None
    software: dict[str, str] = {}  # the serving side's packages, where it names them
    problem: str | None = None
    remedy: str = ""  # what to do about the problem; empty where nothing but to start it is known


class SideEvidence(Frozen):
    """What was seen of one side while the run loaded it; ``loaded`` is the same for each window of its loads.

    ``too_coarse`` says for a metric why it is renewed too rarely to have a number in each of those windows.
    ``recorded`` are the numbers that the last release's suites recorded: of a live baseline, suites record none.
    """

    facts: TargetFacts
    platform: tuple[Observation, ...] = ()
    series: tuple[Series, ...] = ()
    loaded: tuple[LoadedWindow, ...] = ()
    too_coarse: dict[str, str] = {}
    recorded: tuple[Observation, ...] = ()


class CaseError(Frozen):
    """Why a case did not pass."""

    type: str
    message: str
    traceback: str = ""


class Outcome(StrEnum):
    """What became of a case, from best to worst."""

    PASSED = "passed"
    SKIPPED = "skipped"  # on purpose
    NOT_RUN = "not_run"  # never reached
    FAILED = "failed"  # an assertion was false
    ERRORED = "errored"  # any other exception, a timeout, a dead kernel


class CaseResult(Frozen):
    """One code cell (or scenario), known by its cell id, or one named check inside it."""

    case_id: str
    title: str
    outcome: Outcome
    duration_seconds: float | None = None
    error: CaseError | None = None
    cell_id: str | None = None  # the cell to open: for a check, the cell that made it


class Suite(Frozen):
    """One notebook, behave feature set or whatever else an adapter runs against a target.

    ``source`` is its path relative to the project's folder, ``options`` what only its adapter understands.
    ``environment`` names variables it may see beside the project's. ``exclusive`` suites run while nothing else does.
    ``matrix`` holds the values that parameters take point by point; a suite at one of them has none, a name of its own,
    and in ``point_of`` the name that the file gives the suite.
    ``more`` names the parameter that says how many examples are sent in all: continuing a run raises it.
    ``kernel`` runs it, where that is not for its notebook to say. ``problem`` says why it cannot be run on this
    machine, ``notices`` what is to be known before it is.
    """

    name: str
    kind: str = SuiteKind.NOTEBOOK
    source: str
    options: dict[str, Any] = {}
    environment: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()  # it is run against these only; none named: all
    parameters: dict[str, Parameter] = {}
    timeout_seconds: float = 600.0
    cell_timeout_seconds: float | None = None  # of each cell of a notebook
    exclusive: bool = False
    matrix: dict[str, tuple[Scalar, ...]] = {}
    point_of: str | None = None
    more: str | None = None
    kernel: str | None = None
    problem: str | None = None
    notices: tuple[str, ...] = ()

    @property
    def origin(self) -> str:
        """Say where its numbers come from: its file, which points of a matrix share, so of a point its name."""
        return self.source if self.point_of is None else self.name


class Proof(Frozen):
    """What makes a suite a test: that it asked the target, and that something in it was there to fail.

    ``asked`` says whether it was seen to ask, by a request or a connection; None where that cannot be seen, ``unseen``
    because of what. ``could_fail`` is None where nobody can tell.
    """

    asked: bool | None = None
    unseen: str = ""
    could_fail: bool | None = None


class SuiteResult(Frozen):
    """What became of a suite: its cases, the metrics it recorded, the samples it took.

    ``reason`` says why the suite as a whole is errored or not run; ``artifact`` names the executed copy. ``warnings``
    say what failed in a cell that raised nothing. ``read`` holds the sha256 of each file it was read from when it was
    executed, by its path in the project; "" if it changed then.
    """

    suite: Suite
    outcome: Outcome
    cases: tuple[CaseResult, ...] = ()
    observations: tuple[Observation, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    reason: str | None = None
    notices: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    artifact: str | None = None
    started_at: AwareDatetime
    finished_at: AwareDatetime
    duration_seconds: float
    environment: dict[str, str] = {}  # the kernel's packages: name -> version
    kernel: str | None = None  # how it was supplied: "forked" from one that stood by, or "started"
    proof: Proof = Proof()
    read: dict[str, str] = {}

    @property
    def warned(self) -> str:
        """Its warnings as one text, the first ones where there are many."""
        more = len(self.warnings) - MOST_WARNINGS
        return "; ".join(self.warnings[:MOST_WARNINGS]) + (f" (and {more} more)" if more > 0 else "")


class Evidence(Frozen):
    """All a run saw, before it is judged. ``baseline`` is there when a live baseline was loaded too.

    ``basis`` holds digests of what it was asked and is judged by: what must be the same for the run to be continued.
    ``imported`` is the document of AICoE-CI that it was read from, as it was; None where a run saw it. ``written`` are
    the files that began to differ from the commit meanwhile; ``no_commit`` says why git gives none, where it refuses.
    """

    suites: tuple[SuiteResult, ...]
    candidate: SideEvidence
    baseline: SideEvidence | None = None
    window: Window | None = None
    basis: dict[str, str] = {}
    imported: dict[str, Any] | None = None
    written: tuple[str, ...] = ()
    no_commit: str = ""

    @property
    def slice_values(self) -> dict[str, tuple[str, ...]]:
        """The values of each slice as the data sets have them, answered or not."""
        found: dict[str, set[str]] = {}
        for suite in self.suites:
            for evaluation in suite.evaluations:
                for name, column in evaluation.slices.items():
                    found.setdefault(name, set()).update(column)
        return {name: tuple(sorted(values)) for name, values in found.items()}


class Release(Frozen):
    """One tagged release. ``pushed_to`` is the remote that has the tag, None while only this repository has it."""

    version: str
    tag: str
    commit: str
    run_id: str
    project_file: str
    verdict: Verdict
    created_at: AwareDatetime
    pushed_to: str | None = None
    notices: tuple[str, ...] = ()  # what whoever released should know, such as that HEAD has moved on since the run


class EventKind(StrEnum):
    """What happened."""

    RUN = "run"  # the run's state changed
    SUITE_STARTED = "suite_started"
    SUITE_FINISHED = "suite_finished"
    CASE_STARTED = "case_started"
    CASE_FINISHED = "case_finished"
    PROGRESS = "progress"  # done of total requests inside a case
    STAGE = "stage"  # a stage of the pipeline began: observe, compare, judge ...


class Step(Frozen):
    """What a run tells: which suite and case, and how far. Fields that do not apply are None."""

    kind: EventKind
    state: str | None = None  # of the run
    suite: str | None = None
    case_id: str | None = None
    title: str | None = None
    outcome: str | None = None
    done: int | None = None
    total: int | None = None
    message: str | None = None


class RunEvent(Step):
    """One step of a run. ``seq`` grows by one within the run. A hint: what REST says is the truth."""

    run_id: str
    seq: int
    at: AwareDatetime


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
