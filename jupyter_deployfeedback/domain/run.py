"""Runs: one execution of a project's suites against one target at one commit, its events, the releases it justifies."""

from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime

from jupyter_deployfeedback.domain.base import Frozen, Scalar
from jupyter_deployfeedback.domain.observation import LoadedWindow, Observation, Series, Window
from jupyter_deployfeedback.domain.suite import SuiteResult
from jupyter_deployfeedback.domain.verdict import Verdict


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

    ``page`` is where a browser finds the project's folder at this commit, with a slash at its end; None where no remote
    is known to have the commit.
    """

    sha: str
    branch: str | None = None
    dirty: tuple[str, ...] = ()
    subject: str = ""
    committed_at: AwareDatetime | None = None
    page: str | None = None


class RunChoice(Frozen):
    """What somebody chose for a run, of what its project offers."""

    target: str
    against: str | None = None  # a target, a run, a tag, "none"; None takes the project's baseline
    suites: tuple[str, ...] = ()  # none named: all
    parameters: dict[str, Scalar | list[Scalar]] = {}
    matrix: dict[str, list[Scalar]] = {}  # values that parameters take point by point
    parallel: int | None = None  # suites at once; None: as many as the project says, or as there are cores
    continues: str | None = None  # the run whose samples this one adds to
    imported: str | None = None  # what AICoE-CI called the deployment whose numbers it stored: nothing is run


class RunRequest(RunChoice):
    """What somebody asked to be run."""

    project_file: str
    urls: dict[str, str] = {}  # target -> its address in this run; "" is the target of the run
    raised: dict[str, dict[str, int]] = {}  # by suite, the parameters that a continued run raises


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
    server_version: str | None = None
    software: dict[str, str] = {}  # the serving side's packages, where it names them
    problem: str | None = None


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


class Evidence(Frozen):
    """All a run saw, before it is judged. ``baseline`` is there when a live baseline was loaded too.

    ``basis`` holds digests of what it was asked and is judged by: what must be the same for the run to be continued.
    ``imported`` is the document of AICoE-CI that it was read from, as it was; None where a run saw it.
    """

    suites: tuple[SuiteResult, ...]
    candidate: SideEvidence
    baseline: SideEvidence | None = None
    window: Window | None = None
    basis: dict[str, str] = {}
    imported: dict[str, Any] | None = None

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
