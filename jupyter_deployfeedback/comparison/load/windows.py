"""The windows of a run's loads, and what the platform did in each of them."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from jupyter_deployfeedback.comparison import measured
from jupyter_deployfeedback.comparison.measured import Interval, Measured, Missing, on_log_scale, ratio_of
from jupyter_deployfeedback.comparison.methods.blocks import t_around, t_interval
from jupyter_deployfeedback.comparison.pairing import Pair
from jupyter_deployfeedback.comparison.samples import LATENCIES, Codes, Floats, Integers, Samples, pool, read
from jupyter_deployfeedback.domain.evaluation import Load, WindowPair
from jupyter_deployfeedback.domain.metric import Observation, Window, in_base_unit
from jupyter_deployfeedback.domain.rules.rule import Relation
from jupyter_deployfeedback.domain.run import Evidence, SideEvidence, SuiteResult

LEAST_REST = 0.09  # of a window's length; ``load`` keeps a tenth, clocks are not exact
UNEQUAL = 1.05  # times the shortest window
NOT_SEEN = "a window of the load was not watched"
WINDOWS = "windows"
PAIRED_WINDOWS = "paired-windows"
LOG_WINDOWS = "paired-windows-log-ratio"
JACKKNIFE = "windows-jackknife"
UNDER_LOAD = frozenset({"latency", "throughput", *LATENCIES})
"""Metrics that the loads of a run answer, wherever there is one."""


@dataclass(frozen=True)
class Windows:
    """The windows of all loads of a run, pair by pair, and what was seen of both sides in them."""

    pairs: tuple[WindowPair, ...]
    candidate: SideEvidence
    baseline: SideEvidence | None

    def holds(self, name: str) -> bool:
        """Say whether a metric was looked at window by window, and is renewed often enough for that."""
        return name in loaded_metrics(self.candidate) and self.too_coarse(name) is None

    def too_coarse(self, name: str) -> str | None:
        """Say why a metric is renewed too rarely for the windows, None where it is not."""
        sides = [self.candidate, *([self.baseline] if self.baseline else [])]
        return next((side.too_coarse[name] for side in sides if name in side.too_coarse), None)

    def measure(self, name: str, relation: Relation) -> Measured | Missing:
        """Return a metric over the windows, or its difference or ratio to the baseline's."""
        problem = doubt(self.pairs)
        if problem is not None:
            return Missing(problem)
        candidate = _numbers(name, self.candidate, [pair.candidate for pair in self.pairs])
        if isinstance(candidate, Missing) or relation is Relation.ABSOLUTE:
            return candidate if isinstance(candidate, Missing) else over_windows(candidate, None, relation=relation)
        windows = [pair.baseline for pair in self.pairs if pair.baseline is not None]
        if self.baseline is None or len(windows) < len(self.pairs):
            return Missing("the baseline was not loaded")
        baseline = _numbers(name, self.baseline, windows)
        if isinstance(baseline, Missing):
            return Missing(f"of the baseline: {baseline.reason}")
        return over_windows(candidate, baseline, relation=relation)


def gather_windows(evidence: Evidence) -> Windows | None:
    """Return the windows of all loads of a run, None where nothing was loaded."""
    pairs = tuple(window_pairs(evidence.suites))
    return Windows(pairs, evidence.candidate, evidence.baseline) if pairs else None


def window_pairs(suites: Iterable[SuiteResult]) -> Iterable[WindowPair]:
    """Yield the pairs of windows of all loads, in the order of suites and loads."""
    for suite in suites:
        for evaluation in suite.evaluations:
            yield from evaluation.load.pairs if evaluation.load else ()


def loaded_metrics(side: SideEvidence) -> frozenset[str]:
    """Return the platform metrics that were looked at window by window."""
    return frozenset(each.metric.name for window in side.loaded for each in window.observations)


def doubt(pairs: Iterable[WindowPair]) -> str | None:
    """Say why windows cannot be compared, None where they can.

    The greatest of many samples is greater than that of few, whatever the system does, so windows are equally long.
    Slices of one series resemble their neighbours, so windows have rest between them.
    """
    windows = sorted(
        (window for pair in pairs for window in (pair.candidate, pair.baseline) if window is not None),
        key=lambda window: window.start,
    )
    shortest, longest = min(each.seconds for each in windows), max(each.seconds for each in windows)
    if longest > UNEQUAL * shortest:
        return f"its windows are not equally long ({shortest:.3g} to {longest:.3g} s)"
    for earlier, later in pairwise(windows):
        rest = (later.start - earlier.end).total_seconds()
        if rest < LEAST_REST * shortest:
            told = "overlap" if rest < 0 else "follow one another without rest"
            return f"its windows {told}: they are slices of one series, not repetitions"
    return None


def _numbers(name: str, side: SideEvidence, windows: Iterable[Window]) -> Floats | Missing:
    seen = {each.window: each.observations for each in side.loaded}
    values: list[float] = []
    for window in windows:
        found: Observation | None = next((each for each in seen.get(window, ()) if each.metric.name == name), None)
        if found is None or found.value is None or found.partial:
            return Missing(NOT_SEEN if found is None else found.missing_because or found.partial or NOT_SEEN)
        values.append(in_base_unit(found).value or 0.0)
    return np.array(values, dtype=np.float64)


def over_windows(candidate: Floats, baseline: Floats | None, *, relation: Relation) -> Measured | Missing:
    """Return the mean over windows, its difference to the baseline's, or the ratio - 1 by the mean of the log ratios.

    Pairs of windows stand at the same place of both arrays. Fewer than 3 windows a side are not judged. Both sides' own
    numbers are their means over windows, of a ratio the geometric ones, whose ratio it is.
    """
    if relation is Relation.ABSOLUTE:
        return _mean(candidate, method=WINDOWS, candidate=candidate)
    if baseline is None:
        return Missing("the baseline was not loaded")
    if relation is Relation.DIFFERENCE:
        return _mean(candidate - baseline, method=PAIRED_WINDOWS, candidate=candidate, baseline=baseline)
    if not (np.all(candidate > 0) and np.all(baseline > 0)):
        return Missing("in a window it is 0, so there is no ratio; write a difference")
    found = _mean(np.log(candidate / baseline), method=LOG_WINDOWS, candidate=candidate, baseline=baseline)
    return replace(
        found,
        value=ratio_of(found.value),
        interval_at=found.interval_at and on_log_scale(found.interval_at),
        candidate=_geometric_mean(candidate),
        baseline=_geometric_mean(baseline),
    )


def jackknife(whole: float, without: Floats) -> Callable[[float], Interval] | None:
    """Return the interval of a number of all windows, from the same number with each window left out in turn.

    The jackknife over blocks (Tukey 1958): Student's t over the pseudo-values, around the number itself. None for a
    single window.
    """
    count = len(without)
    if count < 2:
        return None
    with np.errstate(invalid="ignore"):  # infinite where too few requests were answered: told by the caller
        return t_around(whole, count * whole - (count - 1) * without)


def _mean(values: Floats, *, method: str, candidate: Floats, baseline: Floats | None = None) -> Measured:
    return Measured(
        value=float(np.mean(values)),
        n=len(values),
        method=method,
        candidate=float(np.mean(candidate)),
        baseline=None if baseline is None else float(np.mean(baseline)),
        interval_at=t_interval(values) if len(values) > 1 else None,
    ).needing(measured.WINDOWS)


def _geometric_mean(values: Floats) -> float:
    return math.exp(float(np.mean(np.log(values))))


@dataclass(frozen=True)
class UnderLoad:
    """The requests of all loads of a run; ``window`` numbers the pair of windows that each row belongs to.

    ``baseline`` has the same rows, None where not every load had one. ``seconds`` is how long each pair's windows are.
    ``doubt`` says why its windows cannot be told apart, None where they can.
    """

    candidate: Samples
    baseline: Samples | None
    window: Integers
    seconds: Floats
    doubt: str | None = None


def judged_by_windows(evidence: Evidence) -> frozenset[str]:
    """Return the metrics that a run's loads answer, window by window; none where nothing was loaded."""
    windows = gather_windows(evidence)
    if windows is None:
        return frozenset()
    return UNDER_LOAD | {name for name in loaded_metrics(evidence.candidate) if windows.holds(name)}


def gather_load(pairs: Iterable[Pair]) -> UnderLoad | None:
    """Return the requests of all loads, None where nothing was loaded."""
    loads = [(pair, load) for pair in pairs if (load := pair.evaluation.load) is not None]
    if not loads:
        return None
    codes: Codes = {None: 0}  # a load keeps no labels
    sides = [read(pair.evaluation, pair.baseline, codes) for pair, _ in loads if pair.baseline is not None]
    windows = [each for _, load in loads for each in load.pairs]
    return UnderLoad(
        candidate=pool([read(pair.evaluation, pair.evaluation.candidate, codes) for pair, _ in loads]),
        baseline=pool(sides) if len(sides) == len(loads) else None,
        window=np.repeat(np.arange(len(windows)), [_rows(pair, load) for pair, load in loads for _ in load.pairs]),
        seconds=np.array([each.candidate.seconds for each in windows]),
        doubt=doubt(windows),
    )


def _rows(pair: Pair, load: Load) -> int:
    return len(pair.evaluation.ids) // len(load.pairs)
