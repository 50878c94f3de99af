"""Ask a Prometheus server: the only importer of prometheus_api_client.

The client retries for 6 s, drops warnings, follows redirects to login pages, lets a .netrc replace the bearer token
and knows no total deadline; what is set up here keeps it from all of that (tests/observation/test_prometheus.py).
"""

import io
import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import requests
from prometheus_api_client import PrometheusApiClientException, PrometheusConnect

from jupyter_deployfeedback.domain.project import Platform
from jupyter_deployfeedback.errors import MetricsUnavailable, NoSeries
from jupyter_deployfeedback.observation.presets import window_text
from jupyter_deployfeedback.observation.window import Labels, Sample, tidy
from jupyter_deployfeedback.observation.wire import BoundedSession, read_body, why_unreachable
from jupyter_deployfeedback.probe.secrets import real_address, secret_headers, without_secrets
from jupyter_deployfeedback.probe.settings import shown

LIMIT_BYTES = 32 * 2**20
MOST_SERIES = 2000
QUERY_SECONDS = 5.0  # of one query
BUSY_PAUSE_SECONDS = 0.2

_BUSY = frozenset({502, 503, 504})
_SHOWN = 300  # characters of a server's own words


@dataclass
class _Answer:
    """What the client would drop of an answer."""

    status: int = 0
    kind: str = ""
    error: str = ""
    content_type: str = ""
    notices: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Numbers:
    """Raw samples by series, with what the server had to say about them; ``partial``: why some may be missing."""

    series: Mapping[Labels, list[Sample]]
    notices: tuple[str, ...] = ()
    partial: str | None = None


@dataclass(frozen=True)
class Number:
    """One finite number, with what the server had to say about it."""

    value: float
    notices: tuple[str, ...] = ()
    partial: str | None = None


class Prometheus:
    """One conversation with a server, which as a whole ends at a deadline; every failure is MetricsUnavailable."""

    def __init__(self, platform: Platform, *, environment: Mapping[str, str], deadline_seconds: float) -> None:
        if platform.url is None:
            raise MetricsUnavailable("platform.source is prometheus, but platform.url is not set.", remedy="Set it.")
        if platform.ca_file is not None and not Path(platform.ca_file).is_file():
            raise MetricsUnavailable(f"platform.ca_file {platform.ca_file} is no file.", remedy="Correct the path.")
        self._url = platform.url.rstrip("/")
        address = real_address(self._url, environment=environment)
        headers = secret_headers(platform.auth.model_dump(), url=self._url, environment=environment)
        self._answer = _Answer()
        self._left = deadline_seconds
        self._broken: MetricsUnavailable | None = None  # once unreachable, it is not asked again
        self._session = BoundedSession(address, ca_file=platform.ca_file)
        self._session.hooks["response"].append(self._keep)
        self._client = PrometheusConnect(address, headers=headers, session=self._session)
        self._session.bound(address)  # in place of the adapter with which the client retries for 6 s

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    @property
    def shown(self) -> str:
        """The server's URL, fit to be shown."""
        return shown(self._url)

    def raw(self, selector: str, *, start: float, end: float) -> Numbers:
        """Return the raw samples of all matching series between two moments (seconds since the epoch)."""
        found = self._ask(f"{selector}[{window_text(end - start)}]", at=end, kind="matrix")
        if len(found) > MOST_SERIES:
            raise MetricsUnavailable(f"{selector} matches {len(found)} series.", remedy="Name more of platform.labels.")
        series = {
            tuple(sorted(each["metric"].items())): tidy((float(at), float(text)) for at, text in each["values"])
            for each in found
            if "values" in each  # a native histogram has "histograms" instead
        }
        return Numbers(series=series, notices=self._notices(), partial=self._partial())

    def number(self, query: str, *, at: float) -> Number:
        """Return the one finite number that a query yields at a moment."""
        found = self._ask(query, at=at, kind="")
        if self._answer.kind == "scalar":
            return Number(_finite(found[1]), self._notices(), self._partial())
        if self._answer.kind != "vector":
            raise MetricsUnavailable(f"the query yields a {self._answer.kind}, not a number.", remedy="Aggregate it.")
        if not found:
            raise NoSeries("the query yields no series in this window.", remedy="Check its labels.")
        if len(found) > 1:
            raise MetricsUnavailable(
                f"the query yields {len(found)} series, not one.", remedy="Wrap it in sum(), max() or avg()."
            )
        if "value" not in found[0]:
            raise MetricsUnavailable("the query yields a histogram.", remedy="Wrap it in histogram_quantile().")
        return Number(_finite(found[0]["value"][1]), self._notices(), self._partial())

    def edges(self, buckets: str, *, at: float) -> tuple[float, ...]:
        """Return the finite upper edges of a histogram's buckets, in order; none where there are no such buckets."""
        found = self._ask(f"count by (le) ({buckets})", at=at, kind="vector")
        edges = {float(each["metric"]["le"]) for each in found if "le" in each["metric"]}
        return tuple(sorted(edge for edge in edges if math.isfinite(edge)))

    def holds(self, selector: str, *, seconds: float, at: float) -> bool:
        """Say whether any series of a selector has a sample in the window that ends at a moment."""
        return bool(self._ask(f"count_over_time({selector}[{window_text(seconds)}])", at=at, kind="vector"))

    def clock_ahead(self) -> float:
        """Say by how many seconds the server's clock is ahead of this machine's."""
        asked = time.time()
        found = self._ask("time()", at=None, kind="scalar")
        return float(found[1]) - (asked + time.time()) / 2

    def _ask(self, query: str, *, at: float | None, kind: str) -> Any:  # noqa: ANN401 - the wire's JSON
        if self._broken is not None:
            raise self._broken
        began = time.monotonic()
        try:
            found = self._send(query, params={} if at is None else {"time": f"{at:.3f}"})
        except (OSError, ValueError, KeyError, TypeError, MetricsUnavailable, PrometheusApiClientException) as error:
            raise without_secrets(self._explained(error)) from error
        finally:
            self._left -= time.monotonic() - began
        if kind and self._answer.kind != kind:
            raise MetricsUnavailable(f"{self.shown} answered a {self._answer.kind}, not a {kind}.")
        return found

    def _send(self, query: str, *, params: dict[str, str]) -> Any:  # noqa: ANN401 - the wire's JSON
        """Ask, and once more where the server says that it is only busy."""
        for pause in (BUSY_PAUSE_SECONDS, None):
            seconds = min(QUERY_SECONDS, self._left)
            if seconds <= 0:
                raise MetricsUnavailable(f"{self.shown} took too long over earlier queries.")
            self._answer = _Answer()
            self._session.allow(seconds)
            try:
                return self._client.custom_query(query, params=params, timeout=seconds)
            except PrometheusApiClientException:
                if pause is None or self._answer.status not in _BUSY:
                    raise
            time.sleep(pause)
        return None

    def _keep(self, response: requests.Response, **_: object) -> None:
        """Read the body within its limits before the client does, and keep what the client drops."""
        answer = self._answer
        answer.status, answer.content_type = response.status_code, response.headers.get("Content-Type", "")
        body = read_body(response, limit_bytes=LIMIT_BYTES)
        response.raw = io.BytesIO(body)
        try:
            document = json.loads(body)
        except RecursionError:
            raise MetricsUnavailable(f"{self.shown} sent JSON that is nested too deeply.") from None
        except ValueError:
            answer.error = body[:_SHOWN].decode("utf-8", errors="replace")
            return
        if isinstance(document, dict):
            answer.error = str(document.get("error", ""))
            told = {key: each for key, each in document.items() if isinstance(each, list | dict)}
            answer.notices = [str(text)[:_SHOWN] for key in ("warnings", "infos") for text in told.get(key, ())]
            answer.warnings = [str(text)[:_SHOWN] for text in told.get("warnings", ())]
            answer.kind = str(dict(told.get("data", {})).get("resultType", ""))

    def _explained(self, error: Exception) -> MetricsUnavailable:
        if isinstance(error, MetricsUnavailable):
            return error
        if isinstance(error, PrometheusApiClientException):
            return self._refused()
        if isinstance(error, OSError) and not isinstance(error, requests.JSONDecodeError):
            self._broken = MetricsUnavailable(why_unreachable(error, url=self._url), remedy="Check platform.url.")
            return self._broken
        return MetricsUnavailable(
            f"{self.shown} answered with {self._answer.content_type or 'something'}, not with Prometheus's JSON.",
            remedy="A login page? Check platform.url and platform.auth.",
        )

    def _refused(self) -> MetricsUnavailable:
        words = " ".join(self._answer.error.split())[:_SHOWN]
        denied = self._answer.status in {requests.codes.unauthorized, requests.codes.forbidden}
        return MetricsUnavailable(
            f"{self.shown} answered {self._answer.status}: {words or 'no reason given'}.",
            remedy="Check platform.auth." if denied else "Try the query there by hand.",
        )

    def _notices(self) -> tuple[str, ...]:
        return tuple(f"Prometheus: {notice}" for notice in self._answer.notices)

    def _partial(self) -> str | None:
        """Say why data may be missing: what a query language says of itself are infos, warnings are about the data."""
        warned = "; ".join(self._answer.warnings)
        return f"Prometheus answered with a warning, so its data may be partial: {warned}" if warned else None


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise MetricsUnavailable(
            f"the query yields {text}, which is no number to judge by.", remedy="Guard its divisor."
        )
    return value
