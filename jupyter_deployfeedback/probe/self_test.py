"""Examples whose score is known beforehand, scored with every evaluation and kept apart from it.

One is labelled with what the target itself answered, so it is right; one with anything else, so it is wrong; one is
sent to an address where nobody listens, so it has no answer. Whoever reads the evaluation scores them again.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from jupyter_deployfeedback.probe.answers import Answers, Side
from jupyter_deployfeedback.probe.examples import Examples
from jupyter_deployfeedback.probe.protocols.base import Scalar
from jupyter_deployfeedback.probe.results import SideResult
from jupyter_deployfeedback.probe.target import RequestState, Target

RIGHT, WRONG, UNREACHABLE = "right", "wrong", "unreachable"
SECONDS = 1.0  # a closed port answers at once


def known_scores(result: SideResult, target: Target, batch: Sequence[object]) -> list[dict[str, Any]]:
    """Return the known examples as they were scored here; ``batch`` holds one example for the address of nobody.

    Without any answer of the target nothing is known to be right or wrong.
    """
    answered = (value for value in result.answers.predictions if value is not None)
    label = next(answered, None)
    lost = _ask_nobody(target, batch)
    if label is None:
        return [_scored(UNREACHABLE, result.examples.truth[0], lost, task=result.task)]
    given = Answers(target.name, predictions=[label], states=[RequestState.ANSWERED])
    return [
        _scored(RIGHT, label, given, task=result.task),
        _scored(WRONG, another(label), given, task=result.task),
        _scored(UNREACHABLE, label, lost, task=result.task),
    ]


def another(label: Scalar) -> Scalar:
    """Return a label that is not this one."""
    if isinstance(label, bool):
        return not label
    if isinstance(label, str):
        return f"not {label}"
    return label + 1 if label + 1 != label else 0


def _ask_nobody(target: Target, batch: Sequence[object]) -> Answers:
    """Send an example to a port that is taken and closed: a connection to it is refused."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        settings = replace(target.settings, url=f"http://127.0.0.1:{taken.getsockname()[1]}", auth={})
        side = Side(Target(settings), timeout_seconds=SECONDS)
        side.ask(batch)
    return side.answers


def _scored(kind: str, truth: Scalar, answers: Answers, *, task: str) -> dict[str, Any]:
    examples = Examples(inputs=[None], ids=[kind], truth=[truth], slices={})
    result = SideResult(examples, answers, task)
    return {
        "kind": kind,
        "truth": truth,
        "prediction": answers.predictions[0],
        "state": answers.states[0].value,
        "scored_right": result.right[kind],
    }
