"""Whoever is tested has to be there the whole time: the candidate and a live baseline, and each in one version."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat

from jupyter_deployfeedback.domain.feedback import FeedbackReport
from jupyter_deployfeedback.domain.run import RunRequest
from jupyter_deployfeedback.pipeline import run as story
from jupyter_deployfeedback.store import open_store

TOUCH = """\
import urllib.request, jupyter_deployfeedback as jdf
assert urllib.request.urlopen(jdf.connect().url + "/{page}").status == 200
"""


class Moody(BaseHTTPRequestHandler):
    """A deployment that a suite can send away, call back or upgrade by the page it asks for."""

    def do_GET(self) -> None:
        page = self.path.strip("/")
        if page in {"leave", "upgrade"}:
            self.server.moods.add(page)  # type: ignore[attr-defined]
        if page == "return":  # when it was asked as often as a target is before it is given up
            assert self.server.given_up.wait(20)  # type: ignore[attr-defined]
            self.server.moods.discard("leave")  # type: ignore[attr-defined]
        away = "leave" in self.server.moods and page == "ready"  # type: ignore[attr-defined]
        self.server.refused += away  # type: ignore[attr-defined]
        if self.server.refused == 3:  # type: ignore[attr-defined]
            self.server.given_up.set()  # type: ignore[attr-defined]
        version = "2" if "upgrade" in self.server.moods else "1"  # type: ignore[attr-defined]
        body = b'{"model_version": "%s"}' % version.encode() if page == "version" else b"{}"
        self.send_response(503 if away else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@contextmanager
def deployment() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Moody) as server:
        server.moods, server.refused, server.given_up = set(), 0, threading.Event()  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def run(folder: Path, *pages: str, baseline_leaves: bool = False) -> FeedbackReport:
    """Run a suite for each page, which asks the candidate for it; the baseline's may be asked to leave."""
    kept = open_store(str(folder / "store"), environment={})
    with deployment() as candidate, deployment() as baseline, kept as store:
        for number, page in enumerate(pages):
            cells = [TOUCH.format(page=page)]
            if baseline_leaves:
                cells.append(TOUCH.replace("jdf.connect().url", repr(baseline)).format(page="leave"))
            notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
            nbformat.write(notebook, folder / f"{number}-{page}.ipynb")
        platform = "health: /ready, platform: {source: none}"
        (folder / "deployfeedback.yaml").write_text(
            "version: 1\nname: moody\ntargets:\n"
            f"  candidate: {{url: '{candidate}', {platform}}}\n  live: {{url: '{baseline}', {platform}}}\n"
            f"baseline: live\nsuites: {[f'{number}-{page}.ipynb' for number, page in enumerate(pages)]}\n"
        )
        request = RunRequest(project_file=str(folder / "deployfeedback.yaml"), target="candidate", parallel=1)
        begun = story.start(request, store=store, environment=os.environ)
        return story.evaluate(
            begun.run_id, store=store, environment=os.environ, tell=lambda _: None, cancelled=threading.Event()
        )


def told(report: FeedbackReport) -> str:
    assert (report.verdict, report.gate) == ("error", "closed")
    return " ".join(each.sentence for each in report.findings if each.verdict == "error")


def test_a_target_that_is_away_between_two_suites_is_an_error_though_it_comes_back(tmp_path: Path) -> None:
    said = told(run(tmp_path, "leave", "return"))

    assert "was not any more after 0-leave" in said


def test_another_version_after_a_suite_is_an_error_though_no_suite_evaluates(tmp_path: Path) -> None:
    said = told(run(tmp_path, "upgrade"))

    assert "candidate changed its version during the run: 1, 2" in said


def test_a_live_baseline_that_is_gone_is_an_error(tmp_path: Path) -> None:
    said = told(run(tmp_path, "predict", baseline_leaves=True))

    assert "was not any more after 0-predict" in said


def test_a_target_that_stays_is_no_error(tmp_path: Path) -> None:
    report = run(tmp_path, "predict")

    assert not [each for each in report.findings if each.verdict == "error"]
