"""Where new users with models of their own had to guess, or were told what did not help them."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import jupyter_deployfeedback as jdf
from jupyter_deployfeedback.cli.main import group
from jupyter_deployfeedback.comparison.self_test.known_examples import strangers
from jupyter_deployfeedback.domain.comparison import Comparison
from jupyter_deployfeedback.domain.run import CaseError, CaseResult, Outcome
from jupyter_deployfeedback.domain.verdict import GateState, Judgement, Reason, ReasonKind, Verdict
from jupyter_deployfeedback.errors import ProtocolError, UsageError
from jupyter_deployfeedback.feedback.sentences import sentence
from jupyter_deployfeedback.feedback.worded_finding import read_findings
from jupyter_deployfeedback.probe.examples import Examples
from jupyter_deployfeedback.probe.protocols.rest import RestProtocol
from jupyter_deployfeedback.probe.results import SideResult
from jupyter_deployfeedback.probe.settings import RequestShape, ResponseShape
from jupyter_deployfeedback.verdict import Circumstances, continuing
from tests.comparison.evidence import a_finding, answers, evaluation, evidence, suite_result
from tests.feedback.runs import suite, suite_finding


def read(payload: object, **paths: str) -> Any:
    return RestProtocol(RequestShape(), ResponseShape(**paths)).answer(payload, count=1)


@pytest.mark.parametrize(
    ("path", "problem", "remedy"),
    [
        ("$.results.label", "has no $.results.label: there is a list of 1", "$.results[*] is each element of the list"),
        ("$.results[*].tag", "has no $.results[*].tag: the keys there are label, score", "paths under response:"),
        ("$.results[*]", "a prediction is an object", "the keys there are label, score"),
    ],
)
def test_a_path_that_ends_too_early_is_told_as_it_would_go_on(path: str, problem: str, remedy: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        read({"results": [{"label": "a", "score": 0.5}]}, predictions=path)

    assert problem in refused.value.message
    assert remedy in refused.value.remedy


def test_probabilities_may_be_named_by_their_classes() -> None:
    scores = {"predictions": ["benign"], "scores": [{"malignant": 0.25, "benign": 0.75}]}

    assert read(scores, predictions="$.predictions", probabilities="$.scores").probabilities == [0.75]
    with pytest.raises(ProtocolError, match=r"a probability is 1\.5"):
        read({"predictions": [1], "scores": [{"a": 1.5}]}, predictions="$.predictions", probabilities="$.scores")


@pytest.mark.parametrize("truth", [[0, 1], [0.0, 1.0], [False, True]])
def test_names_that_are_compared_with_numbers_are_an_error_and_no_accuracy_of_0(truth: list[Any]) -> None:
    found = evaluation(answers(predictions=["malignant", "benign"]), truth=truth)

    (said,) = strangers(evidence(suite_result(found)))

    assert "the target answers 'benign', but the truth is like" in said
    assert "give evaluate the truth as the target writes it" in said


@pytest.mark.parametrize(
    ("predictions", "truth"), [(["unsure", 1], [0, 1]), ([None, None], [0, 1]), (["a", "b"], ["c", "d"])]
)
def test_wrong_answers_are_wrong_and_no_error(predictions: list[Any], truth: list[Any]) -> None:
    assert list(strangers(evidence(suite_result(evaluation(answers(predictions=predictions), truth=truth))))) == []


def test_a_score_of_the_other_task_says_which_scores_this_one_has() -> None:
    shown = {}
    for task, score in (("regression", "accuracy"), ("classification", "mean_absolute_error")):
        side = SideResult.__new__(SideResult)
        side.__dict__.update(task=task, examples=Examples([], [], [], {}))
        with pytest.raises(UsageError) as refused:
            getattr(side, score)
        shown[task] = refused.value.remedy

    assert "take mean_absolute_error or root_mean_squared_error" in shown["regression"]
    assert "take accuracy" in shown["classification"]


def test_the_sentence_of_a_suite_keeps_an_ellipsis() -> None:
    error = CaseError(type="UsageError", message="no. Say evaluate(..., ids=ids).")
    bad = CaseResult(case_id="a", title="cell", outcome=Outcome.ERRORED, error=error)
    judgement = Judgement(
        verdict=Verdict.FAIL, gate=GateState.CLOSED, findings=(suite_finding("quality", Verdict.FAIL),)
    )
    (found,) = read_findings(judgement, Comparison(baseline=None, deltas=(), estimates=()))
    suites = {"quality": suite("quality", [bad], seconds=1, outcome=Outcome.ERRORED)}

    said = sentence(found, baseline="released", suites=suites, remedy="")

    assert said.endswith("UsageError: no. Say evaluate(..., ids=ids).")


def test_what_to_do_is_said_once_though_the_reason_says_it_too() -> None:
    gone = a_finding("target candidate", "", verdict=Verdict.ERROR, reason="it cannot be reached. Start it there.")
    judgement = Judgement(verdict=Verdict.ERROR, gate=GateState.CLOSED, findings=(gone,))
    (found,) = read_findings(judgement, Comparison(baseline=None, deltas=(), estimates=()))

    said = sentence(found, baseline="released", suites={}, remedy="Start it there.")

    assert said.count("Start it there") == 1
    assert sentence(found, baseline="released", suites={}, remedy="Do this.").endswith(" Do this.")


def test_an_example_that_json_cannot_say_is_told_why() -> None:
    result = jdf.evaluate(jdf.connect("http://127.0.0.1:9"), [[float("nan")]], [1])

    ((failure, _),) = result.answers.failures.counted()
    assert "JSON has no NaN" in failure.remedy


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        (Reason(kind=ReasonKind.BEYOND_CAP), "Bring more labelled examples or set a wider limit"),
        (Reason(kind=ReasonKind.WEAK_EVIDENCE, detail="one window"), "Remove this cause, or change the rule"),
    ],
)
def test_what_no_run_settles_is_told_with_what_would(reason: Reason, remedy: str) -> None:
    near = a_finding("accuracy", ">=0.9", verdict=Verdict.INCONCLUSIVE, n=177, reason=reason)
    judgement = Judgement(verdict=Verdict.INCONCLUSIVE, gate=GateState.CLOSED, findings=(near,))

    found = continuing(judgement, Circumstances(look=1, looks=2, historical=False, counted=True))

    assert found is not None
    assert remedy in found.remedy


def test_init_takes_the_address_that_is_asked_and_names_the_origin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "config"))

    done = CliRunner().invoke(group, ["init", str(tmp_path), "--url", "http://127.0.0.1:8080/v2/predict"])

    assert "may be sent to http://127.0.0.1:8080.\n" in done.output
    written = (tmp_path / "deployfeedback.yaml").read_text()
    assert 'url: "http://127.0.0.1:8080/v2"\n' in written
    assert "request: {path: /predict," in written


class Versioned(BaseHTTPRequestHandler):
    """A model whose answers name their version; no page does."""

    def do_GET(self) -> None:
        self.answer({})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer({"predictions": [1], "by": "2.0"})

    def answer(self, page: object) -> None:
        body = json.dumps(page).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.mark.parametrize(
    ("expected", "words", "code", "said"),
    [
        ("2.0", [], 0, "? target candidate"),
        ("2.0", ["--try", "[1]"], 0, "[1] answered 1 in"),
        ("3.0", ["--try", "[1]"], 4, "but by version 2.0, not 3.0"),
    ],
)
def test_doctor_looks_for_the_version_in_an_answer_too(
    expected: str, words: list[str], code: int, said: str, tmp_path: Path
) -> None:
    (tmp_path / "suite.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    with ThreadingHTTPServer(("127.0.0.1", 0), Versioned) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        settings = f'url: "{url}", expect_version: "{expected}", response: {{version: $.by}}'
        (tmp_path / "deployfeedback.yaml").write_text(
            f"version: 1\ntargets: {{candidate: {{{settings}}}}}\nsuites: [suite.ipynb]\n"
        )

        done = CliRunner().invoke(group, ["doctor", "--project", str(tmp_path), *words], standalone_mode=False)

        server.shutdown()
    told = [line for line in done.output.splitlines() if "candidate" in line]
    assert any(said in line for line in told), done.output
    assert any(line.startswith("\u2717") for line in told) == (code == 4)


def test_a_long_example_is_shown_by_its_beginning(tmp_path: Path) -> None:
    (tmp_path / "suite.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    with ThreadingHTTPServer(("127.0.0.1", 0), Versioned) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (tmp_path / "deployfeedback.yaml").write_text(
            f'version: 1\ntargets: {{candidate: {{url: "http://127.0.0.1:{server.server_port}"}}}}\nsuites: [suite.ipynb]\n'
        )
        words = ["doctor", "--project", str(tmp_path), "--try", str([0.5] * 1000)]

        done = CliRunner().invoke(group, words, standalone_mode=False)

        server.shutdown()
    assert "0.5,... answered 1 in" in done.output


def test_a_regression_that_only_the_baseline_answers_is_no_accuracy_of_0() -> None:
    class Decimals(Versioned):
        def answer(self, page: object) -> None:
            super().answer({"predictions": [151.5]})

    with ThreadingHTTPServer(("127.0.0.1", 0), Decimals) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        alive = f"http://127.0.0.1:{server.server_port}"

        result = jdf.evaluate(jdf.connect("http://127.0.0.1:9", baseline=alive), [[1.0]], [151.0])

        server.shutdown()
    assert result.task == "regression"
