"""Vegeta: the lines of ``vegeta encode`` and the report of ``vegeta report -type=json``. Times are nanoseconds.

https://github.com/tsenart/vegeta#usage-manual
"""

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from jupyter_deployfeedback.execution.suites.results import contents

NANOSECONDS = 1e9
LINE = ("attack", "seq", "code", "timestamp", "latency", "error")
REPORT = ("latencies", "requests", "success", "status_codes", "errors")
LATENCIES = {"mean": "latency_mean", "50th": "latency_p50", "95th": "latency_p95", "99th": "latency_p99"}
_TIMED_OUT = ("timeout", "deadline exceeded")


def recognise_line(first: dict[str, Any]) -> bool:
    """Say whether a file begins as the encoded one does."""
    return {"seq", "code", "latency"} <= first.keys()


def read_lines(lines: Iterable[tuple[int, dict[str, Any]]]) -> contents.Found:
    """Return the requests; a number that is missing from the sequence is a request that was lost."""
    found, requests = contents.Found("vegeta"), contents.Requests()
    found.requests = requests
    seen: dict[str, set[int]] = {}
    for place, line in lines:
        contents.require(LINE, of=line, where=f"line {place}")
        attack, place_in_attack = str(line["attack"]), contents.count(line["seq"], where=f"line {place}: seq")
        if place_in_attack in seen.setdefault(attack, set()):
            raise contents.Unreadable(
                f"line {place}: request {place_in_attack} of attack {attack!r} stands there twice"
            )
        seen[attack].add(place_in_attack)
        _add(requests, line, found.addresses, place=place)
    found.lasted(requests)
    lost = sum(max(numbers) + 1 - len(numbers) for numbers in seen.values())
    message = f"{lost} requests are missing from the sequence"
    found.claims.append(contents.Claim.needed("every request of vegeta is there", holds=lost == 0, message=message))
    return found


def recognise_report(document: dict[str, Any]) -> bool:
    """Say whether it is a report."""
    return "latencies" in document and "status_codes" in document


def read_report(document: dict[str, Any]) -> contents.Found:
    """Return the numbers of a report, in seconds."""
    contents.require(REPORT, of=document, where="the report")
    found = contents.Found("vegeta")
    requests = contents.count(document["requests"], where="requests")
    found.claims.append(contents.Claim.needed("vegeta sent requests", holds=requests > 0, message="vegeta sent none"))
    for name in ("earliest", "end"):
        if name in document and requests:
            setattr(found, {"earliest": "started", "end": "ended"}[name], contents.moment(document[name], where=name))
    if requests:
        found.numbers = list(_numbers(document, requests=requests))
    return found


def _add(requests: contents.Requests, line: dict[str, Any], addresses: set[str], *, place: int) -> None:
    error, code = str(line["error"]), contents.count(line["code"], where=f"line {place}: code")
    requests.add(
        sent_at=contents.moment(line["timestamp"], where=f"line {place}: timestamp"),
        seconds=contents.number(line["latency"], where=f"line {place}: latency") / NANOSECONDS,
        state=_state(code, error),
        error="" if _answered(code) else error or f"status {code}",
        tags={"attack": str(line["attack"])},
    )
    if line.get("url"):
        parts = urlsplit(str(line["url"]))
        addresses.add(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")


def _answered(code: int) -> bool:
    return 200 <= code < 400


def _state(code: int, error: str) -> str:
    if _answered(code):
        return "answered"
    return "timed_out" if code == 0 and any(word in error.lower() for word in _TIMED_OUT) else "failed"


def _numbers(document: dict[str, Any], *, requests: int) -> Iterator[contents.Number]:
    yield contents.Number("requests_attempted", requests, "requests", "neither", n=requests)
    for key, name in LATENCIES.items():
        contents.require((key,), of=document["latencies"], where="latencies")
        taken = contents.number(document["latencies"][key], where=f"latencies.{key}")
        yield contents.Number(name, taken / NANOSECONDS, "s", n=requests)
    yield _failure_rate(document, requests=requests)
    if "throughput" in document:
        yield contents.Number(
            "throughput", contents.number(document["throughput"], where="throughput"), "/s", "higher", n=requests
        )


def _failure_rate(document: dict[str, Any], *, requests: int) -> contents.Number:
    codes = {
        int(code): contents.count(many, where=f"status_codes.{code}") for code, many in document["status_codes"].items()
    }
    failed = requests - sum(many for code, many in codes.items() if _answered(code))
    share = 1 - contents.number(document["success"], where="success")
    if sum(codes.values()) != requests or abs(share - failed / requests) > 1 / requests:
        raise contents.Unreadable(
            f"success {document['success']} does not agree with the status codes of {requests} requests"
        )
    return contents.Number("failure_rate", failed / requests, "share", n=requests, hits=failed)
