"""A suite's own numbers and claims."""

import math
from typing import Any

from jupyter_deployfeedback.errors import UsageError
from jupyter_deployfeedback.probe.display import show
from jupyter_deployfeedback.probe.examples import plain
from jupyter_deployfeedback.probe.records import check_record, metric_record

BETTER = ("higher", "lower", "neither")
FAMILIES = ("model", "application", "platform")


def record(
    name: str, value: object, *, unit: str = "", better: str = "neither", family: str = "model", n: int | None = None
) -> None:
    """Record one number of the suite's own as a metric; NaN, infinity and None are recorded as missing, never as 0.

    ``better`` is higher, lower or neither; ``family`` is model, application or platform; ``n`` is how many samples
    stand behind the number. Raises ``UsageError`` for what is no number.
    """
    _refuse_unnamed(name, what="metric")
    _refuse_other(better, BETTER, what="better")
    _refuse_other(family, FAMILIES, what="family")
    number, missing_because = _number(value, name=name)
    shown = metric_record(
        name, number, unit=unit, better=better, family=family, n=_count(n), missing_because=missing_because
    )
    text = f"{name}: missing ({missing_because})" if number is None else f"{name}: {number:.6g} {unit}".rstrip()
    show(shown, text=text)


def check(condition: object, title: str) -> None:
    """Record a claim as a case of its own, passed or failed.

    A false claim raises nothing, so that the cell goes on and its other claims are seen too; the suite is failed all
    the same, because each failed claim is a failed case. Use ``assert`` where going on makes no sense.
    Raises ``UsageError`` for a condition that is neither true nor false: NaN, None, a number, a list, several truths.
    """
    _refuse_unnamed(title, what="check")
    passed = _truth(condition, title=title)
    show(check_record(title, passed=passed), text=f"{'passed' if passed else 'FAILED'}: {title}")


def _number(value: object, *, name: str) -> tuple[float | None, str | None]:
    if value is None:
        return None, "the suite recorded None"
    found = _only(_plain_or_same(value))
    if isinstance(found, bool | str) or not hasattr(found, "__float__"):
        raise UsageError(
            f"record({name!r}) takes one number, not {_described(found)}.",
            remedy="Reduce it to a number first; for a yes or no use check(condition, title).",
        )
    try:
        number = float(found)
    except OverflowError:
        number = math.inf
    return (number, None) if math.isfinite(number) else (None, f"the suite recorded {number}")


def _truth(condition: object, *, title: str) -> bool:
    found = None if condition is None else _only(_plain_or_same(condition))
    if isinstance(found, bool):
        return found
    raise UsageError(
        f"check({title!r}): the condition is {_described(found)}, neither true nor false.",
        remedy="Write a comparison, such as check(result.accuracy > 0.9, ...); of several truths take all() or any().",
    )


def _plain_or_same(value: object) -> object:
    try:
        return plain(value)
    except UsageError:
        return value


def _only(value: object) -> object:
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value


def _described(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "NaN" if value is not None else "None"
    if isinstance(value, list):
        return f"{len(value)} values"
    return f"{type(value).__name__} {str(value)[:40]!r}"


def _count(n: Any) -> int | None:  # noqa: ANN401 - a user's value
    if n is None:
        return None
    found = plain(n)
    if isinstance(found, bool) or not isinstance(found, int) or found < 0:
        raise UsageError(f"n={n!r} is not a number of samples.", remedy="Give a whole number, or leave n out.")
    return found


def _refuse_unnamed(name: object, *, what: str) -> None:
    if not isinstance(name, str) or not name.strip():
        raise UsageError(
            f"a {what} needs a name, not {_described(name)}.",
            remedy='Write record("name", value) and check(condition, "title").',
        )


def _refuse_other(value: str, allowed: tuple[str, ...], *, what: str) -> None:
    if value not in allowed:
        raise UsageError(f"{what}={value!r} is not known.", remedy=f"Use one of: {', '.join(allowed)}.")
