"""What breaks half-way: never a pass, always with the reason, nothing that was acknowledged is lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from jupyter_deployfeedback.cli.demo import deployed

RUN = [sys.executable, "-m", "jupyter_deployfeedback.cli", "run", "--suite", "quality", "--format", "json"]


@pytest.fixture
def project(tmp_path: Path, example: Path) -> Path:
    folder = tmp_path / "digits"
    shutil.copytree(example, folder)
    return folder


def wait_for_requests(store: Path, run: subprocess.Popen[str]) -> str:
    """Wait until the run has sent requests; gives its id."""
    from jupyter_deployfeedback.store import open_store

    for _ in range(600):
        assert run.poll() is None, f"the run ended before it sent anything: {run.communicate()}"
        if (store / "store.sqlite").exists():
            opened = open_store(str(store), environment={})
            for found in opened.list():
                if any(event.kind == "progress" and event.done for event in opened.events(found.run_id)):
                    return found.run_id
        time.sleep(0.05)
    raise AssertionError("no request was sent within 30 s")


def listening(process: psutil.Process) -> set[int]:
    return {each.laddr.port for each in process.net_connections("tcp") if each.status == psutil.CONN_LISTEN}


@pytest.mark.slow
def test_deployment_killed_half_way_is_an_error_that_says_so(project: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    with deployed(project) as urls:
        port = int(urls["DIGITS_CANDIDATE_URL"].rsplit(":", 1)[1])
        server = next(child for child in psutil.Process().children() if port in listening(child))
        environment = {**os.environ, **urls, "DEPLOYFEEDBACK_STORE": str(store)}
        run = subprocess.Popen(
            RUN, cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        wait_for_requests(store, run)
        server.kill()
        output, errors = run.communicate(timeout=100)

    report = json.loads(output)
    assert run.returncode == 4, errors
    assert (report["verdict"], report["gate"]) == ("error", "closed")
    accuracy = [finding["sentence"] for finding in report["findings"] if finding["rule"] == "accuracy"]
    assert accuracy
    assert all("answered" in sentence or "refused" in sentence for sentence in accuracy), accuracy


def test_run_killed_with_everything_it_started_is_lost_and_never_running(
    project: Path, tmp_path: Path, deployments: dict[str, str]
) -> None:
    store = tmp_path / "store"
    environment = {**os.environ, **deployments, "DEPLOYFEEDBACK_STORE": str(store)}
    run = subprocess.Popen(
        RUN, cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    run_id = wait_for_requests(store, run)
    family = psutil.Process(run.pid).children(recursive=True)
    run.kill()
    run.wait()

    listed = subprocess.run(
        [*RUN[:3], "list", "--format", "json"], cwd=project, env=environment, capture_output=True, text=True, check=True
    )
    assert [(each["run_id"], each["state"]) for each in json.loads(listed.stdout)] == [(run_id, "lost")]
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == [], "kernels and workers outlived their run"


def test_interrupted_run_is_cancelled_and_leaves_no_process(
    project: Path, tmp_path: Path, deployments: dict[str, str]
) -> None:
    store = tmp_path / "store"
    environment = {**os.environ, **deployments, "DEPLOYFEEDBACK_STORE": str(store)}
    run = subprocess.Popen(RUN, cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    run_id = wait_for_requests(store, run)
    family = psutil.Process(run.pid).children(recursive=True)
    run.send_signal(signal.SIGINT)
    _, errors = run.communicate(timeout=30)

    assert run.returncode == 4
    assert run_id in errors
    assert "cancelled" in errors
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []
