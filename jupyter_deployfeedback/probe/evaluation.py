"""Send every example, time it, keep what came back: the samples that verdicts are computed from."""

import json
import math
import os
import socket
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from jupyter_deployfeedback.errors import HarnessError, UsageError
from jupyter_deployfeedback.probe import results
from jupyter_deployfeedback.probe.answers import Collected, Side
from jupyter_deployfeedback.probe.display import Display, Progress, write
from jupyter_deployfeedback.probe.environment import CONTINUES, place_name, read_seed
from jupyter_deployfeedback.probe.examples import Examples, gather_examples, gather_pictures, plain_rows, take_examples
from jupyter_deployfeedback.probe.protocols.base import Scalar
from jupyter_deployfeedback.probe.records import evaluation_record
from jupyter_deployfeedback.probe.target import RequestState, Target

DEFAULT_NAME = "evaluation"
RIGHT, WRONG, UNREACHABLE = "right", "wrong", "unreachable"
SECONDS = 1.0  # a closed port answers at once
_calls: Counter[str] = Counter()


def evaluate(  # noqa: PLR0913 - a suite's central call, read by its keywords
    target: Target,
    inputs: object,
    truth: object,
    *,
    ids: object = None,
    slices: Mapping[str, object] | None = None,
    pictures: object = None,
    name: str | None = None,
    task: str | None = None,
    batch_size: int = 1,
    warmup: int = 5,
) -> results.EvaluationResult:
    """Ask the target about every example, the live baseline about the same ones, and return what both answered.

    One request for each ``batch_size`` examples, one after the other; with a baseline each batch goes to both sides,
    in random order, with the same timeout. A request that fails never stops the rest; a target that is dead (20 times
    unreachable or 10 times timed out in a row) is left alone and the rest recorded as not sent. ``warmup`` requests a
    side go first and are not counted. Lists, arrays, series and frames will do; ``ids`` (default: positions) pair the
    examples with those of other runs, ``slices`` maps a name to one label for each example. ``task`` is
    "classification" or "regression"; left out, decimals as truth, or whole floats answered by decimals, are regression.
    ``pictures`` (of a classification) shows people what the examples look like: for each one rows of grey values, rows
    of (red, green, blue), the bytes of a small PNG, or None. Only those of examples that one side alone has right, or,
    without a live baseline, that are answered wrongly, leave the kernel: at most 1 MB of them.
    In a run that continues another, only examples that were not sent before are sent, and the result holds the answers
    to all. Raises ``UsageError`` before anything is sent where the examples do not fit together.
    """
    if not isinstance(target, Target):
        raise UsageError(f"{target!r} is not a target.", remedy="Use what connect() returns.")
    _refuse_wrong(task, batch_size=batch_size, warmup=warmup)
    examples = gather_examples(inputs, truth, ids=ids, slices=slices)
    drawn = gather_pictures(pictures, ids=examples.ids)
    called = place_name(name, default=DEFAULT_NAME)
    earlier = read_earlier(called, os.environ)
    positions = None if earlier is None else earlier.chosen(examples)
    sent = examples if positions is None else take_examples(examples, positions)
    sides = _sides(target)
    _warm_up(sides, sent, batch_size=batch_size, requests=warmup)
    display = Display()
    window = _ask_all(sides, sent, batch_size=batch_size, display=display)
    result = _result(sides, sent, name=called, task=task or _task(sides, sent))
    wire = _wire(result, window)
    if earlier is not None and positions is not None:
        wire["occasions"] = earlier.occasions(sent.ids)
        result = _whole(result, examples, earlier, positions=positions)
    known = known_scores(result, target, next(_batches(examples, 1)))
    seen = {"pictures": drawn.urls(_worth_seeing(result)), "known": known}
    record = evaluation_record(wire | seen)
    if not display.show(record, text=results.text_summary(result), html=results.html_summary(result)):
        write(results.text_summary(result))
    return result


def _task(sides: Sequence[Side], examples: Examples) -> str:
    """Return what the examples and the answers look like, the candidate's if it gave any; a label is no decimal."""
    if not all(isinstance(truth, float) for truth in examples.truth):
        return results.CLASSIFICATION
    given = ([each for each in side.answers.predictions if each is not None] for side in sides)
    answers: list[Scalar] = next(filter(None, given), [])
    numbers = [each for each in (*examples.truth, *answers) if isinstance(each, float)]
    return results.CLASSIFICATION if all(map(float.is_integer, numbers)) else results.REGRESSION


def _refuse_wrong(task: str | None, *, batch_size: int, warmup: int) -> None:
    if task not in {None, results.CLASSIFICATION, results.REGRESSION}:
        raise UsageError(
            f"task={task!r} is not known.", remedy=f"Use one of: {results.CLASSIFICATION}, {results.REGRESSION}."
        )
    if batch_size < 1:
        raise UsageError(f"batch_size={batch_size} sends nothing.", remedy="Use 1 or more.")
    if warmup < 0:
        raise UsageError(f"warmup={warmup} is no number of requests.", remedy="Use 0 or more.")


def _sides(target: Target) -> list[Side]:
    targets = [target] if target.baseline is None else [target, target.baseline]
    for one in targets:
        one.open()
    return [Side(one, timeout_seconds=target.settings.timeout_seconds) for one in targets]


def _warm_up(sides: Sequence[Side], examples: Examples, *, batch_size: int, requests: int) -> None:
    batches = list(islice(_batches(examples, batch_size), requests))
    for side in sides:
        side.warm_up(batches)


def _ask_all(
    sides: Sequence[Side], examples: Examples, *, batch_size: int, display: Display
) -> tuple[datetime, datetime]:
    """Ask all sides about all examples and return the window in which they were asked."""
    chance, progress = Random(read_seed(os.environ)), Progress(display, total=len(examples.ids))  # noqa: S311 - an order, no secret
    began, started = datetime.now(UTC), time.perf_counter()
    progress.tell(0)
    for batch in _batches(examples, batch_size):
        for side in chance.sample(sides, len(sides)):
            side.ask(batch)
        progress.tell(len(sides[0].answers.states))
    return began, began + timedelta(seconds=time.perf_counter() - started)


def _batches(examples: Examples, size: int) -> Iterator[list[object]]:
    rows = plain_rows(examples.inputs)
    while batch := list(islice(rows, size)):
        yield batch


def _result(sides: Sequence[Side], examples: Examples, *, name: str, task: str) -> results.EvaluationResult:
    baseline = results.SideResult(examples, sides[1].answers, task) if len(sides) > 1 else None
    return results.EvaluationResult(examples, sides[0].answers, task, name=name, baseline=baseline)


@dataclass(frozen=True)
class Earlier:
    """One call of ``evaluate`` in earlier runs; ``rows`` is where each example's first answer stands."""

    growth: float
    again: bool
    rows: Mapping[str, int]
    truth: list[Any]
    times: list[int]
    candidate: Collected
    baseline: Collected | None

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


def _whole(
    result: results.EvaluationResult, examples: Examples, earlier: Earlier, *, positions: list[int]
) -> results.EvaluationResult:
    """Return what the suite sees: the answers to all its examples, those given before among them."""
    answers = whole(examples, result.answers, positions=positions, before=earlier.candidate, rows=earlier.rows)
    baseline = None
    if result.baseline is not None and earlier.baseline is not None:
        sent, before = result.baseline.answers, earlier.baseline
        both = whole(examples, sent, positions=positions, before=before, rows=earlier.rows)
        baseline = results.SideResult(examples, both, result.task)
    return results.EvaluationResult(examples, answers, result.task, name=result.name, baseline=baseline)


def _worth_seeing(result: results.EvaluationResult) -> tuple[str, ...]:
    """Return the ids of the examples that feedback may list, the broken ones first."""
    if result.task != results.CLASSIFICATION:
        return ()
    if result.baseline is None:
        return tuple(one for one, right in result.right.items() if not right)
    return (*result.broken, *result.fixed)


def _wire(result: results.EvaluationResult, window: tuple[datetime, datetime]) -> dict[str, Any]:
    return {
        "name": result.name,
        "task": result.task,
        "ids": result.examples.ids,
        "truth": result.examples.truth,
        "slices": result.examples.slices,
        "candidate": result.answers.wire(),
        "baseline": None if result.baseline is None else result.baseline.answers.wire(),
        "window": {"start": window[0].isoformat(), "end": window[1].isoformat()},
        "dataset_digest": result.examples.digest,
    }


def known_scores(result: results.SideResult, target: Target, batch: Sequence[object]) -> list[dict[str, Any]]:
    """Return the known examples as they were scored here; ``batch`` holds one example for the address of nobody.

    Without any answer of the target nothing is known to be right or wrong.
    """
    answered = (value for value in result.answers.predictions if value is not None)
    label = next(answered, None)
    lost = _ask_nobody(target, batch)
    if label is None:
        return [_scored(UNREACHABLE, result.examples.truth[0], lost, task=result.task)]
    given = Collected(target.name, predictions=[label], states=[RequestState.ANSWERED])
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


def _ask_nobody(target: Target, batch: Sequence[object]) -> Collected:
    """Send an example to a port that is taken and closed: a connection to it is refused."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        settings = replace(target.settings, url=f"http://127.0.0.1:{taken.getsockname()[1]}", auth={})
        side = Side(Target(settings), timeout_seconds=SECONDS)
        side.ask(batch)
    return side.answers


def _scored(kind: str, truth: Scalar, answers: Collected, *, task: str) -> dict[str, Any]:
    examples = Examples(inputs=[None], ids=[kind], truth=[truth], slices={})
    result = results.SideResult(examples, answers, task)
    return {
        "kind": kind,
        "truth": truth,
        "prediction": answers.predictions[0],
        "state": answers.states[0].value,
        "scored_right": result.right[kind],
    }


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
    examples: Examples, sent: Collected, *, positions: list[int], before: Collected, rows: Mapping[str, int]
) -> Collected:
    """Return an answer to each example: that of now where it was sent now, else the one it was given before."""
    now = {position: row for row, position in enumerate(positions)}
    found = Collected(sent.target, failures=sent.failures, retries=sent.retries)
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


def _answers(wire: Mapping[str, Any]) -> Collected:
    return Collected(
        target=wire["target"],
        predictions=wire["predictions"],
        probabilities=wire["probabilities"] or [None] * len(wire["predictions"]),
        latency_seconds=wire["latency_seconds"],
        sent_at=wire["sent_at"],
        states=[RequestState(state) for state in wire["states"]],
        versions=wire["versions"],
    )
