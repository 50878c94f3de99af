"""Nothing tested is not a pass: a statement was executed, the target was seen asked, and something could fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyter_deployfeedback.comparison.comparing import compare
from jupyter_deployfeedback.domain.comparison import Comparison
from jupyter_deployfeedback.domain.evaluation import RequestState
from jupyter_deployfeedback.domain.feedback import FeedbackReport
from jupyter_deployfeedback.domain.kind import holds_code
from jupyter_deployfeedback.domain.rules.checking import removed_rules, with_defaults
from jupyter_deployfeedback.domain.rules.rule import Rule
from jupyter_deployfeedback.domain.run import CaseError, CaseResult, Outcome, Proof, RunRequest, SuiteResult
from jupyter_deployfeedback.domain.verdict import Finding, GateState, Judgement, ReasonKind, Standing, Verdict
from jupyter_deployfeedback.execution.suites.notebook.statements import could_fail
from jupyter_deployfeedback.execution.suites.traffic import Traffic, traffic_of
from jupyter_deployfeedback.execution.worker.wire import Spec
from jupyter_deployfeedback.pipeline.run import evaluate, start
from jupyter_deployfeedback.project import FIRST_SUITE, draft_project, draft_suite
from jupyter_deployfeedback.store import open_store
from jupyter_deployfeedback.verdict import judge
from tests.comparison.evidence import answers, asked, evaluation, evidence, facts, rule, suite_result

CHECKOUT = Path(__file__).resolve().parents[2]
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
BY_HAND = """\
import json, os, urllib.request
url = json.loads(os.environ["DEPLOYFEEDBACK_TARGET"])["url"] + "/predict"
answer = json.load(urllib.request.urlopen(urllib.request.Request(url, b'{"inputs": [[0]]}')))
"""
LOAD = "import jupyter_deployfeedback as jdf\njdf.load(jdf.connect(), [[0]], rate=60, seconds=0.25, windows=4, settle=0.1, warmup=0)"
FEATURE = "Feature: f\n  Scenario: s\n    Given it {does}\n"
STEPS = f"""\
import os
from behave import step

@step("it asks")
def asks(context):
    {BY_HAND.replace(chr(10), chr(10) + "    ")}

@step("it stops")
def stops(context):
    open(os.environ["STORE_METRICS_PATH"], "w").write('{{"number_requests": 21, "average_error": 0.1}}')

@step("it rests")
def rests(context):
    pass
"""


class Model(BaseHTTPRequestHandler):
    """Answers each example with 0, with the status that its server has."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(200, b"{}")

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.count += 1  # type: ignore[attr-defined]
        fails = self.server.count in self.server.failing  # type: ignore[attr-defined]
        body = json.dumps({"predictions": [0] * len(asked["inputs"])}).encode()
        self._answer(404 if fails else 200, body)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
def model() -> Iterator[Any]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Model) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        server.count, server.failing = 0, range(0)  # type: ignore[attr-defined]
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def run(model: Any) -> Callable[..., tuple[FeedbackReport, dict[str, SuiteResult]]]:
    """Run a folder's project in this process; the numbers of ``failing`` predictions are answered with 404."""

    def ran(folder: Path, *, failing: Any = range(0)) -> tuple[FeedbackReport, dict[str, SuiteResult]]:
        model.count, model.failing = 0, failing
        environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "TUTORIAL_MAX_REQUESTS_TEST": "200"}
        request = RunRequest(project_file=str(folder / "deployfeedback.yaml"), target="candidate")
        with open_store(str(folder.parent / "store"), environment=environment) as store:
            begun = start(request, store=store, environment=environment)
            given = {"store": store, "environment": environment, "tell": lambda _: None}
            report = evaluate(begun.run_id, **given, cancelled=threading.Event())  # type: ignore[arg-type]
            return report, {each.suite.name: each for each in store.evidence(begun.run_id).suites}

    return ran


def write(folder: Path, address: tuple[str, int], rules: str = "", **suites: str) -> Path:
    """Write a project whose suites have one cell each."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, cell in suites.items():
        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)], metadata=KERNEL)
        nbformat.write(made, folder / f"{name}.ipynb")
    url = f"http://127.0.0.1:{address[1]}"
    target = f"targets: {{candidate: {{url: '{url}', health: /, platform: {{source: none}}}}}}\n"
    listed = "".join(f"  - {name}.ipynb\n" for name in suites)
    (folder / "deployfeedback.yaml").write_text(f"version: 1\n{target}{rules}suites:\n{listed}")
    return folder


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, model: Any, run: Callable[..., Any]) -> dict[str, SuiteResult]:
    """Suites that ask in one way or another, or do not, run as one."""
    elsewhere = "import socket\nsocket.socket().connect_ex(('127.0.0.1', 9))\npass"
    suites = {
        "nothing": elsewhere,
        "by_hand": BY_HAND + "assert answer",
        "counted": "import jupyter_deployfeedback as jdf\njdf.record('requests_attempted', 5.0)",
    }
    folder = write(tmp_path_factory.mktemp("seen") / "project", model.server_address, **suites)
    (folder / "features/steps").mkdir(parents=True)
    (folder / "features/steps/steps.py").write_text(STEPS)
    for does in ("asks", "rests", "stops"):
        (folder / f"features/{does}.feature").write_text(FEATURE.format(does=does))
        with (folder / "deployfeedback.yaml").open("a") as file:
            file.write(f"  - {{features: features/, name: {does}}}\n")
    results: dict[str, SuiteResult] = run(folder)[1]
    return results


@pytest.mark.parametrize(
    ("suite", "asked"),
    [
        ("nothing", False),
        ("by_hand", True),
        ("counted", True),
        ("asks", True),
        ("rests", False),
    ],
)
def test_a_suite_is_seen_to_ask_its_target_or_not(
    seen: dict[str, SuiteResult], suite: str, *, asked: bool | None
) -> None:
    assert (seen[suite].reason, seen[suite].proof.asked) == (None, asked)


def test_assertions_and_steps_could_fail_and_a_request_alone_could_not(seen: dict[str, SuiteResult]) -> None:
    found = {name: each.proof.could_fail for name, each in seen.items()}

    assert [name for name, fails in found.items() if fails] == ["by_hand", "asks", "rests", "stops"]
    assert set(found.values()) == {True, False}


def test_a_test_that_sent_fewer_requests_than_it_was_asked_for_is_an_error(seen: dict[str, SuiteResult]) -> None:
    said = "the test counts 21 requests of the 200 it was asked for"

    assert seen["stops"].outcome is Outcome.ERRORED
    assert seen["stops"].reason == f"T{said[1:]}. Send them all, or ask for fewer: TUTORIAL_MAX_REQUESTS_TEST."
    numbers = {each.metric.name: (each.value, each.missing_because) for each in seen["stops"].observations}
    assert numbers == {"number_requests": (21.0, None), "average_error": (None, said)}


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("s.connect_ex(('localhost', {port}))", True),
        ("s.connect_ex(('127.0.0.1', {port}))", True),
        ("socket.getaddrinfo('localhost', {port}); s.connect_ex(('127.0.0.9', {port}))", True),
        ("s.connect_ex(('127.0.0.9', {port}))", False),
        ("s.connect_ex(('127.0.0.1', 9))", False),
        ("socket.getaddrinfo('localhost', {port})", False),
        ("import os; os.waitpid(p, 0) if (p := os.fork()) else s.connect_ex(('127.0.0.1', {port}))", True),
        ("s.connect_ex(('127.0.0.1', 3128))", None),
        ("import os; os.system('true')", None),
        ("import subprocess; subprocess.run(['true'])", None),
    ],
)
def test_only_a_connection_to_the_targets_origin_counts(
    tmp_path: Path, model: Any, does: str, *, said: bool | None
) -> None:
    port = model.server_address[1]
    told = {
        "DEPLOYED_MODEL_URL": f"http://localhost:{port}",
        "http_proxy": "http://127.0.0.1:3128",
    }
    spec = Spec("", "", artifact="s.ipynb", runtime_folder=str(tmp_path), timeout_seconds=1.0, environment=told)
    traffic = traffic_of(spec)
    code = f"{traffic.code}\nimport socket\ns = socket.socket()\n{does.format(port=port)}"
    subprocess.run([sys.executable, "-I", "-c", code], check=True, timeout=30)

    assert traffic.asked()[0] is said


def test_what_was_never_watched_is_not_known(tmp_path: Path) -> None:
    assert Traffic(tmp_path / "none", ("127.0.0.1", 1)).asked()[0] is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cell", "fails"),
    [
        ("assert x > 1", True),
        ("%load_ext m\nassert x > 1", True),
        ("%%time\nassert x > 1", True),
        ("files = !ls\nassert files", True),
        ("if x:\n    raise ValueError", True),
        ("np.testing.assert_allclose(x, y)", True),
        ("case.assertEqual(1, x)", True),
        ("requests.get(url).raise_for_status()", True),
        ("pytest.main(['-q'])", True),
        ("!python -m pytest -q", True),
        ("import sys\nsys.exit(bad)", True),
        ("assert (x > 1, 'always true')", False),
        ("assert True", False),
        ("print('assert x')", False),
        ("# assert x", False),
        ("%%bash\nassert x", False),
        ("x = 1", False),
    ],
)
def test_what_of_a_cell_is_there_to_fail(cell: str, *, fails: bool) -> None:
    assert could_fail(cell) is fails


@pytest.mark.parametrize(("cell", "held"), [("# a\n\n  # b", False), ("", False), ("# a\nx", True), ("%ls", True)])
def test_a_cell_of_comments_holds_no_code(cell: str, *, held: bool) -> None:
    assert holds_code(cell) is held


def judged(*suites: SuiteResult) -> Judgement:
    return judge(
        Comparison(baseline=None, deltas=(), estimates=()),
        rules=(),
        suites=suites,
        expected_suites=tuple(each.suite.name for each in suites),
        candidate=facts(),
        expect_version=None,
        confidence=0.95,
    )


def suite(name: str, **tested: Any) -> SuiteResult:
    return suite_result(name=name).model_copy(update={"proof": Proof(**tested)})


@pytest.mark.parametrize(
    ("tested", "verdict", "gate", "kinds"),
    [
        ({"asked": True, "could_fail": True}, Verdict.PASS, GateState.OPEN, []),
        ({"asked": False, "could_fail": True}, Verdict.INCONCLUSIVE, GateState.CLOSED, [ReasonKind.NEVER_ASKED]),
        ({"asked": True, "could_fail": False}, Verdict.INCONCLUSIVE, GateState.CLOSED, [ReasonKind.NOTHING_LIMITED]),
        ({"asked": None, "could_fail": True}, Verdict.WARN, GateState.OPEN, [ReasonKind.UNSEEN]),
        ({"asked": True, "could_fail": None}, Verdict.WARN, GateState.OPEN, [ReasonKind.UNSEEN]),
        ({}, Verdict.WARN, GateState.OPEN, [ReasonKind.UNSEEN] * 2),
    ],
)
def test_a_run_that_lacks_a_request_or_a_limit_is_inconclusive_and_warns_where_nobody_can_see(
    tested: dict[str, Any], verdict: Verdict, gate: GateState, kinds: list[ReasonKind]
) -> None:
    found = judged(suite("one", **tested))

    assert (found.verdict, found.gate) == (verdict, gate)
    assert [each.reason.kind for each in found.findings if each.reason is not None] == kinds


def test_one_suite_may_ask_and_another_one_limit() -> None:
    assert judged(suite("a", asked=True), suite("b", asked=False, could_fail=True)).verdict is Verdict.PASS


def test_the_reason_names_the_suite() -> None:
    (_, asked, limited) = judged(suite("smoke", asked=False, could_fail=False)).findings

    assert asked.reason is not None
    assert limited.reason is not None
    assert asked.reason.text == "the model was never asked: suite smoke sent it no request"
    assert limited.reason.text == (
        "nothing was limited: no rule was judged, and suite smoke has no check and no assertion"
    )


@pytest.fixture
def fresh(tmp_path: Path, model: Any) -> Path:
    """A project as ``init`` writes it."""
    folder = tmp_path / "fresh"
    (folder / FIRST_SUITE).parent.mkdir(parents=True)
    text = draft_project(folder, url=f"http://127.0.0.1:{model.server_address[1]}")
    (folder / "deployfeedback.yaml").write_text(text)
    (folder / FIRST_SUITE).write_text(draft_suite())
    return folder


def test_a_project_fresh_from_init_is_inconclusive_and_its_gate_closed(fresh: Path, run: Callable[..., Any]) -> None:
    report, _ = run(fresh)

    assert (report.verdict, report.gate, report.exit_code) == (Verdict.INCONCLUSIVE, GateState.CLOSED, 3)
    assert {each.reason.kind for each in report.findings if each.reason} == {
        ReasonKind.NEVER_ASKED,
        ReasonKind.NOTHING_LIMITED,
    }
    assert report.next_step.startswith("Let a suite ask the model: jdf.evaluate")


def test_its_suite_is_a_test_once_its_examples_are_filled_in(fresh: Path, run: Callable[..., Any]) -> None:
    suite = fresh / FIRST_SUITE
    suite.write_text(suite.read_text().replace("inputs, truth = [], []", "inputs, truth = [[0]] * n, [0] * n"))

    report, results = run(fresh)

    assert (report.verdict, report.gate) == (Verdict.PASS, GateState.OPEN)
    assert [each.title for each in results["smoke"].cases][-1] == "the deployed model answers like the trained one"


def test_a_suite_of_comments_executed_no_statement(tmp_path: Path, model: Any, run: Callable[..., Any]) -> None:
    report, results = run(write(tmp_path / "p", model.server_address, told="# nothing\n# yet"))

    assert (report.verdict, report.gate) == (Verdict.ERROR, GateState.CLOSED)
    assert results["told"].reason == "It has no code cell or other case: no statement was executed."


def test_a_load_of_which_nothing_was_answered_is_an_error(tmp_path: Path, model: Any, run: Callable[..., Any]) -> None:
    report, _ = run(write(tmp_path / "p", model.server_address, load=LOAD), failing=range(1, 1000))

    (finding,) = [each for each in report.findings if each.because(ReasonKind.NOTHING_ANSWERED)]
    assert report.verdict is Verdict.ERROR
    assert finding.reason.detail.startswith("none of the 60 requests of load in load was answered: answered 404")


def of_failures(answered: int, failed: int, *rules: Rule) -> list[Finding]:
    """Return what is said of failures where nobody wrote a rule on them, with the verdict of the run last."""
    states = [RequestState.ANSWERED] * answered + [RequestState.FAILED] * failed
    seen = evidence(suite_result(evaluation(answers([True] * len(states), states=states))))
    judged_by = with_defaults(rules, asked=True)
    told = judge(
        compare(seen, stored=None, baseline=None, estimands=asked(*judged_by)),
        rules=judged_by,
        suites=seen.suites,
        expected_suites=("quality",),
        candidate=facts(),
        expect_version=None,
        confidence=0.95,
    )
    return [each for each in told.findings if each.subject.metric == "failure_rate"]


@pytest.mark.parametrize(
    ("answered", "failed", "verdict", "standing"),
    [
        (1000, 0, Verdict.PASS, Standing.COUNTED),
        (20, 0, Verdict.INCONCLUSIVE, Standing.INFO),
        (19, 1, Verdict.WARN, Standing.COUNTED),
        (960, 40, Verdict.WARN, Standing.COUNTED),
    ],
)
def test_failures_are_judged_by_default_and_never_worse_than_a_warning(
    answered: int, failed: int, verdict: Verdict, standing: Standing
) -> None:
    (finding,) = of_failures(answered, failed)

    assert (finding.name, finding.verdict, finding.standing) == ("failure_rate <1%", verdict, standing)
    assert finding.because(ReasonKind.BY_DEFAULT)


def test_a_rule_on_failures_takes_the_place_of_the_default() -> None:
    (finding,) = of_failures(960, 40, rule("failure_rate", "<10%"))

    assert (finding.verdict, finding.reason) == (Verdict.PASS, None)


def test_without_requests_nothing_is_judged_by_default() -> None:
    assert with_defaults((), asked=False) == ()


def test_the_default_excuses_no_other_rule_and_limits_nothing() -> None:
    """Who judges by accuracy alone has not said how many failures may be left out."""
    few = suite_result(
        evaluation(answers([True] * 20, states=[RequestState.FAILED] * 5 + [RequestState.ANSWERED] * 15))
    )
    rules = with_defaults((rule("accuracy", ">=0.5"),), asked=True)
    estimates = compare(evidence(few), stored=None, baseline=None, estimands=asked(*rules)).estimates

    assert estimates[0].missing_because == "the candidate answered only 15 of 20 requests"
    unlimited = few.model_copy(update={"proof": Proof(asked=True, could_fail=False)})
    assert judged(unlimited).findings[-1].because(ReasonKind.NOTHING_LIMITED)


def test_a_default_that_gives_way_is_no_rule_that_was_removed() -> None:
    assert removed_rules([], of_failures(1000, 0)) == ()


def test_a_sender_that_could_not_keep_up_is_inconclusive() -> None:
    late = CaseError(type="GeneratorSaturated", message="only 40 of 60 requests could be sent in their window")
    cases = (
        CaseResult(case_id="1", title="load", outcome=Outcome.ERRORED, error=late),
        CaseResult(case_id="2", title="check", outcome=Outcome.NOT_RUN),
    )
    stopped = suite_result(name="load", cases=cases, outcome=Outcome.ERRORED)
    rules = (rule("latency", "p(95)<300ms"),)
    found = judge(
        compare(evidence(stopped), stored=None, baseline=None, estimands=asked(*rules)),
        rules=rules,
        suites=(stopped,),
        expected_suites=("load",),
        candidate=facts(),
        expect_version=None,
        confidence=0.95,
    )

    assert (found.verdict, found.gate) == (Verdict.INCONCLUSIVE, GateState.CLOSED)
    assert all(each.because(ReasonKind.SENDER_LATE) for each in found.findings)
