"""Readers of the renderings: what somebody sees of them, without markup and line breaks."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

from jupyter_deployfeedback.domain.feedback import FeedbackReport
from jupyter_deployfeedback.feedback import Export, Format, export, render


class Page(HTMLParser):
    """The text of an HTML page, and each kind of element in it with the names of its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.elements: set[tuple[str, frozenset[str]]] = set()
        self.links: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add((tag, frozenset(name for name, _ in attrs)))
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "xlink:href", "action"}]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def written(report: FeedbackReport, form: Format | Export) -> str:
    """Return the report as it is rendered for people, or exported to a program."""
    return export([report], form) if isinstance(form, Export) else render(report, form)


def seen(rendering: str, form: Format | Export) -> str:
    """Return the text of a rendering without any blanks, so that line breaks and padding do not matter."""
    match form:
        case Format.HTML:
            text = "".join(Page(rendering).words)
        case Format.JSON | Export.BENCHMARK_SMALLER | Export.BENCHMARK_BIGGER | Export.IN_TOTO:
            text = "\n".join(strings(json.loads(rendering)))
        case Format.JUNIT:
            text = "\n".join(_xml_strings(ET.fromstring(rendering)))
        case Format.MARKDOWN:
            text = html.unescape(rendering)
        case Format.TEXT:
            text = re.sub("[│╭╮╰╯]", "", rendering)
    return squeezed(text)


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u200b]+", "", text)


def strings(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)
    elif isinstance(value, str):
        yield value


def _xml_strings(root: ET.Element) -> Iterator[str]:
    for element in root.iter():
        yield from element.attrib.values()
        yield element.text or ""
