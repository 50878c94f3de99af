"""JSON as the standard means it: what Python's parser lets through and would poison a number later is refused.

Facts: reference/security-and-faults.md F-23 and E7 (NaN, 1e999, 5000-digit integers, depth 100k, duplicate keys).
"""

import json
import math
from typing import NoReturn

from jupyter_deployfeedback.errors import ProtocolError

_LARGEST_INTEGER = 2**63 - 1  # what every store and front end can hold


def read_json(body: bytes, *, content_type: str = "") -> object:
    """Return the value a body holds; ``ProtocolError`` says what came instead, with its first characters."""
    if not body.strip():
        raise ProtocolError("the answer is empty.")
    try:
        value: object = _DECODER.decode(body.decode("utf-8-sig"))
    except _Invalid as error:
        raise ProtocolError(f"the answer holds an invalid value: {error}.") from None
    except RecursionError:
        raise ProtocolError("the answer is nested too deeply to be read.") from None
    except ValueError:
        kind = content_type.partition(";")[0].strip() or "no content type"
        raise ProtocolError(f"the answer is not JSON but {kind}: {excerpt(body)!r}.") from None
    return value


def excerpt(body: bytes) -> str:
    """Return the first 200 characters of a body, safe to show on one line."""
    text = body[:1000].decode("utf-8", errors="replace")
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:200]


class _Invalid(Exception):
    """A value JSON does not know, or that cannot be kept."""


def _constant(name: str) -> NoReturn:
    raise _Invalid(name)


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise _Invalid(f"{text[:20]} is beyond what a number can hold")
    return value


def _integer(text: str) -> int:
    if len(text) > 20 or abs(int(text)) > _LARGEST_INTEGER:
        raise _Invalid(f"an integer of {len(text)} characters")
    return int(text)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Invalid("an object names a key twice")
    return found


_DECODER = json.JSONDecoder(parse_constant=_constant, parse_float=_float, parse_int=_integer, object_pairs_hook=_object)
