"""After a run: its commit tagged, and its findings answered for by somebody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_deployfeedback.errors import UsageError, WorkingTreeDirty
from jupyter_deployfeedback.pipeline.plan import open_project
from jupyter_deployfeedback.pipeline.questions import changed_files
from jupyter_deployfeedback.release import grant_waiver, push_release, tag_release
from jupyter_deployfeedback.release.commit import commit_files

if TYPE_CHECKING:
    from jupyter_deployfeedback.domain.project import Project
    from jupyter_deployfeedback.domain.run import Release, Run
    from jupyter_deployfeedback.domain.verdict import Waiver
    from jupyter_deployfeedback.store import Store


def release(
    run_id: str, *, version: str, push: bool, store: Store, environment: Mapping[str, str], by: str = ""
) -> Release:
    """Tag the commit that a run tested, with the evidence in the tag's message.

    The tag is recorded before it is pushed, so that a push that fails leaves a release that is known and can be pushed
    again. Raises GateClosed, NotARepository, WorkingTreeDirty, TagExists, PushFailed, RunUnfinished, and
    PersonUnknown where neither git nor ``by``, as ``Name <mail>``, says who tags.
    """
    run = store.get(run_id)
    _refuse_other_commits(run, store=store)
    project = open_project(Path(run.request.project_file), environment=environment)
    tagged = tag_release(
        store.feedback(run_id), version=version, project=project, run=run, to_push=push, by=by, now=datetime.now(UTC)
    )
    tagged = store.add_release(tagged)
    return store.add_release(push_release(tagged, project=project)) if push else tagged


def _refuse_other_commits(run: Run, *, store: Store) -> None:
    """Raise WorkingTreeDirty where a run that this one continues, and is judged by, did not test the same commit."""
    before = run.request.continues
    while before is not None and run.commit is not None:
        other = store.get(before)
        same = other.commit is not None and other.commit.sha == run.commit.sha and not other.commit.dirty
        if not same or store.evidence(before).written:
            problem = f"Run {run.run_id} continues run {before}, which did not test exactly this commit."
            raise WorkingTreeDirty(problem, remedy="Start a new run of the commit.")
        before = other.request.continues


def commit_changes(project: Project, files: Sequence[str], *, message: str, by: str, within: Path) -> None:
    """Commit exactly these files, so that a run can be tagged; UsageError where one has not changed in the folder."""
    others = sorted(set(files) - set(changed_files(project, within=within)))
    if others:
        raise UsageError(f"There is no change to commit in {', '.join(others)}.", remedy="Read the project again.")
    commit_files(Path(project.folder), files, message=message, by=by)


def waive(run_id: str, *, finding: str, by: str, reason: str, until: date, store: Store, now: datetime) -> Waiver:
    """Keep that a person answers for a finding of a finished run, or raise WaiverRefused; its verdict stays."""
    waiver = grant_waiver(store.feedback(run_id), finding=finding, by=by, reason=reason, until=until, now=now)
    store.add_waiver(run_id, waiver)
    return waiver
