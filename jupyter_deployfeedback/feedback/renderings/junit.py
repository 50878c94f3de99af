"""The report as JUnit XML: one test suite for the rules, one for each suite's cases.

Failing rules are failures; errors and inconclusive ones are errors, never ``skipped``, which most viewers show green.
"""

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from jupyter_deployfeedback.domain.feedback import FeedbackReport, FindingText, SuiteRow
from jupyter_deployfeedback.domain.metric import STANDARD_METRICS
from jupyter_deployfeedback.domain.rules.rule import Subject
from jupyter_deployfeedback.domain.run import CaseResult, Outcome
from jupyter_deployfeedback.domain.verdict import Standing, Verdict
from jupyter_deployfeedback.feedback import outline
from jupyter_deployfeedback.feedback.escaping import block, one_line, visible

_RED = ("failure", "error")


def render_junit(report: FeedbackReport) -> str:
    """Return JUnit XML that is well-formed whatever text is in the report, and red unless the gate is open."""
    root = ET.Element("testsuites", name=f"deployfeedback {outline.title(report)}")
    rules = _rules(report)
    root.append(rules)
    root.extend(_suite(suite) for suite in report.suites)
    if report.verdict not in {Verdict.PASS, Verdict.WARN} and not any(_red(each) for each in root):
        _child(_case(rules, classname="deployfeedback", name="verdict"), report.verdict, report.headline)
    for element in root.iter():
        _make_legal(element)
    for element in root:
        _count(element)
    _count(root)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _rules(report: FeedbackReport) -> ET.Element:
    suite = ET.Element("testsuite", name="rules", time=_seconds(report.run.duration_seconds))
    if report.run.started_at:
        suite.set("timestamp", report.run.started_at.strftime("%Y-%m-%dT%H:%M:%S"))
    properties = ET.SubElement(suite, "properties")
    for name, value in (("headline", report.headline), ("next step", report.next_step)):
        ET.SubElement(properties, "property", name=name, value=value)
    for notice in report.notices:
        ET.SubElement(properties, "property", name="notice", value=one_line(notice, limit=3000))
    for name, value in outline.run_facts(report):
        ET.SubElement(properties, "property", name=f"run: {name}", value=value)
    told = [("waiver", each.sentence) for each in report.waivers]
    for name, text in (*told, *((outline.FAILURES_TITLE, each.text) for each in report.failures)):
        ET.SubElement(properties, "property", name=name, value=one_line(text, limit=3000))
    for row in report.metrics:
        name = one_line(f"{row.family}.{Subject(name=row.name, point=row.point).text}", limit=200)
        ET.SubElement(properties, "property", name=name, value=outline.metric_line(row, report))
    families = {row.name: row.family.value for row in report.metrics}
    for finding in report.findings:
        _rule(suite, finding, families)
    return suite


def _rule(suite: ET.Element, finding: FindingText, families: dict[str, str]) -> None:
    metric = finding.subject.metric or ""
    standard = STANDARD_METRICS.get(metric)
    family = families.get(metric) or (standard.family.value if standard else "suites")
    case = _case(suite, classname=family, name=one_line(finding.name, limit=200))
    if finding.standing is Standing.NOT_JUDGED:
        ET.SubElement(case, "skipped", message=finding.sentence)
    elif finding.standing is Standing.INFO:
        ET.SubElement(case, "system-out").text = finding.sentence
    else:
        _child(case, finding.verdict, finding.sentence)
    if finding.failures:
        told = (line for row in finding.failures for line in outline.failure_lines(row))
        case[0].text = "\n".join((case[0].text or "", *told)).strip()


def _child(case: ET.Element, verdict: Verdict, sentence: str) -> None:
    match verdict:
        case Verdict.FAIL:
            ET.SubElement(case, "failure", type="FAIL", message=sentence)
        case Verdict.ERROR | Verdict.INCONCLUSIVE:
            ET.SubElement(case, "error", type=verdict.upper(), message=sentence)
        case Verdict.PASS | Verdict.WARN:
            prefix = "WARN: " if verdict is Verdict.WARN else ""
            ET.SubElement(case, "system-out").text = prefix + sentence


def _suite(row: SuiteRow) -> ET.Element:
    suite = ET.Element("testsuite", name=one_line(row.name, limit=200), time=_seconds(row.duration_seconds))
    for case in row.cases:
        _suite_case(suite, case, classname=one_line(row.source, limit=200))
    if row.outcome not in {Outcome.PASSED, Outcome.SKIPPED} and not _red(suite):
        whole = _case(suite, classname=one_line(row.source, limit=200), name="the suite as a whole")
        ET.SubElement(whole, "error", type=row.outcome.upper(), message=one_line(row.reason or row.outcome))
    return suite


def _suite_case(suite: ET.Element, row: CaseResult, *, classname: str) -> None:
    name = one_line(row.title, limit=200) or one_line(row.case_id, limit=200)
    case = _case(suite, classname=classname, name=name, seconds=row.duration_seconds)
    match row.outcome:
        case Outcome.PASSED:
            return
        case Outcome.SKIPPED:
            ET.SubElement(case, "skipped")
        case Outcome.FAILED | Outcome.ERRORED:
            tag = "failure" if row.outcome is Outcome.FAILED else "error"
            kind = one_line(row.error.type, limit=100) if row.error else row.outcome.upper()
            message = outline.case_error(row) or row.outcome.value
            ET.SubElement(case, tag, type=kind, message=message).text = block(row.error.traceback) if row.error else ""
        case Outcome.NOT_RUN:
            ET.SubElement(case, "error", type="NOT_RUN", message=outline.case_error(row) or "never reached")


def _case(suite: ET.Element, *, classname: str, name: str, seconds: float | None = None) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=classname, name=name, time=_seconds(seconds))


def _red(suite: ET.Element) -> bool:
    return any(next(suite.iter(tag), None) is not None for tag in _RED)


def _make_legal(element: ET.Element) -> None:
    """Show as escapes what XML 1.0 cannot hold ; ElementTree writes it as it is."""
    element.attrib.update({name: visible(value) for name, value in element.attrib.items()})
    element.text = visible(element.text) if element.text else element.text


def _count(element: ET.Element) -> None:
    counts: Iterable[tuple[str, str]] = (
        ("tests", "testcase"),
        ("failures", "failure"),
        ("errors", "error"),
        ("skipped", "skipped"),
    )
    for attribute, tag in counts:
        element.set(attribute, str(sum(1 for _ in element.iter(tag))))


def _seconds(seconds: float | None) -> str:
    return f"{seconds or 0.0:.3f}"
