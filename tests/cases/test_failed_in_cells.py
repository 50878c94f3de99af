"""What fails in a cell that raises nothing is a warning or a failure, never a clean pass."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat
import pytest

from jupyter_deployfeedback.domain.feedback import FeedbackReport
from jupyter_deployfeedback.domain.project import Project, Target
from jupyter_deployfeedback.domain.run import CaseResult, Outcome, Suite, SuiteResult
from jupyter_deployfeedback.domain.verdict import Verdict
from jupyter_deployfeedback.execution import execute
from jupyter_deployfeedback.execution.suites.notebook.unraised import NOT_WATCHED
from jupyter_deployfeedback.feedback import Format, render
from jupyter_deployfeedback.project.inspection import inspect_suite
from jupyter_deployfeedback.verdict.suites import judge_suite

TESTED = """\
import unittest
class Sum(unittest.TestCase):
    def test_right(self): self.assertEqual(1 + 1, 2)
    def test_wrong(self): self.assertEqual(1 + 1, 3)
"""
DOCUMENTED = '''\
def double(x):
    """
    >>> double(2)
    5
    """
    return 2 * x
'''
LATER = "import asyncio\nasync def check(): assert 1 == 2, 'no'\n"
OK = ("exit-status-ok",)
# name, which is the cell's comment -> its code, its tags, its outcome, and what is said of it
CELLS: dict[str, tuple[str, tuple[str, ...], str, str]] = {
    "command": ("!exit 3", (), "warn", "`exit 3` ended with exit status 3"),
    "several commands": ("!exit 3\n!exit 4\n!true", (), "warn", "`exit 4` ended with exit status 4"),
    "killed command": ("!kill -9 $$", (), "warn", "`kill -9 $$` was ended by signal 9"),
    "command with a secret": ("secret = 'hush'\n!exit {len(secret)}", (), "warn", "`exit {len(secret)}` ended with exit status 4"),
    "in a function": ("def run(code):\n    !exit {code}\nrun(6)", (), "warn", "`exit {code}` ended with exit status 6"),
    "output": ("out = !echo said; exit 5\nassert out == ['said']", (), "warn", "`echo said; exit 5` ended with exit status 5"),
    "two marks": ("!!exit 3", (), "warn", "`exit 3` ended with exit status 3"),
    "sx": ("%sx exit 3", (), "warn", "`exit 3` ended with exit status 3"),
    "system": ("%system exit 3", (), "warn", "`exit 3` ended with exit status 3"),
    "sx of a cell": ("%%sx\nexit 3", (), "warn", "ended with exit status 3"),
    "shell": ("get_ipython().system('exit 3'); get_ipython().getoutput('exit 4')", (), "warn", "`exit 4` ended with exit status 4"),
    "alias": ("%ls /nowhere", (), "warn", "/nowhere` ended with exit status 2"),
    "captured": ("%%capture\n!exit 3", (), "warn", "`exit 3` ended with exit status 3"),
    "dead port": ("!curl -s http://127.0.0.1:1/", (), "warn", "`curl -s http://127.0.0.1:1/` ended with exit status 7"),
    "no such command": ("!nosuchcommand", (), "warn", "`nosuchcommand` ended with exit status 127"),
    "pytest": ("import os, sys\nos.environ['PYTEST_DISABLE_PLUGIN_AUTOLOAD'] = '1'\n!{sys.executable} -m pytest -q -p no:cacheprovider failing.py", (), "fail", "failing.py` ended with exit status 1"),
    "pytest without tests": ("!./pytest 5", (), "warn", "`./pytest 5` ended with exit status 5"),
    "pytest in a pipe": ("!MODE=quick ./pytest 1 2>&1 | tail -1", (), "warn", "`MODE=quick ./pytest 1 2>&1 | tail -1` hides the exit status of the tests"),
    "pytest in a pipe that tells": ("!bash -c 'set -o pipefail; ./pytest 0 | tail -1'", (), "pass", ""),
    "pytest behind a pipe": ("!echo ./pytest | cat; ./pytest 0 && echo | cat; ./pytest 0 || true", (), "pass", ""),
    "pip install pytest": ("!pip() { false; }; pip install pytest", (), "warn", "`pip() { false; }; pip install pytest` ended with exit status 1"),
    "pytest.main": ("import pytest\npytest.main(['-q', '-p', 'no:cacheprovider', 'failing.py'])", (), "fail", "`pytest.main()` ended with exit status 1"),
    "unittest.main": (TESTED + "unittest.main(argv=[''], exit=False)", (), "fail", "unittest: 1 of 2 tests failed"),
    "unittest runner": ("unittest.TextTestRunner().run(unittest.defaultTestLoader.loadTestsFromTestCase(Sum))", (), "fail", "unittest: 1 of 2 tests failed"),
    "unittest without tests": ("del Sum\nunittest.main(argv=[''], exit=False)", (), "warn", "unittest: no test was run"),
    "doctest": (DOCUMENTED + "import doctest\ndoctest.testmod()", (), "fail", "doctest: 1 of 1 tests failed"),
    "doctest without examples": ("del double\ndoctest.testmod()", (), "warn", "doctest: no test was run"),
    "profiled": ("%%prun -q\nimport sys\nsys.exit(7)", (), "warn", "`sys.exit()` ended with exit status 7"),
    "task": (LATER + "kept = asyncio.create_task(check())\nawait asyncio.sleep(0)", (), "warn", "the task check that nobody awaited raised AssertionError: no"),
    "task in a list": ("tasks = [asyncio.create_task(check())]", (), "warn", "the task check that nobody awaited raised AssertionError: no"),
    "lost task": ("asyncio.create_task(check()); None", (), "warn", "the task check that nobody awaited raised AssertionError: no"),
    "lost gathering": ("asyncio.gather(check(), check()); None", (), "warn", "a future that nobody awaited raised AssertionError: no"),
    "callback": ("def later(): assert not 'later'\nasyncio.get_running_loop().call_soon(later); None", (), "warn", "a callback that nobody awaited raised AssertionError"),
    "gathered": ("asyncio.gather(check(), check())", (), "warn", "a future that nobody awaited raised AssertionError: no"),
    "endless task": ("asyncio.create_task(asyncio.sleep(60))", (), "warn", "the task sleep still ran when the suite was over"),
    "coroutine": ("check()", (), "warn", "the coroutine check was never awaited"),
    "lost coroutine": ("check(); None", (), "warn", "an exception in a thread or a task reached only stderr"),
    "thread": ("from threading import Thread\nthread = Thread(target=lambda: 1 / 0)\nthread.start(); thread.join()", (), "warn", "an exception in a thread"),
    "grep": ("!grep word /dev/null", OK, "pass", ""),
    "permitted pytest": ("!./pytest 1", OK, "pass", ""),
    "permitted unittest": (TESTED + "unittest.main(argv=[''], exit=False)", OK, "fail", "unittest: 1 of 2 tests failed"),
    "clean command": ("!true\nout = !echo | cat\n%sx true", (), "pass", ""),
    "own business": ("import os, subprocess\nos.system('exit 3'); subprocess.run('exit 3', shell=True)", (), "pass", ""),
    "clean tests": ("class Right(unittest.TestCase):\n    def test_right(self): pass\ndel Sum\nunittest.main(argv=[''], exit=False)", (), "pass", ""),
    "awaited task": ("good = asyncio.create_task(check())\ntry: await good\nexcept AssertionError: pass", (), "pass", ""),
    "cancelled task": ("gone = asyncio.create_task(asyncio.sleep(60))\nawait asyncio.sleep(0)\ngone.cancel()", (), "pass", ""),
    "profiled to its end": ("%%prun -q\nx = 1\nsys.exit(0)", (), "pass", ""),
}  # fmt: skip
PYTHON = {"name": "python3", "display_name": "Python 3", "language": "python"}
BARE = """\
from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel
class Bare(Kernel):
    implementation = implementation_version = banner = "bare"
    language_info = {"name": "python", "mimetype": "text/x-python", "file_extension": ".py"}
    def do_execute(self, code, silent, store_history=True, user_expressions=None, allow_stdin=False):
        return {"status": "ok", "execution_count": self.execution_count}
IPKernelApp.launch_instance(kernel_class=Bare)
"""
FILE = """\
version: 1
name: shell
targets:
  candidate: {url: "%s", health: /, request: {path: /predict}, platform: {source: none}}
suites: [quality.ipynb]
"""
ASKS = "import os, urllib.request\nassert urllib.request.urlopen(os.environ['DEPLOYED_MODEL_URL']).status == 200"


def write(path: Path, *cells: tuple[str, tuple[str, ...]], kernel: dict[str, str] = PYTHON) -> None:
    """Write a notebook of cells c1, c2 ..., each a source with its tags."""
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    for position, (source, tags) in enumerate(cells, start=1):
        notebook.cells.append(nbformat.v4.new_code_cell(source, id=f"c{position}", metadata={"tags": list(tags)}))
    nbformat.write(notebook, path)


def project_in(folder: Path) -> Project:
    """A project with one suite, against a target that nobody needs."""
    return Project(
        name="probe",
        folder=str(folder),
        file=str(folder / "deployfeedback.yaml"),
        targets={"candidate": Target(name="candidate", url="http://127.0.0.1:1/")},
        default_target="candidate",
        suites=(Suite(name="quality", source="suite.ipynb"),),
    )


def executed(folder: Path, *cells: tuple[str, tuple[str, ...]], **notebook: dict[str, str]) -> SuiteResult:
    """Execute one suite of these cells on a kernel of its own."""
    write(folder / "suite.ipynb", *cells, **notebook)
    project = project_in(folder)
    (result,) = execute(
        project.suites,
        project=project,
        target=project.targets["candidate"],
        baseline=None,
        run_id=f"run-{os.getpid()}",
        artifacts=folder / "artifacts",
        tell=lambda _: None,
        cancelled=threading.Event(),
        environment={**os.environ, "JUPYTER_PATH": str(folder)},
    )
    return result


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> SuiteResult:
    """All cells of the table, executed as one suite: none of them raises."""
    folder = tmp_path_factory.mktemp("cells")
    (folder / "failing.py").write_text("def test_wrong(): assert 1 == 2\n")
    (folder / "pytest").write_text("#!/bin/sh\nexit $1\n")
    (folder / "pytest").chmod(0o700)
    cells = [(code if code.startswith("%%") else f"# {name}\n{code}", tags) for name, (code, tags, *_) in CELLS.items()]
    return executed(folder, *cells)


def case_of(result: SuiteResult, name: str) -> CaseResult:
    return result.cases[list(CELLS).index(name)]


@pytest.mark.parametrize("name", CELLS)
def test_what_fails_in_a_cell_is_seen_where_it_raises_nothing(name: str, result: SuiteResult) -> None:
    _, _, expected, said = CELLS[name]

    case = case_of(result, name)

    warned = [text for text in result.warnings if text.startswith(f"“{case.title}”: ")]
    assert case.outcome is (Outcome.FAILED if expected == "fail" else Outcome.PASSED), case.error
    assert [said in text for text in warned].count(True) == (expected == "warn"), warned
    assert expected != "pass" or not warned
    assert (said in case.error.message) if case.error else expected != "fail"


def test_a_suite_of_comments_is_not_run_as_check_says(tmp_path: Path) -> None:
    result = executed(tmp_path, ("# check(answers)", ()), ("# print()\n\n# pass", ()))

    finding = judge_suite(result)
    (notice,) = inspect_suite(project_in(tmp_path), result.suite).notices

    assert (result.outcome, result.cases, finding.verdict) == (Outcome.NOT_RUN, (), Verdict.ERROR)
    assert "no statement was executed" in finding.reason.text
    assert notice == "suite.ipynb has no code: the suite will be errored."


def test_a_kernel_that_cannot_be_watched_runs_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "bare.py").write_text(BARE)
    (tmp_path / "kernels" / "bare").mkdir(parents=True)
    kernel = {"argv": [sys.executable, str(tmp_path / "bare.py"), "-f", "{connection_file}"], "language": "python"}
    (tmp_path / "kernels" / "bare" / "kernel.json").write_text(json.dumps(kernel | {"display_name": "bare"}))

    result = executed(tmp_path, ("1", ()), kernel={"name": "bare", "display_name": "bare", "language": "python"})

    assert (result.outcome, result.notices) == (Outcome.PASSED, (NOT_WATCHED,))


class Ready(BaseHTTPRequestHandler):
    """Is ready, and nothing else."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FeedbackReport]:
    """What the command line says of a suite of shell commands that fail."""
    folder = tmp_path_factory.mktemp("shell")
    write(folder / "quality.ipynb", (ASKS, ()), ("!exit 3", ()), ("!python -m pytest /nonexistent -q", ()))
    environment = {**os.environ, "DEPLOYFEEDBACK_STORE": str(folder / "store")}
    with ThreadingHTTPServer(("127.0.0.1", 0), Ready) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (folder / "deployfeedback.yaml").write_text(FILE % f"http://127.0.0.1:{server.server_address[1]}")
        command = [sys.executable, "-m", "jupyter_deployfeedback.cli", "run", "--format", "json"]
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=110, check=False
        )
        yield FeedbackReport.model_validate_json(done.stdout)
        server.shutdown()


def test_a_run_whose_cells_fail_without_raising_is_no_clean_pass(report: FeedbackReport) -> None:
    (finding,) = (each for each in report.findings if each.name == "suite quality")

    assert (report.verdict, finding.verdict, report.suites[0].outcome) == (Verdict.WARN, Verdict.WARN, Outcome.PASSED)


@pytest.mark.parametrize("form", Format)
def test_every_rendering_names_suite_cell_and_exit_status(report: FeedbackReport, form: Format) -> None:
    shown = re.sub(r"[\s\u200b│\\]+", "", html.unescape(render(report, form)))

    assert "Suitequalitypassed" in shown
    assert "“!exit3”:`exit3`endedwithexitstatus3" in shown
    assert "`python-mpytest/nonexistent-q`endedwithexitstatus4" in shown
