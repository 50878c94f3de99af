"""What ``load`` sends when, and which latency it finds, against real servers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

import jupyter_deployfeedback as jdf
from jupyter_deployfeedback.domain.evaluation import Evaluation
from jupyter_deployfeedback.errors import GeneratorSaturated, UsageError
from jupyter_deployfeedback.probe.load import Arm

if TYPE_CHECKING:
    from tests.probe.conftest import Visit

EXAMPLES = [[n, 1] for n in range(7)]
SHORT = {"rate": 50, "seconds": 0.2, "settle": 0.05, "warmup": 0}
Deploy = Callable[..., Any]


def as_domain(record: dict[str, Any]) -> Evaluation:
    fields = {key: value for key, value in record.items() if key not in {"schema_version", "kind"}}
    return Evaluation.model_validate({**fields, "suite": "load"})


def stalling(*, after_seconds: float, for_seconds: float) -> Callable[[Visit], None]:
    """Answer at once, but stall once: whoever asks then waits until the stall is over."""
    began: list[float] = []

    def answer(visit: Visit) -> None:
        began.append(time.monotonic())
        since = time.monotonic() - began[0]
        if after_seconds <= since < after_seconds + for_seconds:
            time.sleep(after_seconds + for_seconds - since)
        visit.answer({"predictions": [0]})

    return answer


def test_trap_1_a_stall_slows_all_the_requests_that_fell_into_it(deploy: Deploy) -> None:
    opened = jdf.load(
        jdf.connect(deploy(stalling(after_seconds=0.5, for_seconds=1.0)).url),
        EXAMPLES, rate=25, seconds=4, windows=1, warmup=0,
    )  # fmt: skip
    closed = jdf.evaluate(
        jdf.connect(deploy(stalling(after_seconds=0.01, for_seconds=1.0)).url), [[0]] * 100, [0] * 100, warmup=0
    )

    assert opened.counts["answered"] == 100
    assert opened.latency.p95 > 0.7  # a quarter of the requests fell into a stall of 1 s
    assert closed.latency.max() > 0.9
    assert closed.latency.p95 < 0.7  # waiting for each answer, only one request was sent into the stall


def test_trap_1_a_generator_that_cannot_keep_its_schedule_is_an_error(
    deploy: Deploy, records: Callable[[], list[dict[str, Any]]]
) -> None:
    def slow(visit: Visit) -> None:
        time.sleep(0.1)
        visit.answer({"predictions": [0]})

    with pytest.raises(GeneratorSaturated, match=r"generator saturated: only .* of 40 requests"):
        jdf.load(jdf.connect(deploy(slow).url), EXAMPLES, rate=40, seconds=1, windows=1, connections=1)

    assert {record["kind"] for record in records()} == {"progress"}  # nothing is left that could be judged


def test_latency_counts_from_the_time_a_request_was_to_be_sent(deploy: Deploy) -> None:
    def slow_at_first(visit: Visit) -> None:
        time.sleep(0.3 if visit.number == 0 else 0)
        visit.answer({"predictions": [0]})

    result = jdf.load(
        jdf.connect(deploy(slow_at_first).url), EXAMPLES, rate=20, seconds=1, windows=1, warmup=0, connections=1
    )

    assert result.counts["answered"] == 20
    assert result.latency[1] >= 0.24  # it was to go out after 0.05 s, when the only connection was waiting
    first = result.answers.sent_at[0]
    assert first is not None
    assert result.answers.sent_at == pytest.approx([first + place / 20 for place in range(20)], abs=1e-4)


def test_windows_of_both_sides_alternate_and_hold_the_same_requests(
    deploy: Deploy, records: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOYFEEDBACK_SEED", "1")
    asked: dict[str, list[Any]] = {"candidate": [], "released": []}

    def noting(name: str) -> Callable[[Visit], None]:
        def answer(visit: Visit) -> None:
            asked[name].append(visit.inputs[0])
            visit.answer({"predictions": [0], "version": name})

        return answer

    mine, other = deploy(noting("candidate")), deploy(noting("released"))
    target = jdf.connect(mine.url, baseline=other.url)

    result = jdf.load(target, EXAMPLES, windows=4, **SHORT)  # type: ignore[arg-type]

    found = as_domain(records()[-1])
    assert found.load is not None
    assert len(found.load.pairs) == 4
    order = sorted(
        [(pair.candidate.start, "A") for pair in found.load.pairs]
        + [(pair.baseline.start, "B") for pair in found.load.pairs if pair.baseline]
    )
    assert "".join(side for _, side in order) in {"ABBAABBA", "BAABBAAB"}
    assert sorted(asked["candidate"]) == sorted(asked["released"])
    assert result.counts["answered"] == result.baseline.counts["answered"] == 4 * 10  # type: ignore[union-attr]


def test_windows_are_equally_long_with_rest_between_them(
    deploy: Deploy, records: Callable[[], list[dict[str, Any]]]
) -> None:
    jdf.load(jdf.connect(deploy().url, baseline=deploy().url), EXAMPLES, windows=3, **SHORT)  # type: ignore[arg-type]

    load = as_domain(records()[-1]).load
    assert load is not None
    windows = sorted(
        [window for pair in load.pairs for window in (pair.candidate, pair.baseline) if window],
        key=lambda window: window.start,
    )
    assert {round(window.seconds, 3) for window in windows} == {0.2}
    assert all((later.start - earlier.end).total_seconds() >= 0.05 for earlier, later in pairwise(windows))


def test_without_a_baseline_only_the_target_is_loaded(
    deploy: Deploy, records: Callable[[], list[dict[str, Any]]]
) -> None:
    deployment = deploy()

    result = jdf.load(jdf.connect(deployment.url), EXAMPLES, windows=2, **SHORT)  # type: ignore[arg-type]

    found = as_domain(records()[-1])
    assert result.baseline is None
    assert len(deployment.visits) == 20
    assert found.baseline is None
    assert [pair.baseline for pair in found.load.pairs] == [None, None]  # type: ignore[union-attr]
    assert found.truth == (None,) * 20


def test_warm_up_is_sent_and_not_counted(deploy: Deploy) -> None:
    deployment = deploy()

    result = jdf.load(jdf.connect(deployment.url), EXAMPLES, windows=1, **SHORT | {"warmup": 5})  # type: ignore[arg-type]

    assert (len(deployment.visits), result.counts["planned"]) == (15, 10)


def test_a_target_that_refuses_is_counted_and_does_not_saturate_the_generator(free_url: str) -> None:
    result = jdf.load(jdf.connect(free_url), EXAMPLES, rate=100, seconds=0.5, windows=1, settle=0.1, warmup=0)

    assert result.counts["answered"] == 0
    assert result.counts["failed"] + result.counts["not_sent"] == 50
    assert any("never sent" in error for error in result.errors)


def test_no_thread_is_left_behind(deploy: Deploy) -> None:
    deployment = deploy()

    jdf.load(jdf.connect(deployment.url), EXAMPLES, windows=1, **SHORT)  # type: ignore[arg-type]

    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("load ")] == []


def test_each_connection_is_used_by_one_thread_alone(deploy: Deploy) -> None:
    def slow(visit: Visit) -> None:
        time.sleep(0.05)
        visit.answer({"predictions": [0]})

    deployment = deploy(slow)
    with Arm(jdf.connect(deployment.url), timeout_seconds=5, connections=4) as arm:
        _, shots = arm.fire([[[0]]] * 20, rate=100, until=5, told=lambda _: None)

    assert {shot.exchange.state.value for shot in shots} == {"answered"}
    assert deployment.connections == len(arm._twins) == 4


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"rate": 0}, "rate=0 sends nothing"),
        ({"rate": float("inf")}, "rate=inf sends nothing"),
        ({"rate": float("nan")}, "rate=nan sends nothing"),
        ({"seconds": -1}, "seconds=-1 sends nothing"),
        ({"rate": 1, "seconds": 0.2}, "less than one request a window"),
        ({"rate": "20"}, "rate='20' sends nothing"),
        ({"windows": 0}, "windows=0 is too few"),
        ({"windows": 2.5}, "windows=2.5 is too few"),
        ({"connections": 0}, "connections=0 is too few"),
        ({"warmup": -1}, "warmup=-1 is too few"),
        ({"settle": 0.01}, "one series cut into slices"),
        ({"settle": None}, "one series cut into slices"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_sent(
    deploy: Deploy, wrong: dict[str, Any], expected: str
) -> None:
    deployment = deploy()

    with pytest.raises(UsageError, match=expected):
        jdf.load(jdf.connect(deployment.url), EXAMPLES, **SHORT | wrong)  # type: ignore[arg-type]

    assert deployment.visits == []


def test_nothing_to_send_is_refused(deploy: Deploy) -> None:
    with pytest.raises(UsageError, match="no examples"):
        jdf.load(jdf.connect(deploy().url), [], rate=10)


def test_a_load_says_in_words_what_it_found(deploy: Deploy, capsys: pytest.CaptureFixture[str]) -> None:
    result = jdf.load(jdf.connect(deploy().url), EXAMPLES, windows=1, **SHORT)  # type: ignore[arg-type]

    assert capsys.readouterr().out.startswith("load: 1 window of 0.2 s at 50 requests a second\n  http://127.0.0.1")
    assert "10 answered, 0 failed, 0 timed out, 0 not sent" in repr(result)
