"""An evaluation in few words, as text and as a small table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import TYPE_CHECKING, TypeVar

from jupyter_deployfeedback.errors import DeployFeedbackError

if TYPE_CHECKING:
    from jupyter_deployfeedback.probe.results import Asked, EvaluationResult, LoadResult, SideResult

Side = TypeVar("Side", bound="Asked")
NOT_MEASURED = "–"
_ERRORS_SHOWN = 3

_SCORES: dict[str, dict[str, Callable[[SideResult], str]]] = {
    "classification": {"accuracy": lambda side: f"{side.accuracy:.2%}"},
    "regression": {
        "mean absolute error": lambda side: f"{side.mean_absolute_error:.4g}",
        "root mean squared error": lambda side: f"{side.root_mean_squared_error:.4g}",
    },
}
_LATENCIES: dict[str, Callable[[Asked], str]] = {
    "latency p50": lambda side: _seconds(side.latency.p50),
    "latency p95": lambda side: _seconds(side.latency.p95),
}
_COUNTS = ("answered", "failed", "timed_out", "not_sent")


def text_summary(result: EvaluationResult) -> str:
    """Return the evaluation as a few lines of text."""
    lines = [f"{result.name}: {len(result.examples.ids)} examples"]
    lines += [f"  {side_summary(side)}" for side in _sides(result)]
    if result.baseline is not None and result.task == "classification":
        lines.append(f"  {len(result.broken)} broken, {len(result.fixed)} fixed")
    lines += [f"  {side.target}: {count} x {error}" for side in _sides(result) for error, count in _errors(side)]
    return "\n".join(lines)


def load_summary(result: LoadResult) -> str:
    """Return a load as a few lines of text."""
    sides = [result, *([result.baseline] if result.baseline else [])]
    windows = "1 window" if result.windows == 1 else f"{result.windows} windows"
    lines = [f"{result.name}: {windows} of {result.seconds:g} s at {result.rate:g} requests a second"]
    lines += [f"  {_line(side, _LATENCIES)}" for side in sides]
    lines += [f"  {side.target}: {count} x {error}" for side in sides for error, count in _errors(side)]
    return "\n".join(lines)


def side_summary(side: SideResult) -> str:
    """Return one target's side on one line."""
    return _line(side, _measures(side.task))


def _line(side: Side, measured: Mapping[str, Callable[[Side], str]]) -> str:
    measures = ", ".join(f"{label} {_shown(of, side)}" for label, of in measured.items())
    counts = ", ".join(f"{side.counts[label]} {label.replace('_', ' ')}" for label in _COUNTS)
    version = f", model version {', '.join(side.versions)}" if side.versions else ""
    return f"{side.target}: {measures}; {counts}{version}"


def html_summary(result: EvaluationResult) -> str:
    """Return the evaluation as a table, one column for each target; every text from outside is escaped."""
    sides = _sides(result)
    head = "".join(f"<th>{escape(side.target)}</th>" for side in sides)
    rows = [(label, [_shown(of, side) for side in sides]) for label, of in _measures(result.task).items()]
    rows += [(label.replace("_", " "), [str(side.counts[label]) for side in sides]) for label in _COUNTS]
    rows += [("model version", [", ".join(side.versions) or NOT_MEASURED for side in sides])]
    if result.baseline is not None and result.task == "classification":
        rows.append(("broken / fixed", [f"{len(result.broken)} / {len(result.fixed)}", ""]))
    body = "".join(_row(label, cells) for label, cells in rows)
    errors = "".join(
        f"<li>{escape(side.target)}: {count} × {escape(error)}</li>" for side in sides for error, count in _errors(side)
    )
    title = f"{escape(result.name)}: {len(result.examples.ids)} examples"
    table = f"<table><caption>{title}</caption><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"{table}<ul>{errors}</ul>" if errors else table


def _sides(result: EvaluationResult) -> list[SideResult]:
    return [result] if result.baseline is None else [result, result.baseline]


def _measures(task: str) -> dict[str, Callable[[SideResult], str]]:
    return _SCORES[task] | _LATENCIES


def _shown(of: Callable[[Side], str], side: Side) -> str:
    try:
        return of(side)
    except DeployFeedbackError:  # nothing was answered; the errors below the table say why
        return NOT_MEASURED


def _row(label: str, cells: list[str]) -> str:
    return f"<tr><th>{label}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"


def _errors(side: Asked) -> list[tuple[str, int]]:
    return list(side.errors.items())[:_ERRORS_SHOWN]


def _seconds(value: float) -> str:
    return f"{value * 1000:.3g} ms" if value < 1 else f"{value:.3g} s"
