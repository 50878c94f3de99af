"""From nouns to wire form, with paths relative to the server's root."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from jupyter_deployfeedback.domain.base import shared_fields
from jupyter_deployfeedback.domain.project import Project, Target
from jupyter_deployfeedback.domain.rules.checking import rule_doubts
from jupyter_deployfeedback.domain.rules.rule import Rule
from jupyter_deployfeedback.domain.run import EventKind, Outcome, Run, RunEvent, Suite
from jupyter_deployfeedback.errors import Problem, ProjectError
from jupyter_deployfeedback.pipeline.forecast import Expectations
from jupyter_deployfeedback.pipeline.questions import commit_to_test, notices_of, points_of, why_no_commit
from jupyter_deployfeedback.server import wire


def project_body(
    project: Project, *, root: Path, expected: Expectations, trusted: Mapping[str, str]
) -> wire.ProjectBody:
    """Return a project as the panel sees it, with the commit that would be tested and what a run can settle.

    ``trusted`` is the environment that says which secrets may be sent.
    """
    return wire.ProjectBody(
        name=project.name,
        path=_relative(project.file, root=root),
        folder=_relative(project.folder, root=root),
        targets=tuple(_target_body(target, trusted) for target in project.targets.values()),
        default_target=project.default_target,
        baseline=project.baseline,
        suites=tuple(_suite_body(suite) for suite in project.suites),
        rules=tuple(_rule_body(project, rule, expected) for rule in project.rules),
        tag=project.release.tag,
        remote=project.release.remote,
        commit=(commit := commit_to_test(project)),
        no_commit="" if commit else why_no_commit(Path(project.folder)),
        notices=project.notices,
    )


def problem_bodies(error: ProjectError, *, root: Path) -> tuple[Problem, ...]:
    """Return the problems of a project file."""
    return tuple(replace(problem, file=_relative(problem.file, root=root)) for problem in error.problems)


def run_body(run: Run, *, root: Path) -> wire.RunBody:
    """Return a run as the panel sees it."""
    shared = shared_fields(run, wire.RunBody) | shared_fields(run.request, wire.RunBody)
    return wire.RunBody(path=_relative(run.request.project_file, root=root), **shared)


def working_stage(events: Iterable[RunEvent]) -> str | None:
    """Return the stage of the pipeline that began last."""
    stages = [event.message for event in events if event.kind is EventKind.STAGE]
    return stages[-1] if stages else None


def suite_progress(events: Iterable[RunEvent]) -> tuple[wire.SuiteProgress, ...]:
    """Fold events into how far each suite has come, in the order in which suites began."""
    found: dict[str, wire.SuiteProgress] = {}
    for event in events:
        if event.suite is not None:
            so_far = found.get(event.suite, wire.SuiteProgress(name=event.suite))
            found[event.suite] = so_far.model_copy(update=_step(event))
    return tuple(found.values())


def _target_body(target: Target, trusted: Mapping[str, str]) -> wire.TargetBody:
    secrets = tuple(
        wire.SecretBody(reference=use.reference, origin=use.origin, allowed=use.is_allowed(trusted))
        for use in target.asked_for
    )
    return wire.TargetBody(**shared_fields(target, wire.TargetBody), secrets=secrets)


def _suite_body(suite: Suite) -> wire.SuiteBody:
    told = {"points": points_of(suite), "notices": notices_of(suite)}
    return wire.SuiteBody(**{**shared_fields(suite, wire.SuiteBody), **told})


def _rule_body(project: Project, rule: Rule, expected: Expectations) -> wire.RuleBody:
    known = ((each.text, expected.get((rule.subject, each))) for each in rule.passing)
    return wire.RuleBody(
        metric=rule.subject.text,
        expressions=tuple(each.text for each in rule.passing),
        info=rule.info,
        doubts=tuple(rule_doubts(rule, project.known_metrics)),
        expectations=tuple(
            wire.ExpectationBody(expression=text, sentence=each.sentence, can_pass=each.can_pass)
            for text, each in known
            if each is not None
        ),
    )


def _step(event: RunEvent) -> dict[str, object]:
    """Return what an event says about its suite; a check inside a cell finishes without counting as a cell."""
    match event.kind:
        case EventKind.CASE_STARTED:
            return {"case_title": event.title, "cases_total": event.total, "done": None, "total": None}
        case EventKind.PROGRESS:
            return {"done": event.done, "total": event.total}
        case EventKind.CASE_FINISHED if event.done is not None:
            return {"cases_finished": event.done, "cases_total": event.total, "done": None, "total": None}
        case EventKind.SUITE_FINISHED:
            return {"outcome": Outcome(event.outcome) if event.outcome else None, "case_title": None}
        case _:
            return {}


def _relative(path: str, *, root: Path) -> str:
    local = Path(path)
    return local.relative_to(root).as_posix() if local.is_relative_to(root) else local.name
