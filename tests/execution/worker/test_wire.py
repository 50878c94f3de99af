"""What a worker tells arrives as it was told."""

from __future__ import annotations

import pytest

from jupyter_deployfeedback.execution.kernels.manager import read_packages
from jupyter_deployfeedback.execution.suites.notebook.engine import MessageGaps
from jupyter_deployfeedback.execution.worker.wire import (
    Cell,
    CellEnded,
    CellStarted,
    Ended,
    Ending,
    Event,
    Opened,
    Recorded,
    StrayError,
    decode,
    encode,
)


@pytest.mark.parametrize(
    "event",
    [
        Opened((Cell("a", "code", "x = 'ü\n'", ("parameters",)),), ("a notice",)),
        CellStarted("a"),
        Recorded("a", "application/x+json", {"value": [1, None, "\u2028"]}),
        StrayError("a", "tests failed", fails=True),
        CellEnded("a", status="error", execution_count=3, error=("KeyError", "x", "at\nline 3"), duration_seconds=0.5),
        Ended(Ending.TIMED_OUT, "over", {"python": "3.11"}, ("a notice",)),
    ],
)
def test_an_event_is_one_line_and_comes_back_the_same(event: Event) -> None:
    line = encode(event)

    assert line.count(b"\n") == 1
    assert decode(line) == event


def test_packages_are_read_from_their_folders_names() -> None:
    listing = "scikit_learn-1.5.2.dist-info/PyYAML-6.0.dist-info/scikit_learn-1.4.0.dist-info/odd.dist-info"

    assert read_packages(listing) == {"pyyaml": "6.0", "scikit-learn": "1.5.2"}


def numbered(*numbers: int) -> MessageGaps:
    gaps = MessageGaps()
    for number in numbers:
        gaps.see({"header": {"msg_id": f"session_77_{number}"}})
    return gaps


def test_a_gap_in_a_flood_of_messages_is_lost_messages() -> None:
    assert numbered(*range(600), *range(610, 700)).lost == 10


def test_a_gap_among_few_messages_is_one_that_was_never_sent() -> None:
    assert numbered(1, 2, 5).lost == 0


def test_kernels_that_do_not_number_their_messages_lose_none() -> None:
    gaps = MessageGaps()
    for _ in range(1000):
        gaps.see({"header": {"msg_id": "4f0c6c4e-9a0c"}})

    assert gaps.lost == 0
