"""Any JSON over HTTP: a template becomes the request, paths find the predictions in the answer."""

import json
import math
from collections.abc import Mapping, Sequence

from jupyter_deployfeedback.errors import ProtocolError, UsageError
from jupyter_deployfeedback.probe.protocols.base import Answer, Request, Scalar
from jupyter_deployfeedback.probe.protocols.paths import described, find, parse_path
from jupyter_deployfeedback.probe.settings import RequestShape, ResponseShape

BATCH = "$inputs"
ONLY_EXAMPLE = "$input"
_ROUNDING = 1e-6  # how far above 1 a probability may lie that was summed in single precision


class RestProtocol:
    """POSTs the template with the inputs put in; reads predictions, probabilities and version by path."""

    def __init__(self, request: RequestShape, response: ResponseShape) -> None:
        self._path = request.path if request.path.startswith("/") else f"/{request.path}"
        self._headers = {"Content-Type": "application/json", "Accept": "application/json", **request.headers}
        self._template = request.body
        self._placeholders = set(_placeholders(request.body))
        if len(self._placeholders) != 1:
            raise UsageError(
                f"request.body needs either {BATCH} (the batch) or {ONLY_EXAMPLE} (its only example).",
                remedy='For example {"inputs": "$inputs"}.',
            )
        self._predictions = parse_path(response.predictions)
        self._probabilities = parse_path(response.probabilities) if response.probabilities else None
        self._version = parse_path(response.version) if response.version else None

    def request(self, batch: Sequence[object]) -> Request:
        """Return the request for a batch; ``ValueError`` where the inputs hold what JSON cannot carry, such as NaN."""
        values: dict[str, object] = {BATCH: list(batch)}
        if ONLY_EXAMPLE in self._placeholders:
            if len(batch) != 1:
                raise UsageError(
                    f"the request takes one example ({ONLY_EXAMPLE}), not {len(batch)}.",
                    remedy=f"Use batch_size=1, or {BATCH} in request.body.",
                )
            values[ONLY_EXAMPLE] = batch[0]
        text = json.dumps(_filled(self._template, values), allow_nan=False, separators=(",", ":"))
        return Request("POST", self._path, self._headers, text.encode())

    def answer(self, payload: object, *, count: int) -> Answer:
        """Return the predictions of an answer, one for each example; ``ProtocolError`` where there are not."""
        predictions = _column(find(payload, self._predictions), count, what="predictions")
        return Answer(
            predictions=[_prediction(value) for value in predictions],
            probabilities=self._read_probabilities(payload, count),
            version=self.version(payload),
        )

    def version(self, payload: object) -> str | None:
        """Return the model version a payload names; an answer without one is no error."""
        if self._version is None:
            return None
        try:
            version = find(payload, self._version)
        except ProtocolError:
            return None
        return str(version)[:200] if isinstance(version, str | int | float) else None

    def _read_probabilities(self, payload: object, count: int) -> list[float] | None:
        if self._probabilities is None:
            return None
        found = find(payload, self._probabilities)
        if count == 1 and isinstance(found, list) and len(found) > 1:
            found = [found]  # the class probabilities of the only example
        return [_probability(value) for value in _column(found, count, what="probabilities", unwrap=False)]


def _placeholders(template: object) -> list[str]:
    if isinstance(template, Mapping):
        return [name for value in template.values() for name in _placeholders(value)]
    if isinstance(template, list | tuple):
        return [name for value in template for name in _placeholders(value)]
    return [template] if isinstance(template, str) and template in {BATCH, ONLY_EXAMPLE} else []


def _filled(template: object, values: Mapping[str, object]) -> object:
    if isinstance(template, Mapping):
        return {key: _filled(value, values) for key, value in template.items()}
    if isinstance(template, list | tuple):
        return [_filled(value, values) for value in template]
    return values.get(template, template) if isinstance(template, str) else template


def _column(found: object, count: int, *, what: str, unwrap: bool = True) -> list[object]:
    """Return one value for each example: servers answer ``[n]``, ``[n, 1]``, or for one example the bare value."""
    if not isinstance(found, list) and count == 1:
        found = [found]
    if not isinstance(found, list):
        raise ProtocolError(f"the {what} are {_kind(found)}, not a list.")
    if len(found) != count:
        raise ProtocolError(f"the answer holds {len(found)} {what} for {count} examples.")
    return [value[0] if unwrap and isinstance(value, list) and len(value) == 1 else value for value in found]


def _prediction(value: object) -> Scalar:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise ProtocolError(
        f"a prediction is {_kind(value)}, not a label or a number.",
        remedy=f"Point response.predictions at the predicted classes or numbers: {described(value)}.",
    )


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ProtocolError("a prediction holds half a character (a lone surrogate).") from None
    if "\x00" in value:
        raise ProtocolError("a prediction holds a NUL character.")
    return value


def _probability(value: object) -> float:
    """Return the predicted class's probability: the value itself, or the highest of the classes', listed or by name."""
    values = list(value.values()) if isinstance(value, Mapping) else value
    classes = values if isinstance(values, list) and values else [value]
    for number in classes:
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= 1 + _ROUNDING:
            raise ProtocolError(
                f"a probability is {str(number)[:40]}, not a number from 0 to 1.",
                remedy="Point response.probabilities at probabilities, or leave it out.",
            )
    return min(float(max(classes)), 1.0)


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return "an object" if isinstance(value, Mapping) else f"the value {str(value)[:40]!r}"
