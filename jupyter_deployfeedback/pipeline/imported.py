"""What AICoE-CI stored of deployments, kept as runs: shown beside new ones and compared with, never a pass."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from jupyter_deployfeedback.domain.aicoe import INFO_METRICS, TEST_URL
from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.run import Commit, Run, RunRequest
from jupyter_deployfeedback.errors import UsageError
from jupyter_deployfeedback.observation import Deployment, stored_evidence
from jupyter_deployfeedback.pipeline.judging import judge_evidence
from jupyter_deployfeedback.pipeline.plan import Plan, choose_target
from jupyter_deployfeedback.pipeline.run import ended
from jupyter_deployfeedback.release import known_release

if TYPE_CHECKING:
    from jupyter_deployfeedback.domain.run import Release
    from jupyter_deployfeedback.store import Store

_PULL_REQUEST = re.compile(r"pr-\d+(?:-(?P<overlay>.+))?")
_TESTED = re.compile(r"/blob/([0-9a-f]{40})/")


def import_deployments(
    deployments: Sequence[Deployment],
    project: Project,
    *,
    target: str | None,
    tag: str | None,
    store: Store,
    now: datetime,
) -> tuple[Run, ...]:
    """Keep what AICoE-CI stored of deployments as finished runs to compare with; none of them is ever a pass.

    ``target`` None takes the one that a deployment is named after. ``tag`` is the release that the only one was, for
    runs that are compared with the last release. Raises UsageError, before anything is kept.
    """
    release = _release_of(deployments, project, tag=tag, store=store) if tag is not None else None
    asked = [_request(each, project, target=target) for each in deployments]
    runs = [_keep(*each, project=project, store=store, now=now) for each in zip(deployments, asked, strict=True)]
    if release is not None:
        store.add_release(release.model_copy(update={"run_id": runs[0].run_id}))
    return tuple(runs)


def _release_of(deployments: Sequence[Deployment], project: Project, *, tag: str, store: Store) -> Release:
    if len(deployments) != 1:
        problem = f"There are {len(deployments)} deployments in what is imported, and {tag} can be one of them only."
        raise UsageError(problem, remedy="Import the document of that one with --release, the others without.")
    known = next((each for each in store.releases(project.file) if each.tag == tag), None)
    if known is not None:
        raise UsageError(f"{tag} is known already: by run {known.run_id}.", remedy="Leave out --release.")
    return known_release(project, tag)


def _request(stored: Deployment, project: Project, *, target: str | None) -> RunRequest:
    chosen = target or _target_of(stored, project)
    return RunRequest(project_file=project.file, target=chosen, imported=stored.name or stored.file.partition(",")[0])


def _target_of(stored: Deployment, project: Project) -> str:
    """Return the target that a deployment is named after, or the only one."""
    named = _PULL_REQUEST.fullmatch(stored.name or "")
    overlay = named["overlay"] if named else None
    if overlay in project.targets:
        return str(overlay)
    if overlay is None and len(project.targets) == 1:
        return next(iter(project.targets))
    known = ", ".join(project.targets)
    what = f"{stored.file} does not say of which target it is: it calls the deployment {stored.name or 'nothing'}."
    raise UsageError(what, remedy=f"Say it with --target: {known}.")


def _keep(stored: Deployment, request: RunRequest, *, project: Project, store: Store, now: datetime) -> Run:
    """Have the evidence judged as any run's is, but by no rules: nobody here ran it, so it is never a pass."""
    evidence = stored_evidence(stored, target=request.target, now=now)
    target = choose_target(project, request.target).model_copy(update={"expect_version": None})
    plan = Plan(project.model_copy(update={"rules": (), "digest": None, "looks": 1}), target, suites=())
    begun = store.start(request, project=project, commit=_commit_of(stored), baseline=None)
    run = store.claim(begun.run_id)
    with ended(run.run_id, store=store):
        return store.finish(run.run_id, evidence, judge_evidence(run, plan, evidence, store=store, environment={}))


def _commit_of(stored: Deployment) -> Commit | None:
    """Return the commit whose tests a document links to."""
    about = stored.document.get(INFO_METRICS)
    found = _TESTED.search(str(about.get(TEST_URL))) if isinstance(about, dict) else None
    return Commit(sha=found[1]) if found else None
