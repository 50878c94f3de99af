"""What one cell may print into the executed copy."""

from __future__ import annotations

from typing import Any

from jupyter_deployfeedback.execution.suites.notebook.engine import OutputCap

MARKER = "[output cut: this cell printed more than 0.001 MB]"


def stream(text: str) -> dict[str, Any]:
    return {"msg_type": "stream", "content": {"name": "stdout", "text": text}}


def display(text: str, kind: str = "display_data") -> dict[str, Any]:
    return {"msg_type": kind, "content": {"data": {"text/plain": text}, "metadata": {}}}


def test_output_below_the_cap_is_kept_as_it_came() -> None:
    message = stream("x" * 900)

    assert OutputCap(1000).admit(message) is message


def test_a_stream_is_cut_where_the_cap_ends_and_marked() -> None:
    cut = OutputCap(1000).admit(stream("x" * 5000))

    assert cut == stream("x" * 1000 + f"\n{MARKER}\n")


def test_after_the_marker_nothing_more_is_kept() -> None:
    cap = OutputCap(1000)
    cap.admit(stream("x" * 5000))

    assert cap.admit(stream("y")) is None
    assert cap.admit(display("y")) is None
    assert cap.truncated


def test_a_display_beyond_the_cap_becomes_the_marker() -> None:
    assert OutputCap(1000).admit(display("x" * 5000)) == display(MARKER)


def test_many_empty_outputs_reach_the_cap_too() -> None:
    cap = OutputCap(1000)

    kept = [cap.admit(stream("")) for _ in range(20)]

    assert sum(message is not None for message in kept) == 11


def test_updates_replace_what_is_there_so_each_has_the_whole_cap() -> None:
    cap = OutputCap(1000)

    kept = [cap.admit(display("x" * 800, "update_display_data")) for _ in range(5)]

    assert kept == [display("x" * 800, "update_display_data")] * 5


def test_errors_and_states_are_always_kept() -> None:
    cap = OutputCap(1000)
    cap.admit(stream("x" * 5000))
    error = {"msg_type": "error", "content": {"ename": "KeyError", "traceback": ["x" * 5000]}}

    assert cap.admit(error) is error
