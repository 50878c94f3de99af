"""PromQL text: matchers, selectors and the user's own queries (pure)."""

import re
from collections.abc import Iterable, Mapping

from jupyter_deployfeedback.observation.presets import Selector

_QUANTILE = re.compile(r"histogram_quantile\s*\(\s*[\d.]+\s*,(?P<buckets>.+)\)", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_LOOKS_LIKE_A_PATTERN = re.compile(r"[*+?|(\[^$\\]")


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
