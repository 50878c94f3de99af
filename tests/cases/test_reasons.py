"""Requests that failed say why, wherever somebody reads; and what to do follows from it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import nbformat
import pytest

import jupyter_deployfeedback as jdf
from jupyter_deployfeedback.comparison.comparing import compare
from jupyter_deployfeedback.domain.evaluation import Answers, RequestState
from jupyter_deployfeedback.domain.feedback import FeedbackReport, History
from jupyter_deployfeedback.domain.project import Target
from jupyter_deployfeedback.domain.rules.rule import Rule
from jupyter_deployfeedback.domain.run import SideEvidence
from jupyter_deployfeedback.domain.verdict import GateState, Judgement, Reason, ReasonKind, Verdict
from jupyter_deployfeedback.feedback import Format, build_report, render
from jupyter_deployfeedback.observation import ask_target
from jupyter_deployfeedback.probe.answers import Collected
from jupyter_deployfeedback.probe.trust import allow
from jupyter_deployfeedback.verdict import Circumstances, continuing, judge
from tests.comparison.evidence import a_finding, answers, asked, evaluation, evidence, rule, suite_result
from tests.feedback.reading import seen, squeezed
from tests.feedback.runs import run

SECRET = "s3cr3t-t0ken-of-ours"
Reply = tuple[int, object, dict[str, str]]
Deploy = Callable[[Callable[[int, Any], Reply]], str]


class Scripted(BaseHTTPRequestHandler):
    """Answers each POST as its server's script says, from its number and what was sent; it is always ready."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        self._reply(200, {}, {})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        number = self.server.asked = self.server.asked + 1  # type: ignore[attr-defined]
        self._reply(*self.server.script(number, body))  # type: ignore[attr-defined]

    def _reply(self, status: int, body: object, headers: dict[str, str]) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(raw)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def deploy() -> Iterator[Deploy]:
    """Serve a script: (number of the request, its JSON) -> status, body, headers."""
    servers: list[ThreadingHTTPServer] = []

    def deployed(script: Callable[[int, Any], Reply]) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
        server.script, server.asked = script, 0  # type: ignore[attr-defined]
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield deployed
    for server in servers:
        server.shutdown()
        server.server_close()


def good(inputs: Any) -> Reply:
    return 200, {"predictions": [0] * len(inputs["inputs"])}, {}


def unprocessable(row: object) -> Reply:
    """What FastAPI answers to a body of another shape: it repeats what it was sent."""
    problem = {"type": "missing", "loc": ["body", "instances", row], "msg": "Field required", "input": {"x": row}}
    return 422, {"detail": [problem]}, {}


def collected(url: str, n: int = 20, *, inputs: list[Any] | None = None, **settings: Any) -> Collected:
    """Evaluate n examples, all of whose truth is 0."""
    inputs = inputs or [[each] for each in range(n)]
    return jdf.evaluate(jdf.connect(url, **settings), inputs, [0] * len(inputs), warmup=0).answers


def judged(found: Collected | Answers, *rules: Rule, history: History | None = None, **more: Any) -> FeedbackReport:
    """Judge what was collected as a run does."""
    told = Answers.model_validate(found.wire()) if isinstance(found, Collected) else found
    held = evidence(suite_result(evaluation(told, truth=(0,) * len(told.states))), **more)
    compared = compare(held, stored=None, baseline=None, estimands=asked(*rules))
    judgement = judge(
        compared,
        rules=rules,
        suites=held.suites,
        expected_suites=("quality",),
        candidate=held.candidate.facts,
        expect_version=None,
        confidence=0.95,
    )
    return build_report(run(), held, compared, judgement, history=history)


ACCURACY = rule("accuracy", ">=0.9")


@pytest.mark.parametrize(
    "literal", [lambda n: n, lambda n: f"row {'abcdefghij'[n % 10]}", lambda n: f"3fa85f64-5717-{n:04x}"]
)
def test_refusals_that_differ_only_in_the_row_are_one_reason(deploy: Deploy, literal: Callable[[int], object]) -> None:
    found = collected(deploy(lambda number, _: unprocessable(literal(number))))

    ((failure, count),) = found.failures.counted()
    assert (failure.kind, failure.status, count) == ("status", 422, 20)
    assert failure.sent == 'POST /predict {"inputs":[[0]]}'
    assert '"msg": "Field required"' in failure.reply


def test_refusals_for_different_reasons_stay_apart(deploy: Deploy) -> None:
    said = ("cannot convert 'abc' to float", "the model is not loaded")
    found = collected(deploy(lambda number, _: (500, {"detail": said[number % 5 == 0]}, {})))

    assert [
        (said[place] in failure.reply, count) for place, (failure, count) in enumerate(found.failures.counted())
    ] == [
        (True, 16),
        (True, 4),
    ]


def test_many_reasons_are_told_by_their_status_and_other_errors_never_come_first(deploy: Deploy) -> None:
    words = [f"{a}{b}" for a in "abcdef" for b in "ghijkl"]
    by_words = collected(
        deploy(lambda number, _: (404 if number > 36 else 500, {"detail": words[number % 36]}, {})), 40
    )
    by_status = collected(deploy(lambda number, _: (400 + number, {}, {})), 40)

    assert [(failure.status, count) for failure, count in by_words.failures.counted()] == [(500, 36), (404, 4)]
    assert next(iter(collected_errors := by_status.failures.counted()))[0].kind == "status"
    assert (collected_errors[-1][0].kind, collected_errors[-1][1], len(collected_errors)) == ("other", 35, 6)


def test_what_is_kept_of_failures_is_small(deploy: Deploy) -> None:
    huge = [["x" * 100_000]] * 10
    found = collected(deploy(lambda number, body: (400 + number % 9, {"detail": body}, {})), inputs=huge)

    assert len(json.dumps(found.wire()["failures"])) < 6 * 1200


@pytest.mark.parametrize("status", [200, 401])
@pytest.mark.parametrize("before", ["", "b" * 185, "b" * 285, " " * 1480], ids=len)
def test_no_excerpt_holds_a_secret_whole_or_cut(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch, status: int, before: str
) -> None:
    monkeypatch.setenv("TOKEN", SECRET)
    url = deploy(lambda *_: (status, {"a": before + SECRET}, {}))
    result = jdf.evaluate(jdf.connect(url, auth={"bearer": "env:TOKEN"}), [[SECRET]], [0], warmup=0)

    assert SECRET[:5] not in json.dumps(result.answers.wire()) + repr(result) + repr(result.errors)


@pytest.mark.parametrize("before", [0, 170, 190])
def test_no_advice_holds_a_secret(deploy: Deploy, monkeypatch: pytest.MonkeyPatch, before: int) -> None:
    monkeypatch.setenv("TOKEN", SECRET)
    url = deploy(lambda *_: (307, "", {"Location": f"/{'b' * before}{SECRET}"}))
    result = jdf.evaluate(jdf.connect(url, auth={"bearer": "env:TOKEN"}), [[1]], [0], warmup=0)

    assert SECRET[:5] not in json.dumps(result.answers.wire()) + repr(result.errors)


@pytest.mark.parametrize("form", Format)
def test_every_rendering_says_what_failed_what_was_sent_and_what_came_back(deploy: Deploy, form: Format) -> None:
    found = collected(deploy(lambda number, body: unprocessable(number) if number % 4 else good(body)))

    report = judged(found, rule("failure_rate", "rate<1%"), ACCURACY)

    assert (report.failures[0].count, report.failures[0].of, report.failures[0].status) == (15, 20, 422)
    shown = seen(render(report, form), form)
    said = (report.failures[0].text, report.failures[0].sent, report.failures[0].reply, report.failures[0].remedy)
    assert [each for each in said if squeezed(each) not in shown] == []
    assert "15 of 20 requests of holdout in quality to" in report.failures[0].text


@pytest.mark.parametrize("form", [Format.HTML, Format.MARKDOWN, Format.TEXT])
def test_what_came_back_is_shown_and_never_acted_on(deploy: Deploy, form: Format) -> None:
    evil = "<script>alert(1)</script> @team [x](http://evil) \u202e \x1b[31m"
    report = judged(collected(deploy(lambda *_: (500, evil, {}))), ACCURACY)

    page = render(report, form)
    assert "alert(1)" in page
    assert "\u202e" not in page
    assert "\x1b" not in page
    if form is not Format.TEXT:
        assert "<script>" not in page
    if form is Format.MARKDOWN:
        assert "@team" not in page


def test_a_load_that_is_refused_says_why(deploy: Deploy) -> None:
    url = deploy(lambda number, _: unprocessable(number))

    result = jdf.load(jdf.connect(url), [[1]], rate=50, seconds=0.2, windows=1, settle=0.1, warmup=0)

    assert [(failure.status, count) for failure, count in result.answers.failures.counted()] == [(422, 10)]


def test_the_reasons_of_other_tools_are_told_too() -> None:
    states = [RequestState.FAILED, *[RequestState.ANSWERED] * 9]
    others = answers([True] * 10, states=states).model_copy(update={"errors": {"dial tcp: connection refused": 1}})

    report = judged(others, rule("failure_rate", "rate<1%"))

    assert [row.message for row in report.failures] == ["dial tcp: connection refused"]
    assert [each.failures for each in report.findings if each.rule == "failure_rate"] == [report.failures]


def test_which_findings_tell_of_failures(deploy: Deploy) -> None:
    found = collected(deploy(lambda number, body: unprocessable(number) if number == 3 else good(body)), 200)

    report = judged(found, rule("failure_rate", "rate<5%"), rule("accuracy", ">=0.999"), rule("latency", "p(95)<30s"))

    told = {(each.rule, each.verdict): len(each.failures) for each in report.findings}
    assert told == {
        ("accuracy", Verdict.INCONCLUSIVE): 1,
        ("failure_rate", Verdict.PASS): 1,
        ("latency", Verdict.PASS): 0,
        ("suite quality", Verdict.PASS): 0,
    }


OWN_MODEL = """\
import jupyter_deployfeedback as jdf
target = jdf.connect()
result = jdf.evaluate(target, [[5.1, 3.5]] * 20, ["benign"] * 20)
jdf.check(result.accuracy > 0.9, "good")
"""
FILE = """\
version: 1
name: cancer
targets:
  candidate: {url: "%s", platform: {source: none}}
suites: [%s]
rules: [{metric: accuracy, pass: "%s"}]
"""


def ran(folder: Path, cell: str, *, url: str, suite: str = "suite.ipynb", limit: str = ">=0.9") -> FeedbackReport:
    """Run a suite of one cell, or of one of parameters and another, at the shell."""
    cells = [nbformat.v4.new_code_cell(source) for source in cell.split("# ---\n")]
    if len(cells) > 1:
        cells[0].metadata["tags"] = ["parameters"]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "suite.ipynb")
    (folder / "deployfeedback.yaml").write_text(FILE % (url, suite, limit))
    command = [sys.executable, "-m", "jupyter_deployfeedback.cli", "run", "--format", "json"]
    done = subprocess.run(command, cwd=folder, env=os.environ, capture_output=True, text=True, timeout=110, check=False)
    return FeedbackReport.model_validate_json(done.stdout)


def test_a_run_of_which_nothing_is_answered_blames_the_shape_of_the_request(deploy: Deploy, tmp_path: Path) -> None:
    report = ran(tmp_path, OWN_MODEL, url=deploy(lambda number, _: unprocessable(number)))

    target = next(each for each in report.findings if each.subject.kind == "target")
    assert (report.verdict, target.failures[0].count, target.failures[0].sent) == (
        Verdict.ERROR,
        20,
        'POST /predict {"inputs":[[5.1,3.5]]}',
    )
    assert "none of the 20 requests of evaluation in suite was answered: answered 422" in report.headline
    assert report.next_step.startswith("Compare what was sent with what the target takes: request.body says how")
    suite = next(each for each in report.findings if each.subject.kind == "suite")
    assert "?." not in suite.sentence
    assert suite.failures == target.failures


CAUSES: dict[str, tuple[Reply, str]] = {
    "the shape": (unprocessable(1), "Compare what was sent with what the target takes: request.body"),
    "the shape, badly refused": ((500, {}, {}), "Compare what was sent with what the target takes: request.body"),
    "the path": ((404, {}, {}), "Check the target's url and request.path"),
    "the end of the path": ((307, "", {"Location": "/predict/"}), "Let request.path lead to /predict/, the final"),
    "another address": (
        (307, "", {"Location": "https://elsewhere.example/"}),
        "Write the final address as the target's",
    ),
    "the credentials": ((401, {}, {}), "Check auth"),
    "the pace": ((429, {}, {}), "Send slower"),
    "the pace, told": ((503, {}, {"Retry-After": "3600"}), "Send slower: the target asks to wait 3.6e+03 s"),
    "the target's state": ((503, {}, {}), "Wait until the target is ready"),
    "the answer's place": ((200, {"labels": [1]}, {}), "Set the paths under response: to where the answer holds"),
    "the answer's shape": ((200, {"predictions": []}, {}), "Compare what came back with response.predictions"),
}


@pytest.mark.parametrize(("reply", "advice"), CAUSES.values(), ids=CAUSES)
def test_what_to_do_follows_from_the_cause(deploy: Deploy, reply: Reply, advice: str) -> None:
    report = judged(collected(deploy(lambda *_: reply)), ACCURACY)

    assert report.next_step.startswith(advice)
    assert report.next_step.endswith(", then run again.")
    assert advice in next(each for each in report.findings if each.rule == "accuracy").sentence


def test_a_refused_connection_blames_the_target(deploy: Deploy) -> None:
    report = judged(collected("http://127.0.0.1:9"), ACCURACY)

    assert report.next_step == "Start the deployment there, or correct the address, then run again."


def test_an_example_that_cannot_be_sent_blames_the_example(deploy: Deploy) -> None:
    report = judged(collected(deploy(lambda _, body: good(body)), inputs=[[float("nan")]] * 3 + [[1.0]]), ACCURACY)

    assert report.next_step.startswith("Mend or leave out these examples")


def test_a_broken_rule_on_failures_blames_their_cause_and_few_failures_blame_nothing(deploy: Deploy) -> None:
    url = deploy(lambda number, _: unprocessable(number) if number % 100 == 1 else (200, {"predictions": [1]}, {}))
    many = deploy(lambda number, body: unprocessable(number) if number % 5 == 1 else good(body))

    few, many_ = judged(collected(url, 100), ACCURACY), judged(collected(many, 100), rule("failure_rate", "rate<1%"))

    assert (few.verdict, few.next_step.startswith("Improve the candidate")) == (Verdict.FAIL, True)
    assert (many_.verdict, many_.next_step.startswith("Compare what was sent")) == (Verdict.FAIL, True)


@pytest.mark.parametrize("wait", ["0", formatdate(0, usegmt=True)])
def test_a_target_that_asks_to_wait_is_asked_again_and_that_is_told(deploy: Deploy, wait: str) -> None:
    busy = (429, {"detail": "slow down"}, {"Retry-After": wait})

    found = collected(deploy(lambda number, body: busy if number % 3 == 0 else good(body)))
    report = judged(found, ACCURACY)

    assert (found.states.count(RequestState.ANSWERED), found.retries, found.failures.counted()) == (20, 9, [])
    assert "asked holdout in quality to wait (Retry-After): 9 requests sent again" in " ".join(report.notices)


def test_a_target_that_always_asks_to_wait_is_not_asked_for_ever(deploy: Deploy) -> None:
    requests: list[int] = []

    def busy(number: int, _: object) -> Reply:
        requests.append(number)
        return 503, {}, {"Retry-After": "0"}

    found = collected(deploy(busy))

    assert (found.retries, len(requests)) == (3, 23)
    assert [(failure.status, count) for failure, count in found.failures.counted()] == [(503, 20)]


def test_a_token_that_is_too_short_blames_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "short")
    target = Target.model_validate({"name": "candidate", "url": "http://127.0.0.1:9", "auth": {"bearer": "env:TOKEN"}})

    facts = ask_target(target, environment=allow(target.asked_for, environment=os.environ))
    report = judged(answers([True]), ACCURACY, candidate=SideEvidence(facts=facts))

    assert report.next_step == "candidate at http://127.0.0.1:9: use a longer secret, then run again."
    assert not [each.sentence for each in report.findings if "Start " in each.sentence]


def test_an_accuracy_over_unanswered_examples_says_how_many(deploy: Deploy) -> None:
    url = deploy(lambda number, body: unprocessable(number) if number % 50 == 1 else good(body))

    report = judged(collected(url, 100), ACCURACY)

    assert "100 examples, 2 of them unanswered" in next(e for e in report.findings if e.rule == "accuracy").sentence
    row = next(each for each in report.metrics if each.name == "accuracy")
    assert row.notices == ("2 of 100 examples have no answer and count as wrong",)


SMALL = """\
n = 500
# ---
import jupyter_deployfeedback as jdf
rows = [[each] for each in range(177)][:n]
jdf.evaluate(jdf.connect(), rows, [0] * len(rows))
"""


def test_a_data_set_that_is_used_up_is_not_asked_for_more(deploy: Deploy, tmp_path: Path) -> None:
    url = deploy(lambda number, body: good(body) if number % 11 else (200, {"predictions": [1]}, {}))

    report = ran(tmp_path, SMALL, url=url, suite="{notebook: suite.ipynb, more: n}", limit=">=0.88")

    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.continuing is not None
    assert report.continuing.obstacle == "This data set cannot settle it: it has 177 examples."
    assert "--continue" not in report.next_step
    assert "Bring more labelled examples or set a wider limit" in report.next_step


def test_continuing_is_offered_only_where_it_settles_all_that_closes_the_gate() -> None:
    far = a_finding("latency", "typical<=+10%", verdict=Verdict.INCONCLUSIVE, n=600, n_more=1444)
    near = a_finding(
        "accuracy", ">=0.9", verdict=Verdict.INCONCLUSIVE, n=600, reason=Reason(kind=ReasonKind.BEYOND_CAP)
    )
    around = Circumstances(look=1, looks=2, historical=False, counted=True)
    both = Judgement(verdict=Verdict.INCONCLUSIVE, gate=GateState.CLOSED, findings=(far, near))

    alone, with_both = (continuing(each, around) for each in (both.model_copy(update={"findings": (far,)}), both))

    assert alone is not None
    assert alone.obstacle is None
    assert with_both is not None
    assert (with_both.obstacle or "").startswith("More requests would not settle accuracy >=0.9")
