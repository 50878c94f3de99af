"""The windows of a run's loads, and what the platform did in each of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from jupyter_deployfeedback.comparison.measured import Measured, Missing
from jupyter_deployfeedback.comparison.methods.windows import over_windows
from jupyter_deployfeedback.comparison.samples import Floats
from jupyter_deployfeedback.domain.evaluation import WindowPair
from jupyter_deployfeedback.domain.observation import Observation, Window, in_base_unit
from jupyter_deployfeedback.domain.rules.rule import Relation
from jupyter_deployfeedback.domain.run import Evidence, SideEvidence
from jupyter_deployfeedback.domain.suite import SuiteResult

LEAST_REST = 0.09  # of a window's length; ``load`` keeps a tenth, clocks are not exact
UNEQUAL = 1.05  # times the shortest window
NOT_SEEN = "a window of the load was not watched"


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
