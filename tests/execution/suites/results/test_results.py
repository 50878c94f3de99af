"""Files that load generators and chaos experiments left, as suites: judged by what they hold, refused by name."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_deployfeedback.domain.evaluation import RequestState
from jupyter_deployfeedback.domain.project import Target
from jupyter_deployfeedback.domain.run import Outcome, Suite, SuiteResult
from jupyter_deployfeedback.execution.suites.results.contents import Claim, Found, Unreadable
from jupyter_deployfeedback.execution.suites.results.suite import read_results

FILES = Path(__file__).parent / "results"
ASKED = Target(name="candidate", url="http://127.0.0.1:8001")
RunResults = Callable[..., SuiteResult]
Read = Callable[[bytes], Found]


@pytest.fixture
def run_results(tmp_path: Path, run_suites: Callable[..., Any]) -> RunResults:
    """Execute one suite over the bytes of a file, with a real worker."""

    def run(content: bytes, *, name: str = "load.json", **options: Any) -> SuiteResult:
        (tmp_path / name).write_bytes(content)
        suite = Suite(name="load", kind="results", source=name, options=options, timeout_seconds=60.0)
        found: SuiteResult = run_suites(tmp_path, suite, target=ASKED)[0]
        return found

    return run


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read the bytes of a file."""

    def read(content: bytes) -> Found:
        (tmp_path / "load.json").write_bytes(content)
        return read_results(tmp_path / "load.json")

    return read


def written(name: str) -> bytes:
    return (FILES / name).read_bytes()


def changed(name: str, change: Callable[[Any], object]) -> bytes:
    document = json.loads(written(name))
    change(document)
    return json.dumps(document).encode()


def said(result: SuiteResult) -> dict[str, tuple[Outcome, str]]:
    return {case.title: (case.outcome, case.error.message if case.error else "") for case in result.cases}


@pytest.mark.parametrize("packed", [False, True])
def test_requests_of_k6_become_samples_in_the_order_they_were_sent(run_results: RunResults, packed: bool) -> None:  # noqa: FBT001
    content = written("k6-points.json")
    result = run_results(gzip.compress(content) if packed else content, name="k6.json.gz" if packed else "k6.json")

    (found,) = result.evaluations
    assert result.outcome is Outcome.PASSED
    assert found.candidate.states[0] is RequestState.TIMED_OUT  # sent a minute before it ended
    assert found.candidate.states[40:42] == (RequestState.ANSWERED, RequestState.FAILED)
    assert found.candidate.latency_seconds[:4] == (60.0, 0.08, 0.081, 0.082)
    assert {name: sorted(set(column)) for name, column in found.slices.items()} == {
        "results": ["load"],
        "scenario": ["rush", "steady"],
    }
    assert (len(found.ids), found.pairs, set(found.truth)) == (100, False, {None})
    assert "What k6's setup and teardown sent is left out (1)." in result.notices


def test_lines_of_vegeta_become_samples_in_seconds(run_results: RunResults) -> None:
    (found,) = run_results(written("vegeta-lines.json")).evaluations

    assert found.candidate.states[39:43] == (
        RequestState.ANSWERED,
        RequestState.FAILED,
        RequestState.TIMED_OUT,
        RequestState.ANSWERED,
    )
    assert found.candidate.latency_seconds[:2] == (0.0874, 0.0875)
    assert found.candidate.errors == {
        "500 Internal Server Error": 1,
        'Post "http://127.0.0.1:8001/predict": context deadline exceeded (Client.Timeout exceeded while awaiting headers)': 1,
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vegeta-report.json", {"latency_p95": 0.2105, "latency_mean": 0.0901, "failure_rate": 0.004}),
        ("k6-summary-export.json", {"latency_p95": 0.2105, "latency_p99": 0.33, "failure_rate": 0.004}),
        ("guidellm.json", {"time_to_first_token_p95": 0.19, "latency_p50": 1.1, "failure_rate": 0.004}),
    ],
)
def test_aggregates_are_numbers_of_the_suites_own_where_they_are_asked_for(
    run_results: RunResults, name: str, expected: dict[str, float]
) -> None:
    result = run_results(written(name), evidence="point")

    found = {each.metric.name.removeprefix("load."): each for each in result.observations}
    assert {name: found[name].value for name in expected} == pytest.approx(expected)
    assert (found["failure_rate"].hits, found["failure_rate"].n) == (2, 500)


@pytest.mark.parametrize("name", ["vegeta-report.json", "k6-summary-export.json", "guidellm.json"])
def test_aggregates_that_nobody_asked_for_are_refused_with_what_to_write(run_results: RunResults, name: str) -> None:
    result = run_results(written(name))

    assert (result.outcome, result.observations) == (Outcome.ERRORED, ())
    assert result.reason is not None
    assert "holds only aggregates" in result.reason
    assert "evidence: point" in result.reason


def test_trap_9_the_inverted_flag_of_k6_says_the_same_as_the_other_one(run_results: RunResults) -> None:
    crossed = "k6 says that this threshold was crossed"

    flat, nested = (
        run_results(written(name), evidence="point") for name in ("k6-summary-export.json", "k6-handle-summary.json")
    )

    assert {title: told for title, told in said(flat).items() if title.startswith("k6: ")} == {
        "k6: http_req_duration p(95)<300": (Outcome.PASSED, ""),
        "k6: http_req_duration p(95)<200": (Outcome.FAILED, crossed),
        "k6: http_req_failed rate<0.01": (Outcome.PASSED, ""),
    }
    assert {k: v for k, v in said(nested).items() if "measured" not in k} == {
        k: v for k, v in said(flat).items() if "measured" not in k
    }
    assert (flat.outcome, flat.observations) == (nested.outcome, nested.observations)


def nothing_sent(document: Any) -> None:
    document["metrics"]["http_reqs"] = {"count": 0, "rate": 0}
    document["metrics"]["http_req_duration"] = {"p(95)": 0, "thresholds": {"p(95)<500": False}}
    del document["metrics"]["http_req_failed"]


def no_answer(document: Any) -> None:
    totals = document["benchmarks"][0]["metrics"]["request_totals"]
    totals.update(successful=0, errored=500)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (changed("k6-summary-export.json", nothing_sent), "k6 sent requests: ResultsError: k6 sent none"),
        (changed("guidellm.json", no_answer), "guidellm was answered: ResultsError: no request was answered"),
        (changed("vegeta-report.json", lambda document: document.update(requests=0)), "vegeta sent none"),
        (written("k6-points.json").splitlines()[0], "it holds no request"),
    ],
)
def test_trap_8_results_without_samples_are_an_error(run_results: RunResults, content: bytes, reason: str) -> None:
    result = run_results(content, evidence="point")

    assert result.outcome is Outcome.ERRORED
    assert reason in (result.reason or "")


@pytest.mark.parametrize(
    "content",
    [
        written("k6-points.json")
        + b'{"metric":"dropped_iterations","type":"Point","data":{"time":"2025-11-20T10:00:09Z","value":7,"tags":{}}}\n',
        changed(
            "k6-summary-export.json",
            lambda document: document["metrics"].update(dropped_iterations={"count": 7, "rate": 1}),
        ),
    ],
)
def test_a_generator_that_fell_behind_its_schedule_is_an_error(run_results: RunResults, content: bytes) -> None:
    result = run_results(content, evidence="point")

    assert result.outcome is Outcome.ERRORED
    assert "generator saturated: k6 dropped 7 iterations" in (result.reason or "")


@pytest.mark.parametrize(
    ("options", "said_of_it"),
    [
        ({"not_before": "2025-11-20T11:00:00+00:00"}, "began before the tested commit was made"),
        ({"not_before": "2025-11-20T09:59:37+00:00"}, "began before the tested commit was made"),
        ({"max_age": 3600.0}, "more than max_age allows"),
        (
            {"url": "http://127.0.0.1:9999"},
            "they went to http://127.0.0.1:8001. If that is the same deployment, write url:",
        ),
    ],
)
def test_results_of_another_time_or_place_are_an_error(
    run_results: RunResults, options: dict[str, Any], said_of_it: str
) -> None:
    result = run_results(written("k6-points.json"), **options)

    assert result.outcome is Outcome.ERRORED
    assert said_of_it in (result.reason or "")


def test_a_file_without_times_goes_by_its_own_date(run_results: RunResults) -> None:
    result = run_results(written("k6-handle-summary.json"), evidence="point", max_age=3600.0)

    assert "The file does not say when it was measured; its own date was taken." in result.notices
    assert [told for title, told in said(result).items() if "measured at" in title] == [(Outcome.PASSED, "")]


def test_requests_that_do_not_say_whom_they_asked_are_noticed(run_results: RunResults) -> None:
    lines = [json.loads(line) for line in written("vegeta-lines.json").splitlines()]
    for line in lines:
        del line["url"]

    result = run_results("\n".join(map(json.dumps, lines)).encode())

    assert "The file does not say which address was asked; that it was the target's is not checked." in result.notices


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"\x00\xff\xfe", "it cannot be read"),
        (b"{}", "its shape () is not known"),
        (b'{"results": {"p95": 1}}', "its shape (results) is not known"),
        (b"p95 = 1", "it is not JSON"),
        (b'{"metrics": {"http_reqs": {"count": NaN}}}', "it holds NaN"),
        (b'{"metrics": []}', "its shape (metrics) is not known"),
        (written("k6-points.json")[:-40], "is not a whole object of JSON"),
        (written("k6-points.json") + b'{"metric":"vus","type":"Po', "its last line is not a whole object of JSON"),
        (written("vegeta-lines.json")[:-40], "is not a whole object of JSON"),
        (written("vegeta-lines.json") * 2, "stands there twice"),
        (b'{"attack":"","seq":0,"code":200,"latency":1}\n', "line 1 lacks timestamp, error"),
        (
            changed(
                "k6-summary-export.json", lambda document: document["metrics"]["http_req_failed"].update(value=0.996)
            ),
            "2 passes and 498 fails do not make the rate 0.996",
        ),
        (
            changed(
                "k6-summary-export.json",
                lambda document: document["metrics"]["http_req_duration"].update(thresholds={"p(95)<1": "yes"}),
            ),
            "thresholds.p(95)<1 is 'yes', which says neither that it was crossed nor that it held",
        ),
        (
            changed(
                "k6-summary-export.json", lambda document: document["metrics"]["http_req_duration"].update(avg=None)
            ),
            "http_req_duration.avg is None, not a number",
        ),
        (
            changed("vegeta-report.json", lambda document: document.update(success=0.5)),
            "does not agree with the status codes",
        ),
        (changed("vegeta-report.json", lambda document: document.pop("errors")), "the report lacks errors"),
        (
            changed("guidellm.json", lambda document: document["benchmarks"].append(document["benchmarks"][0])),
            "it holds 2 benchmarks",
        ),
        (
            changed(
                "guidellm.json",
                lambda document: document["benchmarks"][0]["metrics"]["request_latency"]["successful"].update(count=0),
            ),
            "has no samples, though 498 requests were answered",
        ),
        (
            changed("chaos-good.json", lambda document: document.pop("deviated")),
            "the journal lacks deviated",
        ),
    ],
)
def test_what_is_not_known_is_refused_by_name(read: Read, content: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read(content)

    assert reason in str(caught.value)


@pytest.mark.parametrize("place", range(12, 400, 8))
def test_a_packed_file_with_a_damaged_byte_is_refused_by_name(tmp_path: Path, place: int) -> None:
    packed = bytearray(gzip.compress(written("k6-points.json"), mtime=0))
    packed[place] ^= 0xFF
    (tmp_path / "load.json.gz").write_bytes(packed)

    with pytest.raises(Unreadable):
        read_results(tmp_path / "load.json.gz")


def test_a_file_that_is_not_there_is_an_errored_suite(tmp_path: Path, run_suites: Callable[..., Any]) -> None:
    (result,) = run_suites(tmp_path, Suite(name="load", kind="results", source="load.json"))

    assert result.outcome is Outcome.ERRORED
    assert "load.json: there is no such file: let the tool write it before this run." in (result.reason or "")


def test_lost_lines_of_vegeta_are_an_error(read: Read) -> None:
    lines = written("vegeta-lines.json").splitlines(keepends=True)

    (claim,) = read(b"".join(lines[:50] + lines[60:])).claims

    assert (claim.outcome.value, claim.message) == ("errored", "10 requests are missing from the sequence")


def worst(found: list[Claim]) -> str:
    order = ["passed", "failed", "errored"]
    return max((each.outcome.value for each in found), key=order.index)


def with_state(which: str, met: object) -> bytes:
    def change(document: Any) -> None:
        document["steady_states"][which] = None if met is None else {"steady_state_met": met, "probes": []}

    return changed("chaos-good.json", change)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (written("chaos-good.json"), "passed"),
        (written("chaos-deviated.json"), "failed"),
        (written("chaos-unmet.json"), "errored"),
        (with_state("before", None), "errored"),
        (with_state("before", met=False), "errored"),
        (with_state("after", None), "errored"),
        (with_state("after", met=False), "failed"),
        (changed("chaos-good.json", lambda document: document.update(status="interrupted")), "errored"),
        (changed("chaos-good.json", lambda document: document.update(status="aborted")), "errored"),
        (changed("chaos-good.json", lambda document: document["experiment"].update(dry="actions")), "errored"),
        (changed("chaos-good.json", lambda document: document.update(rollbacks=[])), "errored"),
        (changed("chaos-good.json", lambda document: document.update(run=[])), "errored"),
        (changed("chaos-good.json", lambda document: document["run"][0].update(status="failed")), "errored"),
    ],
)
def test_trap_29_a_chaos_experiment_passes_only_where_all_of_it_was_seen(
    read: Read, content: bytes, expected: str
) -> None:
    found = read(content).claims

    assert worst(found) == expected, found
