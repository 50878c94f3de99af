"""From raw samples to the numbers of one window (pure).

A sample is ``(seconds since the epoch, value)``. Every function gives the same answer whatever the order of what it is
given, as long as its input went through ``tidy``.
"""

import math
import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from statistics import median

from prometheus_client.parser import text_string_to_metric_families

from jupyter_deployfeedback.domain.kind import SuiteKind
from jupyter_deployfeedback.domain.metric import Window
from jupyter_deployfeedback.domain.run import SuiteResult
from jupyter_deployfeedback.errors import MetricsUnavailable
from jupyter_deployfeedback.observation.presets import Preset, SeriesPart

Sample = tuple[float, float]
Samples = Sequence[Sample]

FLOOR_SAMPLES = 4  # three scrape intervals
FLOOR_COVERAGE = 0.8  # of the window
SLOPE_SAMPLES = 120  # 7,000 pairs
GAP_INTERVALS = 3  # neighbours further apart than so many intervals leave a hole between them
Labels = tuple[tuple[str, str], ...]
"""A series' identity: its labels, sorted, with the name under ``__name__``."""

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


def tidy(samples: Iterable[Sample]) -> list[Sample]:
    """Sort samples by time, keep one per moment (the largest) and drop what is not a finite number."""
    latest: dict[float, float] = {}
    for at, value in samples:
        if math.isfinite(at) and math.isfinite(value):
            latest[at] = max(value, latest.get(at, value))
    return sorted(latest.items())


def trim(samples: Samples, start: float, end: float) -> list[Sample]:
    """Keep the window, with the last sample before it and the first after it, so that the window is covered."""
    before = [sample for sample in samples if sample[0] <= start][-1:]
    after = [sample for sample in samples if sample[0] >= end][:1]
    return before + [sample for sample in samples if start < sample[0] < end] + after


def unwound(samples: Samples) -> list[Sample]:
    """Turn a counter into what was added since its first sample; a fall is a restart that counts from zero."""
    if not samples:
        return []
    added, grown = 0.0, [(samples[0][0], 0.0)]
    for (_, old), (at, new) in pairwise(samples):
        added += new - old if new >= old else new
        grown.append((at, added))
    return grown


def increase(samples: Samples, *, start: float, watched_since: float | None) -> float:
    """Say what a counter gained between the first and the last sample.

    A counter without a sample at or before ``start`` began at zero, if its target was already watched by then:
    ``watched_since`` is when, None where nobody knows (then only the gain since its first sample is counted).
    """
    if not samples:
        return 0.0
    born = samples[0][0] > start and watched_since is not None and watched_since <= start
    return unwound(samples)[-1][1] + (samples[0][1] if born else 0.0)


def rates(grown: Samples, *, least_seconds: float) -> list[Sample]:
    """Give the rate over each shortest stretch of at least ``least_seconds``, placed at the stretch's middle.

    A shorter stretch would divide a counter's resolution (10 ms of CPU) by almost nothing. When all samples together
    are shorter, there is one rate: theirs.
    """
    found, last = [], 0
    for first, (since, old) in enumerate(grown):
        last = max(last, first + 1)
        while last < len(grown) and grown[last][0] - since < least_seconds:
            last += 1
        if last >= len(grown):
            break
        until, new = grown[last]
        found.append(((since + until) / 2, (new - old) / (until - since)))
    return found or _only_rate(grown)


def mean_rate(grown: Samples) -> float:
    """Say how fast an unwound counter grew over the sampled span, per second."""
    seconds = grown[-1][0] - grown[0][0]
    return grown[-1][1] / seconds if seconds > 0 else 0.0


def mean(samples: Samples) -> float:
    """Average a gauge over time, as if it moved in straight lines between its samples."""
    span = samples[-1][0] - samples[0][0]
    if span <= 0:
        return samples[0][1]
    area = sum((new + old) / 2 * (until - since) for (since, old), (until, new) in pairwise(samples))
    low, high = min(value for _, value in samples), max(value for _, value in samples)
    return min(max(area / span, low), high)  # rounding must not push a mean outside its samples


def growth(samples: Samples) -> float:
    """Give the median slope between all pairs of samples, per second: single peaks do not tilt it (Theil and Sen).

    Our own, because scipy's costs half a second to import. Of more than SLOPE_SAMPLES every n-th is taken.
    """
    some = samples[:: max(1, -(-len(samples) // SLOPE_SAMPLES))]
    slopes = [(new - old) / (until - since) for (since, old), (until, new) in combinations(some, 2)]
    return median(slopes) if slopes else 0.0


def changes(samples: Samples) -> int:
    """Count how often a value differs from the one before it."""
    return sum(old != new for (_, old), (_, new) in pairwise(samples))


def interval(times: Iterable[float]) -> float | None:
    """Give the median distance of neighbouring moments in seconds; None for fewer than two."""
    ordered = sorted(set(times))
    return median(later - earlier for earlier, later in pairwise(ordered)) if len(ordered) > 1 else None


def apart(moments: Iterable[float], *, least_seconds: float) -> list[float]:
    """Count looks that are closer together than this as one: replicas are not scraped at the same moment."""
    kept: list[float] = []
    for at in sorted(moments):
        if not kept or at - kept[-1] >= least_seconds:
            kept.append(at)
    return kept


def refresh(samples: Samples) -> float | None:
    """Give the median distance of changes: how often the number itself is renewed, however often it is scraped."""
    return interval(at for (_, old), (at, new) in pairwise(samples) if old != new)


def total(series: Iterable[Samples], *, counters: bool, hold_seconds: float = 0.0) -> list[Sample]:
    """Add series that were sampled at different moments: straight lines between samples.

    Unwound counters keep their last value; a gauge is nothing outside its samples, but for ``hold_seconds`` at either
    end, so that two replicas scraped half a second apart do not look like one at the edges.
    """
    known = [samples for samples in series if samples]
    moments = sorted({at for samples in known for at, _ in samples})
    return [(at, sum(_value_at(samples, at, counters, hold_seconds) for samples in known)) for at in moments]


def shortage(times: Iterable[float], *, start: float, end: float, interval_seconds: float) -> str | None:
    """Say why there are too few samples to judge a window, and what would settle it; None when there are enough."""
    ordered = [at for at, _ in trim([(at, 0.0) for at in sorted(set(times))], start, end)]
    window = f"a window of {end - start:.1f} s"
    if len(ordered) < FLOOR_SAMPLES:
        counted = "1 sample" if len(ordered) == 1 else f"{len(ordered)} samples"
        needed = math.ceil(FLOOR_SAMPLES * interval_seconds)
        usual = f"{round(interval_seconds, 1):g} s interval"
        return f"{counted} at a {usual} in {window}; load the target for at least {needed} s"
    near = [(since, until) for since, until in pairwise(ordered) if until - since <= GAP_INTERVALS * interval_seconds]
    covered = sum(min(until, end) - max(since, start) for since, until in near)
    if covered < FLOOR_COVERAGE * (end - start):
        share = 100 * covered / (end - start)
        return f"the samples cover {share:.0f} % of {window}; {100 * FLOOR_COVERAGE:.0f} % are needed; run again"
    return None


def _only_rate(grown: Samples) -> list[Sample]:
    if len(grown) < 2 or grown[-1][0] <= grown[0][0]:
        return []
    return [((grown[0][0] + grown[-1][0]) / 2, mean_rate(grown))]


def _value_at(samples: Samples, at: float, counters: bool, hold_seconds: float) -> float:  # noqa: FBT001 - private, one caller
    after = bisect_right(samples, at, key=lambda sample: sample[0])
    if after == 0:
        return samples[0][1] if not counters and samples[0][0] - at <= hold_seconds else 0.0
    since, old = samples[after - 1]
    if after == len(samples):
        return old if counters or at - since <= hold_seconds else 0.0
    until, new = samples[after]
    if not counters and hold_seconds and until - since > GAP_INTERVALS * hold_seconds:  # it was gone meanwhile
        return old if at - since <= hold_seconds else new if until - at <= hold_seconds else 0.0
    return old + (new - old) * (at - since) / (until - since)


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


@dataclass(frozen=True)
class Reading:
    """The raw samples of one part by series, how they were asked for, or the reason why there are none."""

    asked: str
    series: Mapping[Labels, Samples] = field(default_factory=dict)
    missing_because: str | None = None
    notices: tuple[str, ...] = ()
    partial: str | None = None


@dataclass(frozen=True)
class Sightings:
    """Everything a source saw around one window.

    ``pulse`` holds the moments at which the target itself was looked at, ``interval_seconds`` their usual distance;
    a rate is taken over at least ``least_seconds``. ``watched_since`` says per ``instance`` since when it was watched.
    ``advice`` ends the sentence that says how to get more samples. ``clock_ahead_seconds`` is how far the clock that
    gave the samples their times is ahead of this machine's.
    """

    source: str
    preset: Preset
    window: Window
    readings: Mapping[SeriesPart, Reading]
    pulse: tuple[float, ...]
    interval_seconds: float
    least_seconds: float
    request_path: str
    watched_since: Mapping[str, float] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()  # what makes every number doubtful, such as a replica that was replaced
    partial: str | None = None  # why data may be missing
    advice: str = ""
    clock_ahead_seconds: float = 0.0

    @property
    def start(self) -> float:
        """When the window starts, in seconds since the epoch."""
        return self.window.start.timestamp()

    @property
    def end(self) -> float:
        """When the window ends, in seconds since the epoch."""
        return self.window.end.timestamp()

    def reading(self, part: SeriesPart) -> Reading:
        """Return what was read of a part; MetricsUnavailable with the reason where that is nothing."""
        reading = self.readings.get(part)
        if reading is None:
            raise MetricsUnavailable(f"the preset {self.preset.name} reads no {part}")
        if reading.missing_because is not None:
            raise MetricsUnavailable(reading.missing_because)
        return reading
