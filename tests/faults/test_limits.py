"""P9 and P10 of the fault catalogue against the limits of a control group: what asks for more than there is.

Where no control group can be made, each fault sets itself the limit that a process has without one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults.conftest import running
from tests.faults.limits import limit, make_group, remove_group
from tests.faults.scene import ASKS, Scene, judge
from tests.faults.test_processes import HANG, OWN_LIMIT, STORM, was_a_storm_with_a_limit

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults limits")]
MEMORY = 768 << 20  # a server, what stands by and a run take 350 MB
HOG = f"hog = b'x' * {2 * MEMORY}"
OWN_MEMORY = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))\n"
ROOM_FOR_TASKS = 50


@contextmanager
def limited(target: str, controller: str, *, most: int) -> Iterator[Scene]:
    """Give a server in a control group, or in none, in which a suite that needs little passes."""
    group = make_group(controller, most=most)
    try:
        with running(target, group=group) as scene:
            project = scene.project("little", ASKS)
            assert (
                judge(scene, scene.begin(project), within_seconds=60.0, project=project, absorbed=True)["verdict"]
                == "pass"
            )
            yield scene
    finally:
        remove_group(group)


@pytest.fixture(scope="module")
def short_of_memory(target: str) -> Iterator[Scene]:
    with limited(target, "memory", most=MEMORY) as scene:
        yield scene


@pytest.fixture(scope="module")
def short_of_tasks(target: str) -> Iterator[Scene]:
    with limited(target, "pids", most=10_000) as scene:
        yield scene


@pytest.mark.parametrize("preload", ["[]", "off"])
def test_p10_a_memory_hog_is_ended_and_its_outcome_says_that_it_was_for_memory(
    short_of_memory: Scene, preload: str
) -> None:
    in_group = short_of_memory.group is not None
    project = short_of_memory.project(
        f"P10-{preload}", "1", HOG if in_group else OWN_MEMORY + HOG, "1", preload=preload
    )

    run_id = short_of_memory.begin(project)
    judge(short_of_memory, run_id, within_seconds=60.0, project=project)

    suite = short_of_memory.suite(run_id)
    error = suite["cases"][1]["error"]
    assert [case["outcome"] for case in suite["cases"]] == ["passed", "errored", "not_run"]
    assert error["type"] == ("OutOfMemory" if in_group else "MemoryError")
    if in_group:
        said = "While the suite ran, the system killed 1 process here because memory was used up"
        assert said in error["message"]
        assert said in suite["reason"]


def test_p10_a_suite_whose_child_was_killed_for_memory_has_a_notice_of_it(short_of_memory: Scene) -> None:
    in_group = short_of_memory.group is not None
    hog = HOG if in_group else OWN_MEMORY + HOG
    ended = f"import subprocess, sys; assert subprocess.run([sys.executable, '-c', {hog!r}]).returncode"
    project = short_of_memory.project("P10-child", ended)

    run_id = short_of_memory.begin(project)
    judge(short_of_memory, run_id, within_seconds=60.0, project=project, absorbed=True)

    said = " ".join(short_of_memory.suite(run_id)["notices"])
    assert ("the system killed 1 process here because memory was used up" in said) == in_group


def test_p9_a_storm_of_forks_that_takes_every_task_the_server_may_have_ends_and_the_next_run_passes(
    short_of_tasks: Scene,
) -> None:
    group = short_of_tasks.group
    if group is not None:
        limit(group, "pids", most=int((group / "pids.current").read_text()) + ROOM_FOR_TASKS)
    limited = OWN_LIMIT if group is None else "limit_tasks = lambda: None\n"
    storm = short_of_tasks.project("P9", limited + STORM, HANG, timeout=4.0)

    run_id = short_of_tasks.begin(storm)
    judge(short_of_tasks, run_id, within_seconds=14.0, project=storm)

    was_a_storm_with_a_limit(short_of_tasks, run_id, storm)
    assert [case["outcome"] for case in short_of_tasks.suite(run_id)["cases"]] == ["passed", "errored"]
    after = short_of_tasks.project("after", ASKS)
    passed = judge(short_of_tasks, short_of_tasks.begin(after), within_seconds=60.0, project=after, absorbed=True)
    assert passed["verdict"] == "pass"
