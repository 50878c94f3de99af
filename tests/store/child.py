"""A process of its own that uses a store; the tests start and kill it. Each line on stdout is an acknowledgement."""

from __future__ import annotations

import os
import sys
import time

import psutil

from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.run import EventKind, RunRequest, Step
from jupyter_deployfeedback.store import Store, folder, open_store

PROJECT = Project(name="digits", folder="/digits", file="/digits/d.yaml", targets={}, default_target="c", suites=())


def begin(store: Store) -> str:
    request = RunRequest(project_file=PROJECT.file, target="c")
    return store.start(request, project=PROJECT, commit=None, baseline=None).run_id


def start_for_ever(store: Store) -> None:
    """Start runs and claim every other one, until killed."""
    while True:
        run_id = begin(store)
        print(run_id, flush=True)
        if int(run_id[-1], 16) % 2:
            store.claim(run_id)
            store.tell(run_id, Step(kind=EventKind.STAGE, message="execute"))


def start_some(store: Store, count: str) -> None:
    """Start so many runs."""
    for _ in range(int(count)):
        print(begin(store), flush=True)


def claim_and_wait(store: Store, run_id: str) -> None:
    """Take a run over and work on it, until killed."""
    store.claim(run_id)
    print("claimed", flush=True)
    time.sleep(600)


def tell_some(store: Store, run_id: str, count: str) -> None:
    """Tell so many events of a run."""
    for number in range(int(count)):
        store.tell(run_id, Step(kind=EventKind.PROGRESS, done=number, total=int(count)))


def start_and_go(store: Store) -> None:
    """Start one run and end without a word."""
    print(begin(store), flush=True)


def modules(_store: Store) -> None:
    """Name what was imported to open the store."""
    print(*sorted(sys.modules), flush=True)


if __name__ == "__main__":
    if "ON_NETWORK" in os.environ:  # there is no network file system to test on: this one is declared to be one
        folder.NETWORK_FILE_SYSTEMS = frozenset(part.fstype for part in psutil.disk_partitions(all=True))
    globals()[sys.argv[2]](open_store(sys.argv[1], environment={}), *sys.argv[3:])
