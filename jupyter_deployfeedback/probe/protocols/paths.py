"""Paths into a JSON answer: ``$.outputs[0].data``, ``$['odd key']``, ``$.results[*].label``."""

import re
from collections.abc import Mapping

from jupyter_deployfeedback.errors import ProtocolError, UsageError

_STEP = re.compile(r"\.(?P<key>[^.\[\]]+)|\['(?P<quoted>[^']*)'\]|\[(?P<index>\d{1,9})\]|\[(?P<each>\*)\]")

Step = str | int | None
"""A key, a position, or None for every element of a list."""


def parse_path(text: str) -> tuple[Step, ...]:
    """Return the steps of a path; ``UsageError`` shows from which character on it cannot be read."""
    if not isinstance(text, str) or not text.startswith("$"):
        raise UsageError(f"{text!r} is no path into an answer.", remedy='Begin with $, like "$.predictions".')
    steps: list[Step] = []
    position = 1
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None:
            raise UsageError(
                f"the path {text!r} cannot be read from {text[position:]!r} on.",
                remedy='Write steps as .name, [0] or [*], like "$.outputs[0].data".',
            )
        steps.append(_step(match))
        position = match.end()
    return tuple(steps)


def find(payload: object, steps: tuple[Step, ...], *, within: tuple[Step, ...] = ()) -> object:
    """Return what stands at a path; ``ProtocolError`` says where the way ends and what is there instead.

    ``within`` are the steps that led to the payload.
    """
    for position, step in enumerate(steps):
        so_far = (*within, *steps[:position])
        if step is None:
            rest = steps[position + 1 :]
            return [find(element, rest, within=(*so_far, None)) for element in _elements(payload, so_far)]
        payload = _go(payload, step, so_far=so_far)
    return payload


def written(steps: tuple[Step, ...]) -> str:
    """Return a path as a user writes it."""
    return "$" + "".join(_written_step(step) for step in steps)


def _step(match: re.Match[str]) -> Step:
    if match["each"]:
        return None
    return int(match["index"]) if match["index"] else match["key"] or match["quoted"]


def _written_step(step: Step) -> str:
    if step is None:
        return "[*]"
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if re.fullmatch(r"[^.\[\]]+", step) else f"['{step}']"


def _elements(payload: object, so_far: tuple[Step, ...]) -> list[object]:
    if not isinstance(payload, list):
        raise _dead_end(payload, None, so_far)
    return payload


def _go(payload: object, step: str | int, *, so_far: tuple[Step, ...]) -> object:
    if isinstance(step, str) and isinstance(payload, Mapping) and step in payload:
        return payload[step]
    if isinstance(step, int) and isinstance(payload, list) and step < len(payload):
        return payload[step]
    raise _dead_end(payload, step, so_far)


def _dead_end(payload: object, step: Step, so_far: tuple[Step, ...]) -> ProtocolError:
    of_each = f" {written((*so_far, None))} is each element of the list." if isinstance(payload, list) else ""
    return ProtocolError(
        f"the answer has no {written((*so_far, step))}: {described(payload)}.",
        remedy=f"Set the paths under response: to where the answer holds them.{of_each}",
    )


def described(payload: object) -> str:
    """Say what stands at a place of an answer, as far as that helps to write a path."""
    if isinstance(payload, Mapping):
        keys = ", ".join(sorted(str(key)[:40] for key in payload)[:10])
        return f"the keys there are {keys}" if keys else "there is an empty object"
    if isinstance(payload, list):
        return f"there is a list of {len(payload)}"
    return f"there is {str(payload)[:40]!r}"
