"""GuideLLM's report of one benchmark (``benchmarks.json``). It writes an empty distribution as 0.0 with count 0.

Time to first token; inter-token latency is the mean gap between two tokens; time per output token counts the first one.
"""

from collections.abc import Iterator
from typing import Any

from jupyter_deployfeedback.execution.suites.results.contents import (
    Claim,
    Found,
    Number,
    Unreadable,
    count,
    number,
    require,
)

MEASURED = {  # as it is called there: our name, and what one of its units is in seconds
    "time_to_first_token_ms": ("time_to_first_token", 0.001),
    "inter_token_latency_ms": ("inter_token_latency", 0.001),
    "time_per_output_token_ms": ("time_per_output_token", 0.001),
    "request_latency": ("latency", 1.0),
}
LEVELS = ("p50", "p95", "p99")
TOTALS = ("successful", "incomplete", "errored", "total")


def recognise(document: dict[str, Any]) -> bool:
    """Say whether it is a report of benchmarks."""
    benchmarks = document.get("benchmarks")
    return isinstance(benchmarks, list) and all(isinstance(each, dict) and "metrics" in each for each in benchmarks)


def read(document: dict[str, Any]) -> Found:
    """Return the numbers of the only benchmark, in seconds."""
    benchmarks = document["benchmarks"]
    if len(benchmarks) != 1:
        raise Unreadable(f"it holds {len(benchmarks)} benchmarks; keep one load in a file")
    benchmark, metrics = benchmarks[0], benchmarks[0]["metrics"]
    require(("request_totals",), of=metrics, where="metrics")
    require(TOTALS, of=metrics["request_totals"], where="metrics.request_totals")
    totals = {name: count(metrics["request_totals"][name], where=f"request_totals.{name}") for name in TOTALS}
    if totals["total"] != sum(totals[name] for name in TOTALS[:-1]):
        raise Unreadable(f"request_totals do not add up: {totals}")
    found = Found("guidellm")
    sent = Claim.needed("guidellm was answered", holds=totals["successful"] > 0, message="no request was answered")
    found.claims.append(sent)
    for key in ("start_time", "end_time"):
        if key in benchmark:
            setattr(found, {"start_time": "started", "end_time": "ended"}[key], number(benchmark[key], where=key))
    if totals["successful"]:
        found.numbers = [*_failures(totals), *_distributions(metrics, answered=totals["successful"])]
    return found


def _failures(totals: dict[str, int]) -> Iterator[Number]:
    n, failed = totals["total"], totals["total"] - totals["successful"]
    yield Number("requests_attempted", n, "requests", "neither", n=n)
    yield Number("failure_rate", failed / n, "share", n=n, hits=failed)


def _distributions(metrics: dict[str, Any], *, answered: int) -> Iterator[Number]:
    for key, (name, seconds) in MEASURED.items():
        if key not in metrics:
            continue
        where = f"metrics.{key}.successful"
        require(("successful",), of=metrics[key], where=f"metrics.{key}")
        summary = metrics[key]["successful"]
        require(("mean", "count", "percentiles"), of=summary, where=where)
        samples = count(summary["count"], where=f"{where}.count")
        if samples == 0:
            raise Unreadable(
                f"{where} has no samples, though {answered} requests were answered; its zeros are no times"
            )
        yield Number(f"{name}_mean", number(summary["mean"], where=f"{where}.mean") * seconds, "s", n=samples)
        for level in LEVELS:
            require((level,), of=summary["percentiles"], where=f"{where}.percentiles")
            taken = number(summary["percentiles"][level], where=f"{where}.percentiles.{level}")
            yield Number(f"{name}_{level}", taken * seconds, "s", n=samples)
