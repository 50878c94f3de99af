"""A regression whose suite forgot to say so is no classification with an accuracy of 0 %."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import jupyter_deployfeedback as jdf
from jupyter_deployfeedback.comparison.comparing import compare
from jupyter_deployfeedback.domain.evaluation import Task
from jupyter_deployfeedback.verdict import estimands
from tests.comparison.evidence import answers, evaluation, evidence, rule, suite_result


class Half(BaseHTTPRequestHandler):
    """A model that answers each number with half of it."""

    def do_POST(self) -> None:
        inputs = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["inputs"]
        body = json.dumps({"predictions": [each / 2 for each in inputs]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
def half() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Half) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("inputs", "truth", "task"),
    [
        ([1, 3], [0.5, 1.5], "regression"),  # decimals are no labels
        ([1, 3], [1.0, 2.0], "regression"),  # nor are whole floats that are answered by decimals
        ([2, 4], [1.0, 2.0], "classification"),  # labels that were read as floats
        ([1, 3], [0, 1], "classification"),  # probabilities sent in place of labels are no regression
        ([2, 4], ["1", "2"], "classification"),
    ],
)
def test_the_task_is_seen_from_truth_and_answers(
    half: str, inputs: list[int], truth: list[object], task: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert jdf.evaluate(jdf.connect(half), inputs, truth).task == task
    assert jdf.evaluate(jdf.connect(half), inputs, truth, task="classification").task == "classification"


@pytest.mark.parametrize(
    ("task", "metric", "limit"), [("classification", "mean_absolute_error", "<=1"), ("regression", "accuracy", ">=0.9")]
)
def test_a_rule_of_the_other_task_says_what_was_evaluated(task: str, metric: str, limit: str) -> None:
    seen = evidence(suite_result(evaluation(answers([True] * 40), task=Task(task))))
    asked = estimands((rule(metric, limit),), confidence=0.95, slice_values={})

    (found,) = compare(seen, stored=None, baseline=None, estimands=asked).estimates

    other = next(each for each in Task if each != task)
    assert found.missing_because == f'what was evaluated was taken for {task}; say jdf.evaluate(..., task="{other}")'
