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


def numbers(report: dict[str, Any]) -> dict[str, float | None]:
    return {row["name"]: row["value"] for row in report["metrics"] if row["family"] != "platform"}


def test_check_lists_targets_what_is_none_and_the_runtime_environment(repository: Path, jdf: Jdf) -> None:
    checked = jdf("check", cwd=repository)

    assert checked.returncode == 0, checked.stderr
    unknown = "its address is not known. Give it: --url"
    assert f"target  inference (default): {unknown} inference=http://HOST:PORT" in checked.stdout
    assert f"target  inference-small: {unknown} inference-small=http://HOST:PORT" in checked.stdout
    assert "Overlay training is not a target: it has no deploy and no gather." in checked.stdout
    assert "Runtime environment test-model (.thoth.yaml): Python 3, ubi 8, recommendation latest." in checked.stdout
    assert "suite  gather_digits_metrics: features" in checked.stdout


def test_c15_target_without_an_address_is_not_run_and_says_how_to_give_it(repository: Path, jdf: Jdf) -> None:
    ran = jdf("run", "--format", "json", cwd=repository)

    report = json.loads(ran.stdout)
    (suite,) = report["suites"]
    assert (ran.returncode, report["verdict"], suite["outcome"]) == (4, "error", "not_run")
    assert suite["reason"] == (
        "inference is not ready: its address is not known. Give it: --url inference=http://HOST:PORT"
    )


def test_c5_and_c14_each_target_is_run_against_its_own_address_and_nothing_is_left_in_the_repository(
    repository: Path, jdf: Jdf, deployments: dict[str, str], tmp_path: Path
) -> None:
    urls = ["--url", f"inference={deployments['DIGITS_RELEASED_URL']}/"]
    urls += ["--url", f"inference-small={deployments['DIGITS_CANDIDATE_URL']}/"]

    ran = jdf("run", "--all-targets", *urls, "--format", "json", "--output", tmp_path / "feedback.json", cwd=repository)

    large = json.loads((tmp_path / "feedback-inference.json").read_text())
    small = json.loads((tmp_path / "feedback-inference-small.json").read_text())
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=repository, capture_output=True, text=True, check=True
    )
    assert (ran.returncode, status.stdout) == (0, ""), ran.stderr
    assert [each["run"]["url"] for each in (large, small)] == list(deployments.values())
    assert numbers(large)["number_requests"] == 40
    assert numbers(large)["average_error"] != numbers(small)["average_error"]
    beside = f"compare {small['run']['run_id']} {large['run']['run_id']}"
    assert f"inference-small beside inference: jupyter deployfeedback {beside}" in ran.stderr
    compared = json.loads(jdf(*beside.split(), "--format", "json", cwd=repository).stdout)
    assert numbers(compared) == numbers(small)
    assert {row["name"]: row["baseline"] for row in compared["metrics"]}["average_error"] == numbers(large)[
        "average_error"
    ]


def test_c15_worst_verdict_of_all_targets_is_that_of_the_command(
    repository: Path, jdf: Jdf, deployments: dict[str, str]
) -> None:
    url = f"inference={deployments['DIGITS_RELEASED_URL']}"

    ran = jdf("run", "--all-targets", "--url", url, cwd=repository, env={"TUTORIAL_MAX_REQUESTS_TEST": "5"})

    assert ran.returncode == 4, ran.stderr
    assert "Pass: digits-model inference " in ran.stdout
    assert "inference-small is not ready: its address is not known" in " ".join(ran.stdout.replace("│", " ").split())


def test_target_with_an_address_that_is_not_run_is_named(repository: Path, jdf: Jdf) -> None:
    ran = jdf("run", "--url", "inference-small=http://127.0.0.1:1", cwd=repository)

    assert ran.stderr.endswith("Not run: inference-small. With --all-targets each target is.\n")


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
        (["--all-targets", "--target", "inference"], "Leave out --target and --continue"),
        (["--all-targets", "--url", "http://x"], "say of each address whose it is"),
        (["--all-targets", "--format", "junit"], "Name it: --output FILE"),
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


STORED = {
    "model_version": "pr-12-inference",
    "info_metrics": {"test URL": "https://github.com/org/digits/blob/main/features", "namespace deployment": "ml"},
    "model_application_metrics": {
        "average_error": 0.0096,
        "average_latency": 0.04,
        "average_probability": "N/A",
        "model_version": "pr-12-inference",
    },
    "platform_metrics": {"CPU max usage": 8.0, "Memory max usage": "4000Mi"},
}
RULES = """
targets: {inference: {url: "http://127.0.0.1:1"}}
suites: [{features: features/, name: gather_digits}]
rules:
  - {metric: average_error, pass: ["<=+60pp"]}
  - {metric: memory_max, pass: ["<=+15%"]}
  - {metric: average_probability, pass: [">=-1%"]}
"""


def test_c11_stored_documents_are_listed_beside_runs_and_written_again(
    repository: Path, jdf: Jdf, tmp_path: Path
) -> None:
    (tmp_path / "processed_metrics").write_text(json.dumps(STORED))

    imported = jdf("import", "../processed_metrics", cwd=repository)

    (run_id, name, *_) = imported.stdout.split()
    assert (imported.returncode, name) == (0, "pr-12-inference"), imported.stderr
    assert imported.stderr == "Compare with one of them: jupyter deployfeedback run --against pr-12-inference\n"
    assert jdf("list", cwd=repository).stdout.split()[:4] == [run_id, "imported", "inference", "pr-12-inference"]
    assert json.loads(jdf("export", run_id, "--format", "aicoe", cwd=repository).stdout) == STORED
    aggregated = json.loads(jdf("export", "--format", "aicoe-aggregated", cwd=repository).stdout)
    assert aggregated["platform_metrics"] == [{**STORED["platform_metrics"], "model_version": "pr-12-inference"}]
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=repository, capture_output=True, text=True, check=True
    )
    assert status.stdout == ""


def test_c13_stored_document_is_weak_evidence_and_what_it_lacks_is_never_green(
    repository: Path, jdf: Jdf, deployments: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "processed_metrics").write_text(json.dumps(STORED))
    (repository / "deployfeedback.yaml").write_text(RULES)
    jdf("import", "../processed_metrics", cwd=repository)

    url = deployments["DIGITS_RELEASED_URL"]
    ran = jdf("run", "--url", url, "--against", "pr-12-inference", "--format", "json", cwd=repository)

    report = json.loads(ran.stdout)
    said = {each["rule"]: (each["verdict"], each["sentence"]) for each in report["findings"]}
    assert (said["average_error"][0], said["memory_max"][0]) == ("warn", "pass"), "less memory asks for nothing"
    assert "weak evidence: a single number without its samples" in said["average_error"][1]
    assert said["average_probability"][0] == "error"
    assert any("the baseline is a document of AICoE-CI, numbers without their" in each for each in report["notices"])
    memory = next(row for row in report["metrics"] if row["name"] == "memory_max")
    assert memory["baseline"] == 4000e6
    assert "unit as written upstream: AICoE-CI's 4000Mi stands for 4000 x 10^6 bytes" in memory["notices"]


def test_imported_document_cannot_be_released_and_is_not_shown_for_the_newest_run(
    repository: Path, jdf: Jdf, tmp_path: Path
) -> None:
    (tmp_path / "processed_metrics").write_text(json.dumps(STORED))
    run_id = jdf("import", "../processed_metrics", cwd=repository).stdout.split()[0]

    shown, released = jdf("show", cwd=repository), jdf("release", "1.0.0", "--run", run_id, cwd=repository)

    assert (shown.returncode, "This project has no finished run." in shown.stderr) == (2, True)
    assert (released.returncode, released.stdout) == (1, ""), released.stderr
