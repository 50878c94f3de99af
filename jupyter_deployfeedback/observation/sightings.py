"""What a source saw of one target, before it becomes numbers (values only)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from jupyter_deployfeedback.domain.observation import Window
from jupyter_deployfeedback.errors import MetricsUnavailable
from jupyter_deployfeedback.observation.presets import Part, Preset
from jupyter_deployfeedback.observation.window import Labels, Samples


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
    readings: Mapping[Part, Reading]
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

    def reading(self, part: Part) -> Reading:
        """Return what was read of a part; MetricsUnavailable with the reason where that is nothing."""
        reading = self.readings.get(part)
        if reading is None:
            raise MetricsUnavailable(f"the preset {self.preset.name} reads no {part}")
        if reading.missing_because is not None:
            raise MetricsUnavailable(reading.missing_because)
        return reading
