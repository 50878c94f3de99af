"""The main job on the embedded example, as a stranger would do it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from jupyter_deployfeedback.feedback import report_schema

DEMO = [sys.executable, "-m", "jupyter_deployfeedback.cli", "demo"]


@pytest.fixture(scope="module")
def demo(example: Path, tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    store = str(tmp_path_factory.mktemp("store"))
    return subprocess.run(
        [*DEMO, "--directory", str(example), "--format", "json"],
        env={**os.environ, "DEPLOYFEEDBACK_STORE": store}, capture_output=True, text=True, timeout=110, check=False,
    )  # fmt: skip


def test_demo_ends_with_zero_and_says_what_run_would_have_ended_with(demo: subprocess.CompletedProcess[str]) -> None:
    report = json.loads(demo.stdout)
    assert demo.returncode == 0, demo.stderr
    assert f"would have ended with exit code {report['exit_code']}" in demo.stderr


def test_feedback_keeps_to_the_published_schema(demo: subprocess.CompletedProcess[str]) -> None:
    jsonschema.validate(json.loads(demo.stdout), report_schema())


def test_all_three_families_hold_numbers_of_both_sides(demo: subprocess.CompletedProcess[str]) -> None:
    rows = json.loads(demo.stdout)["metrics"]
    both = {(row["family"], row["name"]) for row in rows if row["value"] is not None and row["baseline"] is not None}
    assert both >= {
        ("model", "accuracy"),
        ("application", "latency_p95"),
        ("application", "requests_attempted"),
        ("platform", "cpu_max"),
        ("platform", "cpu_mean"),
        ("platform", "memory_max"),
        ("platform", "server_requests"),
        ("platform", "server_errors"),
    }


def test_candidate_and_release_answered_the_same_examples(demo: subprocess.CompletedProcess[str]) -> None:
    report = json.loads(demo.stdout)
    rows = {row["name"]: row for row in report["metrics"]}
    examples = report["examples"]
    lost, won = len(examples["broken"]), len(examples["fixed"])
    n = rows["accuracy"]["n"]

    assert report["run"]["paired"] is True
    assert lost > 0
    assert won > 0
    # the accuracies differ by exactly the examples that are listed
    assert rows["accuracy"]["value"] - rows["accuracy"]["baseline"] == pytest.approx((won - lost) / n)


def test_page_with_plots_is_written_and_needs_nothing_else(
    demo: subprocess.CompletedProcess[str], example: Path
) -> None:
    page = (example / "report.html").read_text(encoding="utf-8")
    assert json.loads(demo.stdout)["headline"].split(":")[-1].strip()[:30] in page
    assert page.count("<svg") >= 3
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org", "").replace("http://127.0.0.1", "")


def test_model_notebook_and_suites_are_left_as_they_were(demo: subprocess.CompletedProcess[str], example: Path) -> None:
    changed = subprocess.run(
        ["git", "status", "--porcelain", "*.ipynb"], cwd=example, capture_output=True, text=True, check=True
    )
    assert changed.stdout == ""
