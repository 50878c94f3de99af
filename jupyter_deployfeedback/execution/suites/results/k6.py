"""k6 ``--out json=FILE``: one line for each sample of each metric. A request is a point of ``http_req_duration``.

https://grafana.com/docs/k6/latest/results-output/real-time/json/ ; times are milliseconds, taken at the request's end.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from jupyter_deployfeedback.execution.suites.results import contents

DURATION = "http_req_duration"
DROPPED = "dropped_iterations"
WANTED = (f'"{DURATION}"', f'"{DROPPED}"')  # the other nine tenths of the lines need no reading
TIMED_OUT = "1050"  # k6's code of an error
SETTING_UP = frozenset({"::setup", "::teardown"})
KEPT_TAGS = ("scenario", "name")


def recognise(first: dict[str, Any]) -> bool:
    """Say whether a file begins as this one does."""
    return first.get("type") in {"Metric", "Point"} and "metric" in first and isinstance(first.get("data"), dict)


def read(lines: Iterable[tuple[int, dict[str, Any]]]) -> contents.Found:
    """Return the requests of the wanted lines, each with its number."""
    found, requests = contents.Found("k6"), contents.Requests()
    found.requests = requests
    dropped, thresholds, aside = 0.0, [], 0
    for place, line in lines:
        contents.require(("type", "metric", "data"), of=line, where=f"line {place}")
        data, metric = line["data"], line["metric"]
        if line["type"] == "Metric":
            thresholds += [f"{metric} {text}" for text in data.get("thresholds") or ()]
        elif metric == DROPPED:
            dropped += contents.number(data.get("value"), where=f"line {place}: value")
        elif metric == DURATION and (data.get("tags") or {}).get("group") in SETTING_UP:
            aside += 1
        elif metric == DURATION:
            _add(requests, data, found.addresses, place=place)
    found.lasted(requests)
    found.claims.append(not_saturated(dropped))
    if thresholds:
        listed = ", ".join(thresholds)
        found.notices.append(f"k6 judges {listed} by itself; this file does not say how. Write them as rules.")
    if aside:
        found.notices.append(f"What k6's setup and teardown sent is left out ({aside}).")
    return found


def not_saturated(dropped: float) -> contents.Claim:
    """Return whether k6 kept its schedule: what it dropped would have been the slow requests."""
    message = f"generator saturated: k6 dropped {dropped:g} iterations, so its latencies look better than they are"
    outcome = contents.ClaimOutcome.LATE if dropped else contents.ClaimOutcome.PASSED
    return contents.Claim("k6 kept its schedule", outcome, f"{message}. Give it more maxVUs.", judges=False)


def _add(requests: contents.Requests, data: dict[str, Any], addresses: set[str], *, place: int) -> None:
    tags = data.get("tags") or {}
    seconds = contents.number(data.get("value"), where=f"line {place}: value") / 1000
    ended = contents.moment(data.get("time"), where=f"line {place}: time")
    state, error = _state(tags, place=place)
    kept = {name: str(tags.get(name, "")) for name in KEPT_TAGS}
    requests.add(sent_at=ended - seconds, seconds=seconds, state=state, error=error, tags=kept)
    if tags.get("url"):
        parts = urlsplit(str(tags["url"]))
        addresses.add(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")


def _state(tags: dict[str, Any], *, place: int) -> tuple[str, str]:
    """Return what became of a request, by what the script expects of an answer, else by its status."""
    error = str(tags.get("error") or f"status {tags.get('status')}")
    if str(tags.get("error_code")) == TIMED_OUT:
        return "timed_out", error
    if "expected_response" in tags:
        answered = str(tags["expected_response"]) == "true"
    elif "status" in tags:
        answered = str(tags["status"])[:1] in {"2", "3"}
    else:
        what = f"line {place} has neither the tag expected_response nor status, so nobody knows whether it was answered"
        raise contents.Unreadable(f"{what}. Keep them among k6's systemTags")
    return ("answered", "") if answered else ("failed", error)
