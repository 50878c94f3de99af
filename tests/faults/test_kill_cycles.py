"""The benchmark of two hundred kills, shortly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.scene import CHECKOUT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("faults servers"),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the processes are looked for in /proc"),
]


def test_after_six_kills_in_turn_nothing_is_left_and_every_run_has_an_end(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "benchmarks/kill_cycles.py",
        "--cycles",
        "6",
        "--json",
        str(tmp_path / "told.json"),
        "--check",
    ]

    done = subprocess.run(
        command,
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    cycles = json.loads((tmp_path / "told.json").read_text())["cycles"]
    assert [cycle["victim"] for cycle in cycles] == ["server", "worker", "kernel"] * 2
    assert {cycle["state"] for cycle in cycles} <= {"finished", "cancelled", "lost"}
