"""Which suites a run executes, at which points of a matrix, with which parameters, and which of them at once. Pure."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from itertools import product

from jupyter_deployfeedback.domain.base import Parameter, Scalar
from jupyter_deployfeedback.domain.fields import holds_secret
from jupyter_deployfeedback.domain.kind import SuiteKind
from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.run import MOST_POINTS, Axes, Suite, alike, point_name
from jupyter_deployfeedback.errors import UnknownParameter, UnknownSuite, UsageError

Parameters = Mapping[str, Parameter]


@dataclass(frozen=True)
class Grid:
    """A suite as the file declares it, the parameters its notebook knows, and the suite at each point to be run."""

    suite: Suite
    known: frozenset[str]
    points: tuple[Suite, ...]


def plan_suites(
    project: Project,
    *,
    target: str | None = None,
    selected: tuple[str, ...] = (),
    parameters: Parameters | None = None,
    matrix: Axes | None = None,
    known_parameters: Mapping[str, frozenset[str]],
) -> tuple[Suite, ...]:
    """Return the selected suites (none selected: all) for a target, in the file's order, each with its parameters.

    A suite with a matrix becomes one for each of its points; ``selected`` names suites or points. ``known_parameters``
    are the names in each suite's ``parameters`` cell. ``parameters`` and ``matrix`` override the file's and go to every
    suite that knows them. Raises UnknownSuite, UnknownParameter, and UsageError for what is given twice or looks like a
    secret.
    """
    given, axes = parameters or {}, matrix or {}
    _check_axes(axes, given)
    grids = [
        _grid(suite, known_parameters.get(suite.name, frozenset()), parameters=given, axes=axes)
        for suite in project.suites
        if target is None or not suite.targets or target in suite.targets
    ]
    chosen = _select(grids, selected, file=project.file)
    for each in chosen:
        where = f"Suite {each.suite.name!r} ({each.suite.source})"
        _check_names(_named(each.suite.parameters, each.suite.matrix), each.known, where=where)
    anywhere = frozenset[str]().union(*(each.known for each in chosen))
    _check_names(_named(given, axes), anywhere, where="No suite of this run")
    return tuple(point for each in chosen for point in each.points)


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


def _check_axes(axes: Axes, given: Parameters) -> None:
    for name, values in axes.items():
        if name in given:
            problem = f"Parameter {name!r} has a value and a matrix."
            raise UsageError(problem, remedy="Give it with -p (or -f), or with --matrix, not both.")
        if not values or (twice := alike(values)) is not None:
            problem = f"The matrix of {name!r} " + ("has no values." if not values else f"has {twice!r} twice.")
            raise UsageError(problem, remedy="Give each value once: --matrix n=100,200.")


def _grid(suite: Suite, known: frozenset[str], *, parameters: Parameters, axes: Axes) -> Grid:
    own = {name: value for name, value in parameters.items() if name in known}
    own_axes = {name: values for name, values in axes.items() if name in known}
    return Grid(suite, known, points(suite, parameters=own, axes=own_axes))


def _select(grids: Sequence[Grid], selected: tuple[str, ...], *, file: str) -> list[Grid]:
    """Return what is selected by a suite's name or a point's; none selected: all."""
    names = [each.suite.name for each in grids]
    known = {*names, *(point.name for each in grids for point in each.points)}
    for name in selected:
        if name not in known:
            raise UnknownSuite(
                f"{file} declares no suite {name!r}.",
                remedy=f"{_nearest(name, sorted(known))}Suites: {', '.join(names)}.",
            )
    chosen = set(selected or names)
    kept = [replace(each, points=_selected_points(each, chosen)) for each in grids]
    return [each for each in kept if each.points]


def _selected_points(grid: Grid, chosen: set[str]) -> tuple[Suite, ...]:
    return tuple(point for point in grid.points if {grid.suite.name, point.name} & chosen)


def _named(parameters: Parameters, axes: Axes) -> Iterator[tuple[str, Parameter]]:
    """Yield every value with the name of its parameter."""
    yield from parameters.items()
    yield from ((name, value) for name, values in axes.items() for value in values)


def _check_names(values: Iterable[tuple[str, Parameter]], known: frozenset[str], *, where: str) -> None:
    for name, value in values:
        if holds_secret(name, value):  # papermill writes each parameter in clear into the executed notebook, twice
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


def points(suite: Suite, *, parameters: Parameters, axes: Axes) -> tuple[Suite, ...]:
    """Return a suite for each point, the last axis changing fastest; a suite without a matrix is its only point.

    What is given comes before what the file says: a parameter takes an axis away, an axis replaces a parameter's value
    or an axis. Raises UsageError where there are more than MOST_POINTS.
    """
    own = {name: tuple(values) for name, values in {**suite.matrix, **axes}.items() if name not in parameters}
    fixed = suite.model_copy(update={"parameters": {**suite.parameters, **parameters}, "matrix": {}})
    if not own:
        return (fixed,)
    count = math.prod(len(values) for values in own.values())
    if count > MOST_POINTS:
        raise UsageError(
            f"The matrix of suite {suite.name!r} has {count} points; {MOST_POINTS} are the most.",
            remedy="Leave values out, or fix a parameter with -p.",
        )
    return tuple(_point(fixed, dict(zip(own, values, strict=True))) for values in product(*own.values()))


def _point(suite: Suite, values: Mapping[str, Scalar]) -> Suite:
    return suite.model_copy(
        update={
            "name": point_name(suite.name, values),
            "point_of": suite.name,
            "parameters": {**suite.parameters, **values},
        }
    )
