"""Whatever part of the planned evidence is lost, a closed gate never opens, and PASS never stays without a word of it.

Each case is one number, from which everything else is drawn: `judged(*drawn(case))` shows it again.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random

import nbformat
import pytest

from jupyter_deployfeedback.comparison.comparing import compare
from jupyter_deployfeedback.domain.evaluation import Answers, RequestState
from jupyter_deployfeedback.domain.feedback import FeedbackReport, History
from jupyter_deployfeedback.domain.metric import Observation
from jupyter_deployfeedback.domain.rules.checking import with_defaults
from jupyter_deployfeedback.domain.run import Evidence, Outcome, Proof, Run, RunRequest
from jupyter_deployfeedback.domain.verdict import GateState, Verdict
from jupyter_deployfeedback.feedback import build_report
from jupyter_deployfeedback.pipeline import run as story
from jupyter_deployfeedback.store import open_store
from jupyter_deployfeedback.verdict import estimands, judge
from tests.comparison.evidence import (
    NOON,
    answers,
    case,
    evaluation,
    evidence,
    facts,
    observed,
    rule,
    side,
    suite_result,
)
from tests.property_cases import LOSSES as CASES

PORTIONS = 10  # so that two cores share them
EXAMPLES = 200
CITIES = ("Oslo", "Rome") * (EXAMPLES // 2)
PLATFORM = {"memory_max": 2.0**29, "oom_kills": 0.0}
RULES = (
    rule("accuracy", ">=0.9", ">=-5pp", slices=["city"]),
    rule("latency", "p(90)<300ms", "typical<=+50%"),
    rule("memory_max", "<=1GiB"),
    rule("oom_kills", "==0"),
)
SUITES = ("quality", "smoke")


@dataclass(frozen=True)
class Planned:
    """The evidence of a run and the suites it was to come from."""

    evidence: Evidence
    baseline: str | None = "released"


def whole(right: float) -> Planned:
    """Return evidence of which nothing is missing; ``right`` is the share of the candidate's right answers."""
    latency = [0.1 + 0.0001 * (row % 7) for row in range(EXAMPLES)]
    correct = [row % 100 < 100 * right for row in range(EXAMPLES)]
    seen = evaluation(
        answers(correct, latency=latency),
        answers([row % 100 < 97 for row in range(EXAMPLES)], latency=latency, target="released", versions=("2.0",)),
        slices={"city": CITIES},
    )
    watched = tuple(observed(name, value) for name, value in PLATFORM.items())
    baseline = side("released", platform=watched, version="2.0")
    return Planned(
        evidence(suite_result(seen), suite_result(name="smoke"), candidate=side(platform=watched), baseline=baseline)
    )


def judged(planned: Planned) -> FeedbackReport:
    """Judge it as a run's evidence is judged, and put it into words."""
    seen, slices = planned.evidence, planned.evidence.slice_values
    rules = with_defaults(RULES, asked=any(each.evaluations for each in seen.suites))
    asked = estimands(rules, confidence=0.95, slice_values=slices or {"city": ("Oslo", "Rome")})
    compared = compare(seen, stored=None, baseline=planned.baseline, estimands=asked)
    judgement = judge(
        compared,
        rules=rules,
        suites=seen.suites,
        expected_suites=SUITES,
        candidate=seen.candidate.facts,
        live=seen.baseline.facts if seen.baseline else None,
        expect_version="2.1",
        confidence=0.95,
        slice_values=slices,
        unknown=None if planned.baseline else "no run of v2.0 is stored here",
    )
    run = Run(
        run_id="20260105-120000-aaaaaa",
        request=RunRequest(project_file="/p/deployfeedback.yaml", target="candidate"),
        state="finished",
        project="digits",
        created_at=NOON,
    )
    return build_report(run, seen, compared, judgement, project_file=None, history=History())


Drop = Callable[[Random, Planned], tuple[Planned, str]]


def a_suite(draw: Random, planned: Planned) -> tuple[Planned, str]:
    lost = draw.choice(SUITES)
    kept = tuple(each for each in planned.evidence.suites if each.suite.name != lost)
    return _with(planned, suites=kept), lost


def what_a_suite_ran(draw: Random, planned: Planned) -> tuple[Planned, str]:
    return _changed_suite(draw, planned, outcome=Outcome.NOT_RUN, cases=(case(Outcome.NOT_RUN),))


def the_sight_of_requests(_: Random, planned: Planned) -> tuple[Planned, str]:
    suites = tuple(
        each.model_copy(update={"evaluations": (), "proof": Proof(asked=False)}) for each in planned.evidence.suites
    )
    return _with(planned, suites=suites), "never asked"


def the_evaluation(_: Random, planned: Planned) -> tuple[Planned, str]:
    suites = tuple(each.model_copy(update={"evaluations": ()}) for each in planned.evidence.suites)
    return _with(planned, suites=suites), "no suite"


def requests(draw: Random, planned: Planned) -> tuple[Planned, str]:
    return _of_evaluation(draw, planned, side_of="candidate"), "unanswered"


def requests_of_the_baseline(draw: Random, planned: Planned) -> tuple[Planned, str]:
    return _of_evaluation(draw, planned, side_of="baseline"), "baseline"


def a_slice(_: Random, planned: Planned) -> tuple[Planned, str]:
    return _each_evaluation(planned, slices={}), "city"


def a_metric(draw: Random, planned: Planned) -> tuple[Planned, str]:
    lost = draw.choice(sorted(PLATFORM))
    kept = tuple(each for each in planned.evidence.candidate.platform if each.metric.name != lost)
    return _with(planned, candidate=planned.evidence.candidate.model_copy(update={"platform": kept})), lost


def a_number(draw: Random, planned: Planned) -> tuple[Planned, str]:
    lost = draw.choice(sorted(PLATFORM))

    def without(each: Observation) -> Observation:
        return (
            each.model_copy(update={"value": None, "missing_because": "no scrape"})
            if each.metric.name == lost
            else each
        )

    told = tuple(map(without, planned.evidence.candidate.platform))
    return _with(planned, candidate=planned.evidence.candidate.model_copy(update={"platform": told})), lost


def the_baseline(_: Random, planned: Planned) -> tuple[Planned, str]:
    alone = _each_evaluation(_with(planned, baseline=None), baseline=None)
    return replace(alone, baseline=None), "v2.0"


def the_target(_: Random, planned: Planned) -> tuple[Planned, str]:
    gone = planned.evidence.candidate.model_copy(update={"facts": facts(ready=False, problem="it went away")})
    return _with(planned, candidate=gone), "it went away"


DROPS: tuple[Drop, ...] = (
    a_suite, what_a_suite_ran, the_sight_of_requests, the_evaluation, requests, requests_of_the_baseline, a_slice,
    a_metric, a_number, the_baseline, the_target,
)  # fmt: skip


def _with(planned: Planned, **changed: object) -> Planned:
    return replace(planned, evidence=planned.evidence.model_copy(update=changed))


def _changed_suite(draw: Random, planned: Planned, **changed: object) -> tuple[Planned, str]:
    if not planned.evidence.suites:
        return planned, ""
    chosen = draw.choice(planned.evidence.suites)
    suites = tuple(each.model_copy(update=changed) if each is chosen else each for each in planned.evidence.suites)
    return _with(planned, suites=suites), chosen.suite.name


def _each_evaluation(planned: Planned, **changed: object) -> Planned:
    suites = tuple(
        suite.model_copy(update={"evaluations": tuple(each.model_copy(update=changed) for each in suite.evaluations)})
        for suite in planned.evidence.suites
    )
    return _with(planned, suites=suites)


def _of_evaluation(draw: Random, planned: Planned, *, side_of: str) -> Planned:
    """Lose the answers to some of the requests of one side, from one to all."""
    lost = set(draw.sample(range(EXAMPLES), draw.choice([1, 2, 5, 30, 100, EXAMPLES])))
    state = draw.choice([RequestState.FAILED, RequestState.TIMED_OUT, RequestState.NOT_SENT])

    def without(given: Answers | None) -> Answers | None:
        if given is None:
            return None
        states = [state if row in lost else each for row, each in enumerate(given.states)]
        right = [bool(each) for each in given.predictions]
        latency = [each or 0.1 for each in given.latency_seconds]
        return answers(right, latency=latency, states=states, target=given.target, versions=given.versions)

    suites = tuple(
        suite.model_copy(
            update={
                "evaluations": tuple(
                    each.model_copy(update={side_of: without(getattr(each, side_of))}) for each in suite.evaluations
                )
            }
        )
        for suite in planned.evidence.suites
    )
    return _with(planned, suites=suites)


def drawn(number: int) -> tuple[Planned, Planned, list[str]]:
    """Return evidence, the same without some of its parts, and what a reader must be told of each."""
    draw = Random(number)
    before = after = WHOLE[draw.choice(sorted(WHOLE))]
    said = []
    for drop in draw.sample(DROPS, draw.choice([1, 1, 1, 2, 3])):
        after, word = drop(draw, after)
        said.append(word)
    return before, after, said


WHOLE = {right: whole(right) for right in (0.97, 0.8)}  # within the limits, and beyond them


@pytest.mark.parametrize(("right", "verdict"), [(0.97, Verdict.PASS), (0.8, Verdict.FAIL)])
def test_evidence_of_which_nothing_is_lost_is_judged(right: float, verdict: Verdict) -> None:
    assert judged(WHOLE[right]).verdict is verdict


@pytest.mark.property
@pytest.mark.parametrize("portion", range(PORTIONS))
def test_no_loss_opens_a_gate_or_stays_unsaid(portion: int) -> None:
    gates = {right: judged(planned).gate for right, planned in WHOLE.items()}
    for number in range(portion, CASES, PORTIONS):
        before, after, said = drawn(number)
        report = judged(after)

        closed = gates[next(right for right, planned in WHOLE.items() if planned is before)] is GateState.CLOSED
        assert not (closed and report.gate is GateState.OPEN), number
        told = " ".join(each.sentence for each in report.findings)
        assert report.verdict is not Verdict.PASS or any(word in told for word in said), (number, said)


# real runs

CELL = """\
import jupyter_deployfeedback as jdf
rows = [[n] for n in range(200)]
jdf.evaluate(jdf.connect(), rows, [n % 2 for n in range(200)], ids=[str(n) for n in range(200)], warmup=0)
"""
FILE = """\
version: 1
name: lossy
targets:
  candidate: {{url: "{candidate}", health: /ready, platform: {{source: none}}}}
  released: {{url: "{released}", health: /ready, platform: {{source: none}}}}
baseline: released
suites: [quality.ipynb, smoke.ipynb]
rules: [{{metric: accuracy, pass: [">=0.8", ">=-20pp"]}}{more}]
"""
UNMEASURED = ', {metric: oom_kills, pass: ["==0"]}'


class Lossy(BaseHTTPRequestHandler):
    """A model of odd and even whose server loses what it is told to lose."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        away = self.path == "/ready" and "target" in self.server.loses  # type: ignore[attr-defined]
        self.answer(503 if away else 200, b"{}")

    def do_POST(self) -> None:
        ((number,),) = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["inputs"]
        lost = "requests" in self.server.loses and number % 3 == 0  # type: ignore[attr-defined]
        wrong = self.server.wrong and number % 2 == 0  # type: ignore[attr-defined]
        self.answer(500 if lost else 200, json.dumps({"predictions": [1 if wrong else number % 2]}).encode())

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[ThreadingHTTPServer, ThreadingHTTPServer]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Lossy) as one, ThreadingHTTPServer(("127.0.0.1", 0), Lossy) as other:
        for each in (one, other):
            each.loses, each.wrong = set(), False  # type: ignore[attr-defined]
            threading.Thread(target=each.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield one, other
        one.shutdown()
        other.shutdown()


PARTS = ("requests", "target", "suite", "metric", "baseline", "evaluation")


def run(
    folder: Path, servers: tuple[ThreadingHTTPServer, ThreadingHTTPServer], *, lost: set[str], wrong: bool = False
) -> FeedbackReport:
    """Run a project whose parts are lost as they may be: by its servers, its suites, its platform."""
    candidate, released = servers
    candidate.loses, candidate.wrong = lost & {"requests", "target"}, wrong  # type: ignore[attr-defined]
    released.loses = {"target"} if "baseline" in lost else set()  # type: ignore[attr-defined]
    cells = {"quality": "x = 1" if "evaluation" in lost else CELL, "smoke": "assert 1 + 1 == 2"}
    if "suite" in lost:
        cells["smoke"] = "raise RuntimeError('lost')"
    for name, cell in cells.items():
        nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)]), folder / f"{name}.ipynb")
    urls = zip(("candidate", "released"), (f"http://127.0.0.1:{each.server_port}" for each in servers), strict=True)
    file = folder / "deployfeedback.yaml"
    file.write_text(FILE.format(more=UNMEASURED if "metric" in lost else "", **dict(urls)))
    with open_store(str(folder / "store"), environment={}) as store:
        begun = story.start(RunRequest(project_file=str(file), target="candidate"), store=store, environment=os.environ)
        quiet = threading.Event()
        return story.evaluate(begun.run_id, store=store, environment=os.environ, tell=lambda _: None, cancelled=quiet)


def test_a_real_run_that_loses_nothing_passes(
    tmp_path: Path, servers: tuple[ThreadingHTTPServer, ThreadingHTTPServer]
) -> None:
    report = run(tmp_path, servers, lost=set())

    assert (report.verdict, report.gate) == (Verdict.PASS, GateState.OPEN)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(30))
def test_a_real_run_that_loses_a_part_opens_no_gate_and_says_so(
    tmp_path: Path, servers: tuple[ThreadingHTTPServer, ThreadingHTTPServer], number: int
) -> None:
    draw = Random(number)
    lost = set(draw.sample(PARTS, draw.choice([1, 1, 2])))

    report = run(tmp_path, servers, lost=lost, wrong=number % 2 == 0)

    assert (report.gate, report.verdict in {Verdict.PASS, Verdict.WARN}) == (GateState.CLOSED, False)
    assert [each.sentence for each in report.findings if each.verdict is report.verdict]
