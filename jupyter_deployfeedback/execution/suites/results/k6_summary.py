"""k6's summaries: ``--summary-export`` (flat) and ``handleSummary`` (nested).

The flat one says ``true`` of a threshold that was **crossed**, the nested one ``{"ok": true}`` of one that held
(https://github.com/grafana/k6/issues/1498). In both ``http_req_failed.passes`` counts the requests that failed.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jupyter_deployfeedback.execution.suites.results.contents import Claim, Found, Number, Unreadable, count, number
from jupyter_deployfeedback.execution.suites.results.k6 import DROPPED, DURATION, not_saturated

REQUESTS = "http_reqs"
FAILED = "http_req_failed"
LATENCIES = {"avg": "latency_mean", "med": "latency_p50", "p(95)": "latency_p95", "p(99)": "latency_p99"}


@dataclass(frozen=True)
class Metric:
    """One metric of either shape: its values and whether each of its thresholds was crossed."""

    values: dict[str, Any]
    crossed: dict[str, bool]

    def is_empty(self) -> bool:
        """Say whether nothing was measured: k6 then writes zeros, which would hold any upper threshold."""
        return all(value == 0 for value in self.values.values())


def recognise(document: dict[str, Any]) -> bool:
    """Say whether it is one of the two shapes."""
    metrics = document.get("metrics")
    return isinstance(metrics, dict) and any(name in metrics for name in (REQUESTS, DURATION, "iterations"))


def read(document: dict[str, Any]) -> Found:
    """Return the numbers in seconds, and k6's thresholds as claims."""
    listed: dict[str, Any] = document["metrics"]
    nested = any(isinstance(each, dict) and "values" in each for each in listed.values())
    metrics = {name: _metric(name, each, nested=nested) for name, each in listed.items()}
    found = Found("k6")
    requests = _requests(metrics)
    found.claims.append(Claim.needed("k6 sent requests", holds=requests > 0, message="k6 sent none"))
    found.claims.append(not_saturated(number(_of(metrics, DROPPED).get("count", 0), where=f"{DROPPED}.count")))
    found.claims += _thresholds(metrics, requests=requests)
    if requests:
        found.numbers = list(_numbers(metrics, requests=requests))
    return found


def _metric(name: str, written: object, *, nested: bool) -> Metric:
    if not isinstance(written, dict) or ("values" in written) != nested:
        raise Unreadable(f"metrics.{name} has another shape than the other metrics")
    values = written["values"] if nested else {key: each for key, each in written.items() if key != "thresholds"}
    crossed = {
        text: _is_crossed(said, nested=nested, where=f"metrics.{name}.thresholds.{text}")
        for text, said in (written.get("thresholds") or {}).items()
    }
    return Metric(values, crossed)


def _is_crossed(said: object, *, nested: bool, where: str) -> bool:
    if nested and isinstance(said, dict) and isinstance(said.get("ok"), bool):
        return not said["ok"]
    if not nested and isinstance(said, bool):
        return said
    raise Unreadable(f"{where} is {said!r}, which says neither that it was crossed nor that it held")


def _of(metrics: dict[str, Metric], name: str) -> dict[str, Any]:
    return metrics[name].values if name in metrics else {}


def _requests(metrics: dict[str, Metric]) -> int:
    """Return how many requests were sent: always the count, because the times of none are written as 0."""
    return count(_of(metrics, REQUESTS).get("count", 0), where=f"metrics.{REQUESTS}.count")


def _thresholds(metrics: dict[str, Metric], *, requests: int) -> Iterator[Claim]:
    for name, metric in metrics.items():
        for text, crossed in metric.crossed.items():
            title = f"k6: {name} {text}"
            if metric.is_empty() and (requests == 0 or DURATION in name or "p(" in text):
                yield Claim.needed(title, holds=False, message="nothing was measured, which k6 writes as 0")
            else:
                yield Claim.judged(title, holds=not crossed, message="k6 says that this threshold was crossed")


def _numbers(metrics: dict[str, Metric], *, requests: int) -> Iterator[Number]:
    yield Number("requests_attempted", requests, "requests", "neither", n=requests)
    for key, name in LATENCIES.items():
        if key in _of(metrics, DURATION):
            taken = number(_of(metrics, DURATION)[key], where=f"metrics.{DURATION}.{key}")
            yield Number(name, taken / 1000, "s", n=requests)
    if FAILED in metrics:
        yield _failure_rate(_of(metrics, FAILED))
    if "rate" in _of(metrics, REQUESTS):
        taken = number(_of(metrics, REQUESTS)["rate"], where=f"metrics.{REQUESTS}.rate")
        yield Number("throughput", taken, "/s", "higher", n=requests)


def _failure_rate(values: dict[str, Any]) -> Number:
    """Return the share of failed requests; ``passes`` are those for which "it failed" was true."""
    where = f"metrics.{FAILED}"
    failed, fine = (count(values.get(key), where=f"{where}.{key}") for key in ("passes", "fails"))
    rate = number(values.get("value", values.get("rate")), where=f"{where}.value")
    if failed + fine == 0 or not math.isclose(rate, failed / (failed + fine), abs_tol=1e-6):
        raise Unreadable(f"{where}: {failed} passes and {fine} fails do not make the rate {rate:g}")
    return Number("failure_rate", rate, "share", n=failed + fine, hits=failed)
