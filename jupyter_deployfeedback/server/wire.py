"""What goes over REST: requests as they are accepted, answers as they are given.

Paths are relative to the server's root directory, with ``/`` between their parts, as in Jupyter's contents API.
"""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, Strict

from jupyter_deployfeedback.domain.base import Frozen, Parameter, Scalar
from jupyter_deployfeedback.domain.project import Protocol
from jupyter_deployfeedback.domain.run import Commit, Outcome, Release, RunChoice, RunEvent, RunHead, TargetFacts
from jupyter_deployfeedback.errors import Problem


class Body(BaseModel):
    """A request body: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class CreateRun(Body):
    """Run the suites of the project that governs ``path`` against one of its targets."""

    path: str
    target: str | None = None
    suites: list[str] = []
    against: str | None = None
    kernel: str | None = None
    parameters: dict[str, Parameter] = {}
    matrix: dict[str, list[Scalar]] = {}
    urls: dict[str, str] = {}


class AllowSecret(Body):
    """Let a secret be sent to an origin, from now on: one that the project that governs ``path`` asks for."""

    path: str
    reference: str = Field(max_length=1000)
    origin: str = Field(max_length=1000)


class CreateRelease(Body):
    """Tag the commit that a run tested. ``by`` is who does it, ``Name <mail>``, where git does not know."""

    run_id: str
    version: str = Field(min_length=1, max_length=100)
    push: bool = False
    by: str = Field("", max_length=200)


class CreateCommit(Body):
    """Commit exactly these changed files of the repository that holds a project. ``by``: ``Name <mail>``."""

    path: str
    files: list[str] = Field(min_length=1, max_length=1000)
    message: str = Field(min_length=1, max_length=5000)
    by: str = Field("", max_length=200)


class CreateWaiver(Body):
    """Let a person answer for one finding of a run, up to and including a day (UTC)."""

    finding: str = Field(min_length=1, max_length=1000)
    by: str = Field(min_length=1, max_length=200)
    reason: str = Field(min_length=1, max_length=1000)
    until: Annotated[date, Strict(strict=False)]  # JSON has no dates: the text of one


class ErrorBody(Frozen):
    """Every error answer; ``findings`` keep the gate closed, ``problems`` are of a project file."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)  # they are there where they apply

    error: str
    message: str
    remedy: str
    findings: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


class SecretBody(Frozen):
    """A secret that is sent when a target is asked: its reference, where it goes, and whether somebody allowed it."""

    reference: str
    origin: str
    allowed: bool


class TargetBody(Frozen):
    """One target of a project."""

    name: str
    url: str | None
    protocol: Protocol
    expect_version: str | None
    secrets: tuple[SecretBody, ...] = ()


class SuiteBody(Frozen):
    """One suite of a project. ``points`` are those of its matrix; ``targets`` those it is run against, none: all."""

    name: str
    kind: str
    source: str
    points: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


class ExpectationBody(Frozen):
    """What the planned examples can settle of one expression, and whether it can pass with them at all."""

    expression: str
    sentence: str
    can_pass: bool


class RuleBody(Frozen):
    """One rule of a project, as written, with what is doubtful about it and what can be expected of it."""

    metric: str
    expressions: tuple[str, ...]
    info: bool
    doubts: tuple[str, ...] = ()
    expectations: tuple[ExpectationBody, ...] = ()


class ProjectBody(Frozen):
    """A project. ``path`` is that of its file, ``folder`` that of the folder it governs."""

    name: str
    path: str
    folder: str
    targets: tuple[TargetBody, ...]
    default_target: str
    baseline: str
    suites: tuple[SuiteBody, ...]
    rules: tuple[RuleBody, ...]
    tag: str
    remote: str | None
    commit: Commit | None
    no_commit: str = ""  # why git gives none, where it refuses
    notices: tuple[str, ...] = ()


class ProjectAnswer(Frozen):
    """The project that governs a notebook or folder; without one ``problems`` say what is wrong with its file."""

    project: ProjectBody | None
    problems: tuple[Problem, ...]


class ChangesAnswer(Frozen):
    """How the files under the server's root that differ from the commit do so, as git writes it."""

    changes: dict[str, str]


class HealthAnswer(Frozen):
    """What a target says of itself, and where its platform metrics come from."""

    facts: TargetFacts
    platform_source: str


class SuiteProgress(Frozen):
    """How far a suite has come: ``outcome`` once it has ended, ``done`` of ``total`` requests inside a case."""

    name: str
    outcome: Outcome | None = None
    cases_finished: int = 0
    cases_total: int | None = None
    case_title: str | None = None
    done: int | None = None
    total: int | None = None


class RunBody(RunHead, RunChoice):
    """One run. ``path`` is that of its project file."""

    path: str


class RunAnswer(Frozen):
    """One run with its progress so far; ``stage`` says what the pipeline does now."""

    run: RunBody
    stage: str | None
    suites: tuple[SuiteProgress, ...]


class RunsAnswer(Frozen):
    """Runs, newest first; ``next`` goes into ``after`` for the following page."""

    runs: tuple[RunBody, ...]
    next: str | None


class EventsAnswer(Frozen):
    """Events of one run, oldest first."""

    events: tuple[RunEvent, ...]


class ChartBody(Frozen):
    """One plot as a Vega-Lite v5 specification."""

    title: str
    spec: dict[str, object]


class ChartsAnswer(Frozen):
    """The plots of a run's feedback."""

    charts: tuple[ChartBody, ...]


class ReleasesAnswer(Frozen):
    """Releases of a project, newest first."""

    releases: tuple[Release, ...]
