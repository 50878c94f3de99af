"""How often the judgement is wrong, what the naive one would say, and how fast it is: measured, not claimed.

    python benchmarks/judging.py [--runs N] [--json FILE] [--check]

All data are made up with fixed seeds, but for trap 1, where a real server is loaded. ``--check`` exits 1 where a figure
misses what it is held to.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from judged import looks, power, requests, stalls, windows
from judged.figure import Figure, described
from judged.speed import speed

MEASURES: tuple[Callable[[int], Iterator[Figure]], ...] = (
    stalls.coordinated_omission,
    stalls.saturated_generator,
    requests.identical_systems,
    requests.rules_at_their_limit,
    requests.unequal_replicas,
    requests.time_outs,
    requests.quantile_of_identical,
    requests.coverage_of_p99,
    requests.slow_tail,
    windows.scrapes,
    windows.slices_of_one_series,
    windows.windows_apart,
    windows.unequal_windows,
    windows.power_of_windows,
    looks.peeking,
    looks.price,
    requests.another_day,
    power.lower_accuracy,
    power.slowdown,
    requests.one_among_fifty,
)


def main() -> int:
    """Measure, print, and with ``--check`` fail where a figure is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=400, help="simulated runs for each figure (default: 400)")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--check", action="store_true", help="exit 1 where a figure misses what it is held to")
    given = parser.parse_args()
    figures = list(measured(given.runs))
    for figure in figures:
        print(described(figure))
    if given.json:
        given.json.write_text(json.dumps([asdict(each) | {"missed": each.missed} for each in figures], indent=2))
    return int(given.check and any(figure.missed for figure in figures))


def measured(runs: int) -> Iterator[Figure]:
    """Yield all figures."""
    for measure in MEASURES:
        yield from measure(runs)
    yield from speed()


if __name__ == "__main__":
    sys.exit(main())
