"""Real git repositories, apart from the git settings of whoever runs the tests."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_deployfeedback.domain.comparison import Change, Difference
from jupyter_deployfeedback.domain.feedback import (
    Digest,
    Examples,
    FeedbackReport,
    FindingText,
    MetricRow,
    MetricText,
    RunFacts,
    SuiteRow,
    read_version_1,
)
from jupyter_deployfeedback.domain.metric import Better, Family
from jupyter_deployfeedback.domain.project import Project, ReleaseSettings
from jupyter_deployfeedback.domain.run import Commit, Outcome, Run, RunRequest, RunState
from jupyter_deployfeedback.domain.verdict import GateState, Standing, Verdict
from jupyter_deployfeedback.release import read_commit

RUN_ID = "20261120-081530-a1b2c3"
EXECUTED = Digest(
    name="suites/quality.ipynb",
    sha256="d90e32235f8685d691ae092b9629f97d8848281f354124b4af84527bef1132f8",
    in_commit=True,
)

SETTINGS = ("-c", "protocol.file.allow=always", "-c", "user.name=Ada", "-c", "user.email=ada@example.org")

Git = Callable[..., str]


@pytest.fixture(autouse=True)
def _own_git_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, no_settings: Path) -> None:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(no_settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


@pytest.fixture
def git() -> Git:
    def run(folder: Path, *arguments: str) -> str:
        done = subprocess.run(["git", *SETTINGS, *arguments], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


@pytest.fixture
def repository(tmp_path: Path, git: Git) -> Path:
    """A repository with one commit that holds a project and its suite."""
    folder = tmp_path / "digits"
    (folder / "suites").mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "user.name", "Ada")
    git(folder, "config", "user.email", "ada@example.org")
    (folder / "deployfeedback.yaml").write_text("version: 1\n")
    (folder / "suites" / "quality.ipynb").write_text('{"cells": []}\n')
    (folder / ".gitignore").write_text("*.log\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "Train the model")
    return folder


@pytest.fixture
def remote(tmp_path: Path, repository: Path, git: Git) -> Path:
    """A bare repository that ``repository`` calls origin."""
    folder = tmp_path / "origin.git"
    git(tmp_path, "init", "-q", "--bare", str(folder))
    git(repository, "remote", "add", "origin", str(folder))
    git(repository, "push", "-q", "origin", "main")
    return folder


@pytest.fixture
def project(repository: Path) -> Project:
    return Project(
        name="digits",
        folder=str(repository),
        file=str(repository / "deployfeedback.yaml"),
        targets={},
        default_target="candidate",
        suites=(),
        release=ReleaseSettings(),
    )


@pytest.fixture
def run(repository: Path) -> Run:
    return _finished_run(read_commit(repository))


@pytest.fixture
def finished_run() -> Callable[..., Run]:
    return _finished_run


@pytest.fixture
def report() -> FeedbackReport:
    return _make_report()


@pytest.fixture
def make_report() -> Callable[..., FeedbackReport]:
    return _make_report


@pytest.fixture
def closed_report() -> Callable[..., FeedbackReport]:
    return _closed_report


def _finished_run(commit: Commit | None, **changes: object) -> Run:
    run = Run(
        run_id=RUN_ID,
        request=RunRequest(project_file="/digits/deployfeedback.yaml", target="candidate"),
        state=RunState.FINISHED,
        project="digits",
        commit=commit,
        verdict=Verdict.PASS,
        created_at="2026-11-20T08:15:30Z",
        started_at="2026-11-20T08:15:31Z",
        finished_at="2026-11-20T08:16:00Z",
    )
    return run.model_copy(update=changes)


def _make_report(**changes: object) -> FeedbackReport:
    report = FeedbackReport(
        run=RunFacts(
            run_id=RUN_ID,
            state=RunState.FINISHED,
            project="digits",
            target="candidate",
            baseline="released",
            commit=None,
            started_at="2026-11-20T08:15:31Z",
            finished_at="2026-11-20T08:16:00Z",
            model_version="2.1.0",
            baseline_version="2.0.0",
        ),
        verdict=Verdict.PASS,
        gate=GateState.OPEN,
        exit_code=0,
        headline="The candidate is as good as the released model.",
        next_step="Tag it.",
        notices=(),
        findings=(_finding(Verdict.PASS, "accuracy is 97.0 %, at least 95.0 %."),),
        metrics=(_accuracy(),),
        suites=(_suite(),),
        examples=Examples(broken=(), fixed=()),
        changes=(Difference.model_validate({"what": "model version", "from": "2.0.0", "to": "2.1.0"}),),
        distributions=(),
        series=(),
        digests=(EXECUTED,),
    )
    return report.model_copy(update=changes)


def _closed_report(verdict: Verdict) -> FeedbackReport:
    finding = _finding(verdict, "accuracy is 91.0 %, below 95.0 %.")
    return _make_report(verdict=verdict, gate=GateState.CLOSED, findings=(finding,), next_step="Mend the model.")


def _finding(verdict: Verdict, sentence: str) -> FindingText:
    return FindingText(
        **read_version_1("accuracy", ">=0.95"),
        rule="accuracy",
        expression=">=0.95",
        verdict=verdict,
        standing=Standing.COUNTED,
        sentence=sentence,
        value=0.97,
        unit="share",
        limit=0.95,
        candidate=0.97,
        baseline=0.98,
        interval=(0.96, 0.98),
        confidence=0.95,
        n=600,
        n_more=None,
        method="Wilson",
    )


def _accuracy() -> MetricRow:
    return MetricRow(
        family=Family.MODEL,
        name="accuracy",
        unit="share",
        better=Better.HIGHER,
        value=0.97,
        n=600,
        missing_because=None,
        baseline=0.98,
        difference=-0.01,
        interval=(-0.02, 0.001),
        change=Change.UNCHANGED,
        source="suites/quality.ipynb",
        text=MetricText(value="97.0 %", baseline="98.0 %", difference="-1.0 pp [-2.0, +0.1]"),
    )


def _suite() -> SuiteRow:
    return SuiteRow(
        name="quality",
        kind="notebook",
        source="suites/quality.ipynb",
        outcome=Outcome.PASSED,
        reason=None,
        duration_seconds=1.0,
        artifact=None,
        notices=(),
        cases=(),
    )
