"""A run that nobody sees: it leaves the process with everything loaded that the first real one would wait for."""

import contextlib
import json
import os
import shutil
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from jupyter_deployfeedback.errors import DeployFeedbackError

_PROJECT = """\
version: 1
targets: {nobody: {url: "http://127.0.0.1:PORT", health: /ready, platform: {source: none}}}
suites: [suite.ipynb]
rules:
  - {metric: accuracy, pass: [">=0.5", ">=-1pp"]}
  - {metric: latency, pass: ["p(95)<1s", "typical<=+10%"]}
"""
_NOTEBOOK = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python", "language": "python"}},
    "cells": [],
}


class _Unready(BaseHTTPRequestHandler):
    """A deployment that is never ready: nothing is sent to it."""

    def do_GET(self) -> None:
        """Say so."""
        self.send_error(503)

    def log_message(self, *_: object) -> None:
        """Say nothing else."""


def warm_up(folder: Path) -> None:
    """Start and evaluate a run of a project whose target is not ready, in a store of its own in this folder.

    What cannot be run, for want of a kernel perhaps, is left to the first run, which says it to somebody.
    """
    folder.mkdir(mode=0o700)
    with HTTPServer(("127.0.0.1", 0), _Unready) as deployment, contextlib.suppress(DeployFeedbackError):
        deployment.timeout = 1.0
        answering = threading.Thread(target=deployment.handle_request)
        answering.start()
        try:
            _run_nothing(folder, port=deployment.server_port)
        finally:
            answering.join()
    shutil.rmtree(folder, ignore_errors=True)


def _run_nothing(folder: Path, *, port: int) -> None:
    from jupyter_deployfeedback.domain.run import RunRequest
    from jupyter_deployfeedback.pipeline.run import evaluate, start
    from jupyter_deployfeedback.store import open_store

    project = folder / "deployfeedback.yaml"
    project.write_text(_PROJECT.replace("PORT", str(port)), encoding="utf-8")
    (folder / "suite.ipynb").write_text(json.dumps(_NOTEBOOK), encoding="utf-8")
    store = open_store(str(folder), environment={})
    request = RunRequest(project_file=str(project), target="nobody")
    run = start(request, store=store, environment=os.environ)
    evaluate(run.run_id, store=store, environment=os.environ, tell=lambda _: None, cancelled=threading.Event())
    store.close()
