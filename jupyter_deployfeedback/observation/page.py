"""Read the wanted families from a page of metrics in Prometheus's text format (pure)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from prometheus_client.parser import text_string_to_metric_families

Labels = tuple[tuple[str, str], ...]
"""A series' identity: its labels, sorted, with the name under ``__name__``."""

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


def labelled(name: str, labels: Mapping[str, str]) -> Labels:
    """Give the identity of a series."""
    return tuple(sorted({**labels, "__name__": name}.items()))


def read_page(text: str, *, wanted: Collection[str]) -> dict[Labels, float]:
    """Return the samples of the wanted names; ValueError where the page is not in Prometheus's text format.

    A name is found with and without ``_total`` and keeps the wanted spelling. Lines are picked before they are parsed
    (20 times faster on a large page) and comments are left out, so that the parser adds no ``_total`` of its own. A
    series that stands twice on the page is one series: the later line counts.
    """
    spelling = {alias: name for name in wanted for alias in (name, f"{name}_total", name.removesuffix("_total"))}
    spelling |= {name: name for name in wanted}
    lines = [line for line in text.splitlines() if (found := _NAME.match(line)) and found[0] in spelling]
    return {
        labelled(spelling[sample.name], sample.labels): float(sample.value)
        for family in text_string_to_metric_families("\n".join([*lines, ""]))
        for sample in family.samples
    }
