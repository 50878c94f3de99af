"""In a real kernel: what a front end is told while a suite runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel

from jupyter_deployfeedback.domain.evaluation import Evaluation
from jupyter_deployfeedback.probe.records import RECORD_MIME

Messages = list[dict[str, Any]]


@pytest.fixture(scope="module")
def kernel() -> Iterator[BlockingKernelClient]:
    manager: KernelManager
    manager, client = start_new_kernel(kernel_name="python3")
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(kernel: BlockingKernelClient, code: str) -> Messages:
    messages: Messages = []
    reply = kernel.execute_interactive(code, timeout=60, output_hook=messages.append)
    assert reply["content"]["status"] == "ok", reply["content"]
    return messages


def told(messages: Messages) -> list[tuple[str, str, dict[str, Any]]]:
    """Return (message type, display id, record) of each record, in order."""
    return [
        (message["msg_type"], message["content"]["transient"]["display_id"], message["content"]["data"][RECORD_MIME])
        for message in messages
        if RECORD_MIME in message["content"].get("data", {})
    ]


def test_progress_is_shown_first_and_replaced_by_the_evaluation(kernel: Any, deploy: Callable) -> None:
    code = f"""
import time
import jupyter_deployfeedback as jdf
target = jdf.connect("{deploy().url}")
result = jdf.evaluate(target, [[n] for n in range(300)], [n % 10 for n in range(300)], name="all")
"""

    messages = told(run(kernel, code))

    kinds = [record["kind"] for *_, record in messages]
    assert messages[0][0] == "display_data"
    assert {kind for kind, *_ in messages[1:]} == {"update_display_data"}
    assert len({display_id for _, display_id, _ in messages}) == 1
    assert kinds == ["progress"] * (len(kinds) - 1) + ["evaluation"]
    record = {key: value for key, value in messages[-1][2].items() if key not in {"schema_version", "kind"}}
    evaluated = Evaluation.model_validate({**record, "suite": "quality"})
    assert evaluated.candidate.predictions == evaluated.truth


def test_every_display_reads_well_without_us(kernel: Any, deploy: Callable) -> None:
    code = f"""
import jupyter_deployfeedback as jdf
result = jdf.evaluate(jdf.connect("{deploy().url}"), [[1]], [1], name="all")
jdf.record("mean_confidence", 0.5, unit="share")
jdf.check(result.accuracy > 2, "too good to be true")
"""

    messages = run(kernel, code)

    texts = [message["content"]["data"]["text/plain"] for message in messages if "data" in message["content"]]
    assert texts[0] == "0 of 1 examples asked"
    assert texts[-3].startswith("all: 1 examples")
    assert texts[-2:] == ["mean_confidence: 0.5 share", "FAILED: too good to be true"]
    assert not [message for message in messages if message["msg_type"] == "stream"]


def test_result_as_a_cells_value_is_a_table(kernel: Any, deploy: Callable) -> None:
    code = f"""
import jupyter_deployfeedback as jdf
jdf.evaluate(jdf.connect("{deploy().url}"), [[1]], [1])
"""

    value = run(kernel, code)[-2]["content"]["data"]

    assert "<table>" in value["text/html"]
    assert "accuracy 100.00%" in value["text/plain"]


def test_kernel_is_this_python(kernel: Any) -> None:
    messages = run(kernel, "import sys; print(sys.executable)")

    printed = [message["content"]["text"] for message in messages if message["msg_type"] == "stream"]
    assert printed == [sys.executable + "\n"], "or the other tests say nothing about this checkout"


def test_ipython_in_a_terminal_prints_the_summary_without_the_progress(deploy: Callable, tmp_path: Path) -> None:
    code = (
        f"import jupyter_deployfeedback as j; result = j.evaluate(j.connect('{deploy().url}'), [[1]], [1], name='all')"
    )

    finished = subprocess.run(
        [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", "-c", code],
        env={**os.environ, "IPYTHONDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert finished.stdout.count("all: 1 examples") == 1
    assert "examples asked" not in finished.stdout


def test_cell_that_captures_its_output_cannot_hide_a_failed_check(kernel: Any) -> None:
    code = """
import jupyter_deployfeedback as jdf
from IPython.utils.capture import capture_output
with capture_output():
    jdf.check(False, "answers like the trained one")
"""

    (kind, _, record), *others = told(run(kernel, code))

    assert (kind, record["kind"], record["passed"], others) == ("display_data", "check", False, [])
