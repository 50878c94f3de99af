"""What a run will do, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_deployfeedback import errors
from jupyter_deployfeedback.domain.project import Project, Target
from jupyter_deployfeedback.domain.run import RunRequest, Suite
from jupyter_deployfeedback.execution import parallelism, plan_suites
from jupyter_deployfeedback.pipeline import chain
from jupyter_deployfeedback.project import basis, find_project_file, load_project, ready_to_run, with_addresses

if TYPE_CHECKING:
    from jupyter_deployfeedback.store import Store


@dataclass(frozen=True)
class Plan:
    """What a run will do, checked before anything is sent.

    ``live`` is the baseline target that is loaded too; ``stored_run`` the earlier run whose evidence is the baseline.
    ``baseline`` names whichever there is, None on a first release. ``parallel`` suites run at once.
    """

    project: Project
    target: Target
    suites: tuple[Suite, ...]
    parallel: int = 1
    live: Target | None = None
    stored_run: str | None = None
    baseline: str | None = None

    @property
    def sides(self) -> list[Target]:
        """The targets that are asked: the candidate, and the baseline where it is live."""
        return [target for target in (self.target, self.live) if target is not None]

    @property
    def basis(self) -> dict[str, str]:
        """What must be the same for a run to be continued."""
        compared = {"the baseline": self.stored_run or self.baseline or chain.NOTHING}
        return basis(self.project, targets=self.sides, suites=self.suites) | compared


def open_project(start: Path, *, environment: Mapping[str, str]) -> Project:
    """Load the project that governs a file or folder, rules included; ProjectError lists everything that is wrong."""
    return load_project(find_project_file(start), environment=environment)


def check_project(start: Path, *, environment: Mapping[str, str]) -> Project:
    """Load the project, open each of its suites and plan them all; nothing is run and nothing is sent.

    A suite that cannot be run says why in its ``problem``.
    """
    project, known = ready_to_run(open_project(start, environment=environment))
    plan_suites(project, known_parameters=known)
    return project


def plan_run(request: RunRequest, *, store: Store, environment: Mapping[str, str]) -> Plan:
    """Check all that can be checked before a request is sent; every error is a UsageError.

    A suite that cannot be run is the error of that suite alone, and stands in the plan with its ``problem``: a run of
    which no suite can be run is refused.
    """
    project = open_project(Path(request.project_file), environment=environment)
    ready, known = ready_to_run(project, kernel=request.kernel)
    name = request.target or project.default_target
    project = with_addresses(project, request.urls, target=name)
    target = choose_target(project, name)
    suites = plan_suites(
        ready,
        target=name,
        selected=request.suites,
        parameters=request.parameters,
        matrix=request.matrix,
        known_parameters=known,
    )
    if suites and all(suite.problem for suite in suites):
        raise none_can_run(suites)
    suites = chain.with_raised(suites, request)
    parallel = parallelism(suites, wanted=request.parallel or project.parallel, environment=environment)
    plan = Plan(project=project, target=target, suites=suites, parallel=parallel)
    return _with_baseline(plan, request.against or project.baseline, store=store)


def choose_target(project: Project, name: str) -> Target:
    """Return a target of the project by name; UnknownTarget names those there are."""
    if name in project.targets:
        return project.targets[name]
    known = ", ".join(project.targets)
    raise errors.UnknownTarget(f"{project.file} declares no target {name!r}.", remedy=f"Choose one of: {known}.")


def none_can_run(suites: Iterable[Suite]) -> errors.UsageError:
    """Make the error that says of each suite that cannot be run why."""
    found = {suite.problem: None for suite in suites if suite.problem}
    return errors.SuitesBroken("\n".join(found))


def _with_baseline(plan: Plan, against: str, *, store: Store) -> Plan:
    """Find what ``against`` names: nothing, a target that is live, the last release, a tag or a run."""
    if against == chain.NOTHING:
        return plan
    if against in plan.project.targets and against != plan.target.name:
        return replace(plan, live=plan.project.targets[against], baseline=against)
    stored = chain.stored_baseline(against, plan.project, target=plan.target.name, store=store)
    return replace(plan, stored_run=stored.run_id, baseline=stored.name) if stored else plan
