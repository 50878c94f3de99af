"""One bad notebook is that notebook's error; whatever papermill executes is executed, mended in memory with a notice."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from jupyter_client.kernelspec import NoSuchKernel
from nbclient.exceptions import CellTimeoutError
from pydantic import TypeAdapter

from jupyter_deployfeedback.cli.main import group
from jupyter_deployfeedback.domain.project import Project
from jupyter_deployfeedback.domain.run import RunRequest, Suite
from jupyter_deployfeedback.errors import ProjectError, ProtocolError, SuitesBroken
from jupyter_deployfeedback.execution.outcome import case_results
from jupyter_deployfeedback.execution.suites.notebook.source import cells_of, open_notebook
from jupyter_deployfeedback.execution.worker.wire import Cell, CellEnded, CellStarted, Ended, Ending, Opened
from jupyter_deployfeedback.pipeline.plan import check_project, plan_run
from jupyter_deployfeedback.probe.replies import read_json
from jupyter_deployfeedback.store import open_store
from tests.project.conftest import PYTHON, notebook

ELSEWHERE = {"name": "conda-env-ml-py", "display_name": "Python [conda env:ml]", "language": "python"}
COBOL = {"name": "cobol", "display_name": "COBOL", "language": "cobol"}
ODD_PARAMETERS = """\
where = %pwd
files = !ls
n, m = 1, 2
tree = limit = hole = None
"""
ODD_CHECKS = """\
import math
assert tree == {"depth": [1, {"leaf": None}], "names": ["a", "b"]}, tree
assert limit == math.inf and math.isnan(hole)
assert (n, m) == (5, 2)
"""
TARGETS = 'targets: {candidate: {url: "http://127.0.0.1:%s", health: /ready, platform: {source: none}}}\n'


class Ready(BaseHTTPRequestHandler):
    """A deployment that is ready and asked nothing else."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Ready) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def write(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def odd_notebook() -> bytes:
    """What papermill would execute all the same: each cell has something that no valid notebook has."""
    code = {"cell_type": "code", "metadata": {}, "execution_count": None}
    whole = {
        "cells": [
            {**code, "id": "a b/c", "source": ODD_PARAMETERS, "outputs": [], "metadata": {"tags": ["parameters"] * 2}},
            {**code, "id": "x" * 70, "source": ODD_CHECKS},
            {**code, "id": "d", "source": "int('x')", "outputs": None, "metadata": {"tags": ["raises-exception"]}},
            {**code, "id": "d", "source": "after = 1", "outputs": [{"output_type": "?"}], "prompt_number": 3},
        ],
        "metadata": {"kernelspec": ELSEWHERE, "name": 3},
        "nbformat": 4,
        "nbformat_minor": 5,
        "worksheets": [],
    }
    return b"\xef\xbb\xbf" + json.dumps(whole).encode()


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, port: int) -> dict[str, Any]:
    """A run of one odd notebook beside two that cannot be run: its report, its errors' stream, its executed copy."""
    folder = tmp_path_factory.mktemp("odd")
    (folder / ".git").mkdir()
    (folder / "odd.ipynb").write_bytes(odd_notebook())
    write(folder / "cobol.ipynb", notebook("1", kernelspec=COBOL))
    write(folder / "cut.ipynb", '{"cells": [')
    suites = "suites: [{notebook: odd.ipynb, parameters: {tree: {depth: [1, {leaf: }], names: [a, b]}, hole: .nan}}, '*.ipynb']"
    write(folder / "deployfeedback.yaml", TARGETS % port + suites)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEPLOYFEEDBACK_STORE", str(folder / "store"))
        output = folder / "report.json"
        arguments = ["run", "--project", str(folder), "--format", "json", "--output", str(output)]
        said = folder / "said.txt"
        with said.open("w") as stream, pytest.MonkeyPatch.context() as streams:
            streams.setattr(sys, "stderr", stream)
            code = group.main([*arguments, "-p", "limit", ".inf", "-p", "n", "5"], standalone_mode=False)
    (executed,) = (folder / "store").rglob("odd.ipynb")
    report = json.loads(output.read_text(), parse_constant=no_json)
    return {
        "code": code,
        "said": said.read_text(),
        "suites": {suite["name"]: suite for suite in report["suites"]},
        "executed": json.loads(executed.read_text(), parse_constant=no_json),
        "source": (folder / "odd.ipynb").read_bytes(),
    }


def no_json(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def test_what_cannot_run_is_the_error_of_that_suite_alone(ran: dict[str, Any]) -> None:
    outcomes = {name: suite["outcome"] for name, suite in ran["suites"].items()}

    assert outcomes == {"odd": "passed", "cobol": "errored", "cut": "errored"}
    assert 'needs the kernel "cobol", which is not installed' in ran["suites"]["cobol"]["reason"]
    assert "cut.ipynb is not JSON" in ran["suites"]["cut"]["reason"]
    assert ran["code"] == 4


def test_all_that_cannot_run_are_told_before_the_run(ran: dict[str, Any]) -> None:
    before, _, _ = ran["said"].partition("Asking the target")

    assert 'cobol.ipynb needs the kernel "cobol"' in before
    assert "cut.ipynb is not JSON" in before


def test_what_papermill_executes_is_mended_in_memory_with_a_notice(ran: dict[str, Any]) -> None:
    cases = [(case["case_id"], case["outcome"]) for case in ran["suites"]["odd"]["cases"]]

    assert cases == [("a-b-c", "passed"), ("x" * 64, "passed"), ("d", "passed"), ("cell-4", "passed")]
    (notice,) = (text for text in ran["suites"]["odd"]["notices"] if "mended" in text)
    for mended in (
        "a byte order mark",
        "key 'worksheets' of the notebook",
        "id 'a b/c' of cell 1",
        "no outputs of cell 2",
    ):
        assert mended in notice
    assert ran["source"] == odd_notebook()
    nbformat.validate(nbformat.from_dict({**ran["executed"], "metadata": {}}))


def test_a_kernel_of_another_machine_falls_back_by_language_with_a_notice(ran: dict[str, Any]) -> None:
    told = 'odd.ipynb names the kernel "conda-env-ml-py", which is not installed: python3 runs it, by its language.'

    assert told in ran["suites"]["odd"]["notices"]


def test_parameters_reach_the_notebook_as_they_are_and_files_stay_json(ran: dict[str, Any]) -> None:
    given = ran["executed"]["metadata"]["papermill"]["parameters"]

    assert given["hole"] == {"$float": "nan"}  # what the cells of the notebook assert of them passed
    assert given["limit"] == {"$float": "inf"}
    assert given["tree"] == {"depth": [1, {"leaf": None}], "names": ["a", "b"]}


def test_a_cell_that_must_raise_did_and_the_cells_after_it_ran(ran: dict[str, Any]) -> None:
    (raised,) = (case for case in ran["suites"]["odd"]["cases"] if case["title"] == "int('x')")

    assert (raised["outcome"], raised["error"]) == ("passed", None)


@pytest.mark.parametrize(
    ("error", "outcome", "said"),
    [
        (("ValueError", "no number", ""), "passed", None),
        (None, "failed", "It was expected to raise"),
        (("AssertionError", "it was accepted", ""), "failed", "it was accepted"),
        (("NameError", "name 'pridict' is not defined", ""), "errored", "That is no refusal"),
        (("TargetUnreachable", "refused", ""), "errored", "That is no refusal"),
    ],
)
def test_a_cell_that_must_raise_passes_only_by_a_refusal(
    error: tuple[str, str, str] | None, outcome: str, said: str | None
) -> None:
    cell = Cell("c", "code", "predict('x')", ("raises-exception",))
    end = CellEnded("c", "error" if error else "ok", 1, error)

    (case,) = case_results([Opened((cell,)), CellStarted("c"), end], ended=Ended(Ending.COMPLETED))

    assert case.outcome == outcome
    assert (case.error is None) == (said is None)
    assert said is None or said in (case.error.message if case.error else "")


@pytest.fixture
def project(tmp_path: Path, port: int) -> Callable[..., Path]:
    """Write a project of these suites, as YAML, in a repository of its own."""

    def written(suites: str, **more: str) -> Path:
        (tmp_path / ".git").mkdir(exist_ok=True)
        lines = "".join(f"{key}: {value}\n" for key, value in more.items())
        return write(tmp_path / "deployfeedback.yaml", f"{TARGETS % port}suites: {suites}\n{lines}")

    return written


def plan(file: Path, **asked: Any) -> tuple[Suite, ...]:
    request = RunRequest(project_file=str(file), target="", **asked)
    return plan_run(request, store=open_store(str(file.parent / "store"), environment={}), environment={}).suites


def checked(file: Path) -> Project:
    return check_project(file, environment={})


def test_check_names_all_that_cannot_run_at_once(
    tmp_path: Path, project: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "good.ipynb", notebook("assert True"))
    write(tmp_path / "cobol.ipynb", notebook("1", kernelspec=COBOL))
    write(tmp_path / "cut.ipynb", "{")
    file = project("[good.ipynb, cobol.ipynb, {notebook: cut.ipynb, parameters: {n: 1}}]")

    with pytest.raises(SuitesBroken) as told:
        group.main(["check", "--project", str(file)], standalone_mode=False)

    assert told.value.exit_code == 2
    assert "cobol.ipynb needs the kernel" in told.value.message
    assert "cut.ipynb is not JSON" in told.value.message
    assert "suite  good: good.ipynb" in capsys.readouterr().out


def test_a_good_suite_is_not_blocked_and_a_run_of_bad_ones_alone_is_refused(
    tmp_path: Path, project: Callable[..., Path]
) -> None:
    write(tmp_path / "good.ipynb", notebook("assert True"))
    write(tmp_path / "cobol.ipynb", notebook("1", kernelspec=COBOL))
    write(tmp_path / "cut.ipynb", "{")
    file = project("[good.ipynb, cobol.ipynb, cut.ipynb]")

    (good,) = plan(file, suites=("good",))
    with pytest.raises(SuitesBroken, match=r"(?s)cobol\.ipynb needs the kernel.*cut\.ipynb is not JSON"):
        plan(file, suites=("cobol", "cut"))

    assert good.problem is None


@pytest.fixture
def kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside Python's own: another Python, the only Julia, and two of R."""
    languages = {"python-old": "python", "julia-1.11": "julia", "r1": "R", "r2": "R"}
    for name, language in languages.items():
        specification = {"argv": ["true"], "display_name": name, "language": language}
        write(tmp_path / "share" / "kernels" / name / "kernel.json", specification)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share"))


@pytest.mark.parametrize(
    ("kernelspec", "of_suite", "of_project", "asked", "expected"),
    [
        pytest.param({"name": "python"}, "", "", None, "python3", id="Jupyter's word for its own kernel"),
        pytest.param({"name": "Python3"}, "", "", None, "python3", id="another case"),
        pytest.param({"name": "JULIA-1.9", "language": "Julia"}, "", "", None, "julia-1.11", id="the only one"),
        pytest.param(ELSEWHERE, "", "", None, "python3", id="Jupyter's own of several"),
        pytest.param({"name": "r9", "language": "R"}, "", "", None, "needs the kernel", id="several and none its own"),
        pytest.param({"name": "r9"}, "", "", None, "needs the kernel", id="no language"),
        pytest.param(PYTHON, "python-old", "", None, "python-old", id="the suite's"),
        pytest.param(PYTHON, "", "python-old", None, "python-old", id="the project's"),
        pytest.param(PYTHON, "r1", "python-old", None, "r1", id="the suite's before the project's"),
        pytest.param(PYTHON, "r1", "python-old", "r2", "r2", id="the run's before both"),
        pytest.param(PYTHON, "", "", "conda", '"conda", which is not installed', id="what is chosen must be there"),
    ],
)
@pytest.mark.usefixtures("kernels")
def test_a_kernel_is_found_as_jupyter_finds_it_or_chosen(
    tmp_path: Path,
    project: Callable[..., Path],
    kernelspec: dict[str, str],
    of_suite: str,
    of_project: str,
    asked: str | None,
    expected: str,
) -> None:
    write(tmp_path / "s.ipynb", notebook("1", kernelspec={"display_name": "", **kernelspec}))
    entry = f"{{notebook: s.ipynb, kernel: {of_suite}}}" if of_suite else "s.ipynb"
    file = project(f"[{entry}]", **({"kernel": of_project} if of_project else {}))

    try:
        (suite,) = plan(file, kernel=asked)
        found, told = suite.kernel or "", suite.notices
    except SuitesBroken as error:
        found, told = error.message, ()

    assert expected in found
    chosen = found in {"python-old", "r1", "r2"}
    assert not chosen or told == (f's.ipynb names the kernel "python3": {found} is used.',)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("n, m = 1, 2", {"n", "m"}),
        ("(a, *b), c = pair()", {"a", "b", "c"}),
        ("where = %pwd\nfiles = !ls\n!echo hi\nn = 5", {"where", "files", "n"}),
        ("%%time\nn = 5", {"n"}),
        ("if True:\n    n = 5\nelse:\n    m = 6\ndef f():\n    k = 7", {"n", "m"}),
        ("open?\nn = 5", {"n"}),
    ],
)
def test_a_parameters_cell_is_read_as_the_kernel_reads_it(
    tmp_path: Path, project: Callable[..., Path], source: str, expected: set[str]
) -> None:
    write(tmp_path / "s.ipynb", notebook(source, tags=("parameters",)))
    names = ", ".join(f"{name}: 1" for name in sorted(expected))

    suite = checked(project(f"[{{notebook: s.ipynb, parameters: {{{names}}}}}]")).suites[0]  # an unknown one is refused

    assert suite.problem is None


@pytest.mark.parametrize("source", ["a = %pwd\n" * 550, "a = %pwd\n" * 5000, "a = " + "(" * 5000, "a = 1\0"])
def test_a_parameters_cell_that_cannot_be_read_is_its_suites_error(
    tmp_path: Path, project: Callable[..., Path], source: str
) -> None:
    write(tmp_path / "s.ipynb", notebook(source, tags=("parameters",)))

    (suite,) = checked(project("[s.ipynb]")).suites

    assert "the parameters cell is not Python" in (suite.problem or "")


def test_parameters_survive_the_store_and_the_wire(tmp_path: Path) -> None:
    asked = {"tree": {"a": [1, {"b": [2.5, None, True]}]}, "limit": [float("inf"), float("-inf")]}
    request = RunRequest(project_file="p", target="", parameters={**asked, "hole": float("nan")})

    text = request.model_dump_json()
    back = RunRequest.model_validate_json(text)

    json.loads(text, parse_constant=no_json)
    assert {name: back.parameters[name] for name in asked} == asked
    assert back.parameters["hole"] != back.parameters["hole"]  # as only NaN is
    assert TypeAdapter(RunRequest).dump_python(request)["parameters"]["limit"] == asked["limit"]


def test_suites_take_patterns_and_folders(tmp_path: Path, project: Callable[..., Path]) -> None:
    for path in ("a/z.ipynb", "a/b.ipynb", "a/.ipynb_checkpoints/b.ipynb", "c/b.ipynb", "c/d/e.ipynb", "c/notes.md"):
        write(tmp_path / path, notebook("1"))
    file = project('["a/*.ipynb", {notebook: c/d/e.ipynb, name: own}, c/, "**/*.ipynb"]')

    found = [(suite.name, suite.source) for suite in checked(file).suites]

    assert found == [("a-b", "a/b.ipynb"), ("z", "a/z.ipynb"), ("own", "c/d/e.ipynb"), ("c-b", "c/b.ipynb")]


@pytest.mark.parametrize("entry", ["a/*.ipynb", "a/", "a/[", "**x"])
def test_a_pattern_without_a_match_says_so(tmp_path: Path, project: Callable[..., Path], entry: str) -> None:
    (tmp_path / "a").mkdir()

    with pytest.raises(ProjectError) as told:
        checked(project(f'["{entry}"]'))

    assert f"{entry} matches no notebook" in str(told.value)


PERCENT = '# %% tags=["parameters"]\nn = 5\n# %%\nassert n\n'
MARKDOWN = 'Words\n\n```python tags=["parameters"]\nn = 5\n```\n\n```python\nassert n\n```\n'


@pytest.mark.parametrize(("name", "text"), [("s.py", PERCENT), ("s.md", MARKDOWN)])
def test_scripts_and_pages_are_suites_through_jupytext(
    tmp_path: Path, project: Callable[..., Path], name: str, text: str
) -> None:
    write(tmp_path / name, text)

    (suite,) = checked(project(f"[{{notebook: {name}, parameters: {{n: 7}}}}]")).suites
    cells = [[cell for cell in cells_of(open_notebook(tmp_path / name)) if cell.is_case] for _ in range(2)]

    assert (suite.problem, suite.kernel) == (None, "python3")
    assert [cell.source for cell in cells[0]] == ["n = 5", "assert n"]
    assert cells[0] == cells[1]  # its ids last


def test_without_jupytext_a_script_is_its_own_error_with_the_remedy(
    tmp_path: Path, project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jupytext", None)  # as where it is not installed
    write(tmp_path / "s.py", PERCENT)
    write(tmp_path / "good.ipynb", notebook("1"))

    good, script = checked(project("[good.ipynb, s.py]")).suites

    assert good.problem is None
    assert script.problem == "s.py can be a suite only where jupytext is installed. Install it: pip install jupytext"


def test_a_key_for_anchors_is_no_unknown_key(tmp_path: Path) -> None:
    write(tmp_path / "s.ipynb", notebook("1"))
    common = "x-common: &common {platform: {source: none}, timeout: 5s}\n"
    targets = 'targets: {one: {<<: *common, url: "http://127.0.0.1:8000"}}\n'
    file = write(tmp_path / "deployfeedback.yaml", f"{common}{targets}suites: [s.ipynb]\n")

    assert checked(file).targets["one"].timeout_seconds == 5


def test_an_answer_is_read_in_the_charset_that_its_header_names() -> None:
    body = '{"predictions": ["caf\u00e9", "b"]}'

    latin = read_json(body.encode("latin-1"), content_type="application/json; charset=ISO-8859-1")
    mislabelled = read_json(body.encode(), content_type="application/json; charset=ISO-8859-1")

    assert latin == mislabelled == {"predictions": ["caf\u00e9", "b"]}
    with pytest.raises(ProtocolError, match="is not JSON"):
        read_json(body.encode("latin-1"), content_type="application/json; charset=zlib")


def papermilled(tmp_path: Path, *sources: str, kernelspec: dict[str, str] = PYTHON, **options: Any) -> dict[str, Any]:
    """Have papermill execute a notebook with our engine; return its output, whatever it raised."""
    (tmp_path / ".git").mkdir()
    source = write(tmp_path / "in.ipynb", notebook(*sources, kernelspec=kernelspec))
    output = tmp_path / "out.ipynb"
    try:
        papermill.execute_notebook(source, output, engine_name="deployfeedback", progress_bar=False, **options)
    except (CellTimeoutError, NoSuchKernel) as error:
        found: dict[str, Any] = json.loads(output.read_text())
        return found | {"raised": type(error)}
    raise AssertionError("papermill was to raise")


def test_papermills_engine_keeps_its_log_lines_and_the_traceback_of_a_cell_whose_time_was_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hangs = "import time\ndef deep():\n    time.sleep(60)\ndeep()"
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.INFO, logger="papermill")

    out = papermilled(tmp_path, "print('hello')", hangs, log_output=True, execution_timeout=2)

    lines = [record.getMessage().strip("-\n ") for record in caplog.records]
    for line in ("Executing notebook with kernel: python3", "Executing Cell 1", "hello", "Ending Cell 1"):
        assert line in lines
    assert out["raised"] is CellTimeoutError
    (error,) = out["cells"][1]["outputs"]
    assert "deep()" in "".join(error["traceback"])


def test_papermills_engine_keeps_the_output_file_where_the_kernel_is_missing(tmp_path: Path) -> None:
    out = papermilled(tmp_path, "1", kernelspec=COBOL)

    assert out["raised"] is NoSuchKernel
    assert [cell["metadata"]["papermill"]["status"] for cell in out["cells"]] == ["pending"]
