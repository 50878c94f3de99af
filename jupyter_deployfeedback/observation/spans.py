"""When a run loaded its targets (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from jupyter_deployfeedback.domain.kind import SuiteKind
from jupyter_deployfeedback.domain.observation import Window
from jupyter_deployfeedback.domain.suite import SuiteResult


def load_window(suites: Sequence[SuiteResult]) -> Window:
    """Return the span in which requests were sent; suites that do not use the probe count as a whole."""
    ran = [suite for suite in suites if suite.suite.kind != SuiteKind.RESULTS] or suites  # results were measured before
    spans = [(each.window.start, each.window.end) for suite in ran for each in suite.evaluations]
    spans = spans or [(suite.started_at, suite.finished_at) for suite in ran]
    return Window(start=min(start for start, _ in spans), end=max(end for _, end in spans))


def loaded_windows(suites: Iterable[SuiteResult]) -> tuple[list[Window], list[Window]]:
    """Return the windows of all loads: the candidate's and the baseline's."""
    loads = [each.load for suite in suites for each in suite.evaluations if each.load is not None]
    pairs = [pair for load in loads for pair in load.pairs]
    return [pair.candidate for pair in pairs], [pair.baseline for pair in pairs if pair.baseline is not None]
