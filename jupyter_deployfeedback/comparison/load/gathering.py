"""The requests of a run's loads, window by window."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from jupyter_deployfeedback.comparison.load.windows import doubt, gather_windows, loaded_metrics
from jupyter_deployfeedback.comparison.pairing import Pair
from jupyter_deployfeedback.comparison.quantities import LATENCIES
from jupyter_deployfeedback.comparison.samples import Codes, Floats, Integers, Samples, pool, read
from jupyter_deployfeedback.domain.evaluation import Load
from jupyter_deployfeedback.domain.run import Evidence

UNDER_LOAD = frozenset({"latency", "throughput", *LATENCIES})
"""Metrics that the loads of a run answer, wherever there is one."""


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
