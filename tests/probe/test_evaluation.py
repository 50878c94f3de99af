"""What ``evaluate`` sends, keeps and says, against real servers that misbehave as servers do."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

import jupyter_deployfeedback as jdf
from jupyter_deployfeedback.domain.evaluation import Evaluation, RequestState
from jupyter_deployfeedback.errors import HarnessError, UsageError
from jupyter_deployfeedback.probe import environment, failures
from jupyter_deployfeedback.probe import target as probe_target
from jupyter_deployfeedback.probe.display import SECONDS_BETWEEN_PROGRESS

if TYPE_CHECKING:
    from tests.probe.conftest import Visit

EXAMPLES = [[n, 1] for n in range(10)]
TRUTH = [(n + 1) % 10 for n in range(10)]
Deploy = Callable[..., Any]


def always(body: object, **settings: Any) -> Callable[[Visit], None]:
    return lambda visit: visit.answer(body, **settings)


def as_domain(record: dict[str, Any]) -> Evaluation:
    fields = {key: value for key, value in record.items() if key not in {"schema_version", "kind"}}
    return Evaluation.model_validate({**fields, "suite": "quality"})


def test_right_answers_give_full_accuracy_and_one_latency_each(deploy: Deploy) -> None:
    result = jdf.evaluate(jdf.connect(deploy().url), EXAMPLES, TRUTH)

    assert result.accuracy == 1.0
    assert result.error_rate == 0.0
    assert result.predictions == {str(n): (n + 1) % 10 for n in range(10)}
    assert result.counts == {"planned": 10, "answered": 10, "failed": 0, "timed_out": 0, "not_sent": 0}
    assert len(result.latency) == 10
    assert 0 < result.latency.p50 <= result.latency.p95 <= result.latency.max() < 1


def test_each_example_is_one_request_after_a_warmup_that_is_not_counted(deploy: Deploy) -> None:
    deployment = deploy()

    result = jdf.evaluate(jdf.connect(deployment.url), EXAMPLES, TRUTH, warmup=3)

    assert len(deployment.visits) == 3 + 10
    assert result.counts["planned"] == 10
    assert deployment.connections == 1


def test_slow_warmup_is_in_no_latency(deploy: Deploy) -> None:
    def slow_at_first(visit: Visit) -> None:
        time.sleep(0.2 if visit.number < 2 else 0)
        visit.answer({"predictions": [0]})

    result = jdf.evaluate(jdf.connect(deploy(slow_at_first).url), EXAMPLES, TRUTH, warmup=2)

    assert result.latency.max() < 0.2


def test_latency_is_measured_to_the_last_byte(deploy: Deploy) -> None:
    def in_two_halves(visit: Visit) -> None:
        visit.raw(b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"predict')
        time.sleep(0.1)
        visit.raw(b'ions": [1]}')

    result = jdf.evaluate(jdf.connect(deploy(in_two_halves).url), [[0, 1]], [1], warmup=0)

    assert result.latency.min() >= 0.1


def test_batches_carry_several_examples_and_share_their_latency(deploy: Deploy) -> None:
    deployment = deploy()

    result = jdf.evaluate(jdf.connect(deployment.url), EXAMPLES, TRUTH, batch_size=4, warmup=0)

    assert len(deployment.visits) == 3
    assert result.accuracy == 1.0
    assert len(set(result.answers.latency_seconds)) == 3


# What fails is counted, said and never a prediction


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (always(b'{"predictions": [NaN]}'), "the answer holds an invalid value: NaN."),
        (always(b'{"predictions": [Infinity]}'), "the answer holds an invalid value: Infinity."),
        (always(b'{"predictions": [1e999]}'), "an invalid value: 1e999 is beyond what a number can hold."),
        (always({"predictions": [None]}), "a prediction is null, not a label or a number."),
        (always({"predictions": [1, 2]}), "the answer holds 2 predictions for 1 examples."),
        (always({"predictions": []}), "the answer holds 0 predictions for 1 examples."),
        (always({"error": "warming up"}), "the answer has no $.predictions: the keys there are error."),
        (
            always(b"<html>Sign in</html>", Content_Type="text/html"),
            "is not JSON but text/html: '<html>Sign in</html>'",
        ),
        (always(b"", status=204), "the answer is empty."),
        (always({"error": "no"}, status=503, Retry_After="0"), 'answered 503: {"error": "no"}.'),
        (
            always(b"", status=302, Location="http://10.0.0.1/x?token=1"),
            "a redirect to http://10.0.0.1/x, which is not",
        ),
    ],
)
def test_answer_that_is_no_prediction_is_a_failed_request_with_its_reason(
    deploy: Deploy, script: Callable, reason: str
) -> None:
    result = jdf.evaluate(jdf.connect(deploy(script).url), EXAMPLES, TRUTH)

    assert result.counts["failed"] == 10
    assert set(result.predictions.values()) == {None}
    assert [reason in error for error in result.errors] == [True]
    with pytest.raises(HarnessError, match="none of 10 examples was answered"):
        _ = result.accuracy


def test_failed_requests_do_not_stop_the_others_and_are_not_repeated(deploy: Deploy) -> None:
    def three_of_ten_fail(visit: Visit) -> None:
        if visit.number in {2, 3, 7}:
            visit.answer({"error": "busy"}, status=503)
        else:
            visit.answer({"predictions": [sum(visit.inputs[0]) % 10]})

    deployment = deploy(three_of_ten_fail)

    result = jdf.evaluate(jdf.connect(deployment.url), EXAMPLES, TRUTH, warmup=0)

    assert result.counts == {"planned": 10, "answered": 7, "failed": 3, "timed_out": 0, "not_sent": 0}
    assert result.accuracy == 0.7, "an example without an answer is not right"
    assert result.errors == {'answered 503: {"error": "busy"}.': 3}
    assert len(deployment.visits) == 10


def test_hanging_replies_count_as_timeouts_with_the_timeout_as_latency(deploy: Deploy) -> None:
    def one_of_ten_hangs(visit: Visit) -> None:
        if visit.number == 4:
            visit.hang()
        visit.answer({"predictions": [sum(visit.inputs[0]) % 10]})

    target = jdf.connect(deploy(one_of_ten_hangs).url, timeout=0.3)

    result = jdf.evaluate(target, EXAMPLES, TRUTH, warmup=0)

    assert result.counts["timed_out"] == 1
    assert result.latency.max() == 0.3
    assert len(result.latency) == 10
    assert result.accuracy == 0.9


def test_torn_connection_is_one_failed_request(deploy: Deploy) -> None:
    def one_of_ten_is_torn(visit: Visit) -> None:
        if visit.number == 4:
            visit.raw(b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"predictions": [1')
            visit.reset()
        else:
            visit.answer({"predictions": [sum(visit.inputs[0]) % 10]})

    result = jdf.evaluate(jdf.connect(deploy(one_of_ten_is_torn).url), EXAMPLES, TRUTH, warmup=0)

    assert result.counts["failed"] == 1
    assert result.predictions["4"] is None
    assert result.counts["answered"] == 9


def test_example_json_cannot_carry_is_not_sent_and_not_blamed_on_the_target(deploy: Deploy) -> None:
    deployment = deploy()
    examples = [[0.0, 1.0], [float("nan"), 1.0]]

    result = jdf.evaluate(jdf.connect(deployment.url), examples, [1, 1], warmup=0)

    assert result.counts == {"planned": 2, "answered": 1, "failed": 0, "timed_out": 0, "not_sent": 1}
    assert "cannot be written as JSON" in next(iter(result.errors))
    assert result.answers.latency_seconds[1] is None
    assert len(deployment.visits) == 1


def test_dead_target_is_left_alone_and_the_rest_is_not_sent(free_url: str) -> None:
    result = jdf.evaluate(jdf.connect(free_url), [[n] for n in range(50)], [0] * 50)

    assert result.counts == {"planned": 50, "answered": 0, "failed": 20, "timed_out": 0, "not_sent": 30}
    assert result.errors[f"never sent: {free_url} could not be reached 20 times in a row."] == 30


def test_target_that_dies_half_way_leaves_the_first_half_measured(deploy: Deploy) -> None:
    def die_after_15(visit: Visit) -> None:
        visit.answer({"predictions": [0]}, Connection="close")
        if visit.number == 14:
            visit.server.socket.close()

    result = jdf.evaluate(jdf.connect(deploy(die_after_15).url), [[n] for n in range(60)], [0] * 60, warmup=0)

    assert result.counts["answered"] == 15
    assert result.counts["failed"] in {20, 21}, "20 refused, at most one cut off while the server closed"
    assert result.counts["not_sent"] == 60 - 15 - result.counts["failed"]


def test_target_that_always_hangs_is_given_up_after_ten_timeouts(deploy: Deploy) -> None:
    deployment = deploy(lambda visit: visit.hang())
    target = jdf.connect(deployment.url, timeout=0.05)

    result = jdf.evaluate(target, [[n] for n in range(30)], [0] * 30)

    assert result.counts["timed_out"] == 10
    assert result.counts["not_sent"] == 20
    assert len(deployment.visits) == 1 + 10, "the warm-up gives up after its first timeout"


def test_distinct_errors_are_kept_only_so_far(deploy: Deploy) -> None:
    deployment = deploy(lambda visit: visit.answer({}, status=400 + visit.number))

    result = jdf.evaluate(jdf.connect(deployment.url), [[n] for n in range(40)], [0] * 40, warmup=0)

    assert len(result.errors) == failures.MOST + 1
    assert result.errors[f"{failures.OTHER_ERRORS}."] == 35
    assert sum(result.errors.values()) == 40


def test_slow_second_half_is_in_the_quantiles(deploy: Deploy) -> None:
    def slower_later(visit: Visit) -> None:
        time.sleep(0.002 if visit.number < 10 else 0.02)
        visit.answer({"predictions": [0]})

    result = jdf.evaluate(jdf.connect(deploy(slower_later).url), [[n] for n in range(20)], [0] * 20, warmup=0)

    assert len(result.latency) == 20
    assert result.latency.p95 >= 0.02


def test_version_that_changes_meanwhile_is_seen(deploy: Deploy) -> None:
    deployment = deploy(
        lambda visit: visit.answer({"predictions": [0], "model": {"version": "1" if visit.number < 5 else "2"}})
    )
    target = jdf.connect(deployment.url, response={"predictions": "$.predictions", "version": "$.model.version"})

    result = jdf.evaluate(target, EXAMPLES, TRUTH, warmup=0)

    assert result.versions == ("1", "2")


# Two sides


def test_baseline_is_asked_the_same_examples_in_random_order(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(environment.SEED, "7")
    asked: list[tuple[str, Any]] = []

    def listen(side: str) -> Callable[[Visit], None]:
        def answer(visit: Visit) -> None:
            asked.append((side, visit.inputs[0]))
            visit.answer({"predictions": [sum(visit.inputs[0]) % 10]})

        return answer

    target = jdf.connect(deploy(listen("candidate")).url, baseline=deploy(listen("baseline")).url)

    result = jdf.evaluate(target, EXAMPLES, TRUTH, warmup=0)

    pairs = [asked[place : place + 2] for place in range(0, 20, 2)]
    assert [sorted(side for side, _ in pair) for pair in pairs] == [["baseline", "candidate"]] * 10
    assert [pair[0][1] == pair[1][1] == example for pair, example in zip(pairs, EXAMPLES, strict=True)] == [True] * 10
    assert {pair[0][0] for pair in pairs} == {"baseline", "candidate"}, "neither side always goes first"
    assert result.baseline is not None
    assert result.baseline.accuracy == 1.0


def test_order_of_the_sides_depends_on_the_seed_alone(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    orders = []
    for seed, unrelated in [("7", 1), ("7", 2), ("8", 1)]:
        monkeypatch.setenv(environment.SEED, seed)
        random.seed(unrelated)
        asked: list[str] = []

        def note(side: str, asked: list[str] = asked) -> Callable[[Visit], None]:
            return lambda visit: (asked.append(side), visit.answer({"predictions": [0]}))[1]

        target = jdf.connect(deploy(note("candidate")).url, baseline=deploy(note("baseline")).url)
        jdf.evaluate(target, [[n] for n in range(30)], [0] * 30, warmup=0)
        orders.append(asked)

    assert orders[0] == orders[1]
    assert orders[0] != orders[2]


def test_broken_and_fixed_examples_are_told_apart(deploy: Deploy) -> None:
    candidate = deploy(lambda visit: visit.answer({"predictions": [1 if visit.inputs[0][0] in {1, 2} else 0]}))
    baseline = deploy(lambda visit: visit.answer({"predictions": [1 if visit.inputs[0][0] in {2, 3} else 0]}))
    target = jdf.connect(candidate.url, baseline=baseline.url)

    result = jdf.evaluate(target, [[n] for n in range(5)], [0, 1, 1, 1, 0], ids=list("abcde"))

    assert result.fixed == ("b",)
    assert result.broken == ("d",)


def test_dead_baseline_does_not_take_the_candidates_numbers_away(deploy: Deploy, free_url: str) -> None:
    target = jdf.connect(deploy().url, baseline=free_url)

    result = jdf.evaluate(target, EXAMPLES * 3, TRUTH * 3)

    assert result.accuracy == 1.0
    assert result.baseline.counts == {"planned": 30, "answered": 0, "failed": 20, "timed_out": 0, "not_sent": 10}


# What leaves the kernel


def test_record_is_the_domains_evaluation(deploy: Deploy, records: Callable) -> None:
    response = {"predictions": "$.predictions", "probabilities": "$.p", "version": "$.v"}
    deployment = deploy(lambda visit: visit.answer({"predictions": [[3]], "p": [0.5], "v": 2}))
    target = jdf.connect(deployment.url, response=response, baseline=deployment.url)

    jdf.evaluate(target, EXAMPLES, TRUTH, ids=range(100, 110), slices={"odd": [n % 2 for n in range(10)]}, name="all")

    evaluated = as_domain(records()[-1])
    assert evaluated.name == "all"
    assert evaluated.ids == tuple(str(n) for n in range(100, 110))
    assert evaluated.truth == tuple(TRUTH)
    assert evaluated.slices == {"odd": ("0", "1") * 5}
    assert evaluated.candidate.predictions == (3,) * 10
    assert evaluated.candidate.probabilities == (0.5,) * 10
    assert evaluated.candidate.versions == ("2",)
    assert evaluated.candidate.states == (RequestState.ANSWERED,) * 10
    assert evaluated.baseline is not None
    moments = [*evaluated.candidate.sent_at, *evaluated.baseline.sent_at]
    assert evaluated.window.start.timestamp() <= min(moments) <= max(moments) <= evaluated.window.end.timestamp()


def test_record_of_a_dead_target_is_valid_too(free_url: str, records: Callable) -> None:
    jdf.evaluate(jdf.connect(free_url), [[n] for n in range(25)], [0] * 25)

    evaluated = as_domain(records()[-1])
    assert evaluated.candidate.states == (RequestState.FAILED,) * 20 + (RequestState.NOT_SENT,) * 5
    assert evaluated.candidate.latency_seconds[-1] is None


def test_states_are_the_domains() -> None:
    assert {state.value for state in probe_target.RequestState} == {state.value for state in RequestState}


def test_progress_is_one_display_that_becomes_the_evaluation(deploy: Deploy, shown: list, records: Callable) -> None:
    slow = deploy(lambda visit: (time.sleep(0.03), visit.answer({"predictions": [0]})))

    jdf.evaluate(jdf.connect(slow.url), [[n] for n in range(30)], [0] * 30, warmup=0)

    assert [output["update"] for output in shown] == [False] + [True] * (len(shown) - 1)
    assert len({output["transient"]["display_id"] for output in shown}) == 1
    assert [record["kind"] for record in records()] == ["progress"] * (len(shown) - 1) + ["evaluation"]
    assert records()[0] == {"schema_version": 1, "kind": "progress", "done": 0, "total": 30}
    assert 3 <= len(shown) <= 2 + 0.9 / SECONDS_BETWEEN_PROGRESS + 4
    assert all(output["data"]["text/plain"] for output in shown)


def test_unnamed_evaluations_of_a_run_are_numbered(
    deploy: Deploy, records: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(environment.SUITE, "quality")
    monkeypatch.setattr(environment, "_unnamed", {})
    target = jdf.connect(deploy().url)

    for _ in range(2):
        jdf.evaluate(target, EXAMPLES, TRUTH)

    assert [record["name"] for record in records() if record["kind"] == "evaluation"] == ["evaluation", "evaluation 2"]


def test_digest_knows_the_data_and_not_their_order(deploy: Deploy, records: Callable) -> None:
    target = jdf.connect(deploy().url)
    for ids, truth in [(["a", "b"], [1, 2]), (["b", "a"], [2, 1]), (["a", "b"], [2, 1])]:
        jdf.evaluate(target, [[0], [0]], truth, ids=ids, warmup=0)

    first, reordered, changed = [record["dataset_digest"] for record in records() if record["kind"] == "evaluation"]
    assert first == reordered
    assert first != changed


def test_outside_a_notebook_the_summary_is_printed(deploy: Deploy, capsys: pytest.CaptureFixture[str]) -> None:
    jdf.evaluate(jdf.connect(deploy().url), EXAMPLES, TRUTH, name="all")

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "all: 10 examples"
    assert "accuracy 100.00%" in lines[1]
    assert "10 answered, 0 failed, 0 timed out, 0 not sent" in lines[1]


def test_summary_escapes_what_the_target_says(deploy: Deploy) -> None:
    deployment = deploy(always(b"<script>alert(1)</script>", status=500))

    result = jdf.evaluate(jdf.connect(deployment.url), EXAMPLES, TRUTH, name="<b>all</b>")

    assert "&lt;script&gt;" in result._repr_html_()
    assert "<script>" not in result._repr_html_()
    assert "<b>" not in result._repr_html_()


# Regression, and wrong use


def test_address_instead_of_a_target_is_wrong_use() -> None:
    with pytest.raises(UsageError, match=r"Use what connect\(\) returns"):
        jdf.evaluate("http://127.0.0.1:1", EXAMPLES, TRUTH)


def test_regression_gives_errors_instead_of_accuracy(deploy: Deploy) -> None:
    deployment = deploy(lambda visit: visit.answer({"predictions": [float(visit.inputs[0][0])]}))

    result = jdf.evaluate(jdf.connect(deployment.url), [[1], [2]], [1.0, 4.0], task="regression")

    assert result.mean_absolute_error == 1.0
    assert result.root_mean_squared_error == pytest.approx(2**0.5)
    with pytest.raises(UsageError, match="accuracy has no meaning for regression"):
        _ = result.accuracy


def test_missing_probabilities_say_where_to_name_them(deploy: Deploy) -> None:
    result = jdf.evaluate(jdf.connect(deploy().url), EXAMPLES, TRUTH)

    with pytest.raises(UsageError, match=r"response\.probabilities"):
        _ = result.probability


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"ids": ["a", "b", "a"]}, "ids must be unique, but 'a' stands there more than once"),
        ({"ids": ["a", "b"]}, "ids: 2 entries for 3 examples"),
        ({"slices": {"digit": [1, 2]}}, "slice digit: 2 entries for 3 examples"),
        ({"truth": [1, 2]}, "truth: 2 entries for 3 examples"),
        ({"truth": [1, 2, None]}, "truth of example 2 is missing"),
        ({"truth": [1, float("nan"), 3]}, "truth of example 1 is missing"),
        ({"inputs": []}, "there are no examples"),
        ({"inputs": "abc"}, "inputs are str, not a list"),
        ({"task": "ranking"}, "task='ranking' is not known"),
        ({"batch_size": 0}, "batch_size=0 sends nothing"),
        ({"warmup": -1}, "warmup=-1"),
    ],
)
def test_wrong_use_is_found_before_anything_is_sent(deploy: Deploy, settings: dict, problem: str) -> None:
    deployment = deploy()
    call = {"inputs": [[1], [2], [3]], "truth": [1, 2, 3], **settings}

    with pytest.raises(UsageError, match=problem):
        jdf.evaluate(jdf.connect(deployment.url), **call)

    assert deployment.visits == []
