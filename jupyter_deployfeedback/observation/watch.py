"""Choose how a target's platform is watched, and ask a target what it says of itself."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

from jupyter_deployfeedback.domain.metric import MetricQuery, Observation, Series, Window
from jupyter_deployfeedback.domain.project import PlatformSource, Target
from jupyter_deployfeedback.domain.run import TargetFacts
from jupyter_deployfeedback.errors import DeployFeedbackError
from jupyter_deployfeedback.observation.loaded import Loaded
from jupyter_deployfeedback.observation.scrape import ScrapeWatch
from jupyter_deployfeedback.observation.summaries import all_missing
from jupyter_deployfeedback.probe.settings import read_settings, shown
from jupyter_deployfeedback.probe.target import Exchange, HealthPages
from jupyter_deployfeedback.probe.target import Target as Probe

NO_SOURCE = "platform.source is none; set it to scrape or prometheus."


class Watch(Protocol):
    """Watches one target's platform while a run is inside; ``read`` then gives the numbers of one window.

    ``read`` may be called inside or after; it ends the watching. Every standard platform metric and every query of the
    user's own comes back, with a number or with the reason why there is none: a source that fails never raises.
    """

    def __enter__(self) -> Self:
        """Begin to watch; returns when the target was looked at once, or cannot be."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Look a last time."""

    def read(self, window: Window) -> tuple[tuple[Observation, ...], tuple[Series, ...]]:
        """Return the observations of the window, and CPU and memory over time."""

    def read_each(self, windows: Sequence[Window]) -> Loaded:
        """Return CPU, memory and the user's own queries in each window of a load; ``read`` comes first."""


def watch(target: Target, queries: tuple[MetricQuery, ...], *, environment: Mapping[str, str]) -> Watch:
    """Return what watches a target as its ``platform.source`` says; nothing is asked before it is entered."""
    if target.url is None:
        return NoWatch(queries, reason="The address of the target is not known.")
    if target.platform.source is PlatformSource.SCRAPE:
        return ScrapeWatch(target, queries, environment=environment)
    if target.platform.source is PlatformSource.NONE:
        return NoWatch(queries)
    from jupyter_deployfeedback.observation.prometheus_watch import PrometheusWatch  # its client takes 0.15 s to import

    return PrometheusWatch(target, queries, environment=environment)


class NoWatch:
    """Watches nothing, and says so of every metric: a rule about one of them is then an error, not a pass."""

    def __init__(self, queries: tuple[MetricQuery, ...], *, reason: str = NO_SOURCE) -> None:
        self._queries = queries
        self._reason = reason

    def __enter__(self) -> Self:
        """Do nothing."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing."""

    def read(self, _window: Window) -> tuple[tuple[Observation, ...], tuple[Series, ...]]:
        """Return all platform metrics as missing."""
        own = (Observation(metric=query.metric, missing_because=self._reason, source="none") for query in self._queries)
        return (*all_missing(self._reason, source="none"), *own), ()

    def read_each(self, _windows: Sequence[Window]) -> Loaded:
        """Return no windows."""
        return Loaded()


def ask_target(target: Target, *, environment: Mapping[str, str]) -> TargetFacts:
    """Say whether a target is ready and which model version it serves; one that cannot be reached is not ready."""
    with Health(target, environment=environment) as health:
        return health.ask()


def try_target(target: Target, example: object, *, environment: Mapping[str, str]) -> Exchange:
    """Ask a target about one example, and return the answer or why there is none; raises DeployFeedbackError."""
    with Probe(read_settings(target.model_dump(mode="json")), environment=environment) as asked:
        return asked.exchange([example])


class Health:
    """Asks one target how it is, as often as wanted, over one connection; for one thread at a time."""

    def __init__(self, target: Target, *, environment: Mapping[str, str]) -> None:
        self._target = target
        self._environment = environment
        self._pages: HealthPages | None = None

    def ask(self) -> TargetFacts:
        """Return what the target says of itself now; nothing is raised."""
        target = self._target
        namespace = target.platform.labels.get("namespace")
        if target.url is None:
            problem = f"its address is not known. {target.how_to_address}"
            return TargetFacts(target=target.name, url=None, ready=False, namespace=namespace, problem=problem)
        known = {"target": target.name, "url": shown(target.url), "namespace": namespace}
        try:
            if self._pages is None:
                settings = read_settings(target.model_dump(mode="json"))
                self._pages = HealthPages(settings, environment=self._environment)
            return TargetFacts(**known, **self._pages.ask())
        except DeployFeedbackError as error:
            return TargetFacts(**known, ready=False, problem=str(error), remedy=error.remedy)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pages is not None:
            self._pages.close()
