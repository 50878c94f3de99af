"""Which tool wrote a file of results, by its shape alone."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn, TextIO, TypeVar

from jupyter_deployfeedback.execution.suites.results import chaos, guidellm, k6_points, k6_summary, vegeta
from jupyter_deployfeedback.execution.suites.results.contents import Found, Unreadable

T = TypeVar("T")
LARGEST_DOCUMENT = 64 * 2**20  # characters of a report; lines are read one by one
_CUT_OFF = "not a whole object of JSON: was the tool stopped while it wrote?"
KNOWN = "k6 (--out json, --summary-export, handleSummary), vegeta (encode, report), guidellm, a chaostoolkit journal"
DOCUMENTS = (
    (k6_summary.recognise, k6_summary.read),
    (vegeta.recognise_report, vegeta.read_report),
    (guidellm.recognise, guidellm.read),
    (chaos.recognise, chaos.read),
)


def read_results(path: Path) -> Found:
    """Return what a file says; raise Unreadable for what is empty, cut off, not finite or of no shape that is known."""
    try:
        with _open(path) as file:
            return _read(file)
    except FileNotFoundError:
        raise Unreadable("there is no such file: let the tool write it before this run") from None
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise Unreadable(f"it cannot be read: {error}") from None


def _open(path: Path) -> TextIO:
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")


def _read(file: TextIO) -> Found:
    first_line = next((line for line in file if line.strip()), None)
    if first_line is None:
        raise Unreadable("it is empty")
    first = _object(first_line)
    file.seek(0)
    if first is not None and k6_points.recognise(first):
        return _trusting(k6_points.read, _lines(file, wanted=k6_points.WANTED))
    if first is not None and vegeta.recognise_line(first):
        return _trusting(vegeta.read_lines, _lines(file))
    return _read_document(file)


def _read_document(file: TextIO) -> Found:
    text = file.read(LARGEST_DOCUMENT + 1)
    if len(text) > LARGEST_DOCUMENT:
        raise Unreadable(f"it is larger than a report is ({LARGEST_DOCUMENT >> 20} MB)")
    try:
        document = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Unreadable(f"it is not JSON. Known are {KNOWN}") from None
    for recognise, read in DOCUMENTS:
        if isinstance(document, dict) and recognise(document):
            return _trusting(read, document)
    keys = ", ".join(list(document)[:5]) if isinstance(document, dict) else type(document).__name__
    raise Unreadable(f"its shape ({keys}) is not known. Known are {KNOWN}")


def _trusting(read: Callable[[T], Found], content: T) -> Found:
    """Read what may be of any type inside: what does not fit is of another version."""
    try:
        return read(content)
    except (TypeError, AttributeError, KeyError, ValueError) as error:
        raise Unreadable(f"a part of it has another shape than is known ({type(error).__name__}: {error})") from error


def _lines(file: TextIO, *, wanted: tuple[str, ...] = ()) -> Iterator[tuple[int, dict[str, Any]]]:
    last = "{}"
    for place, line in enumerate(file, start=1):
        last = line if line.strip() else last
        if not line.strip() or (wanted and not any(word in line for word in wanted)):
            continue
        found = _object(line)
        if found is None:
            raise Unreadable(f"line {place} is {_CUT_OFF}")
        yield place, found
    if _object(last) is None:
        raise Unreadable(f"its last line is {_CUT_OFF}")


def _object(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _refuse(constant: str) -> NoReturn:
    raise Unreadable(f"it holds {constant}, which is no number")
