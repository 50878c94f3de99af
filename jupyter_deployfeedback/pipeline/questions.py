"""All that a door may ask of the stages, without starting a run. Nothing here sends more than one request."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from jupyter_deployfeedback import observation
from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.run import Commit, Suite, TargetFacts
from jupyter_deployfeedback.execution import MAX_PARALLEL_VARIABLE
from jupyter_deployfeedback.execution.plan import points
from jupyter_deployfeedback.observation import Exchange, ask_target, is_stored_document, read_deployments
from jupyter_deployfeedback.pipeline import plan, trust
from jupyter_deployfeedback.project import (
    FIRST_SUITE,
    draft_project,
    draft_suite,
    find_project_file,
    find_suites,
    read_axis,
    read_parameters_file,
    read_value,
)
from jupyter_deployfeedback.project.imports import import_rules
from jupyter_deployfeedback.release import trust_filters
from jupyter_deployfeedback.release.commit import differences, note_output, read_commit, top_folder, why_no_commit

__all__ = [
    "FIRST_SUITE",
    "MAX_PARALLEL_VARIABLE",
    "changed_files",
    "commit_to_test",
    "differences",
    "draft_project",
    "draft_suite",
    "find_project_file",
    "find_suites",
    "health",
    "import_rules",
    "is_stored_document",
    "kernels_of",
    "note_output",
    "notices_of",
    "points_of",
    "read_axis",
    "read_deployments",
    "read_parameters_file",
    "read_value",
    "trust_filters",
    "try_target",
    "why_no_commit",
]


def commit_to_test(project: Project) -> Commit | None:
    """Return the commit that a run would test, with the files that differ from it; None outside a repository."""
    return read_commit(Path(project.folder), without=project.release.ignore_in_notebooks)


def changed_files(project: Project, *, within: Path) -> tuple[str, ...]:
    """Return the files that differ from the commit and lie within a folder; others are nothing to show."""
    commit = commit_to_test(project)
    top = top_folder(Path(project.folder)) if commit else within
    return tuple(file for file in (commit.dirty if commit else ()) if (top / file).resolve().is_relative_to(within))


def health(project: Project, name: str, *, environment: Mapping[str, str]) -> TargetFacts:
    """Ask a target whether it is ready and what it serves. Raises UnknownTarget, and SecretNotAllowed unasked."""
    target = plan.choose_target(project, name)
    return ask_target(target, environment=trust.permitted(project, [target], environment=environment))


def try_target(project: Project, name: str, example: object, *, environment: Mapping[str, str]) -> Exchange:
    """Ask a target about one example, and return the answer or why there is none; raises what ``health`` does."""
    target = plan.choose_target(project, name)
    allowed = trust.permitted(project, [target], environment=environment)
    return observation.try_target(target, example, environment=allowed)


def kernels_of(project: Project) -> Iterator[str]:
    """Yield the names of the kernels that the suites of a checked project need."""
    yield from (suite.kernel for suite in project.suites if suite.kernel is not None and suite.problem is None)


def notices_of(suite: Suite) -> tuple[str, ...]:
    """Return what is to be known of a suite before it is run; of one that cannot be run, why."""
    return suite.notices if suite.problem is None else (f"It cannot be run. {suite.problem}",)


def points_of(suite: Suite) -> tuple[str, ...]:
    """Return the names of the points of a suite's matrix; none where it has no matrix."""
    return tuple(point.name for point in points(suite, parameters={}, axes={})) if suite.matrix else ()
