"""What is kept of a features suite: a notebook that shows each scenario with its steps, errors and attachments."""

import base64
from collections.abc import Iterator, Mapping
from typing import Any

import nbformat

from jupyter_deployfeedback.execution.suites.behave.numbers import Attachment, attachments
from jupyter_deployfeedback.execution.suites.behave.report import Scenario, step_text
from jupyter_deployfeedback.execution.worker.wire import CellEnded

LARGEST_ATTACHMENT = 2_000_000  # bytes
_TEXT = ("text/", "application/json")


def show(
    expected: Mapping[str, Scenario],
    found: Mapping[str, Scenario],
    *,
    ends: Mapping[str, CellEnded],
    heading: str,
    output: str,
) -> nbformat.NotebookNode:
    """Return a notebook with one cell for each scenario, whose id is the case's, and all that behave printed."""
    v4 = nbformat.v4
    cells = [v4.new_markdown_cell(heading, id="about")]
    for cell_id, scenario in expected.items():
        end = ends.get(cell_id)
        outputs = [*_steps(found.get(cell_id)), *_error(end)]
        cells.append(
            v4.new_code_cell(
                scenario.text, id=cell_id, execution_count=end.execution_count if end else None, outputs=outputs
            )
        )
    cells.append(v4.new_raw_cell(output, id="output"))
    return v4.new_notebook(cells=cells, metadata={"language_info": {"name": "gherkin"}})


def too_large(scenario: Scenario) -> list[str]:
    """Name the attachments that are too large to be kept."""
    return [
        f"{scenario.name}: an attachment of {len(each.content)} bytes ({each.mime}) was not kept."
        for each in attachments(scenario)
        if len(each.content) > LARGEST_ATTACHMENT
    ]


def _steps(scenario: Scenario | None) -> Iterator[Any]:
    if scenario is None:
        return
    lines = (f"{step_text(step)} ... {(step.get('result') or {}).get('status', 'not run')}" for step in scenario.steps)
    yield nbformat.v4.new_output("stream", name="stdout", text="\n".join(lines) + "\n")
    for each in attachments(scenario):
        if len(each.content) <= LARGEST_ATTACHMENT:
            yield nbformat.v4.new_output("display_data", data=_bundle(each))


def _bundle(attachment: Attachment) -> dict[str, str]:
    """Show texts as plain text, whatever they call themselves: an attached page must not run in the viewer."""
    if attachment.mime.startswith(_TEXT):
        return {"text/plain": attachment.content.decode(errors="replace")}
    if attachment.mime in {"image/png", "image/jpeg"}:
        return {attachment.mime: base64.b64encode(attachment.content).decode()}
    return {"text/plain": f"{len(attachment.content)} bytes of {attachment.mime}"}


def _error(end: CellEnded | None) -> Iterator[Any]:
    if end is not None and end.error is not None:
        name, message, traceback = end.error
        yield nbformat.v4.new_output("error", ename=name, evalue=message, traceback=traceback.splitlines())
