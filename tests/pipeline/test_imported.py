"""What AICoE-CI stored is kept as runs: nothing is lost on the way in and out, and nothing of it is ever a pass."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_deployfeedback.domain.project import Project, Target
from jupyter_deployfeedback.domain.run import Run, RunRequest
from jupyter_deployfeedback.errors import UsageError
from jupyter_deployfeedback.feedback import Export, Format, export, render
from jupyter_deployfeedback.observation import read_deployments
from jupyter_deployfeedback.pipeline import chain, imported
from jupyter_deployfeedback.store import Store, open_store
from tests.property_cases import RUNS

NOW = datetime(2026, 11, 20, tzinfo=UTC)
SHA = "4f1c2d9e8b7a65f4e3d2c1b0a99887766554433f"
STORED = {
    "model_version": "pr-12-inference",
    "info_metrics": {
        "test URL": f"https://github.com/org/digits/blob/{SHA}/features",
        "namespace deployment": "aicoe-ci",
    },
    "model_application_metrics": {
        "average_latency": 0.0443801,
        "average_error": None,
        "average_probability": "N/A",
        "number_requests": 10001,
        "framework": "tensorflow",
        "model_version": "pr-12-inference",
    },
    "platform_metrics": {"CPU max usage": 0.1234, "Memory max usage": "212Mi"},
}
SECTIONS = ("info_metrics", "model_application_metrics", "platform_metrics")
Import = Callable[..., tuple[Run, ...]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_store(str(tmp_path_factory.mktemp("store") / "kept"), environment={}) as opened:
        yield opened


@pytest.fixture
def keep(store: Store, tmp_path: Path) -> Import:
    """Import documents into a project of its own with two targets."""
    project = project_in(tmp_path)

    def call(*files: dict[str, Any], target: str | None = None, tag: str | None = None) -> tuple[Run, ...]:
        return importing(store, project, *files, target=target, tag=tag)

    return call


def project_in(folder: Path) -> Project:
    targets = {name: Target(name=name, url=None) for name in ("inference", "small")}
    return Project(
        name="digits",
        folder=str(folder),
        file=str(folder / ".aicoe-ci.yaml"),
        targets=targets,
        default_target="inference",
        suites=(),
    )


def importing(
    store: Store, project: Project, *files: dict[str, Any], target: str | None = None, tag: str | None = None
) -> tuple[Run, ...]:
    found = read_deployments({f"{place}.json": json.dumps(file) for place, file in enumerate(files)})
    return imported.import_deployments(found, project, target=target, tag=tag, store=store, now=NOW)


def exported(store: Store, run: Run, form: Export = Export.AICOE) -> Any:
    return json.loads(export([store.feedback(run.run_id)], form), parse_constant=pytest.fail)


NUMBERS = st.one_of(
    st.none(),
    st.just("N/A"),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.lists(st.integers(), max_size=3),
)
NAMES = st.text().filter(lambda name: name not in {"model_version", "test URL", "namespace deployment"})
VERSIONS = st.from_regex(r"pr-[0-9]{1,4}(-[a-z]{1,8})?", fullmatch=True)
INFO = st.fixed_dictionaries({"test URL": st.text(), "namespace deployment": st.text()})
USAGE = st.fixed_dictionaries(
    {
        "CPU max usage": st.one_of(st.just("N/A"), st.none(), st.floats(0, 1e3)),
        "Memory max usage": st.one_of(st.just("N/A"), st.none(), st.integers(0, 10**7).map("{}Mi".format), st.text()),
    }
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    version = draw(VERSIONS)
    return {
        "model_version": version,
        "info_metrics": draw(INFO),
        "model_application_metrics": draw(st.dictionaries(NAMES, NUMBERS)) | {"model_version": version},
        "platform_metrics": draw(USAGE),
    }


DEPLOYMENTS = st.lists(documents(), min_size=1, max_size=3, unique_by=lambda each: each["model_version"])


def newer(deployments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return deployments


def older(deployments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All of them in one document, below their model versions."""
    return [{each["model_version"]: {name: each[name] for name in SECTIONS} for each in deployments}]


def both(deployments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first at the top and, with other numbers, below its version; the others below theirs."""
    (first, *others) = deployments
    stale = {first["model_version"]: {"platform_metrics": {"CPU max usage": 9e9}}}
    return [{**stale, **first, **older(others)[0]}]


def aggregated(deployments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Parallel lists."""
    return [
        {
            "info_metrics": [],
            "model_application_metrics": [
                each["model_application_metrics"] | each["info_metrics"] for each in deployments
            ],
            "platform_metrics": [
                each["platform_metrics"] | {"model_version": each["model_version"]} for each in deployments
            ],
        }
    ]


@pytest.mark.parametrize("shape", [newer, older, both, aggregated])
@pytest.mark.property
@settings(max_examples=RUNS // 2, deadline=None)
@given(deployments=DEPLOYMENTS)
def test_c11_whatever_is_imported_is_exported_as_it_was(
    shape: Callable[..., list[dict[str, Any]]],
    deployments: list[dict[str, Any]],
    store: Store,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    runs = importing(store, project_in(tmp_path_factory.getbasetemp()), *shape(deployments), target="inference")

    assert [exported(store, run) for run in runs] == deployments
    reports = [store.feedback(run.run_id) for run in runs]
    assert json.loads(export(reports, Export.AICOE_AGGREGATED)) == aggregated(deployments)[0]
    assert {(report.verdict.value, report.gate.value) for report in reports} == {("error", "closed")}
    again = importing(
        store, project_in(tmp_path_factory.getbasetemp()), *(exported(store, run) for run in runs), target="inference"
    )
    assert [exported(store, run) for run in again] == deployments


@pytest.mark.property
@settings(max_examples=RUNS // 2, deadline=None)
@given(
    metrics=st.dictionaries(NAMES.filter(lambda name: name not in SECTIONS), NUMBERS).map(
        lambda each: {**each, "sure": 1}
    ),
    usage=USAGE,
)
def test_c11_files_of_a_test_and_of_the_pipeline_are_exported_as_they_were(
    metrics: dict[str, Any], usage: dict[str, Any], store: Store, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (run,) = importing(store, project_in(tmp_path_factory.getbasetemp()), metrics, usage, target="inference")

    assert exported(store, run, Export.AICOE_METRICS) == metrics
    assert exported(store, run, Export.AICOE_PLATFORM) == usage


def test_c11_an_imported_document_is_shown_with_its_numbers_and_kept_as_it_was(keep: Import, store: Store) -> None:
    (run,) = keep(STORED)

    report = store.feedback(run.run_id)
    assert exported(store, run) == STORED
    assert (run.request.imported, run.request.target, run.commit and run.commit.sha) == (
        "pr-12-inference",
        "inference",
        SHA,
    )
    assert {row.name: row.value for row in report.metrics} == {
        "average_latency": 0.0443801,
        "average_error": None,
        "average_probability": None,
        "number_requests": 10001,
        "cpu_max": 0.1234,
        "memory_max": 212e6,
    }
    assert report.run.namespace == "aicoe-ci"


def test_an_imported_document_tells_nothing_of_today(store: Store, tmp_path: Path) -> None:
    today = project_in(tmp_path)
    target = today.targets["inference"].model_copy(update={"expect_version": "9"})
    expecting = today.model_copy(
        update={"digest": "d" * 64, "looks": 2, "targets": today.targets | {"inference": target}}
    )

    (run,) = importing(store, expecting, STORED)

    told = store.feedback(run.run_id)
    assert [finding.subject.kind.value for finding in told.findings] == ["target", "suite"]
    assert (told.run.look, told.run.attempts, told.run.self_test, told.run.first_release) == ((1, 1), None, "", False)
    assert (told.digests, told.notices) == ((), ())


@pytest.mark.parametrize("form", [Format.TEXT, Format.MARKDOWN, Format.HTML, Format.JUNIT])
def test_an_imported_document_is_never_green(keep: Import, store: Store, form: Format) -> None:
    (run,) = keep(STORED)

    report = store.feedback(run.run_id)
    assert (report.verdict.value, report.gate.value, report.exit_code) == ("error", "closed", 4)
    assert "could not be judged: it was imported" in " ".join(render(report, form).replace("│", " ").split())


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ({**STORED, "model_version": "pr-12"}, "calls the deployment pr-12"),
        ({**STORED, "model_version": "pr-12-gone"}, "calls the deployment pr-12-gone"),
        ({"average_error": 0.1}, "calls the deployment nothing"),
    ],
)
def test_deployment_of_a_target_that_is_not_said_is_refused(keep: Import, stored: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        keep(stored)

    assert caught.value.remedy == "Say it with --target: inference, small."


def test_imported_run_is_a_baseline_by_its_name(keep: Import, store: Store, tmp_path: Path) -> None:
    keep(STORED)
    (again,) = keep(STORED)

    found = chain.stored_baseline("pr-12-inference", project_in(tmp_path), target="inference", store=store)

    assert found == (again.run_id, "pr-12-inference")


def test_imported_run_is_no_attempt(keep: Import, store: Store, tmp_path: Path) -> None:
    (kept,) = keep(STORED)
    project = project_in(tmp_path)
    request = RunRequest(project_file=project.file, target="inference")

    run = store.start(request, project=project, commit=kept.commit, baseline=None)

    assert store.attempts(run, since=None) == 1


@pytest.fixture
def tagged(tmp_path: Path) -> Path:
    """A repository with the release v0.3.1."""
    for command in (
        ["init", "-q"],
        ["commit", "-q", "--allow-empty", "-m", "First"],
        ["tag", "-m", "First", "v0.3.1"],
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def test_document_of_a_release_is_what_runs_are_compared_with(keep: Import, store: Store, tagged: Path) -> None:
    (run,) = keep(STORED, tag="v0.3.1")

    project = project_in(tagged)
    assert chain.stored_baseline("last-release", project, target="inference", store=store) == (run.run_id, "v0.3.1")
    assert store.releases(project.file)[0].verdict.value == "error"


def test_imported_older_release_does_not_become_the_last_one(keep: Import, store: Store, tagged: Path) -> None:
    subprocess.run(
        ["git", "tag", "-m", "Earlier", "v0.1.0"],
        cwd=tagged,
        check=True,
        env={"GIT_COMMITTER_DATE": "2021-03-01T00:00:00Z", "PATH": "/usr/bin:/bin", "HOME": str(Path.home())},
    )
    keep(STORED, tag="v0.3.1")
    keep(STORED, tag="v0.1.0")

    assert [each.tag for each in store.releases(project_in(tagged).file)] == ["v0.3.1", "v0.1.0"]


@pytest.mark.parametrize(
    ("files", "tag", "said"),
    [
        ((STORED,), "v9.9.9", "git has no release 'v9.9.9'"),
        ((STORED, {**STORED, "model_version": "pr-13-inference"}), "v0.3.1", "There are 2 deployments"),
    ],
)
def test_release_that_cannot_be_what_was_imported_is_refused(
    keep: Import, store: Store, tagged: Path, files: tuple[dict[str, Any], ...], tag: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        keep(*files, tag=tag)

    assert store.list(project_file=project_in(tagged).file) == []


def test_release_is_imported_once(keep: Import, tagged: Path) -> None:
    keep(STORED, tag="v0.3.1")

    with pytest.raises(UsageError, match=r"v0\.3\.1 is known already"):
        keep(STORED, tag="v0.3.1")
