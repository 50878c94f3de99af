"""The report for a terminal: readable at 80 columns and without colour."""

from collections.abc import Iterator, Sequence
from io import StringIO

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from jupyter_deployfeedback.domain.comparison import Change
from jupyter_deployfeedback.domain.feedback import ExampleRow, FeedbackReport, MetricRow, SuiteRow
from jupyter_deployfeedback.domain.metric import Family
from jupyter_deployfeedback.domain.run import CaseResult
from jupyter_deployfeedback.feedback import outline
from jupyter_deployfeedback.feedback.escaping import block, one_line, visible
from jupyter_deployfeedback.feedback.quantities import count, unbroken

_STYLES = {
    "pass": "green",
    "warn": "yellow",
    "inconclusive": "magenta",
    "fail": "red",
    "error": "red",
    "quiet": "dim",
    "passed": "green",
    "skipped": "dim",
    "not_run": "magenta",
    "failed": "red",
    "errored": "red",
}
_CHANGE_STYLES = {Change.IMPROVED: "green", Change.REGRESSED: "red", Change.UNCHANGED: "dim"}
_TRACEBACK_LINES = 8
_WIDEST_NAME = 40  # longer names of suites are folded
_ROOMY = 100  # columns from which on there is room for the number of samples
_BLANK = "\ue000"  # stands for a blank at which rich must not break a line


def render_text(report: FeedbackReport, *, width: int = 80, color: bool = False) -> str:
    """Return the report for a terminal of ``width`` columns; without ``color`` there are no escape sequences in it."""
    sink = StringIO()
    console = Console(
        file=sink,
        width=max(40, width),
        height=100,
        force_terminal=color,
        force_jupyter=False,  # in a kernel rich would display the text instead of giving it to us
        color_system="standard" if color else None,
        no_color=not color,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    )
    for part in _parts(report, console):
        console.print(part)
    return "\n".join(line.rstrip() for line in sink.getvalue().replace(_BLANK, " ").split("\n"))


def _parts(report: FeedbackReport, console: Console) -> Iterator[RenderableType]:
    yield _banner(report, console)
    yield from _findings(report)
    yield from _failures(report)
    yield from _waivers(report)
    for family in Family:
        yield from _metrics(report, family, console)
    yield from _suites(report.suites)
    yield from _examples(report)
    yield from _changes(report)
    yield from _notices(report)
    yield from _facts(report)


def _banner(report: FeedbackReport, console: Console) -> RenderableType:
    style = _STYLES[report.verdict]
    subtitle = f"{outline.title(report)} · {outline.gate_words(report)}"
    fits = cell_len(subtitle) + 6 <= console.width  # a border cuts what does not
    said = [_prose(report.headline, style="bold"), _prose(f"→ {report.next_step}")]
    return Panel(
        Group(*said) if fits else Group(_prose(subtitle, style="dim"), *said),
        title=Text(f"{outline.VERDICT_ICONS[report.verdict]} {report.verdict.upper()}", style=f"bold {style}"),
        subtitle=Text(subtitle) if fits else None,
        title_align="left",
        subtitle_align="right",
        border_style=style,
        box=box.ROUNDED,
    )


def _findings(report: FeedbackReport) -> Iterator[RenderableType]:
    if not report.findings:
        return
    yield _heading("Findings")
    for finding in report.findings:
        line = Text(f" {outline.finding_word(finding):<15}", style=_STYLES[outline.finding_tone(finding)])
        line.append(one_line(finding.name, limit=200), style="bold default")
        yield line
        yield Padding(_prose(finding.sentence), (0, 0, 0, 3))
    if outline.legend(report):
        yield Padding(Text(outline.legend(report), style="dim"), (0, 0, 0, 1))


def _failures(report: FeedbackReport) -> Iterator[RenderableType]:
    if not report.failures:
        return
    yield _heading(outline.FAILURES_TITLE)
    for row in report.failures:
        reason, *details = outline.failure_lines(row)
        yield Padding(_prose(f"· {reason}"), (0, 0, 0, 1))
        yield from (Padding(_prose(each, style="dim"), (0, 0, 0, 3)) for each in details)


def _waivers(report: FeedbackReport) -> Iterator[RenderableType]:
    if not report.waivers:
        return
    yield _heading(count(len(report.waivers), "waiver").capitalize())
    for waiver in report.waivers:
        yield Padding(_prose(f"· {one_line(waiver.sentence, limit=3000)}"), (0, 0, 0, 1))


def _metrics(report: FeedbackReport, family: Family, console: Console) -> Iterator[RenderableType]:
    rows = outline.family_rows(report, family)
    if not rows:
        return
    table = _table(report, rows, title=outline.FAMILY_TITLES[family], samples=console.width >= _ROOMY)
    if all(row.value is None and row.baseline is None for row in rows):
        yield _heading(outline.FAMILY_TITLES[family])  # the notes say why; a table of dashes would not
    elif _fits(table, console):
        yield from (Text(), table)
    else:
        yield _heading(outline.FAMILY_TITLES[family])
        for row in rows:
            yield Padding(_prose(f"{row.text.label}: {outline.metric_line(row, report)}"), (0, 0, 0, 1))
    for note in outline.notes(rows):
        yield Padding(_prose(note, style="dim"), (0, 0, 0, 3))


def _table(report: FeedbackReport, rows: list[MetricRow], *, title: str, samples: bool) -> Table:
    candidate, baseline = outline.sides(report, limit=14)
    compared = ("difference", "change") if baseline else ()
    table = _grid(title, candidate, *((baseline,) if baseline else ()), *compared, *(("n",) if samples else ()))
    for row in rows:
        counts = [Text("" if row.n is None else f"{row.n:,}")] if samples else []
        table.add_row(*_cells(row, compared=baseline is not None), *counts)
    return table


def _fits(table: Table, console: Console) -> bool:
    """Say whether a table needs no more columns than there are: a folded number cannot be read."""
    return Measurement.get(console, console.options.update(max_width=10_000), table).maximum <= console.width


def _grid(first: str, *others: str | None) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False, header_style="bold")
    table.add_column(Text(f" {first}"), overflow="fold", min_width=min(20, len(first) + 1))
    for name in others:
        table.add_column(Text(name or ""), justify="left" if name == "change" else "right", overflow="fold")
    return table


def _cells(row: MetricRow, *, compared: bool) -> list[Text]:
    cells = [_prose(f" {row.text.label}"), _prose(row.text.value)]
    if compared:
        style = _CHANGE_STYLES.get(row.change, "")
        cells += [
            _prose(row.text.baseline),
            _prose(row.text.difference),
            Text(outline.change_word(row.change), style=style),
        ]
    return cells


def _suites(suites: Sequence[SuiteRow]) -> Iterator[RenderableType]:
    if not suites:
        return
    yield _heading("Suites")
    names = [one_line(suite.name, limit=80) for suite in suites]
    width = min(max(8, *map(cell_len, names)), _WIDEST_NAME)
    for suite, name in zip(suites, names, strict=True):
        line = Table.grid(padding=(0, 2, 0, 0))
        line.add_column(width=11)
        line.add_column(min_width=width, overflow="fold")
        line.add_row(
            Text(f" {outline.outcome_word(suite.outcome)}", style=_STYLES[suite.outcome]),
            Text(name, style="bold"),
            _prose(outline.suites_line(suite)),
        )
        yield line
        for case in outline.cases_to_show(suite):
            yield from _case(case)
        for notice in suite.notices:
            yield Padding(Text(one_line(notice), style="dim"), (0, 0, 0, 3))


def _case(case: CaseResult) -> Iterator[RenderableType]:
    line = Text(f"{outline.outcome_word(case.outcome):<12}", style=_STYLES[case.outcome])
    yield Padding(line.append(one_line(case.title, limit=120), style="default"), (0, 0, 0, 3))
    if case.error is None:
        return
    yield Padding(_prose(outline.case_error(case)), (0, 0, 0, 5))
    tail = block(case.error.traceback).splitlines()[-_TRACEBACK_LINES:]
    if tail:
        yield Padding(Text("\n".join(tail), style="dim"), (0, 0, 0, 5))


def _examples(report: FeedbackReport) -> Iterator[RenderableType]:
    candidate, baseline = outline.sides(report, limit=14)
    if report.examples.broken:
        yield from _example_table(f"Broken: only {baseline} got these right", report.examples.broken, report)
    if report.examples.fixed:
        yield from _example_table(f"Fixed: only {candidate} got these right", report.examples.fixed, report)


def _example_table(heading: str, examples: tuple[ExampleRow, ...], report: FeedbackReport) -> Iterator[RenderableType]:
    candidate, baseline = outline.sides(report, limit=14)
    table = _grid("example", "truth", candidate, baseline)
    for example in examples[: outline.MOST_EXAMPLES]:
        answers = (example.truth, example.candidate, example.baseline)
        table.add_row(Text(f" {outline.example_name(example)}"), *(Text(outline.scalar(answer)) for answer in answers))
    yield _heading(f"{heading} ({len(examples):,})")
    yield table
    if len(examples) > outline.MOST_EXAMPLES:
        yield Text(f"   … and {len(examples) - outline.MOST_EXAMPLES:,} more", style="dim")


def _changes(report: FeedbackReport) -> Iterator[RenderableType]:
    if not report.changes:
        return
    yield _heading("What changed")
    grid = Table.grid(padding=(0, 2))
    for change in report.changes:
        moved = f"{outline.scalar(change.before)} → {outline.scalar(change.after)}"
        grid.add_row(Text(f" {one_line(change.what, limit=80)}"), Text(moved))
    yield grid


def _notices(report: FeedbackReport) -> Iterator[RenderableType]:
    if not report.notices:
        return
    yield _heading(count(len(report.notices), "notice").capitalize())
    for notice in report.notices:
        yield Padding(_prose(f"· {notice}"), (0, 0, 0, 1))


def _facts(report: FeedbackReport) -> Iterator[RenderableType]:
    yield _heading("Run")
    grid = Table.grid(padding=(0, 2))
    for name, value in outline.run_facts(report):
        grid.add_row(Text(f" {name}", style="dim"), Text(value, overflow="fold"))
    yield grid


def _prose(text: str, *, style: str = "") -> Text:
    return Text(unbroken(visible(text), blank=_BLANK), style=style)


def _heading(text: str) -> RenderableType:
    return Group(Text(), Text(f" {text}", style="bold"))
