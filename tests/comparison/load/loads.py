"""Runs that loaded both sides in windows, and what was seen in them, as the test spells them out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from jupyter_deployfeedback.domain.evaluation import Evaluation, Load, RequestState, WindowPair
from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, LoadedWindow, Metric, Observation, Window
from jupyter_deployfeedback.domain.run import Evidence, SideEvidence
from tests.comparison.evidence import NOON, answers, evaluation, evidence, side, suite_result

SECONDS, REST = 10.0, 2.0
Column = Sequence[float]


def pairs(count: int, *, seconds: float = SECONDS, rest: float = REST, live: bool = True) -> tuple[WindowPair, ...]:
    """Windows one after the other in ABBA order, with rest between them."""

    def window(place: int) -> Window:
        start = NOON + timedelta(seconds=place * (seconds + rest))
        return Window(start=start, end=start + timedelta(seconds=seconds))

    found = []
    for each in range(count):
        first, second = window(2 * each), window(2 * each + 1)
        mine, other = (first, second) if each % 2 == 0 else (second, first)
        found.append(WindowPair(candidate=mine, baseline=other if live else None))
    return tuple(found)


def load(
    candidate: Sequence[Column],
    baseline: Sequence[Column] | None = None,
    *,
    windows: tuple[WindowPair, ...] | None = None,
    states: Sequence[RequestState] | None = None,
) -> Evaluation:
    """A load whose latencies are given window by window."""
    windows = windows or pairs(len(candidate), live=baseline is not None)
    sides = [answers(predictions=[0] * sum(map(len, columns)), latency=[each for one in columns for each in one],
                     states=states) for columns in (candidate, baseline) if columns is not None]  # fmt: skip
    plain = evaluation(*sides, truth=[None] * len(sides[0].states), suite="load", name="load")
    due = [_due(windows, name, len(candidate[0])) for name in ("candidate", "baseline")[: len(sides)]]
    blank = [
        each.model_copy(update={"predictions": (None,) * len(each.states), "sent_at": at})
        for each, at in zip(sides, due, strict=True)
    ]
    changed = {
        "candidate": blank[0],
        "baseline": blank[1] if len(blank) > 1 else None,
        "load": Load(rate=len(candidate[0]) / SECONDS, pairs=windows),
    }
    return Evaluation.model_validate(plain.model_dump() | changed)


def _due(windows: tuple[WindowPair, ...], side: str, count: int) -> tuple[float, ...]:
    """When each request of a side is to be sent, evenly over each of its windows."""
    each = [getattr(pair, side) for pair in windows]
    return tuple(one.start.timestamp() + place * one.seconds / count for one in each for place in range(count))


def loaded(*loads: Evaluation, beside: Sequence[Evaluation] = ()) -> Evidence:
    """A run that made these loads, and evaluated ``beside`` them."""
    suites = [suite_result(*loads, name="load")]
    suites += [suite_result(*beside, name="quality")] if beside else []
    return evidence(*suites, baseline=side("released"))


def watched(
    metric: str,
    candidate: Sequence[float | None],
    baseline: Sequence[float | None],
    *,
    windows: tuple[WindowPair, ...] | None = None,
    because: str = "nobody looked",
    too_coarse: dict[str, str] | None = None,
    called: str | None = None,
) -> Evidence:
    """A run of which one platform metric was seen in each window of both sides; ``called`` gives it another name."""
    windows = windows or pairs(len(candidate))
    seen = loaded(load([[0.1] * 4] * len(windows), [[0.1] * 4] * len(windows), windows=windows))
    sides = [
        _side(_metric(metric, called), values, [getattr(pair, name) for pair in windows], because).model_copy(
            update={"too_coarse": too_coarse or {}}
        )
        for name, values in (("candidate", candidate), ("baseline", baseline))
    ]
    return seen.model_copy(update={"candidate": sides[0], "baseline": sides[1]})


def _metric(name: str, called: str | None) -> Metric:
    return STANDARD_METRICS[name].model_copy(update={"name": called or name})


def _side(metric: Metric, values: Sequence[float | None], windows: Sequence[Window], because: str) -> SideEvidence:
    known = [each for each in values if each is not None]
    each = [
        LoadedWindow(window=window, observations=(_observation(metric, value, because),))
        for window, value in zip(windows, values, strict=True)
    ]
    whole = (_observation(metric, sum(known) / len(known), because),)
    return side(platform=whole).model_copy(update={"loaded": tuple(each)})


def _observation(metric: Metric, value: float | None, because: str) -> Observation:
    reason = because if value is None else None
    return Observation(metric=metric, value=value, missing_because=reason, source="scrape")
