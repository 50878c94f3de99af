"""What the runs that this one continues asked already: read from a file that the run names to its kernels.

An example is asked once; in a continued run ``evaluate`` sends those that were not sent before, and gives the suite the
answers to all of them.
"""

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_deployfeedback.errors import HarnessError, UsageError
from jupyter_deployfeedback.probe.answers import Answers
from jupyter_deployfeedback.probe.environment import CONTINUES
from jupyter_deployfeedback.probe.examples import Examples
from jupyter_deployfeedback.probe.target import RequestState

_calls: Counter[str] = Counter()


@dataclass(frozen=True)
class Earlier:
    """One call of ``evaluate`` in earlier runs; ``rows`` is where each example's first answer stands."""

    growth: float
    again: bool
    rows: Mapping[str, int]
    truth: list[Any]
    times: list[int]
    candidate: Answers
    baseline: Answers | None

    def chosen(self, examples: Examples) -> list[int]:
        """Return the positions to send: all that are new, then, where that may be, old ones in turn until it is enough.

        Raises ``UsageError`` where an example is not what it was: the data set changed since.
        """
        self._refuse_changed(examples)
        new = [place for place, one in enumerate(examples.ids) if one not in self.rows]
        wanted = math.ceil(self.growth * sum(self.times)) - sum(self.times) - len(new)
        if not self.again or wanted <= 0:
            return new
        turns = range(math.ceil(wanted / len(examples.ids)))
        return [*new, *[place for _ in turns for place in range(len(examples.ids))][:wanted]]

    def occasions(self, ids: list[str]) -> list[int]:
        """Return for each of the ids to be sent how often it will then have been sent."""
        seen = Counter({one: self.times[row] for one, row in self.rows.items()})
        found = []
        for one in ids:
            seen[one] += 1
            found.append(seen[one])
        return found

    def _refuse_changed(self, examples: Examples) -> None:
        for one, truth in zip(examples.ids, examples.truth, strict=True):
            row = self.rows.get(one)
            if row is not None and self.truth[row] != truth:
                raise UsageError(
                    f"example {one!r} was {self.truth[row]!r} in the run that is continued and is {truth!r} now.",
                    remedy="The data set changed, or is drawn anew each time: start a new run.",
                )


def read_earlier(name: str, environment: Mapping[str, str]) -> Earlier | None:
    """Return what earlier runs asked in this call of ``evaluate``; None outside a continued run and for a new call.

    Calls are told apart by their name and, where several have the same, by their order.
    """
    path = environment.get(CONTINUES)
    if not path:
        return None
    told = _read(Path(path))
    asked = [each for calls in told["asked"].values() for each in calls]
    calls = [each for each in asked if each["name"] == name]
    place = _calls[name]
    _calls[name] += 1
    if place >= len(calls):
        return None
    call = calls[place]
    return Earlier(
        growth=float(told["growth"]),
        again=bool(told["again"]),
        rows={one: row for row, one in enumerate(call["ids"])},
        truth=call["truth"],
        times=call["times"],
        candidate=_answers(call["candidate"]),
        baseline=None if call["baseline"] is None else _answers(call["baseline"]),
    )


def whole(
    examples: Examples, sent: Answers, *, positions: list[int], before: Answers, rows: Mapping[str, int]
) -> Answers:
    """Return an answer to each example: that of now where it was sent now, else the one it was given before."""
    now = {position: row for row, position in enumerate(positions)}
    found = Answers(sent.target, errors=sent.errors)
    found.versions.extend(dict.fromkeys([*before.versions, *sent.versions]))
    for position, one in enumerate(examples.ids):
        side, row = (sent, now[position]) if position in now else (before, rows[one])
        found.predictions.append(side.predictions[row])
        found.probabilities.append(side.probabilities[row])
        found.latency_seconds.append(side.latency_seconds[row])
        found.sent_at.append(side.sent_at[row])
        found.states.append(side.states[row])
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise HarnessError(f"what was asked before cannot be read: {error}.", remedy="Start a new run.") from None
    return told


def _answers(wire: Mapping[str, Any]) -> Answers:
    return Answers(
        target=wire["target"],
        predictions=wire["predictions"],
        probabilities=wire["probabilities"] or [None] * len(wire["predictions"]),
        latency_seconds=wire["latency_seconds"],
        sent_at=wire["sent_at"],
        states=[RequestState(state) for state in wire["states"]],
        versions=wire["versions"],
    )
