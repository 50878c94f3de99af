"""GuideLLM's report of one benchmark (``benchmarks.json``). It writes an empty distribution as 0.0 with count 0.

Time to first token; inter-token latency is the mean gap between two tokens; time per output token counts the first one.
"""

from collections.abc import Iterator
from typing import Any

from jupyter_deployfeedback.execution.suites.results import contents

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


def read(document: dict[str, Any]) -> contents.Found:
    """Return the numbers of the only benchmark, in seconds."""
    benchmarks = document["benchmarks"]
    if len(benchmarks) != 1:
        raise contents.Unreadable(f"it holds {len(benchmarks)} benchmarks; keep one load in a file")
    benchmark, metrics = benchmarks[0], benchmarks[0]["metrics"]
    contents.require(("request_totals",), of=metrics, where="metrics")
    contents.require(TOTALS, of=metrics["request_totals"], where="metrics.request_totals")
    totals = {name: contents.count(metrics["request_totals"][name], where=f"request_totals.{name}") for name in TOTALS}
    if totals["total"] != sum(totals[name] for name in TOTALS[:-1]):
        raise contents.Unreadable(f"request_totals do not add up: {totals}")
    found = contents.Found("guidellm")
    sent = contents.Claim.needed(
        "guidellm was answered", holds=totals["successful"] > 0, message="no request was answered"
    )
    found.claims.append(sent)
    for key in ("start_time", "end_time"):
        if key in benchmark:
            setattr(
                found, {"start_time": "started", "end_time": "ended"}[key], contents.number(benchmark[key], where=key)
            )
    if totals["successful"]:
        found.numbers = [*_failures(totals), *_distributions(metrics, answered=totals["successful"])]
    return found


def _failures(totals: dict[str, int]) -> Iterator[contents.Number]:
    n, failed = totals["total"], totals["total"] - totals["successful"]
    yield contents.Number("requests_attempted", n, "requests", "neither", n=n)
    yield contents.Number("failure_rate", failed / n, "share", n=n, hits=failed)


def _distributions(metrics: dict[str, Any], *, answered: int) -> Iterator[contents.Number]:
    for key, (name, seconds) in MEASURED.items():
        if key not in metrics:
            continue
        where = f"metrics.{key}.successful"
        contents.require(("successful",), of=metrics[key], where=f"metrics.{key}")
        summary = metrics[key]["successful"]
        contents.require(("mean", "count", "percentiles"), of=summary, where=where)
        samples = contents.count(summary["count"], where=f"{where}.count")
        if samples == 0:
            raise contents.Unreadable(
                f"{where} has no samples, though {answered} requests were answered; its zeros are no times"
            )
        yield contents.Number(
            f"{name}_mean", contents.number(summary["mean"], where=f"{where}.mean") * seconds, "s", n=samples
        )
        for level in LEVELS:
            contents.require((level,), of=summary["percentiles"], where=f"{where}.percentiles")
            taken = contents.number(summary["percentiles"][level], where=f"{where}.percentiles.{level}")
            yield contents.Number(f"{name}_{level}", taken * seconds, "s", n=samples)
