"""The message of a release tag: the evidence that justified it (pure)."""

from collections.abc import Iterable, Iterator, Mapping

from jupyter_deployfeedback.domain.feedback import FeedbackReport, MetricRow
from jupyter_deployfeedback.domain.metric import Family
from jupyter_deployfeedback.domain.rules.rule import Subject
from jupyter_deployfeedback.domain.run import Release
from jupyter_deployfeedback.release.git import sanitised

RUN_TRAILER = "Deployfeedback-Run"


def tag_message(report: FeedbackReport, release: Release, *, digests: Mapping[str, str]) -> str:
    """Return the tag's message: verdict, findings, waivers, metrics, changes and digests, in the report's words.

    ``digests`` maps each suite's source to the sha256 of its content at the tagged commit. The last lines are git
    trailers, for programs. Every line but a heading is indented, so that no text of a user is taken for a trailer, a
    signature or a comment.
    """
    changes = (f"{row.what}: {row.before or '—'} -> {row.after or '—'}" for row in report.changes)
    sections = [
        _section("Verdict", [report.headline, *release.notices]),
        _section("Evidence", _facts(report, release)),
        _section("Findings", (f"{finding.verdict.upper()}: {finding.sentence}" for finding in report.findings)),
        _section("Waivers", (waiver.sentence for waiver in report.waivers)),
        *(_section(f"{family.title()} metrics", _metrics(report, family)) for family in Family),
        _section("What changed", changes),
        _section("Suites (sha256)", (f"{digest}  {source}" for source, digest in digests.items())),
        _section("Project file and data (sha256)", (f"{each.sha256}  {each.name}" for each in report.digests)),
    ]
    title = _one_line(f"{report.run.project} {release.version}")
    return "\n\n".join([title, *filter(None, sections), _trailers(release)]) + "\n"


def _section(title: str, lines: Iterable[str]) -> str:
    body = [f"  {_one_line(line)}" for line in lines if line.strip()]
    return "\n".join([title, *body]) if body else ""


def _one_line(text: str) -> str:
    return sanitised(text.replace("\n", " "))


def _facts(report: FeedbackReport, release: Release) -> Iterator[str]:
    run = report.run
    yield f"Verdict: {report.verdict}"
    yield f"Target: {run.target}" + _served(run.model_version)
    nothing = "nothing, the first release" if run.first_release else "nothing"
    yield f"Compared with: {run.baseline or nothing}" + _served(run.baseline_version)
    yield f"Run: {run.run_id}" + (f", finished {run.finished_at:%Y-%m-%d %H:%M:%S %Z}" if run.finished_at else "")
    yield f"Commit: {release.commit}"


def _served(version: str | None) -> str:
    return f" (model version {version})" if version else ""


def _metrics(report: FeedbackReport, family: Family) -> Iterator[str]:
    rows = [row for row in report.metrics if row.family is family]
    names = [Subject(name=row.name, point=row.point).text for row in rows]
    width = max(map(len, names), default=0)
    for name, row in zip(names, rows, strict=True):
        yield f"{name:<{width}}  {_numbers(row)}"


def _numbers(row: MetricRow) -> str:
    if row.value is None and row.missing_because:
        return f"not measured: {row.missing_because}"
    if row.baseline is None:
        return row.text.value
    return f"{row.text.value}  was {row.text.baseline}  ({row.text.difference})"


def _trailers(release: Release) -> str:
    trailers = {
        "Deployfeedback-Version": release.version,
        RUN_TRAILER: release.run_id,
        "Deployfeedback-Verdict": release.verdict,
        "Deployfeedback-Commit": release.commit,
    }
    return "\n".join(f"{name}: {value}" for name, value in trailers.items())
