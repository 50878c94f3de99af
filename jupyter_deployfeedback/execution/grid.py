"""From a suite with a matrix to one suite for each of its points. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import product

from jupyter_deployfeedback.domain.base import Scalar
from jupyter_deployfeedback.domain.matrix import MOST_POINTS, Axes, point_name
from jupyter_deployfeedback.domain.suite import Suite
from jupyter_deployfeedback.errors import UsageError


def points(suite: Suite, *, parameters: Mapping[str, Scalar | list[Scalar]], axes: Axes) -> tuple[Suite, ...]:
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
