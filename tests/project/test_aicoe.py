"""``.aicoe-ci.yaml`` as it is found in the wild, and what is wrong with one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.run import Suite
from jupyter_deployfeedback.errors import ProjectError, ProjectNotFound
from jupyter_deployfeedback.project import find_project_file, load_project

ONE = """
    overlays:
      - {name: inference, deploy: {}, gather: {name: gather, overlay-name: test}}
"""
TWO = """
    overlays:
      - {name: inference, deploy: {}, gather: {name: gather, overlay-name: test}}
      - {name: small, deploy: {}, gather: {name: gather, overlay-name: other}}
"""
Load = Callable[..., Project]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Write the file into a repository called digits and load it."""

    def write_and_load(text: str, *, thoth: str = "", environment: Mapping[str, str] = {}) -> Project:
        folder = tmp_path / "digits"
        (folder / "features").mkdir(parents=True)
        (folder / "overlays/test").mkdir(parents=True)
        (folder / ".aicoe-ci.yaml").write_text(dedent(text))
        if thoth:
            (folder / ".thoth.yaml").write_text(dedent(thoth))
        return load_project(folder / ".aicoe-ci.yaml", environment=environment)

    return write_and_load


def test_c1_and_c2_overlays_that_are_deployed_and_gathered_from_are_the_targets_in_their_order(load: Load) -> None:
    project = load(
        """
        check: [thoth-build]
        nobody-knows: {this: key}
        overlays:
          - {name: b, build: {build-stratergy: Source}, deploy: {image-name: x}, gather: {name: g}}
          - {name: train, build: {build-strategy: Dockerfile, custom_tag: a, custom-tag: b}}
          - {name: half, gather: {name: g}}
          - {name: a, deploy: {}, gather: {name: g}}
        """
    )

    assert (list(project.targets), project.default_target, project.name) == (["b", "a"], "b", "digits")
    assert project.notices == (
        "Overlay train is not a target: it has no deploy and no gather.",
        "Overlay half is not a target: it has no deploy.",
    )
    assert project.targets["a"].url is None


def test_c3_single_deployment_is_one_target_named_after_the_repository(load: Load) -> None:
    project = load("build: {registry: r}\ngather: {name: gather_metrics, overlay-name: test}\n")

    assert list(project.targets) == ["digits"]


def test_gather_becomes_a_suite_of_features_with_the_packages_of_its_overlay(load: Load) -> None:
    project = load(ONE, thoth="runtime_environments: [{name: test, python_version: '3.8'}]")

    assert project.suites == (
        Suite(
            name="gather",
            kind="behave",
            source="features",
            options={
                "pattern": "gather",
                "url_variables": ["THOTH_AIDEVSECOPS_TUTORIAL_MODEL_URL"],
                "packages": "overlays/test",
                "python_version": "3.8",
            },
            environment=("TUTORIAL_MAX_REQUESTS_TEST", "DEBUG_LEVEL", "PIPELINE_HELPERS_METRICS_FILE_PATH"),
            exclusive=True,
        ),
    )


def test_overlays_may_be_named_by_an_absolute_path_into_the_repository(load: Load, tmp_path: Path) -> None:
    project = load(f"overlays_dir: {tmp_path}/digits/overlays/\n{dedent(ONE)}")

    assert project.suites[0].options["packages"] == "overlays/test"


def test_targets_that_gather_in_different_ways_have_a_suite_each(load: Load) -> None:
    suites = load(TWO).suites

    assert [(suite.name, suite.targets) for suite in suites] == [
        ("gather (test)", ("inference",)),
        ("gather (other)", ("small",)),
    ]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"DEPLOYED_MODEL_URL": "http://h/"}, "http://h"),
        ({"THOTH_AIDEVSECOPS_TUTORIAL_MODEL_URL": "http://old"}, "http://old"),
        ({"DEPLOYED_MODEL_URL_INFERENCE": "http://own", "DEPLOYED_MODEL_URL": "http://h"}, "http://own"),
        ({}, None),
    ],
)
def test_address_comes_from_the_environment(load: Load, environment: dict[str, str], expected: str | None) -> None:
    assert load(ONE, environment=environment).targets["inference"].url == expected


def test_one_address_for_several_targets_is_for_none_and_says_so(load: Load) -> None:
    project = load(TWO, environment={"DEPLOYED_MODEL_URL": "http://h"})

    assert [target.url for target in project.targets.values()] == [None, None]
    said = "Set one of DEPLOYED_MODEL_URL_INFERENCE, DEPLOYED_MODEL_URL_SMALL, or use --url."
    assert project.notices == (f"DEPLOYED_MODEL_URL does not say which target it is. {said}",)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [("test=/envs/test/bin/python, other=/x", "/envs/test/bin/python"), ("/any/python", "/any/python"), ("x=/y", None)],
)
def test_python_is_chosen_for_an_overlay_by_the_environment(load: Load, chosen: str, expected: str | None) -> None:
    project = load(ONE, environment={"DEPLOYFEEDBACK_PYTHON": chosen})

    assert project.suites[0].options.get("python") == expected


def test_platform_metrics_are_asked_where_the_pipeline_asked(load: Load) -> None:
    environment = {
        "THANOS_ENDPOINT": "https://thanos.example/",
        "THANOS_ACCESS_TOKEN": "secret",
        "PIPELINE_HELPERS_DEPLOYMENT_NAMESPACE": "models",
        "PIPELINE_HELPERS_POD_NAME": "digits-.*",
    }

    platform = load(ONE, environment=environment).targets["inference"].platform

    assert (platform.source.value, platform.url, platform.preset) == (
        "prometheus",
        "https://thanos.example",
        "kubernetes",
    )
    assert (platform.labels, platform.auth.bearer) == (
        {"namespace": "models", "pod": "digits-.*"},
        "env:THANOS_ACCESS_TOKEN",
    )


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("check: [thoth-build]\n", None, "names no target: that is an overlay with deploy and gather."),
        ("", None, "names no target"),
        ("overlays: []\n", None, "names no target"),
        ("overlays: [{name: a, deploy: {}}]\n", None, "Overlay a is not a target: it has no gather."),
        ("check: []\noverlays: {name: a}\n", 2, "overlays: must be a list."),
        ("overlays:\n  - {deploy: {}, gather: {name: g}}\n", 2, "overlays[0]: has no name."),
        ("overlays:\n  - {name: a, deploy: {}, gather: {}}\n", 2, "overlays[0].gather.name: is missing."),
        ("overlays:\n  - {name: a, deploy: {}, gather: g}\n", 2, "overlays[0].gather.name: is missing."),
        ("gather: {name: 'g('}\n", 1, "gather.name: is not a regular expression: missing )"),
        (
            f"{ONE}      - {{name: inference, deploy: {{}}, gather: {{name: g}}}}\n",
            4,
            "is called inference like another one.",
        ),
        ("overlays:\n  - {name: a\n", 3, "is not YAML"),
        (f"check: []\noverlays_dir: /srv/overlays\n{dedent(ONE)}", 2, "'/srv/overlays' leads out of the repository."),
        (f"overlays_dir: ../overlays\n{dedent(ONE)}", 1, "'../overlays' leads out of the repository."),
        ("check: []\ncheck: []\ngather: {name: g}\n", 2, "second time"),
    ],
)
def test_c3_and_c4_file_that_is_wrong_says_where(load: Load, text: str, line: int | None, said: str) -> None:
    with pytest.raises(ProjectError, match=r".") as caught:
        load(text)

    found = [problem for problem in caught.value.problems if said in str(problem)]
    assert [problem.line for problem in found] == [line], caught.value.problems


def test_repository_without_features_is_told_so(tmp_path: Path) -> None:
    (tmp_path / ".aicoe-ci.yaml").write_text(dedent(ONE))

    with pytest.raises(ProjectError, match=r"needs the folder features/ beside it"):
        load_project(tmp_path / ".aicoe-ci.yaml", environment={})


def test_address_that_is_wrong_is_named_after_its_variable(load: Load) -> None:
    with pytest.raises(ProjectError, match=r"DEPLOYED_MODEL_URL is not an http or https address"):
        load(ONE, environment={"DEPLOYED_MODEL_URL": "digits"})


@pytest.mark.parametrize(
    ("thoth", "notices"),
    [
        ("host: x\nruntime_environments: [{name: test, base_image: i, platform: null, labels: {a: b}}]", ["image i"]),
        ("runtime_environments: [{name: another}]", []),
        ("runtime_environments: nonsense", []),
        ("a: [", ["is not YAML"]),
    ],
)
def test_thoth_file_is_shown_and_never_an_obstacle(load: Load, thoth: str, notices: list[str]) -> None:
    found: tuple[Any, ...] = load(ONE, thoth=thoth).notices

    assert [said in notice for notice, said in zip(found, notices, strict=True)] == [True] * len(notices)


def test_file_is_found_at_the_root_and_the_project_file_wins(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / ".aicoe-ci.yaml").touch()
    assert find_project_file(tmp_path / "notebooks") == tmp_path / ".aicoe-ci.yaml"

    (tmp_path / "deployfeedback.yaml").touch()

    assert find_project_file(tmp_path / "notebooks") == tmp_path / "deployfeedback.yaml"


def test_c4_misnamed_file_is_named_with_what_it_should_be_called(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".aicoe.yaml").touch()

    with pytest.raises(ProjectNotFound, match=r"\.aicoe\.yaml, but the file that is read is called \.aicoe-ci\.yaml"):
        find_project_file(tmp_path)
