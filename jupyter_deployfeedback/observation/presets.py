"""Which series a platform metric is made of: one table per kind of platform."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

_QUANTILE = re.compile(r"histogram_quantile\s*\(\s*[\d.]+\s*,(?P<buckets>.+)\)", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_LOOKS_LIKE_A_PATTERN = re.compile(r"[*+?|(\[^$\\]")


class SeriesPart(StrEnum):
    """A kind of series that platform metrics are computed from."""

    UP = "up"  # 1 for each successful scrape
    CPU = "cpu"  # counter, seconds of one core
    MEMORY = "memory"  # gauge, bytes
    STARTED = "started"  # gauge, when the process started
    RESTARTS = "restarts"  # counter
    OOM_KILLS = "oom_kills"  # counter
    RUNNING = "running"  # gauge, 1 for each running replica
    REQUESTS = "requests"  # counters of requests, by status


@dataclass(frozen=True)
class Selector:
    """Which series: any of these names, with these matchers beside the target's labels."""

    names: tuple[str, ...]
    matchers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Preset:
    """How one kind of platform names its series.

    ``pulse`` is the part whose samples tell how often the target is scraped. ``replica`` names the labels that tell
    one replica from another; a replica that is scraped by two jobs would count twice. ``cannot`` says for the metrics
    that this preset never has, why.
    """

    name: str
    pulse: SeriesPart
    replica: tuple[str, ...]
    parts: Mapping[SeriesPart, Selector]
    cannot: Mapping[str, str]


@dataclass(frozen=True)
class RequestFamily:
    """A counter of requests: its name and the labels that hold the status."""

    name: str
    status: tuple[str, ...] = ("status", "status_code", "code", "http_status")


REQUEST_FAMILIES: tuple[RequestFamily, ...] = (
    RequestFamily("flask_http_request_total"),  # prometheus-flask-exporter, and what most people write by hand
    RequestFamily("http_requests_total"),  # prometheus-fastapi-instrumentator (status="2xx"), Go, Node
    RequestFamily("starlette_requests_total"),  # starlette_exporter
    RequestFamily("rest_server_requests_total"),  # MLServer
    RequestFamily("bentoml_service_request_total", ("http_response_code",)),
    RequestFamily("django_http_responses_total_by_status_total"),
    RequestFamily("flask_http_request_duration_seconds_count"),
    RequestFamily("http_request_duration_seconds_count"),
    RequestFamily("http_server_request_duration_seconds_count", ("http_response_status_code",)),  # OpenTelemetry
)
"""Where servers count their requests, best known first. The first family that has series is used, alone."""

PATH_LABELS = ("path", "handler", "endpoint", "route", "url", "url_rule", "path_template", "http_route")
"""Labels in which servers write the path of a request."""

_REQUESTS = Selector(tuple(family.name for family in REQUEST_FAMILIES))
_CONTAINERS = ('container!=""', 'container!="POD"', 'container!="prometheus-proxy"')  # the pause container, a sidecar
_KUBERNETES_ONLY = "is known to Kubernetes only: set platform.source: prometheus and platform.preset: kubernetes"

PROCESS = Preset(
    name="process",
    pulse=SeriesPart.UP,
    replica=("instance",),
    parts=MappingProxyType(
        {
            SeriesPart.UP: Selector(("up",)),
            SeriesPart.CPU: Selector(("process_cpu_seconds_total",)),
            SeriesPart.MEMORY: Selector(("process_resident_memory_bytes",)),
            SeriesPart.STARTED: Selector(("process_start_time_seconds",)),
            SeriesPart.REQUESTS: _REQUESTS,
        }
    ),
    cannot=MappingProxyType({"oom_kills": f"oom_kills {_KUBERNETES_ONLY}", "replicas": f"replicas {_KUBERNETES_ONLY}"}),
)
KUBERNETES = Preset(
    name="kubernetes",
    pulse=SeriesPart.MEMORY,
    replica=("namespace", "pod", "container"),
    parts=MappingProxyType(
        {
            SeriesPart.UP: Selector(("up",)),  # of the application's own page, where it is scraped too
            SeriesPart.CPU: Selector(("container_cpu_usage_seconds_total",), _CONTAINERS),
            SeriesPart.MEMORY: Selector(("container_memory_working_set_bytes",), _CONTAINERS),
            SeriesPart.RESTARTS: Selector(("kube_pod_container_status_restarts_total",)),
            SeriesPart.OOM_KILLS: Selector(("container_oom_events_total",), ('container!=""',)),
            SeriesPart.RUNNING: Selector(("kube_pod_status_phase",), ('phase="Running"',)),
            SeriesPart.REQUESTS: _REQUESTS,
        }
    ),
    cannot=MappingProxyType({}),
)
PRESETS: Mapping[str, Preset] = MappingProxyType({preset.name: preset for preset in (PROCESS, KUBERNETES)})


def matchers(labels: Mapping[str, str]) -> list[str]:
    r"""Write labels as matchers: a value with one of ``* + ? | ( [ ^ $ \`` is a pattern, any other is itself.

    A lone dot makes no pattern, so that versions and host names mean what they say.
    """
    return [
        f"{name}{'=~' if _LOOKS_LIKE_A_PATTERN.search(value) else '='}{quoted(value)}" for name, value in labels.items()
    ]


def quoted(value: str) -> str:
    """Write a text as a PromQL string."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def selector(wanted: Selector, labels: Mapping[str, str]) -> str:
    """Write which series are wanted of which target."""
    name = [f"__name__=~{quoted('|'.join(wanted.names))}"] if len(wanted.names) > 1 else []
    prefix = "" if name else wanted.names[0]
    return f"{prefix}{{{','.join([*name, *matchers(labels), *wanted.matchers])}}}"


def window_text(seconds: float) -> str:
    """Write a duration as PromQL does, to the millisecond."""
    return f"{max(1, round(seconds * 1000))}ms"


def fill_in(query: str, *, labels: Iterable[str], seconds: float) -> str:
    """Replace ``$labels`` by the target's matchers and ``$window`` by the window's length."""
    text = query.replace("$labels", ",".join(labels)).replace("$window", window_text(seconds))
    return re.sub(r"\{\s*,\s*", "{", text)  # {$labels,x="y"} without labels: PromQL takes a comma after, not before


def buckets_of(query: str) -> str | None:
    """Return the buckets that a query takes a quantile of, "" where it does more than that, None for another query."""
    if "histogram_quantile" not in query:
        return None
    found = _QUANTILE.fullmatch(query.strip())
    inside = found["buckets"].strip() if found else ""
    return inside if inside and _closes_itself(inside) else ""


def _closes_itself(text: str) -> bool:
    """Say whether no bracket closes one that was opened before the text."""
    depth = 0
    for character in _STRING.sub("", text):
        depth += (character in "([{") - (character in ")]}")
        if depth < 0:
            return False
    return depth == 0
