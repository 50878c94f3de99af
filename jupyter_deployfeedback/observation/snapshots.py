"""The looks at a target's page that a run keeps: few numbers each, and never too many (no I/O)."""

from collections.abc import Mapping
from itertools import pairwise

from jupyter_deployfeedback.domain.observation import Window
from jupyter_deployfeedback.errors import MetricsUnavailable
from jupyter_deployfeedback.observation.presets import PROCESS, Part
from jupyter_deployfeedback.observation.sightings import Reading, Sightings
from jupyter_deployfeedback.observation.window import Labels, Sample, interval, trim

MOST_SNAPSHOTS = 2048  # 17 minutes at two a second
MOST_SERIES = 200  # of one page; with more it writes whole paths or users into labels

_REQUEST_NAMES = PROCESS.parts[Part.REQUESTS].names
_COUNTER_NAMES = frozenset((*PROCESS.parts[Part.CPU].names, *_REQUEST_NAMES))
_ADVICE = "Use a Prometheus server that scrapes each replica: platform.source: prometheus."


class Snapshots:
    """Values of the wanted series by moment. When there are too many, every second one goes and the period doubles."""

    def __init__(self, *, period_seconds: float) -> None:
        self.period_seconds = period_seconds
        self._taken: list[tuple[float, Mapping[Labels, float]]] = []
        self._known: dict[Labels, Labels] = {}  # one tuple for each series, not one for each look
        self._crowd = 0  # series that were too many to keep

    def add(self, at: float, values: Mapping[Labels, float]) -> None:
        """Keep one look at the page."""
        if len(values) > MOST_SERIES:
            self._crowd = len(values)
            values = {key: value for key, value in values.items() if _name(key) not in _REQUEST_NAMES}
        self._taken.append((at, {self._known.setdefault(key, key): value for key, value in values.items()}))
        if len(self._taken) >= MOST_SNAPSHOTS:
            del self._taken[1::2]
            self.period_seconds *= 2

    def sightings(self, window: Window, *, source: str, url: str, path: str, problem: str | None) -> Sightings:
        """Return what was seen around a window; MetricsUnavailable when that cannot be trusted at all."""
        if not self._taken:
            raise MetricsUnavailable(problem or f"{url} was not read in time.")
        self._refuse_replicas(url)
        pulse = [(at, 0.0) for at, _ in self._taken]
        inside = trim(pulse, window.start.timestamp(), window.end.timestamp())
        usual = max(self.period_seconds, interval(at for at, _ in inside) or 0.0)  # a busy server answers late
        return Sightings(
            source=source,
            preset=PROCESS,
            window=window,
            readings={part: self._reading(part, url) for part in PROCESS.parts if part is not Part.UP},
            pulse=tuple(at for at, _ in pulse),
            interval_seconds=round(usual, 3),
            least_seconds=2 * usual,
            request_path=path,
            doubts=self._doubts(inside),
        )

    def _reading(self, part: Part, url: str) -> Reading:
        names = PROCESS.parts[part].names
        keys = sorted(key for key in self._known if _name(key) in names)
        if part is Part.REQUESTS:
            asked = f"{url} {' '.join(sorted({_name(key) for key in keys}))}"
            crowd = f"{url} has {self._crowd} series; {MOST_SERIES} are read at most." if self._crowd else None
            return Reading(asked, {key: self._samples(key, names) for key in keys}, missing_because=crowd)
        missing = None if keys else f"{url} has no {names[0]}."
        return Reading(f"{url} {names[0]}", {key: self._samples(key, names) for key in keys}, missing_because=missing)

    def _samples(self, key: Labels, names: tuple[str, ...]) -> list[Sample]:
        """Return a series' samples. A counter that the page does not show yet is at zero, as it is after a restart."""
        if not _COUNTER_NAMES.intersection(names):
            return [(at, values[key]) for at, values in self._taken if key in values]
        samples = [(at, values.get(key, 0.0)) for at, values in self._taken]
        fresh = [((since + at) / 2, 0.0) for (since, old), (at, new) in pairwise(self._starts()) if old != new]
        return sorted(samples + fresh)

    def _starts(self) -> list[Sample]:
        return [(at, started) for at, values in self._taken if (started := _started(values)) is not None]

    def _refuse_replicas(self, url: str) -> None:
        """Refuse a page that is answered by several processes in turn: its numbers belong to none of them."""
        starts = [value for _, value in self._starts()]
        fell = "process_start_time_seconds" if starts != sorted(starts) else self._falls_without_restart()
        if fell is not None:
            raise MetricsUnavailable(
                f"{url} is answered by several processes in turn: {fell} went back.", remedy=_ADVICE
            )

    def _falls_without_restart(self) -> str | None:
        steady = [(old, new) for (_, old), (_, new) in pairwise(self._taken) if _started(old) == _started(new)]
        counters = [key for key in self._known if _name(key) in _COUNTER_NAMES]
        return next(
            (_name(key) for key in counters for old, new in steady if new.get(key, 0.0) < old.get(key, 0.0)), None
        )

    def _doubts(self, inside: list[Sample]) -> tuple[str, ...]:
        starts = {value for at, value in self._starts() if inside and inside[0][0] <= at <= inside[-1][0]}
        return (
            ("the server restarted during the run: what it counted just before that is lost",)
            if len(starts) > 1
            else ()
        )


def _name(key: Labels) -> str:
    return next(value for name, value in key if name == "__name__")


def _started(values: Mapping[Labels, float]) -> float | None:
    return next((value for key, value in values.items() if _name(key) == "process_start_time_seconds"), None)
