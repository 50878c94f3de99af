"""The magics in a real kernel."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

CELLS = [
    "%load_ext jupyter_deployfeedback",
    "%deployfeedback run --against none",
    "%deployfeedback show",
    "%deployfeedback list",
    "%deployfeedback show --format markdown",
    "%deployfeedback show --output feedback.txt",
    "%deployfeedback show 'x",
    "%deployfeedback show nothing",
    "%deployfeedback show --nonsense",
    "%deployfeedback run --format aicoe",
]
QUICK = """\
version: 1
name: digits
targets:
  released: {url: "${DIGITS_RELEASED_URL}", health: /ready, response: &it {probabilities: $.probabilities}}
  candidate: {url: "${DIGITS_CANDIDATE_URL}", health: /ready, response: *it}
baseline: released
suites: [{notebook: suites/quality.ipynb, parameters: {n: 60}}]
rules: [{metric: accuracy, pass: [">=0.5"]}]
"""
PROCESS = "os.getpid(), dict(os.environ), signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)"


def copied(example: Path, folder: Path) -> Path:
    return shutil.copytree(example, folder / "digits", ignore=shutil.ignore_patterns("models"))


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory, example: Path, deployments: dict[str, str]) -> list[Any]:
    folder = copied(example, tmp_path_factory.mktemp("magics"))
    (folder / "deployfeedback.yaml").write_text(QUICK)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    where = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, timeout=100, resources=where, kernel_name="python3", allow_errors=True)
    client.execute(env={**os.environ, **deployments, "DEPLOYFEEDBACK_STORE": str(folder.parent / "store")})
    return [cell.outputs for cell in notebook.cells]


def test_run_and_show_display_the_same_feedback_as_a_page_that_runs_nothing(outputs: list[Any]) -> None:
    _, ran, shown, listed = outputs[:4]
    page, again = ran[-1]["data"], shown[-1]["data"]
    assert page == again
    assert page["text/html"].startswith('<iframe sandbox="" srcdoc=')
    assert "accuracy" in page["text/plain"].lower()
    assert "candidate against nothing" in listed[-1]["text"]


def test_a_format_or_a_file_that_is_asked_for_is_what_one_gets(outputs: list[Any]) -> None:
    markdown, written = outputs[4:6]

    assert markdown[-1]["text"].startswith("### ")
    assert written[-1]["text"].endswith("\nWritten to feedback.txt\n")


def test_what_is_wrong_is_said_without_a_traceback(outputs: list[Any]) -> None:
    unclosed, unknown, nonsense, foreign = outputs[6:]

    assert unclosed[-1]["text"] == "UsageError: No closing quotation: show 'x\n"
    assert unknown[-1]["text"].startswith("UsageError: There is no run 'nothing'.")
    assert nonsense[-1]["text"].startswith("UsageError: Usage: %deployfeedback show [OPTIONS] [RUN_ID]\n")
    assert "jupyter deployfeedback export --format aicoe" in foreign[-1]["text"]


def test_interrupt_cancels_the_run_and_leaves_the_kernel_as_it_was(
    example: Path, deployments: dict[str, str], tmp_path: Path
) -> None:
    environment = {**os.environ, **deployments, "DEPLOYFEEDBACK_STORE": str(tmp_path / "store")}
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(copied(example, tmp_path)), env=environment)
    said: list[str] = []

    def hear(message: dict[str, Any]) -> None:
        content = message["content"]
        said.append(content.get("text") or content.get("data", {}).get("text/plain", ""))
        if message["msg_type"] == "update_display_data" and said[-1].startswith("Running the suites"):
            manager.interrupt_kernel()

    for cell in (
        "%load_ext jupyter_deployfeedback",
        f"import os, signal; before = {PROCESS}",
        "%deployfeedback run --against none",
        "%deployfeedback list",
        f"print('as before:', before == ({PROCESS}))",
    ):
        client.execute_interactive(cell, timeout=100, output_hook=hear)
    client.stop_channels()
    manager.shutdown_kernel()

    text = "".join(said)
    assert "was cancelled. Start it again when you are ready." in text
    assert "cancelled     candidate against nothing" in text
    assert text.endswith("as before: True\n")
