"""Text of others in every field of a report: it is shown, and it does nothing, in every rendering."""

from __future__ import annotations

import html
import json
import re
from itertools import count
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import vl_convert
from markdown_it import MarkdownIt

from jupyter_deployfeedback.domain.feedback import FeedbackReport
from jupyter_deployfeedback.domain.verdict import Standing
from jupyter_deployfeedback.feedback import Export, Format, draw_charts, render
from jupyter_deployfeedback.feedback.escaping import block, inert, one_line, visible
from tests.feedback.reading import Page, strings, written
from tests.feedback.runs import EIGHT, failing, waived

PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "</style></title></pre><iframe src=javascript:alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    "{{ 7 * 7 }}{% raw %}",
    "[click](javascript:alert(1))",
    "![](//evil.example/x.png)",
    "[x]: https://evil.example",
    "1. one",
    "- [ ] task",
    "https://evil.example www.evil.example mailto:a@evil.example",
    "@team and @org/team, closes #1, fixes org/repo#2, GH-3",
    "| a | b |\n| --- | --- |",
    "```\nfence\n```",
    "`code` **bold** _em_ ~~gone~~ $x$",
    "# heading\n\n- item\n> quote",
    "<!-- comment --> <![CDATA[ x ]]> ]]> &amp; &#60;",
    "\u202eevil\u2066 \u200f \u061c \ufeff",
    "\x00\x07\x1b[31mred\x1b[0m\x7f\x85",
    "\ud800 lone \udfff",
    "\ufffe\uffff\ufdd0",
    "=1+1 \\ \\\\ %s %(x)s {x} {0}",
    "👩‍🔬 é e\u0301 العربية 🤷🏽",
    "x" * 500,
]
INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)
HARMLESS = "plain"
KEPT = {"family", "unit", "better", "change", "kind", "outcome", "verdict", "standing", "gate", "state", "side"}
KEPT |= {"started_at", "finished_at", "metric_unit", "levels", "points"}
KEPT |= {"picture"}  # another text than base64 is refused: tests/comparison/test_pairing.py


def filled(payloads: list[str], *, first: int = 0) -> FeedbackReport:
    """Return the failing report with a payload for every text in it that others may have written."""
    numbers = count(first)

    def fill(value: Any, key: str) -> Any:
        if isinstance(value, dict):
            return {name: fill(each, key if key == "waivers" else name) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return tuple(fill(each, key) for each in value)
        if isinstance(value, str) and type(value) is str and key not in KEPT:
            text = payloads[next(numbers) % len(payloads)]  # of half a character no waiver can be made
            return text.encode(errors="ignore").decode() if key == "waivers" else text
        return value

    report = waived()
    kept = {"series": report.series, "distributions": report.distributions}  # their metrics say which plot they are
    return FeedbackReport.model_validate(fill(report.model_dump(), "") | kept, by_name=True)


def drawn(report: FeedbackReport) -> set[tuple[str, frozenset[str]]]:
    found = draw_charts(report)
    assert [chart.title for chart in found][:2] == [
        "Change against the limit",
        "Latency: share of requests answered within a time",
    ]
    # vl-convert aborts the whole process where a text holds a control character, so look before drawing
    assert INVISIBLE.findall("".join(strings([chart.spec for chart in found]))) == []
    return {each for chart in found for each in Page(vl_convert.vegalite_to_svg(chart.spec, vl_version="5.8")).elements}


@pytest.mark.parametrize("first", range(0, len(PAYLOADS), 8))
def test_a_plot_has_no_element_or_attribute_that_harmless_text_would_not_give(first: int) -> None:
    def relative(report: FeedbackReport) -> FeedbackReport:
        findings = tuple(each.model_copy(update={"expression": "<=+10%", "limit": 0.1}) for each in report.findings)
        return report.model_copy(update={"findings": findings})

    assert drawn(relative(filled(PAYLOADS, first=first))) - drawn(relative(filled([HARMLESS]))) == set()


@pytest.mark.parametrize("first", range(0, len(PAYLOADS), 8))
def test_a_page_has_no_element_or_attribute_that_harmless_text_would_not_give(first: int) -> None:
    page = Page(render(filled(PAYLOADS, first=first), Format.HTML))
    assert page.elements - Page(render(filled([HARMLESS]), Format.HTML)).elements == set()
    assert set(page.links) == {EIGHT}


@pytest.mark.parametrize("first", range(len(PAYLOADS)))
def test_markdown_renders_to_the_elements_that_harmless_text_gives(first: int) -> None:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    page = Page(parser.render(render(filled(PAYLOADS, first=first), Format.MARKDOWN)))
    harmless = Page(parser.render(render(filled([HARMLESS]), Format.MARKDOWN)))
    assert page.elements == harmless.elements


@pytest.mark.parametrize("first", range(len(PAYLOADS)))
def test_markdown_mentions_refers_and_links_to_nothing(first: int) -> None:
    text = html.unescape(render(filled(PAYLOADS, first=first), Format.MARKDOWN))
    assert re.findall(r"@\w|#\d|\bGH-\d|://|www\.\w|mailto:\w", text, re.IGNORECASE) == []


@pytest.mark.parametrize("first", range(len(PAYLOADS)))
def test_junit_is_well_formed_and_has_as_many_cases(first: int) -> None:
    root = ET.fromstring(render(filled(PAYLOADS, first=first), Format.JUNIT).encode())
    assert {name: root.get(name) for name in ("tests", "failures", "errors")} == {
        "tests": "12",
        "failures": "3",
        "errors": "3",
    }


@pytest.mark.parametrize("first", range(len(PAYLOADS)))
def test_json_keeps_every_text_as_it_was(first: int) -> None:
    report = filled(PAYLOADS, first=first)
    assert json.loads(render(report, Format.JSON)) == report.model_dump(mode="json", by_alias=True)


@pytest.mark.parametrize("form", [*Format, *Export])
def test_no_rendering_holds_a_character_that_cannot_be_seen(form: Format | Export) -> None:
    shifts = range(0, len(PAYLOADS), 8) if form is Format.HTML else range(len(PAYLOADS))
    for first in shifts:
        rendering = written(filled(PAYLOADS, first=first), form)
        rendering.encode("utf-8")
        assert INVISIBLE.findall(rendering) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("\u202eevil", "\\u202eevil"),
        ("a\x00b", "a\\x00b"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;x", "\\x1b]8;;x"),
        ("\ud800", "\\ud800"),
        ("\ufffe", "\\ufffe"),
        ("\U0001fffe", "\\U0001fffe"),
        ("a\r\nb\tc", "a\nb\tc"),
        ("a\rb", "a\\x0db"),
        ("👩‍🔬 é e\u0301 العربية", "👩‍🔬 é e\u0301 العربية"),
    ],
)
def test_what_cannot_be_seen_is_shown_as_an_escape(text: str, expected: str) -> None:
    assert visible(text) == expected
    assert visible(expected) == expected


def test_a_line_has_no_breaks_and_an_end() -> None:
    assert one_line(" a\nb\tc ") == "a\\nb c"
    assert one_line("x" * 20, limit=10) == "x" * 9 + "…"


def test_a_long_block_keeps_its_end_and_says_what_is_left_out() -> None:
    assert block("a" * 30 + "the error", limit=9) == "… (30 characters left out)\nthe error"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p(95)<300ms", "p(95)&lt;300ms"),
        ("memory_max", "memory_max"),
        ("_em_", "&#95;em&#95;"),
        ("is 12 % [−14, −10]: 13 ms", "is 12 % [−14, −10]: 13 ms"),
        ("[x]: //evil.example", "&#91;x]: //evil.example"),
        ("see [x](y)", "see [x&#93;(y)"),
        ("- item", "&#45; item"),
        ("12. item", "12&#46; item"),
        ("+1.0 pp", "+1.0 pp"),
        ("0.5 cores", "0.5 cores"),
        ("@team", "&#64;&#8203;team"),
        ("closes #1", "closes &#35;&#8203;1"),
        ("http://x", "http&#58;&#8203;//x"),
        ("a|b`c\\", "a&#124;b&#96;c&#92;"),
    ],
)
def test_markdown_text_stays_readable_where_it_means_nothing(text: str, expected: str) -> None:
    assert inert(text) == expected


def test_a_finding_that_does_not_count_is_shown_as_such_in_junit() -> None:
    report = failing()
    quiet = report.findings[0].model_copy(update={"standing": Standing.NOT_JUDGED})
    text = render(report.model_copy(update={"findings": (quiet,)}), Format.JUNIT)
    assert '<skipped message="Accuracy for digit 8' in text
