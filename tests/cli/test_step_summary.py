"""GitHub's step summary: markdown is appended, and nothing that goes wrong there changes a verdict."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_deployfeedback.cli.screen import LONGEST, append_step_summary
from jupyter_deployfeedback.feedback import Format, render
from tests.feedback.runs import failing


def append(place: Path) -> None:
    append_step_summary(failing(), environment={"GITHUB_STEP_SUMMARY": str(place)})


def test_summary_follows_what_the_step_wrote_before(tmp_path: Path) -> None:
    place = tmp_path / "summary.md"
    place.write_text("# Tests\n17 passed")

    append(place)

    assert place.read_text() == f"# Tests\n17 passed\n{render(failing(), Format.MARKDOWN)}\n"


def test_summary_begins_with_the_verdict(tmp_path: Path) -> None:
    append(tmp_path / "summary.md")

    assert (tmp_path / "summary.md").read_text().startswith("### ✗ Fail: digits candidate 2.1.0-rc1 ")


def test_outside_github_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    append_step_summary(failing(), environment={})
    append_step_summary(failing(), environment={"GITHUB_STEP_SUMMARY": ""})

    assert capsys.readouterr() == ("", "")


def test_summary_that_github_would_refuse_is_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "summary.md"
    place.write_bytes(b"x" * (LONGEST - 100))

    append(place)

    assert place.stat().st_size == LONGEST - 100
    assert capsys.readouterr().err == "GITHUB_STEP_SUMMARY: no room is left for the feedback; a step may write 1 MiB.\n"


def test_summary_that_cannot_be_written_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    append(tmp_path)

    assert "cannot be written: Is a directory." in capsys.readouterr().err


def test_run_appends_its_feedback_to_the_step_summary(
    jdf: Callable[..., object], quick: Path, deployments: dict[str, str], tmp_path: Path
) -> None:
    summary = tmp_path / "summary.md"

    called = jdf("run", "--format", "json", cwd=quick, env={**deployments, "GITHUB_STEP_SUMMARY": str(summary)})

    assert called.returncode == 0, called.stderr
    assert summary.read_text().startswith("### ✓ Pass: ")
