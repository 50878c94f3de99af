"""What an example looks like: small PNG pictures, written with the standard library only.

Pictures are for people who read the feedback; nothing is computed from them.
"""

import math
import struct
import zlib
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jupyter_deployfeedback.errors import UsageError
from jupyter_deployfeedback.probe.examples import plain

PREFIX = "data:image/png;base64,"
LONGEST_SIDE = 128  # pixels
LONGEST_PNG = 65_536  # bytes of one picture
LONGEST_RECORD = 1_000_000  # characters of all pictures of one evaluation
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _COLOUR = 0, 2  # PNG's colour types
_CHANNELS = {_GREY: 1, _COLOUR: 3}

Drawing = tuple[int, int, list[float]]  # width in pixels, colour type, values row by row


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
