"""The renderings of three reports: as they were reviewed, and those for people saying the same."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Callable

import pytest
from jsonschema import Draft202012Validator
from rich.cells import cell_len

from jupyter_deployfeedback.domain.feedback import FeedbackReport
from jupyter_deployfeedback.feedback import Export, Format, render, render_text, report_schema
from tests.feedback.reading import Page, seen, squeezed, written
from tests.feedback.runs import COMMIT, EIGHT, PAGE, REPORTS, failing, passing_with_a_warning, target_is_down, waived

WITH_A_VERDICT = (*Format, Export.BENCHMARK_SMALLER, Export.BENCHMARK_BIGGER, Export.IN_TOTO)


@pytest.mark.parametrize("form", Format)
@pytest.mark.parametrize("name", REPORTS)
def test_renderings_are_as_reviewed(name: str, form: Format, assert_golden: Callable[[str, str], None]) -> None:
    rendering = render(REPORTS[name](), form)
    # the plots depend on the fonts of the machine; test_charts looks at them
    without_plots = re.sub(r"<svg.*?</svg>", "<svg></svg>", rendering, flags=re.DOTALL)
    assert_golden(f"{name}.{form}", without_plots)


@pytest.mark.parametrize("form", Format)
@pytest.mark.parametrize("name", REPORTS)
def test_all_renderings_say_the_same_words_and_numbers(name: str, form: Format) -> None:
    report = REPORTS[name]()
    text = seen(render(report, form), form)
    said = [report.headline, report.next_step, *(finding.sentence for finding in report.findings)]
    for row in report.metrics:
        said += [row.text.value, *([row.text.baseline, row.text.difference] if report.run.baseline else [])]
    missing = [each for each in said if each != "—" and squeezed(each) not in text]  # its reason may stand instead
    assert missing == []


@pytest.mark.parametrize("form", [Format.TEXT, Format.MARKDOWN, Format.HTML, Format.JUNIT])
def test_renderings_for_people_say_alike_which_look_and_attempt_a_run_is(form: Format) -> None:
    report = failing()
    notice = "attempt 3 at commit 0123abcd since v1: each attempt is another chance to pass by luck"
    run = report.run.model_copy(update={"look": (2, 3), "continues": "20261120-081530-a1b2c3", "attempts": 3})
    text = seen(render(report.model_copy(update={"run": run, "notices": (notice,)}), form), form)

    expected = ["2 of 3 planned, continues 20261120-081530-a1b2c3", "3 at this commit", notice]
    assert [each for each in expected if squeezed(each) not in text] == []


@pytest.mark.parametrize("form", WITH_A_VERDICT)
def test_every_rendering_shows_who_waived_what_and_keeps_the_verdict(form: Format | Export) -> None:
    report = waived()
    text = seen(written(report, form), form)

    assert len(report.waivers) > 0
    assert [each.sentence for each in report.waivers if squeezed(each.sentence) not in text] == []
    assert isinstance(form, Export) or squeezed(report.headline) in text


@pytest.mark.parametrize("form", [Format.TEXT, Format.MARKDOWN, Format.HTML])
def test_a_gate_that_waivers_opened_says_so(form: Format) -> None:
    assert "gateopen,bywaiver" in seen(render(waived(), form), form)
    assert "bywaiver" not in seen(render(failing(), form), form)


@pytest.mark.parametrize("name", REPORTS)
def test_text_fits_in_80_columns(name: str) -> None:
    widths = [cell_len(line) for line in render_text(REPORTS[name](), width=80).splitlines()]
    assert max(widths) <= 80


@pytest.mark.parametrize("width", [40, 50, 60])
def test_text_loses_no_digit_on_a_narrow_terminal(width: int) -> None:
    report = passing_with_a_warning()
    narrow, wide = (re.findall(r"\d", render_text(report, width=each)) for each in (width, 99))
    assert Counter(narrow) == Counter(wide)


@pytest.mark.parametrize("width", [50, 60, 120, 200])
def test_text_keeps_every_sentence_at_any_width(width: int) -> None:
    report = failing()
    text = seen(render_text(report, width=width), Format.TEXT)
    assert [finding.sentence for finding in report.findings if squeezed(finding.sentence) not in text] == []


def test_text_without_colour_has_no_escape_sequences() -> None:
    assert "\x1b" not in render_text(failing(), width=80, color=False)


def test_text_says_with_colour_what_it_says_without() -> None:
    colourful = re.sub(r"\x1b\[[0-9;]*m", "", render_text(failing(), width=80, color=True))
    plain = render_text(failing(), width=80, color=False)
    assert [line.rstrip() for line in colourful.splitlines()] == plain.splitlines()


@pytest.mark.parametrize("name", REPORTS)
def test_json_is_valid_against_the_published_schema(name: str) -> None:
    schema = report_schema()
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(render(REPORTS[name](), Format.JSON)))


def test_json_becomes_the_same_report_again() -> None:
    report = failing()
    assert FeedbackReport.model_validate_json(render(report, Format.JSON)) == report


def test_json_names_the_sides_of_a_change_from_and_to() -> None:
    changes = json.loads(render(passing_with_a_warning(), Format.JSON))["changes"]
    assert changes[0] == {"what": "model version", "from": "2.0.0", "to": "2.1.0"}


def test_markdown_begins_with_the_verdict() -> None:
    first = render(failing(), Format.MARKDOWN).splitlines()[0]
    assert first.startswith("### ✗ Fail: digits candidate 2.1.0-rc1 ")


@pytest.mark.parametrize("form", [Format.MARKDOWN, Format.HTML, Format.JSON])
def test_c18_query_behind_a_number_is_shown(form: Format) -> None:
    assert squeezed('max(queue_depth{pod=~"digits-.*"})') in seen(render(passing_with_a_warning(), form), form)


def test_c12_markdown_has_the_headings_and_sentences_of_aicoe_word_for_word() -> None:
    lines = render(passing_with_a_warning(), Format.MARKDOWN).splitlines()
    expected = [
        "# AICoE CI results",
        "## Model and application metrics",
        "The following table shows gathered metrics for model and application on your deployed models.",
        "## Platform metrics",
        "The following table shows gathered metrics from platform on your deployed models.",
    ]
    assert [line for line in lines if line in expected] == expected


def test_markdown_has_a_row_for_each_deployed_model() -> None:
    lines = render(passing_with_a_warning(), Format.MARKDOWN).splitlines()
    start = lines.index("## Platform metrics")
    expected = [
        "| model_version | CPU max usage | cpu_mean | Memory max usage | memory_mean | restarts | queue_depth |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| candidate 2.1.0 | 0.710 cores | 0.512 cores | 239 MiB | 229 MiB | 0 | 3 requests |",
        "| released 2.0.0 | 0.830 cores | 0.604 cores | 203 MiB | 196 MiB | 0 | — |",
    ]
    assert lines[start + 3 : start + 7] == expected


def test_c12_markdown_says_where_each_model_is_deployed_and_links_the_tests_at_their_commit() -> None:
    titles, _, *rows = first_table(passing_with_a_warning())

    expected = f"| ml | {PAGE}suites/smoke.ipynb, {PAGE}suites/quality.ipynb |"
    assert titles.endswith("| namespace deployment | test URL |")
    assert [row.endswith(expected) for row in rows] == [True, True]


def test_c12_markdown_of_what_no_remote_has_says_local_only() -> None:
    (row,) = first_table(target_is_down())[2:]

    assert row == "| candidate | — | — | N/A | suites/smoke.ipynb, suites/quality.ipynb (local only) |"


def test_markdown_of_what_differs_from_its_commit_says_local_only() -> None:
    row, _ = first_table(failing(commit=COMMIT.model_copy(update={"dirty": ("model.ipynb",)})))[2:]

    assert row.endswith("(local only) |")


def first_table(report: FeedbackReport) -> list[str]:
    """Titles, marks and rows of the first table with a row for each model."""
    lines = iter(render(report, Format.MARKDOWN).splitlines())
    return list(itertools.takewhile(bool, itertools.dropwhile(lambda line: not line.startswith("| model_v"), lines)))


def test_markdown_that_is_too_long_is_cut_at_a_line_and_says_so() -> None:
    report = failing()
    long = report.model_copy(update={"notices": tuple(f"notice {i} " + "é" * 200 for i in range(400))})
    text = render(long, Format.MARKDOWN)
    assert len(text.encode()) <= 65_536
    assert text.endswith(
        "é\n\n*Truncated: the report is longer than a comment may be; the rest is in the HTML and JSON renderings.*\n"
    )


def test_html_asks_for_nothing_and_runs_nothing() -> None:
    page = render(failing(), Format.HTML)
    tags = {tag for tag, _ in Page(page).elements}
    assert set(Page(page).links) == {EIGHT}
    assert tags.isdisjoint({"script", "link", "iframe", "object", "embed", "form", "base", "a"})
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert policy[1].startswith("default-src &#39;none&#39;; style-src &#39;sha256-")


def test_html_shows_what_broken_examples_look_like() -> None:
    shown = re.findall(r'<img src="data:[^"]*" alt="([^"]*)">', render(failing(), Format.HTML))
    assert shown[:2] == ["Picture of 600", "Picture of 674"]
    assert len(shown) == 13


def test_html_without_pictures_has_no_column_for_them() -> None:
    page = render(passing_with_a_warning(), Format.HTML)
    assert "<img" not in page
    assert ">picture<" not in page


@pytest.mark.parametrize("form", [Format.TEXT, Format.MARKDOWN, Format.JUNIT])
def test_renderings_in_words_hold_no_picture(form: Format) -> None:
    assert "data:image" not in render(failing(), form)


def test_html_style_is_the_one_its_policy_permits() -> None:
    import hashlib
    from base64 import b64encode

    page = render(failing(), Format.HTML)
    style = page.split("<style>", 1)[1].split("</style>", 1)[0]
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"sha256-{digest}&#39;" in page.replace("&#43;", "+").replace("&#61;", "=")
    assert ' style="' not in page


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (passing_with_a_warning, {"failures": "0", "errors": "0"}),
        (failing, {"failures": "3", "errors": "3"}),
        (target_is_down, {"failures": "0", "errors": "7"}),
    ],
)
def test_junit_is_red_unless_the_gate_is_open(make: Callable[[], FeedbackReport], expected: dict[str, str]) -> None:
    from xml.etree import ElementTree as ET

    root = ET.fromstring(render(make(), Format.JUNIT))
    assert {name: root.get(name) for name in expected} == expected


def test_junit_is_red_where_only_the_verdict_is() -> None:
    report = passing_with_a_warning().model_copy(update={"verdict": "inconclusive", "findings": ()})
    text = render(report, Format.JUNIT)
    assert '<error type="INCONCLUSIVE"' in text
    assert text.count("<skipped") == 0
