"""The report as markdown for a pull request's comment or a job's summary.

The verdict is the first line and the findings follow it; then stand the three tables of AICoE-CI, with its headings and
sentences word for word, so that whoever reads those comments today finds them; our own sections come after them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from jupyter_deployfeedback.domain.aicoe import NO_DATA
from jupyter_deployfeedback.domain.feedback import ExampleRow, FeedbackReport, MetricRow
from jupyter_deployfeedback.domain.metric import Family
from jupyter_deployfeedback.domain.rules.rule import Subject
from jupyter_deployfeedback.feedback import outline
from jupyter_deployfeedback.feedback.escaping import inert
from jupyter_deployfeedback.feedback.renderings.aicoe import AICOE_NAMES, PAGE, tests_of

LONGEST = 65_536
"""What a forge takes as one comment; counted here in bytes of UTF-8, which are never fewer than its characters."""

_TRUNCATED = "\n*Truncated: the report is longer than a comment may be; the rest is in the HTML and JSON renderings.*\n"


def render_markdown(report: FeedbackReport) -> str:
    """Return the report as markdown of at most 65,536 bytes; what does not fit is cut, and a line says so."""
    lines = [line for section in _sections(report) if section for line in (*section, "")]
    return _cut("\n".join(lines))


def _sections(report: FeedbackReport) -> Iterator[list[str]]:
    yield [f"### {outline.VERDICT_ICONS[report.verdict]} {inert(report.headline, limit=2000)}"]
    yield [f"{inert(outline.title(report))} · {outline.gate_words(report)}"]
    yield [f"**Next:** {inert(report.next_step, limit=2000)}"]
    yield _findings(report)
    yield _failures(report)
    yield _waivers(report)
    yield from _aicoe(report)
    for family in Family:
        yield from _metrics(report, family)
    yield from _cases(report)
    yield from _examples(report)
    yield from _changes(report)
    yield [f"- {inert(notice)}" for notice in report.notices]
    yield ["## Run", "", *_table(("", ""), [(name, inert(value)) for name, value in outline.run_facts(report)])]


def _findings(report: FeedbackReport) -> list[str]:
    rows = [
        (outline.finding_word(finding), inert(finding.name), inert(finding.sentence, limit=2000))
        for finding in report.findings
    ]
    if not rows:
        return []
    legend = outline.legend(report)
    return [*_table(("verdict", "rule", "finding"), rows), *(["", legend] if legend else [])]


def _failures(report: FeedbackReport) -> list[str]:
    lines = [
        f"{'  ' if place else ''}- {inert(line, limit=600)}"
        for row in report.failures
        for place, line in enumerate(outline.failure_lines(row))
    ]
    return [f"**{outline.FAILURES_TITLE}**", "", *lines] if lines else []


def _waivers(report: FeedbackReport) -> list[str]:
    return (
        ["**Waived**", "", *(f"- {inert(each.sentence, limit=3000)}" for each in report.waivers)]
        if report.waivers
        else []
    )


def _aicoe(report: FeedbackReport) -> Iterator[list[str]]:
    """Yield the headings and sentences of AICoE-CI's comment; the tables have one row per deployed model."""
    run, tests = report.run, _linked(tests_of(report))
    yield ["# AICoE CI results"]
    yield [
        "## Model and application metrics",
        "The following table shows gathered metrics for model and application on your deployed models.",
    ]
    about = {
        "namespace deployment": (inert(run.namespace or NO_DATA), inert(run.baseline_namespace or NO_DATA)),
        "test URL": (tests, tests if run.paired else NO_DATA),
    }
    yield _deployed(report, {Family.MODEL, Family.APPLICATION}, about=about)
    yield [
        "## Platform metrics",
        "The following table shows gathered metrics from platform on your deployed models.",
    ]
    yield _deployed(report, {Family.PLATFORM}, about={})


def _deployed(report: FeedbackReport, families: set[Family], *, about: Mapping[str, tuple[str, str]]) -> list[str]:
    """Return a table of the metrics; ``about`` are further columns, with the cells of candidate and baseline."""
    rows = [row for row in report.metrics if row.family in families]
    titles = [inert(Subject(name=AICOE_NAMES.get(row.name, row.name), point=row.point).text) for row in rows]
    ours, theirs = [cell for cell, _ in about.values()], [cell for _, cell in about.values()]
    run = report.run
    models = [[_version(run.target, run.model_version), *(inert(row.text.value) for row in rows), *ours]]
    if run.baseline is not None:
        version = _version(run.baseline, run.baseline_version)
        models.append([version, *(inert(row.text.baseline) for row in rows), *theirs])
    return _table(("model_version", *titles, *about), models)


def _linked(places: str) -> str:
    """Return addresses that forges make links of; text that could be anything else leads nowhere."""
    return places if all(map(PAGE.fullmatch, places.split(", "))) else inert(places, limit=1000)


def _version(target: str, version: str | None) -> str:
    return inert(f"{target} {version}" if version else target)


def _metrics(report: FeedbackReport, family: Family) -> Iterator[list[str]]:
    rows = outline.family_rows(report, family)
    if not rows:
        return
    candidate, baseline = outline.sides(report)
    titles = ("metric", inert(candidate), *((inert(baseline), "difference", "change") if baseline else ()), "n")
    table = _table(titles, [_cells(row, compared=baseline is not None) for row in rows], numbers=True)
    yield [
        f"## {outline.FAMILY_TITLES[family]} compared" if baseline else f"## {outline.FAMILY_TITLES[family]} in detail",
        "",
        *table,
    ]
    yield [f"- {inert(note, limit=800)}" for note in (*outline.notes(rows), *outline.queries(rows))]


def _cells(row: MetricRow, *, compared: bool) -> list[str]:
    texts = [row.text.label, row.text.value]
    texts += [row.text.baseline, row.text.difference] if compared else []
    change = [outline.change_word(row.change)] if compared else []
    return [*(inert(text) for text in texts), *change, "" if row.n is None else f"{row.n:,}"]


def _cases(report: FeedbackReport) -> Iterator[list[str]]:
    rows = []
    for suite in report.suites:
        rows.append(
            (outline.outcome_word(suite.outcome), inert(suite.name), inert(outline.suites_line(suite), limit=600))
        )
        rows += [
            (outline.outcome_word(case.outcome), inert(case.title), inert(outline.case_error(case), limit=600))
            for case in outline.cases_to_show(suite)
        ]
    if rows:
        yield ["## Suites and the cases that did not pass", "", *_table(("outcome", "suite or case", ""), rows)]


def _examples(report: FeedbackReport) -> Iterator[list[str]]:
    candidate, baseline = outline.sides(report)
    if report.examples.broken:
        yield [f"## Broken: only {inert(baseline or '')} got these right ({len(report.examples.broken):,})"]
        yield _example_table(report, report.examples.broken)
    if report.examples.fixed:
        yield [f"## Fixed: only {inert(candidate)} got these right ({len(report.examples.fixed):,})"]
        yield _example_table(report, report.examples.fixed)


def _example_table(report: FeedbackReport, examples: Sequence[ExampleRow]) -> list[str]:
    candidate, baseline = outline.sides(report)
    rows = [
        [
            inert(text)
            for text in (outline.example_name(each), *map(outline.scalar, (each.truth, each.candidate, each.baseline)))
        ]
        for each in examples[: outline.MOST_EXAMPLES]
    ]
    rest = len(examples) - outline.MOST_EXAMPLES
    more = ["", f"… and {rest:,} more"] if rest > 0 else []
    return [*_table(("example", "truth", inert(candidate), inert(baseline or "baseline")), rows), *more]


def _changes(report: FeedbackReport) -> Iterator[list[str]]:
    rows = [
        [inert(text) for text in (each.what, outline.scalar(each.before), outline.scalar(each.after))]
        for each in report.changes
    ]
    if rows:
        yield ["## What changed", "", *_table(("", "from", "to"), rows)]


def _table(titles: Iterable[str], rows: Iterable[Sequence[str]], *, numbers: bool = False) -> list[str]:
    """Return a pipe table; with ``numbers`` all columns but the first and those of words are aligned right."""
    names = list(titles)
    marks = ["---" if place == 0 or not numbers or name == "change" else "---:" for place, name in enumerate(names)]
    return [_row(names), _row(marks), *(_row(row) for row in rows)]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cut(text: str) -> str:
    if len(text.encode()) <= LONGEST:
        return text
    room = LONGEST - len(_TRUNCATED.encode())
    head = text.encode()[:room].decode(errors="ignore")
    return head[: head.rfind("\n") + 1] + _TRUNCATED
