"""The examples a suite brings, turned into plain Python values.

Arrays, series and frames are known by what they can do (``tolist``, ``itertuples``), so numpy and pandas stay unloaded.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, KeysView, Mapping, Sized, ValuesView
from dataclasses import dataclass

from jupyter_deployfeedback.errors import UsageError

Scalar = str | int | float | bool

_PLAIN = frozenset({str, int, float, bool, type(None)})
_TO_LIST = ("tolist", "to_list", "to_pylist")


@dataclass(frozen=True)
class Examples:
    """What is sent and what is true of it. ``inputs`` is turned into plain values only when it is sent."""

    inputs: object
    ids: list[str]
    truth: list[Scalar]
    slices: dict[str, list[str]]

    @property
    def digest(self) -> str:
        """The sha256 of ids and truth, the same in whichever order the examples come."""
        pairs = sorted(zip(self.ids, self.truth, strict=True), key=lambda pair: pair[0])
        return hashlib.sha256(json.dumps(pairs, separators=(",", ":")).encode()).hexdigest()


def take_examples(examples: Examples, positions: list[int]) -> Examples:
    """Return some of the examples, in the order of the positions; one may stand there more than once."""
    rows = list(plain_rows(examples.inputs))
    return Examples(
        inputs=[rows[place] for place in positions],
        ids=[examples.ids[place] for place in positions],
        truth=[examples.truth[place] for place in positions],
        slices={name: [labels[place] for place in positions] for name, labels in examples.slices.items()},
    )


def gather_examples(inputs: object, truth: object, *, ids: object, slices: Mapping[str, object] | None) -> Examples:
    """Check that everything has one entry for each example; ``UsageError`` says what does not and how many it has."""
    sized: Sized = inputs if isinstance(inputs, Sized) else list(plain_rows(inputs))
    count = len(sized)
    if count == 0:
        raise UsageError("there are no examples to send.", remedy="Check how the data set was loaded.")
    found = Examples(
        inputs=sized,
        ids=[str(position) for position in range(count)] if ids is None else _labels(ids, what="ids"),
        truth=_column(truth, what="truth"),
        slices={str(name): _labels(values, what=f"slice {name}") for name, values in (slices or {}).items()},
    )
    columns: list[tuple[str, Sized]] = [("ids", found.ids), ("truth", found.truth)]
    columns += [(f"slice {name}", labels) for name, labels in found.slices.items()]
    for what, column in columns:
        if len(column) != count:
            raise UsageError(
                f"{what}: {len(column)} entries for {count} examples.", remedy="Give one for each example."
            )
    _refuse_duplicates(found.ids)
    return found


def plain_rows(inputs: object) -> Iterator[object]:
    """Yield the examples one by one as values JSON can carry; a frame's rows come as lists in column order."""
    if isinstance(inputs, str | bytes | Mapping) or not isinstance(inputs, Iterable):
        raise UsageError(f"inputs are {type(inputs).__name__}, not a list, array or frame of examples.")
    rows = inputs.itertuples(index=False, name=None) if hasattr(inputs, "itertuples") else inputs
    return (plain(row) for row in rows)


def plain(value: object) -> object:
    """Return a value made of lists, dictionaries and scalars only; ``UsageError`` for a type without such a form."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(element) for key, element in value.items()}
    if isinstance(value, list | tuple | range | Iterator | KeysView | ValuesView):
        return [plain(element) for element in value]
    for name in _TO_LIST:
        if hasattr(value, name):
            listed = getattr(value, name)()
            return listed if _holds_numbers(value) else plain(listed)
    if hasattr(value, "to_numpy"):
        return plain(value.to_numpy())
    if isinstance(value, str | int | float):
        return next(kind(value) for kind in (str, int, float) if isinstance(value, kind))
    raise UsageError(
        f"a value of type {type(value).__name__} cannot be sent as JSON.",
        remedy="Turn it into numbers, strings, lists or dictionaries first.",
    )


def scalar(value: object, *, what: str) -> Scalar:
    """Return one label or number; ``[x]`` counts as x. ``UsageError`` for what is missing, NaN or several."""
    value = plain(value)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        raise UsageError(f"{what} is missing ({value}).", remedy="Leave such examples out, or fill the value in.")
    if not isinstance(value, str | int | float):
        raise UsageError(f"{what} is a {type(value).__name__}, not a label or a number.")
    return value


def _holds_numbers(value: object) -> bool:
    """Say whether an array's own list needs no second look: a number array's list holds plain numbers."""
    return getattr(getattr(value, "dtype", None), "kind", "O") in "biufU"


def _column(values: object, *, what: str) -> list[Scalar]:
    listed = plain(values)
    if not isinstance(listed, list):
        raise UsageError(f"{what} is {type(values).__name__}, not one entry for each example.")
    return [scalar(value, what=f"{what} of example {position}") for position, value in enumerate(listed)]


def _labels(values: object, *, what: str) -> list[str]:
    return [str(value) for value in _column(values, what=what)]


def _refuse_duplicates(ids: list[str]) -> None:
    if len(set(ids)) == len(ids):
        return
    seen: set[str] = set()
    repeated = next(one for one in ids if one in seen or seen.add(one))  # type: ignore[func-returns-value]  # None is the point
    raise UsageError(
        f"ids must be unique, but {repeated!r} stands there more than once.",
        remedy="Examples pair by id with those of other runs: give each its own.",
    )
