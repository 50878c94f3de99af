"""The seam between the probe and the protocols."""

import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Scalar = str | int | float | bool
"""What one prediction may be."""


@dataclass(frozen=True)
class Request:
    """One request, complete but for the target's address and its secrets; ``path`` begins with a slash."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What a target predicted for one batch, in the batch's order."""

    predictions: Sequence[Scalar]
    probabilities: Sequence[float] | None = None
    version: str | None = None


class Protocol(typing.Protocol):
    """How a batch becomes a request and a payload becomes an answer."""

    def request(self, batch: Sequence[object]) -> Request:
        """Return the request for a batch of plain values; ``ValueError`` says why it cannot be written down."""

    def answer(self, payload: object, *, count: int) -> Answer:
        """Return the answer for ``count`` examples; ``ProtocolError`` says why the payload holds none."""

    def version(self, payload: object) -> str | None:
        """Return the model version a payload names, None where it names none."""
