"""Real databases on disk, and what a run leaves in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jupyter_deployfeedback.domain.comparison import Change, Difference
from jupyter_deployfeedback.domain.feedback import (
    Examples,
    FeedbackReport,
    MetricRow,
    MetricText,
    RunFacts,
)
from jupyter_deployfeedback.domain.metric import Better, Family, Window
from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.run import Evidence, Run, RunRequest, RunState, SideEvidence, TargetFacts
from jupyter_deployfeedback.domain.verdict import GateState, Verdict
from jupyter_deployfeedback.store import Store, open_store

PROJECT_FILE = "/digits/deployfeedback.yaml"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        """Set the clock forward, or back with negative numbers."""
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "store"


@pytest.fixture
def store(folder: Path, clock: Clock) -> Iterator[Store]:
    with open_store(str(folder), environment={}, clock=clock) as opened:
        yield opened


@pytest.fixture
def project() -> Project:
    return Project(
        name="digits", folder="/digits", file=PROJECT_FILE, targets={}, default_target="candidate", suites=()
    )


@pytest.fixture
def start(store: Store, project: Project) -> Callable[..., Run]:
    """Start a run of the project, or of another project file, in the store or in another one."""

    def begin(project_file: str = PROJECT_FILE, *, into: Store = store) -> Run:
        request = RunRequest(project_file=project_file, target="candidate", parameters={"n": 10, "share": 1.0})
        return into.start(request, project=project, commit=None, baseline="released")

    return begin


@pytest.fixture
def finish(store: Store) -> Callable[..., Run]:
    """Claim a run and finish it with a verdict."""

    def end(run: Run, verdict: Verdict = Verdict.PASS) -> Run:
        store.claim(run.run_id)
        return store.finish(run.run_id, make_evidence(), make_report(run.run_id, verdict=verdict))

    return end


@pytest.fixture
def evidence() -> Evidence:
    return make_evidence()


@pytest.fixture
def report() -> FeedbackReport:
    return make_report("20261120-120000-a1b2c3")


def make_evidence() -> Evidence:
    facts = TargetFacts(target="candidate", url="http://127.0.0.1:8001", ready=True, model_version="2.1.0")
    return Evidence(suites=(), candidate=SideEvidence(facts=facts), window=Window(start=NOON, end=NOON))


def make_report(run_id: str, *, verdict: Verdict = Verdict.PASS) -> FeedbackReport:
    return FeedbackReport(
        run=RunFacts(
            run_id=run_id,
            state=RunState.FINISHED,
            project="digits",
            target="candidate",
            baseline="released",
            commit=None,
            started_at=NOON,
            finished_at=NOON,
        ),
        verdict=verdict,
        gate=GateState.OPEN,
        exit_code=verdict.exit_code,
        headline="Fine “as” released — 0.1 + 0.2",
        next_step="",
        notices=(),
        findings=(),
        metrics=(_accuracy(),),
        suites=(),
        examples=Examples(broken=(), fixed=()),
        changes=(Difference.model_validate({"what": "model version", "from": None, "to": "2.1.0"}),),
        distributions=(),
        series=(),
    )


def _accuracy() -> MetricRow:
    return MetricRow(
        family=Family.MODEL,
        name="accuracy",
        unit="share",
        better=Better.HIGHER,
        value=0.1 + 0.2,
        n=600,
        missing_because=None,
        baseline=5e-324,
        difference=None,
        interval=None,
        change=Change.UNKNOWN,
        source="suites/quality.ipynb",
        text=MetricText(value="30 %", baseline="0 %", difference="—"),
    )
