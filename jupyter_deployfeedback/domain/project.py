"""What one ``deployfeedback.yaml`` declares."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from jupyter_deployfeedback.domain import fields
from jupyter_deployfeedback.domain.base import Frozen
from jupyter_deployfeedback.domain.metric import STANDARD_METRICS, Metric, MetricQuery
from jupyter_deployfeedback.domain.rules.rule import Rule
from jupyter_deployfeedback.domain.run import Suite
from jupyter_deployfeedback.errors import UsageError
from jupyter_deployfeedback.probe.trust import Use, references_of, uses_of

PROJECT_FILE = "deployfeedback.yaml"
AICOE_FILE = ".aicoe-ci.yaml"  # what its predecessor read
LAST_RELEASE = "last-release"
DEFAULT_LOOKS = 2
MOST_LOOKS = 3
VOLATILE = ("kernelspec", "language_info")
"""What JupyterLab writes anew into a notebook's metadata wherever it is saved."""


class Protocol(StrEnum):
    """How a deployment speaks. Protocols that are not listed are not understood yet."""

    REST = "rest"


class Auth(Frozen):
    """References to secrets, never the secrets: ``env:NAME``, ``file:PATH`` or ``keyring:SERVICE/USER``."""

    bearer: fields.SecretReference | None = Field(
        None, description="Sent as `Authorization: Bearer ...`.", examples=["env:MODEL_TOKEN"]
    )
    headers: dict[str, fields.SecretReference] = Field(
        {}, description="Secret headers: name -> reference.", examples=[{"X-Api-Key": "env:MODEL_KEY"}]
    )


class RequestShape(Frozen):
    """How inputs become a request."""

    path: fields.ServerPath = Field("/predict", description="Path that is posted to.", examples=["/predict"])
    body: Any = Field(
        {"inputs": "$inputs"},
        description="The JSON body; $inputs stands for the batch, $input for its only example.",
        examples=[{"inputs": "$inputs"}],
    )
    headers: dict[str, fields.Text] = Field(
        {}, description="Headers that are not secret.", examples=[{"X-Client": "ci"}]
    )


class ResponseShape(Frozen):
    """Where the answer holds what we need."""

    predictions: fields.AnswerPath = Field(
        "$.predictions", description="Path of the predictions.", examples=["$.predictions", "$.outputs[0].data"]
    )
    probabilities: fields.AnswerPath | None = Field(
        None, description="Path of the probabilities.", examples=["$.probabilities"]
    )
    version: fields.AnswerPath | None = Field(
        None, description="Path of the model version that answered.", examples=["$.model_version"]
    )


class PresetName(StrEnum):
    """Sets of PromQL queries that are ready to use."""

    PROCESS = "process"
    KUBERNETES = "kubernetes"


class PlatformSource(StrEnum):
    """Where platform metrics come from."""

    SCRAPE = "scrape"
    PROMETHEUS = "prometheus"
    NONE = "none"


class Platform(Frozen):
    """Where a target's CPU, memory, requests and errors are read."""

    source: PlatformSource = Field(
        PlatformSource.SCRAPE,
        description="scrape: the target's own metrics page. prometheus: a Prometheus server. none: nowhere.",
        examples=["scrape"],
    )
    url: fields.Address | None = Field(
        None,
        description="The Prometheus server, or for scrape the metrics page (default: the target's /metrics).",
        examples=["http://127.0.0.1:9090"],
    )
    auth: Auth = Field(Auth(), description="For the source of metrics.", examples=[{"bearer": "env:TOKEN"}])
    preset: PresetName = Field(PresetName.PROCESS, description="Which queries are asked.", examples=["kubernetes"])
    labels: dict[str, fields.Text] = Field(
        {}, description="Select the target's series; values are regular expressions.", examples=[{"job": "digits"}]
    )
    ca_file: fields.Text | None = Field(None, description="Certificates to trust, PEM.", examples=["/etc/ssl/ca.pem"])


def _long_form(value: object) -> object:
    return {"source": value} if isinstance(value, str) else value


class TargetSection(Frozen):
    """What is written of a target under its name."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    url: str | None  # None: not known yet; it is given when a run is asked for
    protocol: Protocol = Field(Protocol.REST, description="How the deployment speaks.", examples=["rest"])
    model: fields.Text | None = Field(
        None, description="Name of the model, where the server has several.", examples=["m"]
    )
    request: RequestShape = Field(
        RequestShape(),
        description="How inputs become a request.",
        examples=[{"path": "/predict", "body": {"inputs": "$inputs"}}],
    )
    response: ResponseShape = Field(
        ResponseShape(), description="Where the answer holds what we need.", examples=[{"predictions": "$.predictions"}]
    )
    health: fields.ServerPath | None = Field(None, description="Path that answers 200 when ready.", examples=["/ready"])
    expect_version: fields.Text | None = Field(
        None, description="The model version that must answer; another one is an error.", examples=["2.1.0"]
    )
    auth: Auth = Field(Auth(), description="For the deployment itself.", examples=[{"bearer": "env:MODEL_TOKEN"}])
    platform: Annotated[
        Platform, BeforeValidator(_long_form, json_schema_input_type=Literal["scrape", "none"] | Platform)
    ] = Field(Platform(), description="Where CPU, memory and requests are read.", examples=[{"source": "scrape"}])
    timeout_seconds: fields.Duration = Field(
        10.0, alias="timeout", description="Time limit of one request.", examples=["10s"]
    )


class Target(TargetSection):
    """One deployed endpoint that can be tested. Never a Prometheus scrape target."""

    name: str

    @property
    def address(self) -> str:
        """The url. Raises UsageError where it is not known."""
        if self.url is None:
            raise UsageError(f"The address of {self.name} is not known.", remedy=self.how_to_address)
        return self.url

    @property
    def asked_for(self) -> tuple[Use, ...]:
        """The secrets that are sent when the target is asked: to its url, and to where its platform metrics are."""
        own = uses_of(self.url, references_of(dict(self.auth))) if self.url is not None else ()
        metrics = self.platform.url or self.url
        if self.platform.source is PlatformSource.NONE or metrics is None:
            return own
        return tuple(dict.fromkeys((*own, *uses_of(metrics, references_of(dict(self.platform.auth))))))

    @property
    def how_to_address(self) -> str:
        """What to do where the url is not known."""
        return f"Give it: --url {self.name}=http://HOST:PORT"


class Kernels(Frozen):
    """How kernels are supplied."""

    preload: fields.ModulesOrOff = Field(  # None: they must not be forked
        (),
        description="Modules to import beforehand, in the process that kernels are forked from; off: never fork them.",
        examples=[["numpy", "pandas"]],
    )
    environment: fields.OneOrMany = Field((), description="Variables that suites may see.", examples=[["DATA_DIR"]])


class ReleaseSettings(Frozen):
    """How a release is tagged."""

    tag: fields.Text = Field(
        "v{version}", description="Name of the tag; {version} and {project} are replaced.", examples=["v{version}"]
    )
    remote: fields.Text | None = Field(None, description="Where the tag is pushed to when asked.", examples=["origin"])
    ignore_in_notebooks: fields.OneOrMany = Field(
        VOLATILE,
        description="Metadata in which a notebook may differ from its commit; outputs: also outputs and their counts.",
        examples=[["kernelspec", "language_info", "outputs"]],
    )


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
