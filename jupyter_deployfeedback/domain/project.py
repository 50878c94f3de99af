"""What one ``deployfeedback.yaml`` declares."""

from __future__ import annotations

from enum import StrEnum

from jupyter_deployfeedback.domain.base import Frozen
from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Metric
from jupyter_deployfeedback.domain.observation import MetricQuery
from jupyter_deployfeedback.domain.rules.rule import Rule
from jupyter_deployfeedback.domain.suite import Suite
from jupyter_deployfeedback.errors import UsageError

PROJECT_FILE = "deployfeedback.yaml"
AICOE_FILE = ".aicoe-ci.yaml"  # what its predecessor read
LAST_RELEASE = "last-release"
DEFAULT_LOOKS = 2
MOST_LOOKS = 3


class Protocol(StrEnum):
    """How a deployment speaks. Protocols that are not listed are not understood yet."""

    REST = "rest"


class Auth(Frozen):
    """References to secrets, never the secrets: ``env:NAME``, ``file:PATH`` or ``keyring:SERVICE/USER``.

    ``bearer`` becomes ``Authorization: Bearer ...``; ``headers`` maps a header's name to a reference.
    """

    bearer: str | None = None
    headers: dict[str, str] = {}


class RequestShape(Frozen):
    """How inputs become a request: ``$inputs`` stands for the batch, ``$input`` for its only example."""

    path: str = "/predict"
    body: object = {"inputs": "$inputs"}
    headers: dict[str, str] = {}


class ResponseShape(Frozen):
    """Where the answer holds what we need, as paths such as ``$.outputs[0].data``."""

    predictions: str = "$.predictions"
    probabilities: str | None = None
    version: str | None = None


class PlatformSource(StrEnum):
    """Where platform metrics come from."""

    SCRAPE = "scrape"
    PROMETHEUS = "prometheus"
    NONE = "none"


class Platform(Frozen):
    """How to find a target's platform metrics.

    ``url`` is the Prometheus server's, or for ``scrape`` the metrics page's (default: the target's own ``/metrics``).
    ``preset`` picks the queries (``process``, ``kubernetes``); ``labels`` select the target's series.
    """

    source: PlatformSource = PlatformSource.SCRAPE
    url: str | None = None
    auth: Auth = Auth()
    preset: str = "process"
    labels: dict[str, str] = {}
    ca_file: str | None = None


class Target(Frozen):
    """One deployed endpoint that can be tested. Never a Prometheus scrape target."""

    name: str
    url: str | None  # None: not known yet; it is given when a run is asked for
    protocol: Protocol = Protocol.REST
    model: str | None = None
    request: RequestShape = RequestShape()
    response: ResponseShape = ResponseShape()
    health: str | None = None  # path that answers 200 when the target is ready
    expect_version: str | None = None
    auth: Auth = Auth()
    platform: Platform = Platform()
    timeout_seconds: float = 10.0  # of one request

    @property
    def address(self) -> str:
        """The url. Raises UsageError where it is not known."""
        if self.url is None:
            raise UsageError(f"The address of {self.name} is not known.", remedy=self.how_to_address)
        return self.url

    @property
    def how_to_address(self) -> str:
        """What to do where the url is not known."""
        return f"Give it: --url {self.name}=http://HOST:PORT"


class Kernels(Frozen):
    """How kernels are supplied, and which environment variables a suite may see beside its own.

    ``fork``: whether kernels may be forked from a process that holds the ``preload`` modules.
    """

    preload: tuple[str, ...] = ()
    fork: bool = True
    environment: tuple[str, ...] = ()


class ReleaseSettings(Frozen):
    """How a release is tagged; ``{version}`` in ``tag`` is replaced."""

    tag: str = "v{version}"
    remote: str | None = None


class Project(Frozen):
    """Everything the project file declares, checked. ``folder`` and ``file`` are absolute paths.

    ``digest`` is the sha256 of the file as it was read; ``notices`` are worth reading before a run, nothing more.
    """

    name: str
    folder: str
    file: str
    digest: str | None = None
    targets: dict[str, Target]
    default_target: str
    baseline: str = LAST_RELEASE  # a target's name: compared live and paired
    suites: tuple[Suite, ...]
    parallel: int | None = None  # suites at once; None: as many as there are cores
    timeout_seconds: float | None = None  # of all suites together
    metrics: tuple[MetricQuery, ...] = ()
    rules: tuple[Rule, ...] = ()
    confidence: float = 0.95  # one-sided
    looks: int = DEFAULT_LOOKS
    kernels: Kernels = Kernels()
    release: ReleaseSettings = ReleaseSettings()
    notices: tuple[str, ...] = ()

    @property
    def confidence_of_a_look(self) -> float:
        """The one-sided confidence of each look: the error is shared out, so that all looks together keep to it."""
        return 1 - (1 - self.confidence) / self.looks

    @property
    def known_metrics(self) -> dict[str, Metric]:
        """The metrics whose unit and direction are known before a run: the standard ones and the project's own."""
        return {**STANDARD_METRICS, **{query.name: query.metric for query in self.metrics}}
