"""Draws the plots of "How it judges" from simulated runs: python docs/plots.py. Seeded, so they stay as they are.

The intervals are those the package judges by; the unpaired one is Newcombe's of two independent shares, for contrast.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import vl_convert

from jupyter_deployfeedback.comparison.methods.proportion import newcombe_paired, wilson

IMAGES = Path(__file__).parent / "images"
COLOURS = {"pass": "#1a7f4b", "fail": "#c02f2f", "inconclusive": "#7340b8"}
LIMIT = "#59636e"
CONFIDENCE = 0.90
Interval = tuple[float, float]


def main() -> None:
    draw("judging-point.svg", points_against_a_limit())
    draw("judging-interval.svg", intervals_against_a_limit())
    draw("judging-paired.svg", paired_against_unpaired())


def draw(name: str, spec: dict[str, Any]) -> None:
    style = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "background": "white",
        "padding": 10,
        "config": {
            "font": "sans-serif",
            "aria": False,  # the page says in words what each plot shows
            "view": {"stroke": None},
            "axis": {"grid": False, "domain": False, "tickColor": "#c8ced5", "labelColor": LIMIT, "titleColor": LIMIT},
            "legend": {"orient": "top", "title": None, "labelColor": LIMIT},
            "header": {"title": None, "labelFontSize": 12, "labelColor": "#1c2128", "labelFontWeight": 600},
        },
    }
    IMAGES.joinpath(name).write_text(vl_convert.vegalite_to_svg(style | spec, vl_version="5.8") + "\n")


def points_against_a_limit() -> dict[str, Any]:
    """Compare a model with itself, 60 times each for three sizes of a run: which ratios of p95 exceed 1.10?"""
    chance = np.random.default_rng(7)
    rows, said = [], []
    for n in (50, 300, 1000):
        ratios = [
            np.quantile(latencies(chance, n), 0.95) / np.quantile(latencies(chance, n), 0.95) for _ in range(2000)
        ]
        alarms = float(np.mean(np.array(ratios) > 1.1))
        label = f"{n:,} requests: {100 * alarms:.0f} % false alarms"
        said.append(label)
        rows += [
            {"size": label, "change": 100 * (ratio - 1), "place": place, "verdict": "fail" if ratio > 1.1 else "pass"}
            for place, ratio in enumerate(ratios[:60])
        ]
    return {
        "data": {"values": rows},
        "facet": {
            "row": {
                "field": "size",
                "sort": said,
                "header": {
                    "labelAngle": 0,
                    "labelAlign": "left",
                    "labelOrient": "top",
                    "labelAnchor": "start",
                    "labelPadding": -12,
                },
            }
        },
        "spacing": 22,
        "spec": {
            "width": 560,
            "height": 46,
            "layer": [
                {
                    "mark": {"type": "circle", "size": 34, "opacity": 0.75, "clip": True},
                    "encoding": {
                        "x": change_axis("p95 of a model against its own p95 (%)", (-40, 40)),
                        "y": {
                            "field": "place",
                            "type": "quantitative",
                            "axis": None,
                            "scale": {"domain": [-5, 65], "nice": False},
                        },
                        "color": colour(
                            ("pass", "fail"), labels="{pass: 'below +10 %', fail: 'beyond +10 %'}[datum.label]"
                        ),
                    },
                },
                rule_at(10),
            ],
        },
    }


def latencies(chance: np.random.Generator, n: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Log-normal, as those of many services; 1 % of the requests are four times slower."""
    return chance.lognormal(math.log(0.1), 0.3, n) * np.where(chance.random(n) < 0.01, 4, 1)


def intervals_against_a_limit() -> dict[str, Any]:
    """Four runs of the rule ``accuracy >=-2pp``: pairs of answers and what their intervals say."""
    runs = {
        "1,000 examples, 8 fixed, 12 broken": (900, 8, 12, 80),
        "500 examples, 4 fixed, 9 broken": (470, 4, 9, 17),
        "2,000 examples, 16 fixed, 36 broken": (1880, 16, 36, 68),
        "1,000 examples, 6 fixed, 46 broken": (880, 6, 46, 68),
    }
    rows = [interval_row(label, newcombe_paired(*table, confidence=CONFIDENCE), table) for label, table in runs.items()]
    return {
        "width": 430,
        "height": 150,
        "layer": [
            {"data": {"values": rows}, **layer}
            for layer in with_intervals("candidate − baseline accuracy (pp)", (-6.2, 1.6), axis=list(runs))
        ]
        + [
            {
                "data": {"values": rows},
                "mark": {"type": "text", "dy": -10, "fontWeight": 600},
                "encoding": {
                    "x": {"field": "change", "type": "quantitative"},
                    "y": {"field": "run", "type": "nominal", "sort": list(runs)},
                    "text": {"field": "verdict"},
                    "color": colour(tuple(COLOURS), legend=False),
                },
            },
            rule_at(-2),
        ],
    }


def paired_against_unpaired() -> dict[str, Any]:
    """A candidate that is really 2 points worse, 500 examples, 20 runs: the same answers, judged in two ways."""
    chance = np.random.default_rng(11)
    tables = [tuple(chance.multinomial(500, (0.935, 0.005, 0.025, 0.035))) for _ in range(2000)]
    rows = []
    for method, interval in (("paired", newcombe_paired), ("unpaired", unpaired)):
        found = [interval(*map(int, table), confidence=CONFIDENCE) for table in tables]
        share = np.mean([high < 0 for _, high in found])
        label = f"{method}: {100 * share:.0f} % of runs see the drop"
        for place, (edges, table) in enumerate(zip(found[:20], tables[:20], strict=True)):
            rows.append(interval_row(str(place), edges, table, limit=0) | {"method": label})
    return {
        "data": {"values": rows},
        "facet": {"column": {"field": "method", "sort": None}},
        "spec": {
            "width": 285,
            "height": 210,
            "layer": [*with_intervals("candidate − baseline accuracy (pp)", (-7, 4), axis=None), rule_at(0)],
        },
    }


def unpaired(both: int, fixed: int, broken: int, neither: int, *, confidence: float) -> Interval:
    """Return the interval as if the two sides had answered different examples (Newcombe 1998, independent samples)."""
    n = both + fixed + broken + neither
    now, before = both + fixed, both + broken
    (low_now, high_now), (low_before, high_before) = (wilson(hits, n, confidence=confidence) for hits in (now, before))
    difference = (now - before) / n
    below = math.hypot(now / n - low_now, high_before - before / n)
    above = math.hypot(high_now - now / n, before / n - low_before)
    return difference - below, difference + above


def interval_row(run: str, edges: Interval, table: tuple[int, ...], *, limit: float = -0.02) -> dict[str, Any]:
    low, high = edges
    verdict = "pass" if low >= limit else "fail" if high < limit else "inconclusive"
    change = (table[1] - table[2]) / sum(table)
    return {"run": run, "low": 100 * low, "high": 100 * high, "change": 100 * change, "verdict": verdict}


def with_intervals(title: str, domain: Interval, *, axis: list[str] | None) -> list[dict[str, Any]]:
    runs: dict[str, Any] = {"field": "run", "type": "nominal", "sort": axis or None, "title": None}
    runs["axis"] = {"labelLimit": 300, "ticks": False} if axis else None
    shared = {"y": runs, "color": colour(tuple(COLOURS), legend=False)}
    along = change_axis(title, domain)
    return [
        {
            "mark": {"type": "rule", "strokeWidth": 3},
            "encoding": {**shared, "x": along | {"field": "low"}, "x2": {"field": "high"}},
        },
        {"mark": {"type": "circle", "size": 46, "opacity": 1}, "encoding": {**shared, "x": along}},
    ]


def change_axis(title: str, domain: Interval) -> dict[str, Any]:
    return {"field": "change", "type": "quantitative", "title": title, "scale": {"domain": domain, "nice": False}}


def colour(verdicts: tuple[str, ...], *, legend: bool = True, labels: str | None = None) -> dict[str, Any]:
    scale = {"domain": verdicts, "range": [COLOURS[each] for each in verdicts]}
    shown = {"labelExpr": labels} if labels else {}
    return {"field": "verdict", "type": "nominal", "scale": scale, "legend": shown if legend else None}


def rule_at(limit: float) -> dict[str, Any]:
    return {
        "data": {"values": [{"limit": limit}]},
        "mark": {"type": "rule", "strokeDash": [5, 4], "strokeWidth": 1.5, "color": LIMIT},
        "encoding": {"x": {"field": "limit", "type": "quantitative"}},
    }


if __name__ == "__main__":
    main()
