"""The examples a suite brings, turned into plain Python values.

Arrays, series and frames are known by what they can do (``tolist``, ``itertuples``), so numpy and pandas stay unloaded.
"""

import hashlib
import json
import math
import struct
import zlib
from base64 import b64encode
from collections.abc import Iterable, Iterator, KeysView, Mapping, Sequence, Sized, ValuesView
from dataclasses import dataclass

from jupyter_deployfeedback.errors import UsageError

Scalar = str | int | float | bool

_PLAIN = frozenset({str, int, float, bool, type(None)})
_TO_LIST = ("tolist", "to_list", "to_pylist")
PREFIX = "data:image/png;base64,"
LONGEST_SIDE = 128  # pixels
LONGEST_PNG = 65_536  # bytes of one picture
LONGEST_RECORD = 1_000_000  # characters of all pictures of one evaluation
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _COLOUR = 0, 2  # PNG's colour types
_CHANNELS = {_GREY: 1, _COLOUR: 3}

Drawing = tuple[int, int, list[float]]  # width in pixels, colour type, values row by row


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


@dataclass(frozen=True)
class Pictures:
    """One picture for each example, drawn only when it is asked for.

    The lowest value of all drawings becomes black and the highest white, so 0 to 1, 0 to 16 and 0 to 255 look alike.
    """

    drawings: dict[str, Drawing | bytes]
    lowest: float
    highest: float

    def urls(self, ids: Iterable[str]) -> dict[str, str]:
        """Return the pictures of these examples as data URLs, as many as fit into a record."""
        found: dict[str, str] = {}
        room = LONGEST_RECORD
        for one in ids:
            if one not in self.drawings:
                continue
            url = PREFIX + b64encode(self._png(self.drawings[one])).decode()
            room -= len(url)
            if room < 0:
                break
            found[one] = url
        return found

    def _png(self, drawing: Drawing | bytes) -> bytes:
        if isinstance(drawing, bytes):
            return drawing
        width, colour, values = drawing
        # Halved before they are subtracted: the span of two finite numbers can be infinite.
        span = self.highest / 2 - self.lowest / 2 or 1.0
        levels = bytes(round((value / 2 - self.lowest / 2) / span * 255) for value in values)
        return write_png(levels, width=width, colour=colour)


def gather_pictures(pictures: object, *, ids: Sequence[str]) -> Pictures:
    """Check one picture for each example: rows of grey values, rows of (red, green, blue), or a PNG's bytes.

    None means that an example has no picture, or that none has. ``UsageError`` says which one is no small picture.
    """
    if pictures is None:
        return Pictures({}, lowest=0.0, highest=0.0)
    listed = list(pictures) if isinstance(pictures, Iterable) and not isinstance(pictures, str | bytes) else None
    if listed is None or len(listed) != len(ids):
        many = type(pictures).__name__ if listed is None else f"{len(listed)} entries"
        raise UsageError(f"pictures: {many} for {len(ids)} examples.", remedy="Give one for each example.")
    drawings = {one: _drawing(picture, one) for one, picture in zip(ids, listed, strict=True) if picture is not None}
    values = [one[2] for one in drawings.values() if not isinstance(one, bytes)]
    return Pictures(drawings, lowest=min(map(min, values), default=0.0), highest=max(map(max, values), default=0.0))


def write_png(levels: bytes, *, width: int, colour: int = _GREY) -> bytes:
    """Return a PNG of 8 bits a channel (PNG specification, third edition): ``levels`` row by row, no filter."""
    stride = width * _CHANNELS[colour]
    rows = [levels[start : start + stride] for start in range(0, len(levels), stride)]
    header = struct.pack(">IIBBBBB", width, len(rows), 8, colour, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _drawing(picture: object, example: str) -> Drawing | bytes:
    if isinstance(picture, bytes | bytearray | memoryview):
        return _checked_png(bytes(picture), example)
    rows = _plain(picture, example)
    if not isinstance(rows, list) or not rows or not all(isinstance(row, list) and row for row in rows):
        raise _refusal(example, "has no rows of pixels")
    width = len(rows[0])
    if any(len(row) != width for row in rows):
        raise _refusal(example, "has rows of different lengths")
    _refuse_large(width, len(rows), example)
    pixels = [pixel for row in rows for pixel in row]
    colour = _COLOUR if isinstance(pixels[0], list) else _GREY
    if colour == _COLOUR:
        if not all(isinstance(pixel, list) and len(pixel) == _CHANNELS[_COLOUR] for pixel in pixels):
            raise _refusal(example, "has pixels that are not (red, green, blue)")
        pixels = [value for pixel in pixels for value in pixel]
    if not all(isinstance(value, int | float) and math.isfinite(value) for value in pixels):
        raise _refusal(example, "has pixels that are no finite numbers")
    return width, colour, pixels


def _plain(picture: object, example: str) -> object:
    try:
        return plain(picture)
    except UsageError as error:
        raise _refusal(example, f"is a {type(picture).__name__}") from error


def _checked_png(png: bytes, example: str) -> bytes:
    if not png.startswith(_SIGNATURE) or png[12:16] != b"IHDR" or len(png) < 24:
        raise _refusal(example, "is bytes, but not of a PNG")
    width, height = struct.unpack(">II", png[16:24])
    _refuse_large(width, height, example)
    if len(png) > LONGEST_PNG:
        raise _refusal(example, f"has {len(png):,} bytes; {LONGEST_PNG:,} are the most")
    return png


def _refuse_large(width: int, height: int, example: str) -> None:
    if max(width, height) > LONGEST_SIDE:
        raise _refusal(example, f"has {width} x {height} pixels; {LONGEST_SIDE} a side are the most")


def _refusal(example: str, what: str) -> UsageError:
    return UsageError(
        f"the picture of example {example!r} {what}.",
        remedy="Give a small one: rows of grey values, rows of (red, green, blue) or the bytes of a PNG.",
    )
