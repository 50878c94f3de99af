"""Which suites a run executes, with which parameters, and which of them at once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from difflib import get_close_matches

from jupyter_deployfeedback.domain.base import Scalar
from jupyter_deployfeedback.domain.kind import SuiteKind
from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.secrecy import looks_secret
from jupyter_deployfeedback.domain.suite import Suite
from jupyter_deployfeedback.errors import UnknownParameter, UnknownSuite, UsageError

Parameters = Mapping[str, Scalar | list[Scalar]]


def plan_suites(
    project: Project,
    *,
    selected: tuple[str, ...] = (),
    parameters: Parameters | None = None,
    known_parameters: Mapping[str, frozenset[str]],
) -> tuple[Suite, ...]:
    """Return the selected suites (none selected: all) in the file's order, each with the parameters it takes.

    ``known_parameters`` are the names in each suite's ``parameters`` cell. ``parameters`` override the file's and go to
    every suite that knows them. Raises UnknownSuite, UnknownParameter, and UsageError for a parameter that looks like a
    secret.
    """
    given = parameters or {}
    suites = _select(project, selected)
    known = {suite.name: known_parameters.get(suite.name, frozenset()) for suite in suites}
    for suite in suites:
        _check_names(suite.parameters, known[suite.name], where=f"Suite {suite.name!r} ({suite.source})")
    _check_names(given, frozenset().union(*known.values()), where="No suite of this run")
    return tuple(_with_parameters(suite, given, known[suite.name]) for suite in suites)


def turns(suites: Iterable[Suite]) -> tuple[tuple[Suite, ...], ...]:
    """Return the suites that may run at the same time, turn by turn, in their order: an exclusive one has its own."""
    taken: list[list[Suite]] = []
    for suite in suites:
        if suite.exclusive or not taken or taken[-1][-1].exclusive:
            taken.append([])
        taken[-1].append(suite)
    return tuple(tuple(turn) for turn in taken)


def date_results(suites: tuple[Suite, ...], committed_at: datetime | None) -> tuple[Suite, ...]:
    """Tell suites of results when the tested commit was made: what is older cannot be of it."""
    if committed_at is None:
        return suites
    when = committed_at.isoformat()
    return tuple(
        suite.model_copy(update={"options": {**suite.options, "not_before": when}})
        if suite.kind == SuiteKind.RESULTS
        else suite
        for suite in suites
    )


def _select(project: Project, selected: tuple[str, ...]) -> tuple[Suite, ...]:
    names = [suite.name for suite in project.suites]
    for name in selected:
        if name not in names:
            raise UnknownSuite(
                f"{project.file} declares no suite {name!r}.",
                remedy=f"{_nearest(name, names)}Suites: {', '.join(names)}.",
            )
    return tuple(suite for suite in project.suites if not selected or suite.name in selected)


def _check_names(parameters: Parameters, known: frozenset[str], *, where: str) -> None:
    for name, value in parameters.items():
        if looks_secret(name, value):  # papermill writes each parameter in clear into the executed notebook, twice
            raise UsageError(
                f"Parameter {name!r} looks like a secret, but parameters stand in clear in the executed notebook.",
                remedy="Name an environment variable under kernels.environment and read it in the suite instead.",
            )
        if name not in known:
            verb = "takes no" if where.startswith("Suite") else "takes a"
            listed = f"It knows: {', '.join(sorted(known))}." if known else "Tag a cell 'parameters' to declare some."
            raise UnknownParameter(
                f"{where} {verb} parameter {name!r}.", remedy=f"{_nearest(name, sorted(known))}{listed}"
            )


def _nearest(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f"Did you mean {close[0]!r}? " if close else ""


def _with_parameters(suite: Suite, given: Parameters, known: frozenset[str]) -> Suite:
    own = {name: value for name, value in given.items() if name in known}
    return suite.model_copy(update={"parameters": {**suite.parameters, **own}})
