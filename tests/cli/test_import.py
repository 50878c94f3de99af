"""``import`` prints what can be pasted, and does not end with 0 where something was left out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

THRESHOLDS = "queue: {threshold: 600, min_relative_change: 0.1, greater_is_better: false}\n"


def test_rules_go_to_stdout(jdf: Callable[..., object], tmp_path: Path) -> None:
    (tmp_path / "thresholds.yaml").write_text(THRESHOLDS)

    called = jdf("import", "thresholds.yaml")

    assert (called.returncode, called.stderr) == (0, "")
    assert called.stdout.endswith("rules:\n- metric: queue\n  pass: [<=600, <=-10%]\n")


def test_a_refusal_is_said_on_stderr_and_ends_with_2(jdf: Callable[..., object], tmp_path: Path) -> None:
    (tmp_path / "thresholds.yaml").write_text(THRESHOLDS + "errors: {threshold: odd, greater_is_better: false}\n")

    called = jdf("import", "thresholds.yaml")

    assert called.returncode == 2
    assert called.stderr == "Not imported: errors.threshold: 'odd' is no finite number\n"
    assert "metric: queue" in called.stdout


def test_a_file_that_is_not_there_is_wrong_use(jdf: Callable[..., object]) -> None:
    called = jdf("import", "no.yaml")

    assert (called.returncode, called.stdout) == (2, "")
    assert "no.yaml cannot be read" in called.stderr
