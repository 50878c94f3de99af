"""Watch a target by reading its own page of metrics before, during and after the run."""

import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from threading import Event, Thread
from types import TracebackType
from typing import Self

import requests

from jupyter_deployfeedback.domain.metric import MetricQuery, Observation, Series, Window
from jupyter_deployfeedback.domain.project import Auth, Target
from jupyter_deployfeedback.errors import DeployFeedbackError, MetricsUnavailable
from jupyter_deployfeedback.observation import wire
from jupyter_deployfeedback.observation.loaded import Loaded, none_seen, observe_each
from jupyter_deployfeedback.observation.presets import PROCESS, SeriesPart
from jupyter_deployfeedback.observation.summaries import all_missing, summarise
from jupyter_deployfeedback.observation.window import Labels, Reading, Sample, Sightings, interval, read_page, trim
from jupyter_deployfeedback.probe.secrets import real_address, secret_headers
from jupyter_deployfeedback.probe.settings import shown
from jupyter_deployfeedback.probe.trust import origin_of

PERIOD_SECONDS = 0.5
DEADLINE_SECONDS = 5.0  # of one page, in total
LIMIT_BYTES = 16 * 2**20
SOURCE = "scrape"

_WANTED = frozenset(name for selector in PROCESS.parts.values() for name in selector.names)
_REMEDY = "Expose prometheus_client metrics there, or set platform.url or platform.source."
_DENIED = "Set platform.auth to what the page asks for, or set platform.source."
MOST_SNAPSHOTS = 2048  # 17 minutes at two a second
MOST_SERIES = 200  # of one page; with more it writes whole paths or users into labels

_REQUEST_NAMES = PROCESS.parts[SeriesPart.REQUESTS].names
_COUNTER_NAMES = frozenset((*PROCESS.parts[SeriesPart.CPU].names, *_REQUEST_NAMES))
_ADVICE = "Use a Prometheus server that scrapes each replica: platform.source: prometheus."


class ScrapeWatch:
    """Reads the page in a thread of its own while inside; ``read`` gives the numbers of one window."""

    def __init__(self, target: Target, queries: tuple[MetricQuery, ...], *, environment: Mapping[str, str]) -> None:
        self._target = target
        self._queries = queries
        self._environment = environment
        self._url = page_url(target)
        self._snapshots = Snapshots(period_seconds=PERIOD_SECONDS)
        self._problem: str | None = None  # why the newest look at the page failed
        self._mistake: Exception | None = None
        self._seen: Sightings | str = "the run's window was not read."  # what was seen, or why nothing was
        self._looked = Event()
        self._stop = Event()
        self._thread = Thread(target=self._watch, name="deployfeedback-scrape", daemon=True)
        self._epoch = time.time() - time.monotonic()  # so that a clock that is set during the run moves no sample

    def __enter__(self) -> Self:
        """Take the snapshot before the run and keep on taking them."""
        self._thread.start()
        self._looked.wait(DEADLINE_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the snapshot after the run, the last one."""
        self._finish()

    def read(self, window: Window) -> tuple[tuple[Observation, ...], tuple[Series, ...]]:
        """Return every platform metric over the window, with its number or the reason why there is none."""
        self._finish()
        if self._mistake is not None:
            raise self._mistake
        own = tuple(
            Observation(
                metric=query.metric,
                missing_because="a query of your own needs a Prometheus server: set platform.source: prometheus.",
                source=SOURCE,
            )
            for query in self._queries
        )
        try:
            self._seen = seen = self._snapshots.sightings(
                window, source=SOURCE, url=shown(self._url), path=self._target.request.path, problem=self._problem
            )
        except MetricsUnavailable as error:
            self._seen = str(error)
            return (*all_missing(str(error), source=SOURCE), *own), ()
        observations, series = summarise(seen)
        return (*observations, *own), series

    def read_each(self, windows: Sequence[Window]) -> Loaded:
        """Return CPU and memory in each window of a load."""
        if isinstance(self._seen, str):
            return none_seen(windows, because=self._seen, source=SOURCE)
        return observe_each(self._seen, windows)

    def _finish(self) -> None:
        self._stop.set()
        self._thread.join(2 * DEADLINE_SECONDS)

    def _watch(self) -> None:
        """Look until told to stop, and once more then. A page that will never be there is asked for only once."""
        try:
            address = real_address(self._url, environment=self._environment)
            with wire.BoundedSession(address, ca_file=self._target.platform.ca_file) as session:
                session.headers.update(self._headers())
                while self._look(session, address):
                    self._looked.set()
                    if self._stop.wait(self._snapshots.period_seconds):
                        self._look(session, address)
                        return
        except DeployFeedbackError as error:
            self._problem = str(error)
        except Exception as error:  # noqa: BLE001 - a mistake of ours: ``read`` raises it again
            self._mistake = error
        finally:
            self._looked.set()

    def _look(self, session: wire.BoundedSession, address: str) -> bool:
        """Take one snapshot; False when there is no sense in trying again."""
        began = time.monotonic()
        try:
            status, text = self._fetch(session, address)
        except MetricsUnavailable as error:
            self._problem = f"{error.message} {_REMEDY}"
            return False
        except OSError as error:
            self._problem = f"{wire.why_unreachable(error, url=self._url)} {_REMEDY}"
            return True
        if status != requests.codes.ok:
            denied = status in {requests.codes.unauthorized, requests.codes.forbidden}
            self._problem = f"{shown(self._url)} answered {status}. {_DENIED if denied else _REMEDY}"
            return status >= wire.SERVER_ERROR
        return self._keep(text, at=self._epoch + (began + time.monotonic()) / 2)

    def _fetch(self, session: wire.BoundedSession, address: str) -> tuple[int, str]:
        session.allow(DEADLINE_SECONDS)
        with session.get(address, timeout=DEADLINE_SECONDS, stream=True, allow_redirects=False) as response:
            body = wire.read_body(response, limit_bytes=LIMIT_BYTES, url=self._url)
        return response.status_code, body.decode("utf-8", errors="replace")

    def _keep(self, text: str, *, at: float) -> bool:
        try:
            values = read_page(text, wanted=_WANTED)
        except ValueError:
            self._problem = f"{shown(self._url)} is not a page of Prometheus metrics. {_REMEDY}"
            return False
        self._problem = None
        self._snapshots.add(at, values)
        return True

    def _headers(self) -> dict[str, str]:
        """Send the platform's own credentials, or the target's where the page is the target's: never elsewhere."""
        platform = self._target.platform
        auth = platform.auth
        own = self._target.auth
        if auth == Auth() != own and origin_of(self._url) == origin_of(self._target.address):
            auth = own
        return {
            "Accept": "text/plain;version=0.0.4",
            **secret_headers(auth.model_dump(), url=self._url, environment=self._environment),
        }


def page_url(target: Target) -> str:
    """Return where the target's metrics are: ``platform.url``, or ``/metrics`` under its own URL."""
    return target.platform.url or target.address.split("?")[0].rstrip("/") + "/metrics"


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
            readings={part: self._reading(part, url) for part in PROCESS.parts if part is not SeriesPart.UP},
            pulse=tuple(at for at, _ in pulse),
            interval_seconds=round(usual, 3),
            least_seconds=2 * usual,
            request_path=path,
            doubts=self._doubts(inside),
        )

    def _reading(self, part: SeriesPart, url: str) -> Reading:
        names = PROCESS.parts[part].names
        keys = sorted(key for key in self._known if _name(key) in names)
        if part is SeriesPart.REQUESTS:
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
