from __future__ import annotations

import pytest

from jupyter_deployfeedback.observation.presets import Selector, fill_in, matchers, quoted, selector


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("ml", 'pod="ml"'),
        ("digits-candidate-.*", 'pod=~"digits-candidate-.*"'),
        ("iris-1.2", 'pod="iris-1.2"'),  # a dot alone makes no pattern
        ("a|b", 'pod=~"a|b"'),
        ('x"} or up{job="', 'pod="x\\"} or up{job=\\""'),
        ("back\\slash", 'pod=~"back\\\\slash"'),
        ("two\nlines", 'pod="two\\nlines"'),
    ],
)
def test_label_is_a_matcher_that_cannot_break_out(value: str, expected: str) -> None:
    assert matchers({"pod": value}) == [expected]


def test_quote_ends_only_at_its_end() -> None:
    assert quoted('a"b\\c\nd') == '"a\\"b\\\\c\\nd"'


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Selector(("up",)), 'up{job="model"}'),
        (Selector(("cpu",), ('container!=""',)), 'cpu{job="model",container!=""}'),
        (Selector(("a_total", "b_total")), '{__name__=~"a_total|b_total",job="model"}'),
    ],
)
def test_selector_names_series_and_target(wanted: Selector, expected: str) -> None:
    assert selector(wanted, {"job": "model"}) == expected


@pytest.mark.parametrize(
    ("query", "labels", "expected"),
    [
        ("max_over_time(depth{$labels}[$window])", ['job="m"'], 'max_over_time(depth{job="m"}[12500ms])'),
        ('depth{$labels,queue="a"}', ['job="m"', 'pod="p"'], 'depth{job="m",pod="p",queue="a"}'),
        ('depth{$labels,queue="a"}', [], 'depth{queue="a"}'),
        ("depth{$labels}", [], "depth{}"),
    ],
)
def test_own_query_is_filled_in(query: str, labels: list[str], expected: str) -> None:
    assert fill_in(query, labels=labels, seconds=12.5) == expected
