"""The project file as it is written: every key with its meaning and an example. The JSON Schema comes from here."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from jupyter_deployfeedback.domain import fields
from jupyter_deployfeedback.domain.metric import Better
from jupyter_deployfeedback.domain.project import DEFAULT_LOOKS, MOST_LOOKS, Kernels, ReleaseSettings, TargetSection
from jupyter_deployfeedback.domain.rules.rule import OnFail, OnNoData, OnSmallSlice


class Section(BaseModel):
    """A part of the file; what it does not know is an error."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class TargetFile(TargetSection):
    """One deployed endpoint that can be tested."""

    model_config = ConfigDict(validate_by_name=False)

    url: fields.Address = Field(
        description="Address of the deployment; ${NAME} and ${NAME:-default} are replaced.",
        examples=["${MODEL_URL:-http://127.0.0.1:8000}"],
    )


def _suite(value: object) -> object:
    return {"notebook": value} if isinstance(value, str) else value


_KEYS_OF_KIND = {
    "notebook": ("cell_timeout", "kernel"),
    "features": ("python", "url_variables"),
    "results": ("evidence", "max_age", "url"),
    "kind": ("source", "options"),
}


class SuiteFile(Section):
    """One notebook, behave features, or what another package can run against a target."""

    notebook: fields.Text | None = Field(
        None,
        description="Path of a notebook, relative to this file; a folder or a pattern names several.",
        examples=["suites/quality.ipynb", "suites/*.ipynb", "suites/"],
    )
    features: fields.Text | None = Field(
        None, description="Or: folder of behave features, relative to this file.", examples=["features/"]
    )
    results: fields.Text | None = Field(
        None,
        description="Or: results of k6, Vegeta, GuideLLM or Chaos Toolkit, relative to this file.",
        examples=["load/k6.json"],
    )
    kind: fields.Name | None = Field(
        None, description="Or: a kind that an installed package brings.", examples=["chaos"]
    )
    source: fields.Text | None = Field(
        None, description="Of such a kind: its file or folder.", examples=["chaos/pods.yaml"]
    )
    options: dict[str, Any] = Field({}, description="Of such a kind: what its package knows.", examples=[{"depth": 2}])
    name: fields.Text | None = Field(
        None,
        description="Default: the file's name. Of features: a regular expression that selects them by their path.",
        examples=["quality"],
    )
    python: fields.Text | None = Field(
        None, description="Of features: the Python that has behave and their packages.", examples=[".venv/bin/python"]
    )
    evidence: Literal["point"] | None = Field(
        None, description="Of results: aggregates without samples count, as weak evidence.", examples=["point"]
    )
    max_age: fields.Duration | None = Field(None, description="Of results: how old they may be; 24h.", examples=["1h"])
    url: fields.WholeAddress | None = Field(
        None,
        description="Of results: the address that was asked, where it is not the target's own.",
        examples=["http://127.0.0.1:8080"],
    )
    url_variables: fields.OneOrMany = Field(
        (), description="Of features: more variables that hold the target's address.", examples=[["MODEL_URL"]]
    )
    parameters: dict[str, fields.ParameterValue] = Field(
        {}, description="Values for the notebook's parameters cell; never secrets.", examples=[{"n": 500}]
    )
    matrix: dict[str, fields.AxisValues] = Field(
        {},
        description="Values for parameters; the suite runs once for each combination.",
        examples=[{"n": [100, 1000], "seed": [1, 2]}],
    )
    kernel: fields.Text | None = Field(
        None, description="Of notebooks: the kernel that runs it; default: the notebook's.", examples=["python3"]
    )
    timeout: fields.Duration = Field(600.0, description="Time limit of the whole suite.", examples=["5min"])
    cell_timeout: fields.Duration | None = Field(
        None, description="Of notebooks: time limit of each cell.", examples=["30s"]
    )
    exclusive: bool = Field(default=False, description="Nothing else runs meanwhile.", examples=[True])
    more: str | None = Field(
        None,
        description="The parameter that says how many examples are sent: continuing a run raises it.",
        examples=["n"],
    )

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        given = [key for key in ("notebook", "features", "results", "kind") if getattr(self, key) is not None]
        if not given:
            raise fields.wrong("names nothing to run.", "Write notebook: suites/quality.ipynb, or features: features/.")
        if len(given) > 1:
            raise fields.wrong(f"names {' and '.join(given)}.", "Make a suite of each.")
        self._refuse_strangers(given[0])
        if self.kind is not None and self.source is None:
            raise fields.wrong("names a kind without a source.", "Write the file it runs: source: chaos/pods.yaml.")
        if self.features is not None:
            fields.as_pattern(self.name or "")
        elif self.name is not None:
            fields.as_name(self.name)
        return self

    def _refuse_strangers(self, own: str) -> None:
        """Complain of keys that belong to another kind of suite."""
        for kind, keys in _KEYS_OF_KIND.items():
            strangers = [key for key in keys if getattr(self, key)] if kind != own else []
            if strangers:
                raise fields.wrong(f"has {strangers[0]}, which only a suite with {kind} can have.", "Delete it.")
        for key in ("parameters", "matrix"):
            if own == "features" and getattr(self, key):
                remedy = "Their tests read variables: set them when you run, and name them under kernels: environment."
                raise fields.wrong(f"has {key}, which features cannot take.", remedy)
            if own == "results" and getattr(self, key):
                raise fields.wrong(f"has {key}, which results cannot take.", "Delete them: nothing is run here.")


class MetricFile(Section):
    """A metric of your own, read from Prometheus."""

    query: str = Field(
        description="PromQL that yields one number; $labels stands for the target's labels.",
        examples=["max(queue_depth{$labels})"],
    )
    unit: str = Field("", description="s, B, cores, share or a noun.", examples=["requests"])
    better: Better = Field(Better.NEITHER, description="The direction of improvement.", examples=["lower"])
    exists: str | None = Field(
        None,
        description="Series that prove the counter to be there when the query yields none: for on_no_data: zero.",
        examples=["http_requests_total{$labels}"],
    )


class RuleFile(Section):
    """One condition that a release must meet."""

    metric: str = Field(description="Name of the metric.", examples=["accuracy"])
    passing: fields.OneOrMany = Field(
        alias="pass",
        description="Conditions that must all hold; a sign means relative to the baseline.",
        examples=[[">=0.95", ">=-1pp"]],
    )
    warning: fields.OneOrMany = Field((), alias="warn", description="Looser conditions: warn.", examples=[[">=-2pp"]])
    failing: fields.OneOrMany = Field(
        (), alias="fail", description="Default: the opposite of pass.", examples=[["<-3pp"]]
    )
    slices: fields.OneOrMany = Field((), description="Judge each value of these slices too.", examples=[["digit"]])
    on_fail: OnFail = Field(OnFail.FAIL, description="What a failed rule means for the run.", examples=["warn"])
    on_no_data: OnNoData | None = Field(
        None,
        description="What no data means: error, fail, or zero for a counter proven to exist; default: the file's.",
        examples=["fail"],
    )
    on_small_slice: OnSmallSlice | None = Field(
        None,
        description="What a slice with too few examples means: inconclusive or info. Default: the file's.",
        examples=["info"],
    )
    info: bool = Field(default=False, description="Shown, never counted.", examples=[True])


def _number(version: object) -> object:
    return 1 if version == "1" else version  # as editors that quote every value write it


class ProjectFile(Section):
    """What a model's release is judged by: its deployments, suites and rules."""

    model_config = ConfigDict(json_schema_extra={"patternProperties": {"^x-": {}}})  # for anchors

    version: Annotated[Literal[1], BeforeValidator(_number, json_schema_input_type=Literal[1, "1"])] = Field(
        1, description="Version of this file's format.", examples=[1]
    )
    name: fields.Name | None = Field(None, description="Default: the folder's name.", examples=["digits"])
    targets: dict[fields.Name, TargetFile] = Field(
        description="The deployments that can be tested.",
        examples=[{"candidate": {"url": "http://127.0.0.1:8000"}}],
        min_length=1,
    )
    default_target: fields.Name | None = Field(
        None, description="The target that is tested where none is named.", examples=["candidate"]
    )
    baseline: fields.Text = Field(
        "last-release", description="A target (compared live, paired) or last-release.", examples=["released"]
    )
    suites: list[Annotated[SuiteFile, BeforeValidator(_suite, json_schema_input_type=str | SuiteFile)]] = Field(
        description="What is run against a target.", examples=[["suites/smoke.ipynb"]], min_length=1
    )
    parallel: int | None = Field(None, ge=1, description="Most suites at once; default: one per core.", examples=[2])
    timeout: fields.Duration | None = Field(
        None, description="Time limit of all suites of a run together.", examples=["30min"]
    )
    metrics: dict[fields.Name, MetricFile] = Field(
        {}, description="Metrics of your own.", examples=[{"queue_depth": {"query": "max(queue_depth{$labels})"}}]
    )
    rules: list[RuleFile] = Field(
        [], description="The conditions of a release.", examples=[[{"metric": "accuracy", "pass": ">=0.95"}]]
    )
    confidence: float = Field(
        0.95, gt=0.5, lt=1, description="One-sided; intervals are shown at 2 * confidence - 1.", examples=[0.95]
    )
    looks: int = Field(
        DEFAULT_LOOKS,
        ge=1,
        le=MOST_LOOKS,
        description="How often a run may be judged: once, and again each time an inconclusive one is continued.",
        examples=[DEFAULT_LOOKS],
    )
    on_no_data: Literal["error", "fail"] = Field(
        "error", description="What it means that a metric has no data; zero is for single rules.", examples=["error"]
    )
    on_small_slice: OnSmallSlice = Field(
        OnSmallSlice.INCONCLUSIVE,
        description="What a slice with too few examples to be judged means.",
        examples=["info"],
    )
    kernel: fields.Text | None = Field(
        None, description="The kernel of all notebooks; default: what each of them names.", examples=["python3"]
    )
    kernels: Kernels = Field(Kernels(), description="How kernels are supplied.", examples=[{"preload": ["numpy"]}])
    release: ReleaseSettings = Field(
        ReleaseSettings(), description="How a release is tagged.", examples=[{"tag": "v{version}"}]
    )


def project_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``deployfeedback.yaml``, for editors that complete and check it."""
    schema = ProjectFile.model_json_schema(by_alias=True, mode="validation") | {"patternProperties": {"^x-": {}}}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "deployfeedback.yaml"}
