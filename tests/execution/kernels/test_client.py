"""The supply of kernels."""

from __future__ import annotations

from pathlib import Path

import pytest
import zmq

from jupyter_deployfeedback.execution.kernels.manager import SuiteKernelManager, asked_by, kernel_name


def test_a_client_takes_in_any_number_of_messages(tmp_path: Path) -> None:
    client = SuiteKernelManager(transport="ipc", connection_file=str(tmp_path / "kernel.json")).client()

    with client.context.socket(zmq.SUB) as socket:
        waiting = socket.get(zmq.RCVHWM)

    assert waiting == 0  # ZeroMQ's word for no limit


def test_the_kernel_is_the_one_that_the_notebook_names() -> None:
    assert kernel_name({"kernelspec": {"name": "bash"}}) == ("bash", None)


def test_a_notebook_without_a_kernel_gets_pythons_with_a_notice() -> None:
    assert kernel_name({}) == ("python3", "The notebook names no kernel; python3 ran it.")


@pytest.mark.parametrize(("parent", "expected"), [({"msg_id": "a"}, "a"), ({}, None), (None, None)])
def test_a_message_belongs_to_the_request_it_names(parent: dict[str, str] | None, expected: str | None) -> None:
    assert asked_by({"parent_header": parent}) == expected
