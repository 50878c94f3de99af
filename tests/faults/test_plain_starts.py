"""P2 and P3 of the fault catalogue where nothing stands by: no keeper adopts and ends what a run leaves."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from jupyter_deployfeedback.store import open_store
from tests.faults.conftest import running
from tests.faults.scene import Scene, judge, until_said
from tests.faults.test_processes import CHILDREN, HANG, REGEX, Inject, kill_run, kill_run_and_worker, kill_worker

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults plain")]
MARKED_CHILDREN = CHILDREN.replace('"env", "-i", ', "")  # whoever drops the mark and loses its worker escapes


@pytest.fixture(scope="module")
def plain(target: str) -> Iterator[Scene]:
    with running(target, arguments=("--DeployFeedbackApp.preload=False",)) as scene:
        yield scene


@pytest.fixture(autouse=True)
def _folders_of_the_killed(plain: Scene) -> Iterator[None]:
    """Take away the folders whose owners were all killed."""
    yield
    for left in plain.temporary.glob("deployfb-*"):
        shutil.rmtree(left)


@pytest.mark.parametrize("cell", [HANG, REGEX], ids=["sleeping", "holding Python's lock"])
@pytest.mark.parametrize(
    ("inject", "children", "state"),
    [
        (kill_worker, MARKED_CHILDREN, "finished"),
        (kill_run, CHILDREN, "lost"),
        (kill_run_and_worker, MARKED_CHILDREN, "lost"),
    ],
    ids=["worker", "run", "run and worker"],
)
def test_p2_what_is_killed_leaves_nothing(plain: Scene, inject: Inject, children: str, state: str, cell: str) -> None:
    project = plain.project(f"P2-{inject.__name__}-{len(cell)}", children, cell)
    run_id = plain.begin(project)

    inject(plain, run_id, project)
    run = judge(plain, run_id, within_seconds=15.0, project=project)

    assert run["state"] == state


def test_p3_what_a_killed_server_and_run_left_is_ended_though_somebody_else_saw_first_that_the_run_is_lost(
    plain: Scene,
) -> None:
    project = plain.project("P3-seen", MARKED_CHILDREN, REGEX)
    run_id = plain.begin(project)
    until_said(project)
    victims = [plain.process, plain.worker(run_id), plain.owner(run_id)]
    for victim in victims:
        victim.kill()
    plain.process.wait()
    with open_store(str(plain.store), environment={}) as store:
        assert [run.state for run in store.list(limit=1)] == ["lost"]

    plain.start()

    judge(plain, run_id, within_seconds=5.0, project=project)


def test_p4_a_run_that_waits_in_the_queue_when_the_server_stops_is_left_to_the_next(plain: Scene) -> None:
    project = plain.project("P4-queue", HANG)
    works, waits = [plain.begin(project) for _ in range(2)]
    until_said(project)
    (project / "here").unlink()

    assert plain.stop() == 0
    plain.start()

    assert judge(plain, works, within_seconds=5.0, project=project)["state"] == "cancelled"
    until_said(project)
    plain.cancel(waits)
    assert judge(plain, waits, within_seconds=10.0, project=project)["state"] == "cancelled"
