"""Count the requests that a server says it served (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from jupyter_deployfeedback.observation.page import Labels
from jupyter_deployfeedback.observation.presets import PATH_LABELS, REQUEST_FAMILIES, RequestFamily
from jupyter_deployfeedback.observation.window import Samples

_FAILED = re.compile(r"[45]([0-9x]{2})", re.IGNORECASE)


def choose_family(series: Iterable[Labels]) -> RequestFamily | None:
    """Return the best known family among the series: one only, because several would count a request twice."""
    names = {dict(labels)["__name__"] for labels in series}
    return next((family for family in REQUEST_FAMILIES if family.name in names), None)


def served(series: Mapping[Labels, Samples], *, family: RequestFamily, path: str) -> dict[Labels, Samples]:
    """Keep the family's series of the path the run asked for; where none names it, all but metrics pages."""
    own = {labels: samples for labels, samples in series.items() if dict(labels)["__name__"] == family.name}
    asked = {labels: samples for labels, samples in own.items() if _names_path(labels, path)}
    return asked or {labels: samples for labels, samples in own.items() if not _names_path(labels, "/metrics")}


def failed(series: Mapping[Labels, Samples], *, family: RequestFamily) -> dict[Labels, Samples] | None:
    """Keep the series with a status of 400 or more: our requests are well-formed, so a 4xx is the server's error too.

    None where the series have no status label: then nobody knows.
    """
    if not any(_status(labels, family) for labels in series):
        return None
    return {labels: samples for labels, samples in series.items() if _FAILED.fullmatch(_status(labels, family))}


def _names_path(labels: Labels, path: str) -> bool:
    suffix = path.rstrip("/")  # a server behind a prefix may label the path with or without it
    return bool(suffix) and any(value.rstrip("/").endswith(suffix) for name, value in labels if name in PATH_LABELS)


def _status(labels: Labels, family: RequestFamily) -> str:
    values = dict(labels)
    return next((values[name] for name in family.status if name in values), "")
