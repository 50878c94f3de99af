"""A good file becomes a project: friendly forms, defaults, and the design's complete example."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jupyter_deployfeedback.domain.metric import Better, MetricQuery
from jupyter_deployfeedback.domain.project import (
    Auth,
    Kernels,
    Platform,
    PlatformSource,
    Project,
    ReleaseSettings,
    RequestShape,
    ResponseShape,
    Target,
)
from jupyter_deployfeedback.domain.rules.rule import OnFail, OnNoData, OnSmallSlice
from jupyter_deployfeedback.domain.run import Suite
from jupyter_deployfeedback.errors import ProjectError, ProjectNotFound
from jupyter_deployfeedback.project import load_project

if TYPE_CHECKING:
    from tests.comparison.evidence import rule
from tests.comparison.evidence import rule
from tests.project.conftest import Load

COMPLETE = """\
version: 1
name: digits
targets:
  released:
    url: ${DIGITS_RELEASED_URL:-http://127.0.0.1:8001}
    protocol: rest
    request: {path: /predict, body: {inputs: $inputs}}
    response: {predictions: $.predictions, version: $.model_version}
  candidate:
    url: https://digits-candidate.ml.example/
    model: digits
    expect_version: "2.1.0"
    auth: {bearer: env:DIGITS_TOKEN}
    platform:
      source: prometheus
      url: https://prometheus.example
      auth: {bearer: file:/var/run/secrets/token}
      preset: kubernetes
      labels: {namespace: ml, pod: digits-candidate-.*}
baseline: released
suites:
  - suites/smoke.ipynb
  - {notebook: suites/quality.ipynb, parameters: {n: 1000}, timeout: 5min}
  - {notebook: suites/latency.ipynb, exclusive: true, matrix: {n: [50, 200], warm: [true, "no"]}}
parallel: 2
metrics:
  queue_depth: {query: "max(queue_depth{$labels})", unit: requests, better: lower}
rules:
  - {metric: accuracy, pass: [">=0.95", ">=-1pp"], slices: [digit]}
  - {metric: latency, pass: ["p(95)<300ms", "typical<=+10%"]}
  - {metric: memory_max, pass: "<=+15%", warn: "<=+30%", fail: ">+50%", on_fail: warn, info: true}
kernels: {preload: [numpy, pandas], environment: DATA_DIR}
release: {tag: "v{version}", remote: origin}
"""

MINIMAL = """\
targets:
  one: {url: "http://127.0.0.1:1"}
suites: [suites/smoke.ipynb]
"""


def digest_of(folder: Path) -> str:
    return hashlib.sha256((folder / "deployfeedback.yaml").read_bytes()).hexdigest()


def test_complete_file_of_the_design_becomes_a_project(load: Load, folder: Path) -> None:
    for name in ("quality", "latency"):
        (folder / "suites" / f"{name}.ipynb").touch()

    project = load(COMPLETE)

    assert project == Project(
        name="digits",
        folder=str(folder),
        file=str(folder / "deployfeedback.yaml"),
        digest=digest_of(folder),
        targets={
            "released": Target(
                name="released",
                url="http://127.0.0.1:8001",
                request=RequestShape(path="/predict", body={"inputs": "$inputs"}),
                response=ResponseShape(predictions="$.predictions", version="$.model_version"),
            ),
            "candidate": Target(
                name="candidate",
                url="https://digits-candidate.ml.example",
                model="digits",
                expect_version="2.1.0",
                auth=Auth(bearer="env:DIGITS_TOKEN"),
                platform=Platform(
                    source=PlatformSource.PROMETHEUS,
                    url="https://prometheus.example",
                    auth=Auth(bearer="file:/var/run/secrets/token"),
                    preset="kubernetes",
                    labels={"namespace": "ml", "pod": "digits-candidate-.*"},
                ),
            ),
        },
        default_target="candidate",
        baseline="released",
        suites=(
            Suite(name="smoke", source="suites/smoke.ipynb"),
            Suite(name="quality", source="suites/quality.ipynb", parameters={"n": 1000}, timeout_seconds=300.0),
            Suite(
                name="latency",
                source="suites/latency.ipynb",
                exclusive=True,
                matrix={"n": (50, 200), "warm": (True, "no")},
            ),
        ),
        parallel=2,
        metrics=(
            MetricQuery(
                name="queue_depth", query="max(queue_depth{$labels})", unit="requests", better=Better.LOWER
            ),
        ),
        rules=(
            rule("accuracy", ">=0.95", ">=-1pp", slices=("digit",)),
            rule("latency", "p(95)<300ms", "typical<=+10%"),
            rule(
                "memory_max",
                "<=+15%",
                warning=("<=+30%",),
                failing=(">+50%",),
                on_fail=OnFail.WARN,
                info=True,
            ),
        ),
        kernels=Kernels(preload=("numpy", "pandas"), environment=("DATA_DIR",)),
        release=ReleaseSettings(tag="v{version}", remote="origin"),
    )  # fmt: skip


def test_what_a_rule_leaves_out_of_missing_data_is_as_the_file_says(load: Load) -> None:
    rules = "rules:\n  - {metric: accuracy, pass: '>0.9', slices: digit}\n"
    rules += "  - {metric: f1, pass: '>0.9', slices: digit, on_no_data: error, on_small_slice: inconclusive}\n"

    project = load(MINIMAL + "on_no_data: fail\non_small_slice: info\n" + rules)

    expected = [(OnNoData.FAIL, OnSmallSlice.INFO), (OnNoData.ERROR, OnSmallSlice.INCONCLUSIVE)]
    assert [(each.on_no_data, each.on_small_slice) for each in project.rules] == expected


def test_file_of_targets_and_suites_only_takes_every_default(load: Load, folder: Path) -> None:
    project = load(MINIMAL)

    expected = Project(
        name=folder.name,
        folder=str(folder),
        file=str(folder / "deployfeedback.yaml"),
        digest=digest_of(folder),
        targets={"one": Target(name="one", url="http://127.0.0.1:1")},
        default_target="one",
        suites=(Suite(name="smoke", source="suites/smoke.ipynb"),),
    )
    assert project == expected
    assert project.baseline == "last-release"


@pytest.mark.parametrize(
    ("names", "baseline", "expected"),
    [
        pytest.param(["one"], "last-release", "one", id="the only target"),
        pytest.param(["a", "candidate"], "a", "candidate", id="the one named candidate"),
        pytest.param(["released", "next"], "released", "next", id="the first that is not the baseline"),
        pytest.param(["a", "b"], "last-release", "a", id="the first"),
        pytest.param(["candidate", "next"], "candidate", "next", id="not the candidate where it is the baseline"),
    ],
)
def test_default_target_is(names: list[str], baseline: str, expected: str, load: Load) -> None:
    targets = json.dumps({name: {"url": "http://127.0.0.1:1"} for name in names})

    project = load(f"targets: {targets}\nbaseline: {baseline}\nsuites: [suites/smoke.ipynb]\n")

    assert project.default_target == expected


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("90", 90),
        ("1.5", 1.5),
        ("500ms", 0.5),
        ("30s", 30),
        ("5min", 300),
        ("2 min", 120),
        ("1h", 3600),
        ("0.5h", 1800),
    ],
)
def test_durations_are_read_with_and_without_units(written: str, seconds: float, load: Load) -> None:
    project = load(f"targets: {{a: {{url: 'http://h', timeout: {written}}}}}\nsuites: [suites/smoke.ipynb]")

    assert project.targets["a"].timeout_seconds == seconds


@pytest.mark.parametrize(
    ("written", "environment", "expected"),
    [
        ("${A}", {"A": "http://a:1"}, "http://a:1"),
        ("${A:-http://b}", {}, "http://b"),
        ("${A:-http://b}", {"A": ""}, "http://b"),
        ("${A:-http://b}", {"A": "http://a"}, "http://a"),
        ("http://${HOST}:${PORT:-80}/m/", {"HOST": "h"}, "http://${HOST}:80/m"),  # in part a value may be a secret
        ("${A}/m/", {"A": "http://a:1"}, "${A}/m"),
        ("http://$HOST", {"HOST": "h"}, "http://$HOST"),
    ],
)
def test_variables_in_addresses_are_replaced(
    written: str, environment: dict[str, str], expected: str, load: Load
) -> None:
    project = load(f"targets: {{a: {{url: '{written}'}}}}\nsuites: [suites/smoke.ipynb]", environment=environment)

    assert project.targets["a"].url == expected


def test_kernels_that_must_not_be_forked(load: Load) -> None:
    project = load("targets: {a: {url: 'http://h'}}\nsuites: [suites/smoke.ipynb]\nkernels: {preload: off}")

    assert project.kernels == Kernels(preload=None)


def test_platform_may_be_a_word(load: Load) -> None:
    project = load("targets: {a: {url: 'http://h', platform: none}}\nsuites: [suites/smoke.ipynb]")

    assert project.targets["a"].platform == Platform(source=PlatformSource.NONE)


def test_certificate_lies_relative_to_the_file(load: Load, folder: Path) -> None:
    text = "targets: {a: {url: 'http://h', platform: {ca_file: ca.pem}}}\nsuites: [suites/smoke.ipynb]"

    assert load(text).targets["a"].platform.ca_file == str(folder / "ca.pem")


def test_suite_through_a_link_inside_the_folder_is_allowed_and_one_that_leads_out_is_not(
    load: Load, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "x.ipynb"
    outside.touch()
    (folder / "inside.ipynb").symlink_to(folder / "suites" / "smoke.ipynb")
    (folder / "outside.ipynb").symlink_to(outside)

    assert load(MINIMAL.replace("suites/smoke", "inside")).suites[0].name == "inside"
    with pytest.raises(ProjectError, match="outside the project's folder"):
        load(MINIMAL.replace("suites/smoke", "outside"))


def test_notebook_with_braces_in_its_name_is_a_suite(load: Load, folder: Path) -> None:
    (folder / "br{x}.ipynb").touch()

    project = load("targets: {a: {url: 'http://h'}}\nsuites: ['br{x}.ipynb']")

    assert project.suites[0] == Suite(name="br{x}", source="br{x}.ipynb")


def test_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ProjectNotFound, match=r"does not exist.*deployfeedback init"):
        load_project(tmp_path / "deployfeedback.yaml", environment={})


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"\xff\xfe\x00", "UTF-8"), (b"a: " + b"x" * 1_000_001, "larger than 100 kB")],
    ids=["bytes", "large"],
)
def test_file_that_is_no_text_is_a_problem(content: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "deployfeedback.yaml"
    file.write_bytes(content)

    with pytest.raises(ProjectError, match=said):
        load_project(file, environment={})


def test_file_saved_by_windows_notepad_is_read(folder: Path) -> None:
    file = folder / "deployfeedback.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())

    assert load_project(file, environment={}).default_target == "one"


def test_file_of_results_becomes_a_suite_of_its_own_kind(load: Load) -> None:
    project = load(
        """
        targets: {one: {url: http://127.0.0.1:1}}
        suites:
          - {results: load/k6.json}
          - {results: load/summary.json, name: load, evidence: point, max_age: 1h, url: http://127.0.0.1:2}
        """
    )

    assert project.suites == (
        Suite(name="k6", kind="results", source="load/k6.json", options={"max_age": 86400.0}),
        Suite(
            name="load",
            kind="results",
            source="load/summary.json",
            options={"evidence": "point", "max_age": 3600.0, "url": "http://127.0.0.1:2"},
        ),
    )


def test_time_limits_of_cells_and_of_the_run_are_read(load: Load) -> None:
    target = "targets: {a: {url: 'http://h'}}\n"

    project = load(target + "timeout: 30min\nsuites: [{notebook: suites/smoke.ipynb, cell_timeout: 90s}]")
    without = load(target + "suites: [suites/smoke.ipynb]")

    assert (project.timeout_seconds, project.suites[0].cell_timeout_seconds) == (1800.0, 90.0)
    assert (without.timeout_seconds, without.suites[0].cell_timeout_seconds) == (None, None)


def test_a_version_that_an_editor_quoted_is_read(load: Load) -> None:
    project = load("""
        version: "1"
        targets: {one: {url: "http://127.0.0.1:8000"}, two: {url: "http://127.0.0.1:8001"}}
        default_target: two
        name: digits
        suites: [suites/smoke.ipynb]
        release: {tag: "{project}-v{version}"}
    """)

    assert (project.default_target, project.release.tag) == ("two", "digits-v{version}")
