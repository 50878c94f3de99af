"""Reads one file of results as a suite: each claim is a case, requests are samples, aggregates are weak evidence."""

import gzip
import hashlib
import json
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn, TextIO, TypeVar
from urllib.parse import urlsplit

from jupyter_deployfeedback.errors import GeneratorSaturated
from jupyter_deployfeedback.execution.suites import Account, Unfinished
from jupyter_deployfeedback.execution.suites.results import chaos, contents, guidellm, k6, k6_summary, vegeta
from jupyter_deployfeedback.execution.worker import wire
from jupyter_deployfeedback.probe import environment as names
from jupyter_deployfeedback.probe.records import RECORD_MIME, evaluation_record, metric_record

POINT = "point"
_ERRORS = {
    contents.ClaimOutcome.FAILED: "AssertionError",
    contents.ClaimOutcome.ERRORED: "ResultsError",
    contents.ClaimOutcome.LATE: GeneratorSaturated.__name__,
}
STALE_SECONDS = 60.0  # after which it is said how old results are
AHEAD_SECONDS = 60.0  # by which another machine's clock may be ahead
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


def run(spec: wire.Spec, *, tell: Callable[[wire.Event], None], deadline: float, account: Account) -> None:  # noqa: ARG001 - an adapter
    """Tell what a file says; a file that cannot be judged is BROKEN, with the reason."""
    path = Path(spec.source)
    suite = spec.environment[names.SUITE]
    try:
        found = read_results(path)
        _refuse_unasked(found, spec)
        claims = [*found.claims, *_trust(found, spec, path=path, now=time.time())]
    except contents.Unreadable as error:
        message = f"{path.relative_to(spec.folder) if path.is_relative_to(spec.folder) else path}: {error}."
        raise Unfinished(wire.Ending.BROKEN, message) from None
    account.notices += found.notices
    cells = tuple(
        wire.Cell(f"claim-{place}", "claim", claim.title, title=claim.title, could_fail=claim.judges)
        for place, claim in enumerate(claims)
    )
    counted = any(each.n for each in found.numbers) or (found.requests is not None and bool(found.requests.states))
    account.asked, account.unseen = (
        (True, "") if counted else (None, f"is a file of {found.tool}, which counts no requests")
    )
    tell(wire.Opened(cells))
    for place, (cell, claim) in enumerate(zip(cells, claims, strict=True), start=1):
        tell(wire.CellStarted(cell.cell_id))
        if place == 1:
            for record in _records(found, suite=suite, path=path):
                tell(wire.Recorded(cell.cell_id, RECORD_MIME, record))
        tell(_ended(cell.cell_id, claim, place=place))


def _refuse_unasked(found: contents.Found, spec: wire.Spec) -> None:
    """Refuse aggregates where nobody said that points without an interval may be judged."""
    if found.numbers and found.requests is None and spec.options.get("evidence") != POINT:
        each = {"k6": "k6 run --out json=FILE", "vegeta": "vegeta encode"}.get(found.tool)
        better = f"Keep the single requests ({each}), or" if each else "To"
        remedy = f"{better} write evidence: {POINT} to have them judged as weak evidence"
        raise contents.Unreadable(f"it holds only aggregates of {found.tool}, which have no interval. {remedy}")


def _trust(found: contents.Found, spec: wire.Spec, *, path: Path, now: float) -> Iterator[contents.Claim]:
    """Yield why these results are of this run, or not: their number, their time and the address that was asked."""
    if found.requests is not None:
        sent = len(found.requests.states)
        yield contents.Claim.needed(f"{sent} requests of {found.tool}", holds=sent > 0, message="it holds no request")
    yield _fresh(found, spec, path=path, now=now)
    if found.addresses:
        yield _of_this_target(found, spec)
    elif found.numbers or found.requests is not None:
        found.notices.append("The file does not say which address was asked; that it was the target's is not checked.")


def _fresh(found: contents.Found, spec: wire.Spec, *, path: Path, now: float) -> contents.Claim:
    """Return whether the results are of this commit and not too old; without times in it the file's date counts."""
    taken = path.stat().st_mtime if found.ended is None else found.ended
    if found.ended is None:
        found.notices.append("The file does not say when it was measured; its own date was taken.")
    if now - taken > STALE_SECONDS:
        found.notices.append(f"It was measured {_age(now - taken)} before this run.")
    at = datetime.fromtimestamp(taken, UTC)
    title = f"measured at {at:%Y-%m-%d %H:%M:%S} UTC"
    oldest, commit = spec.options.get("max_age"), spec.options.get("not_before")
    if taken > now + AHEAD_SECONDS:
        return contents.Claim.needed(title, holds=False, message="that is still to come: set the clocks")
    began = taken if found.started is None else found.started
    if commit is not None and began < contents.moment(commit, where="the commit's time"):
        message = f"it began before the tested commit was made ({commit}), so not all of it is of that. Measure again"
        return contents.Claim.needed(title, holds=False, message=message)
    message = f"that is {_age(now - taken)} ago, more than max_age allows. Measure again"
    return contents.Claim.needed(title, holds=oldest is None or now - taken <= float(oldest), message=message)


def _age(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"


def _of_this_target(found: contents.Found, spec: wire.Spec) -> contents.Claim:
    told = spec.environment
    parts = urlsplit(str(spec.options.get("url") or told[names.DEPLOYED_MODEL_URL]))
    expected = f"{parts.scheme}://{parts.netloc}"
    others = sorted(found.addresses - {expected})
    message = f"they went to {', '.join(others[:3])}. If that is the same deployment, write url: {(others or [''])[0]}"
    written = urlsplit(str(spec.options.get("url") or json.loads(told[names.TARGET])["url"]))
    title = f"the requests went to {written.scheme}://{written.netloc}"
    return contents.Claim.needed(title, holds=not others, message=message)


def _ended(cell_id: str, claim: contents.Claim, *, place: int) -> wire.CellEnded:
    if claim.outcome is contents.ClaimOutcome.PASSED:
        return wire.CellEnded(cell_id, "ok", place)
    return wire.CellEnded(cell_id, "error", place, (_ERRORS[claim.outcome], claim.message, ""))


def _records(found: contents.Found, *, suite: str, path: Path) -> Iterator[dict[str, Any]]:
    if found.requests is not None and found.requests.states:
        yield evaluation_record(_evaluation(found.requests, found, suite=suite, path=path))
    for each in (*found.numbers, *_throughput(found)):
        yield metric_record(
            f"{suite}.{each.name}",
            each.value,
            unit=each.unit,
            better=each.better,
            family="application",
            n=each.n,
            missing_because=None,
        ) | {"hits": each.hits}


def _throughput(found: contents.Found) -> Iterator[contents.Number]:
    """Yield answers per second of the whole load: side by side, so that the latencies do not tell it."""
    if found.requests is None or found.started is None or found.ended is None or found.ended <= found.started:
        return
    answered = found.requests.states.count("answered")
    yield contents.Number(
        "throughput", answered / (found.ended - found.started), "/s", "higher", n=len(found.requests.states)
    )


def _evaluation(requests: contents.Requests, found: contents.Found, *, suite: str, path: Path) -> dict[str, Any]:
    """Return the requests as an evaluation without truths and predictions, which pairs with no other."""
    order = requests.order()
    nothing = [None] * len(order)
    slices = {name: [column[row] for row in order] for name, column in requests.slices().items()}
    return {
        "name": f"{suite} requests",
        "task": "classification",
        "ids": [str(place) for place in range(len(order))],
        "truth": nothing,
        "slices": {**slices, "results": [suite] * len(order)},
        "candidate": {
            "target": found.tool,
            "predictions": nothing,
            "latency_seconds": [requests.latency_seconds[row] for row in order],
            "sent_at": [requests.sent_at[row] for row in order],
            "states": [requests.states[row] for row in order],
            "errors": dict(requests.errors.most_common(20)),
        },
        "baseline": None,
        "window": {"start": _iso(found.started), "end": _iso(found.ended)},
        "dataset_digest": hashlib.sha256(path.read_bytes()).hexdigest(),
        "pairs": False,
    }


def _iso(seconds: float | None) -> str:
    return datetime.fromtimestamp(seconds or 0.0, UTC).isoformat()


def read_results(path: Path) -> contents.Found:
    """Return what a file says; raise Unreadable for what is empty, cut off, not finite or of no shape that is known."""
    try:
        with _open(path) as file:
            return _read(file)
    except FileNotFoundError:
        raise contents.Unreadable("there is no such file: let the tool write it before this run") from None
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise contents.Unreadable(f"it cannot be read: {error}") from None


def _open(path: Path) -> TextIO:
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")


def _read(file: TextIO) -> contents.Found:
    first_line = next((line for line in file if line.strip()), None)
    if first_line is None:
        raise contents.Unreadable("it is empty")
    first = _object(first_line)
    file.seek(0)
    if first is not None and k6.recognise(first):
        return _trusting(k6.read, _lines(file, wanted=k6.WANTED))
    if first is not None and vegeta.recognise_line(first):
        return _trusting(vegeta.read_lines, _lines(file))
    return _read_document(file)


def _read_document(file: TextIO) -> contents.Found:
    text = file.read(LARGEST_DOCUMENT + 1)
    if len(text) > LARGEST_DOCUMENT:
        raise contents.Unreadable(f"it is larger than a report is ({LARGEST_DOCUMENT >> 20} MB)")
    try:
        document = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise contents.Unreadable(f"it is not JSON. Known are {KNOWN}") from None
    for recognise, read in DOCUMENTS:
        if isinstance(document, dict) and recognise(document):
            return _trusting(read, document)
    keys = ", ".join(list(document)[:5]) if isinstance(document, dict) else type(document).__name__
    raise contents.Unreadable(f"its shape ({keys}) is not known. Known are {KNOWN}")


def _trusting(read: Callable[[T], contents.Found], content: T) -> contents.Found:
    """Read what may be of any type inside: what does not fit is of another version."""
    try:
        return read(content)
    except (TypeError, AttributeError, KeyError, ValueError) as error:
        raise contents.Unreadable(
            f"a part of it has another shape than is known ({type(error).__name__}: {error})"
        ) from error


def _lines(file: TextIO, *, wanted: tuple[str, ...] = ()) -> Iterator[tuple[int, dict[str, Any]]]:
    last = "{}"
    for place, line in enumerate(file, start=1):
        last = line if line.strip() else last
        if not line.strip() or (wanted and not any(word in line for word in wanted)):
            continue
        found = _object(line)
        if found is None:
            raise contents.Unreadable(f"line {place} is {_CUT_OFF}")
        yield place, found
    if _object(last) is None:
        raise contents.Unreadable(f"its last line is {_CUT_OFF}")


def _object(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _refuse(constant: str) -> NoReturn:
    raise contents.Unreadable(f"it holds {constant}, which is no number")
