"""What a control group allows and did, in the files of both versions as kernels lay them out."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_deployfeedback.execution.control_group import cores_allowed, memory_kills

V1 = "4:memory:/hub/ada\n1:cpu,cpuacct:/hub/ada\n0::/\n"
V2 = "0::/hub/ada\n"
EVENTS = "low 0\nhigh 4\nmax 9\noom 2\noom_kill {}\noom_group_kill 0\n"
CONTROL = "oom_kill_disable 0\nunder_oom 0\noom_kill {}\n"

CORES = [
    ("version 2", V2, {"hub/ada/cpu.max": "150000 100000"}, 1.5),
    ("version 2, no limit", V2, {"hub/ada/cpu.max": "max 100000"}, None),
    ("version 2, the group around allows less", V2, {"hub/ada/cpu.max": "400000 100000", "hub/cpu.max": "200000 100000"}, 2.0),
    ("version 2, a container that sees its own group as the outermost", "0::/docker/3f\n", {"cpu.max": "50000 100000"}, 0.5),
    ("version 1", V1, {"cpu/hub/ada/cpu.cfs_quota_us": "300000", "cpu/hub/ada/cpu.cfs_period_us": "100000"}, 3.0),
    ("version 1, no limit", V1, {"cpu/hub/ada/cpu.cfs_quota_us": "-1", "cpu/hub/ada/cpu.cfs_period_us": "100000"}, None),
    ("version 1, half of it missing", V1, {"cpu/hub/ada/cpu.cfs_quota_us": "300000"}, None),
    ("a file that says something else", V2, {"hub/ada/cpu.max": ""}, None),
    ("no control groups", None, {}, None),
]  # fmt: skip
KILLS = [
    ("version 2", V2, {"hub/ada/memory.events": EVENTS.format(3)}, 3),
    ("version 2, without the controller here", V2, {"hub/memory.events": EVENTS.format(2)}, 2),
    ("version 2, a container", "0::/\n", {"memory.events": EVENTS.format(1)}, 1),
    ("version 1", V1, {"memory/hub/ada/memory.oom_control": CONTROL.format(5)}, 5),
    ("version 1, a container that knows its host's path", V1, {"memory/memory.oom_control": CONTROL.format(1)}, 1),
    ("version 1 beside a version 2 without controllers", V1, {"memory/hub/ada/memory.oom_control": CONTROL.format(5), "memory.events": EVENTS.format(9)}, 5),
    ("an old kernel, which does not count", V1, {"memory/hub/ada/memory.oom_control": "under_oom 0\n"}, 0),
    ("no control groups", None, {}, 0),
]  # fmt: skip


def lay_out(folder: Path, own: str | None, files: dict[str, str]) -> tuple[Path, Path]:
    """Write the files of a machine; gives where control groups are mounted, and what says which ours is."""
    for name, text in files.items():
        (folder / "mounts" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "mounts" / name).write_text(text)
    if own is not None:
        (folder / "own").write_text(own)
    return folder / "mounts", folder / "own"


@pytest.mark.parametrize(("own", "files", "expected"), [row[1:] for row in CORES], ids=[row[0] for row in CORES])
def test_the_cores_a_group_may_use(
    own: str | None, files: dict[str, str], expected: float | None, tmp_path: Path
) -> None:
    assert cores_allowed(*lay_out(tmp_path, own, files)) == expected


@pytest.mark.parametrize(("own", "files", "expected"), [row[1:] for row in KILLS], ids=[row[0] for row in KILLS])
def test_the_processes_of_a_group_that_were_killed_for_memory(
    own: str | None, files: dict[str, str], expected: int, tmp_path: Path
) -> None:
    assert memory_kills(*lay_out(tmp_path, own, files)) == expected
