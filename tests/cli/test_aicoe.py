"""A repository made for AICoE-CI, run as it is: no file is added or changed."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

Jdf = Callable[..., Any]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A clone of it."""
    folder = tmp_path / "digits-model"
    shutil.copytree(Path(__file__).parent / "aicoe-repository", folder)
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "as it was"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def metrics_of(answer: Any) -> dict[str, float | None]:
    return {row["name"]: row["value"] for row in json.loads(answer.stdout)["metrics"] if row["family"] != "platform"}


def test_check_lists_targets_what_is_none_and_the_runtime_environment(repository: Path, jdf: Jdf) -> None:
    checked = jdf("check", cwd=repository)

    assert checked.returncode == 0, checked.stderr
    unknown = "its address is not known. Give it: --url"
    assert f"target  inference (default): {unknown} inference=http://HOST:PORT" in checked.stdout
    assert f"target  inference-small: {unknown} inference-small=http://HOST:PORT" in checked.stdout
    assert "Overlay training is not a target: it has no deploy and no gather." in checked.stdout
    assert "Runtime environment test-model (.thoth.yaml): Python 3, ubi 8, recommendation latest." in checked.stdout
    assert "suite  gather_digits_metrics: features" in checked.stdout


def test_target_without_an_address_is_not_run_and_says_how_to_give_it(repository: Path, jdf: Jdf) -> None:
    ran = jdf("run", "--format", "json", cwd=repository)

    report = json.loads(ran.stdout)
    (suite,) = report["suites"]
    assert (ran.returncode, report["verdict"], suite["outcome"]) == (4, "error", "not_run")
    assert suite["reason"] == (
        "inference is not ready: its address is not known. Give it: --url inference=http://HOST:PORT"
    )


def test_each_target_is_run_against_its_own_address_and_nothing_is_left_in_the_repository(
    repository: Path, jdf: Jdf, deployments: dict[str, str]
) -> None:
    urls = ["--url", f"inference={deployments['DIGITS_RELEASED_URL']}/"]
    urls += ["--url", f"inference-small={deployments['DIGITS_CANDIDATE_URL']}/"]

    large = jdf("run", *urls, "--format", "json", cwd=repository)
    small = jdf("run", *urls, "--target", "inference-small", "--format", "json", cwd=repository)

    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=repository, capture_output=True, text=True, check=True
    )
    assert (large.returncode, small.returncode, status.stdout) == (0, 0, ""), large.stderr
    assert metrics_of(large)["number_requests"] == 40
    assert metrics_of(large)["average_error"] != metrics_of(small)["average_error"]
    assert json.loads(large.stdout)["run"]["url"] == deployments["DIGITS_RELEASED_URL"]


def test_variables_of_the_pipeline_are_heeded_and_junit_names_the_scenario(
    repository: Path, jdf: Jdf, deployments: dict[str, str], tmp_path: Path
) -> None:
    environment = {
        "DEPLOYED_MODEL_URL_INFERENCE": deployments["DIGITS_RELEASED_URL"],
        "TUTORIAL_MAX_REQUESTS_TEST": "5",
        "DEPLOYFEEDBACK_PYTHON": "",
    }

    ran = jdf("run", "--format", "junit", cwd=repository, env=environment)

    (suite,) = [
        each for each in ET.fromstring(ran.stdout).iter("testsuite") if each.get("name") == "gather_digits_metrics"
    ]
    assert [(case.get("classname"), case.get("name"), len(case)) for case in suite.iter("testcase")] == [
        ("features", "The deployed model reads digits", 0)
    ]


def test_model_that_answers_wrongly_fails_the_scenario_with_its_sentence(
    repository: Path, jdf: Jdf, deployments: dict[str, str]
) -> None:
    steps = repository / "features/steps/deployed.py"
    steps.write_text(steps.read_text().replace("!= digit", "== digit"))

    ran = jdf("run", "--url", deployments["DIGITS_RELEASED_URL"], "--format", "json", cwd=repository)

    report = json.loads(ran.stdout)
    (case,) = report["suites"][0]["cases"]
    assert (ran.returncode, report["verdict"], case["outcome"]) == (1, "fail", "failed")
    assert "of 40 are wrong" in case["error"]["message"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--url", "ftp://x"], "The address of inference is not an http or https address."),
        (["--url", "nobody=http://x"], "declares no target 'nobody'."),
        (["--target", "training"], "declares no target 'training'."),
        (["--suite", "train"], "declares no suite 'train'."),
    ],
)
def test_wrong_use_is_refused_before_anything_runs(repository: Path, jdf: Jdf, arguments: list[str], said: str) -> None:
    ran = jdf("run", *arguments, cwd=repository)

    assert ran.returncode == 2
    assert said in ran.stderr


def test_project_file_beside_it_wins(repository: Path, jdf: Jdf) -> None:
    text = "targets: {one: {url: 'http://127.0.0.1:1'}}\nsuites: [{features: features/, name: train}]\n"
    (repository / "deployfeedback.yaml").write_text(text)

    checked = jdf("check", cwd=repository)

    assert "target  one (default): http://127.0.0.1:1" in checked.stdout
