"""The run that nobody sees."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from jupyter_deployfeedback.pipeline import judging
from jupyter_deployfeedback.run_process import warm_up


def test_a_warm_up_goes_through_a_whole_run_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[str] = []
    threads = threading.active_count()
    build_report = judging.build_report
    monkeypatch.setattr(
        judging,
        "build_report",
        lambda *told, **more: judged.append("report") or build_report(*told, **more),
    )

    warm_up.warm_up(tmp_path / "warm-up")

    assert judged == ["report"]
    assert list(tmp_path.iterdir()) == []
    assert threading.active_count() == threads


def test_what_cannot_be_warmed_up_is_left_to_the_first_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm_up, "_PROJECT", "version: 1\ntargets: {}\n")

    warm_up.warm_up(tmp_path / "warm-up")

    assert list(tmp_path.iterdir()) == []
