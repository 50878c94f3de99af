"""The plots: what they show, that they can be drawn, and that nobody else's text becomes code in them."""

from __future__ import annotations

import json

import pytest
import vl_convert

from jupyter_deployfeedback.domain.feedback import WindowsRow
from jupyter_deployfeedback.domain.rules.language import parse_expression
from jupyter_deployfeedback.domain.rules.rule import Subject
from jupyter_deployfeedback.feedback import draw_charts
from tests.feedback.reading import Page
from tests.feedback.runs import failing, passing_with_a_warning, target_is_down


def test_a_full_report_has_all_plots() -> None:
    titles = [chart.title for chart in draw_charts(passing_with_a_warning())]
    assert titles == [
        "Change against the limit",
        "Latency: share of requests answered within a time",
        "CPU over the window (cores)",
        "Memory over the window (MiB)",
        "Accuracy by digit",
    ]


def test_a_report_without_numbers_has_no_plots() -> None:
    assert draw_charts(target_is_down()) == ()


@pytest.mark.parametrize("width", [360, 720])
def test_every_plot_is_as_wide_as_asked_and_draws(width: int) -> None:
    for chart in draw_charts(passing_with_a_warning(), width=width):
        svg = vl_convert.vegalite_to_svg(chart.spec, vl_version="5.8")
        assert f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.1" class="marks" width="{width}"' in svg  # fmt: skip
        assert all(not {"id", "style", "href"} & names for _, names in Page(svg).elements)


def test_plots_are_vega_lite_5_on_a_transparent_background() -> None:
    for chart in draw_charts(failing()):
        assert chart.spec["$schema"] == "https://vega.github.io/schema/vega-lite/v5.json"
        assert chart.spec["background"] == "transparent"
        assert json.loads(json.dumps(chart.spec, allow_nan=False)) == chart.spec


def test_the_limit_is_at_1_and_no_change_at_0_whatever_the_unit() -> None:
    rows = draw_charts(failing())[0].spec["data"]["values"]
    by_text = {row["text"].split(" · ")[1].split(" −")[0].split(" +")[0]: row for row in rows}
    accuracy, latency = by_text["accuracy"], by_text["typical latency"]
    assert (round(accuracy["at"], 3), round(accuracy["high"], 3), accuracy["limit"]) == (0.5, 1.18, 1.0)
    assert (round(latency["at"], 3), round(latency["high"], 3), latency["limit"]) == (0.6, 1.35, 1.0)


def test_a_rule_that_demands_an_improvement_has_its_limit_at_minus_1() -> None:
    report = failing()
    better = report.findings[3].model_copy(update={"condition": parse_expression("typical<=-5%", None), "limit": -0.05})
    rows = draw_charts(report.model_copy(update={"findings": (better,)}))[0].spec["data"]["values"]
    assert rows[0]["limit"] == -1.0


def test_slices_stand_in_the_order_in_which_people_count() -> None:
    report = passing_with_a_warning()
    sliced = [
        finding.model_copy(update={"subject": Subject(name="accuracy", slice=("size", value))})
        for finding, value in zip(report.findings[-10:], ["10", "2", "large", "1"], strict=False)
    ]
    (chart,) = [
        each for each in draw_charts(report.model_copy(update={"findings": tuple(sliced)})) if "by size" in each.title
    ]
    assert chart.spec["encoding"]["y"]["sort"] == ["1", "2", "10", "large"]


def test_each_window_of_a_load_is_a_point_of_both_sides() -> None:
    row = WindowsRow(metric="memory_max", unit="B", candidate=(2.0**20, 2.0**21), baseline=(2.0**22, None))
    report = passing_with_a_warning().model_copy(update={"windows": (row,)})
    (chart,) = [each for each in draw_charts(report) if "each window of load" in each.title]
    assert chart.title == "Memory max in each window of load (MiB)"
    assert [(value["window"], value["side"], value["value"]) for value in chart.spec["data"]["values"]] == [
        (1, "candidate", 1.0), (2, "candidate", 2.0), (1, "released", 4.0),
    ]  # fmt: skip
    assert "<svg" in vl_convert.vegalite_to_svg(chart.spec, vl_version="5.8")


def test_windows_of_what_no_rule_asks_for_are_not_drawn_beside_what_one_does() -> None:
    rows = [
        WindowsRow(metric=name, unit="B", candidate=(1.0, 2.0), baseline=None) for name in ("memory_max", "memory_mean")
    ]
    asked, unasked = passing_with_a_warning(), passing_with_a_warning().model_copy(update={"findings": ()})
    titles = [
        [
            chart.title
            for chart in draw_charts(report.model_copy(update={"windows": tuple(rows)}))
            if "window of" in chart.title
        ]
        for report in (asked, unasked)
    ]
    assert titles == [["Memory max in each window of load (MiB)"], ["Memory mean in each window of load (MiB)"]]


def test_the_tail_that_would_squeeze_the_rest_is_left_out() -> None:
    report = failing()
    row = report.distributions[0]
    tail = row.model_copy(update={"levels": (0.5, 0.99, 0.999), "candidate": (0.1, 0.2, 9.9), "baseline": None})
    chart = draw_charts(report.model_copy(update={"distributions": (tail,)}))[1]
    assert [(value["share"], value["time"]) for value in chart.spec["data"]["values"]] == [(0.5, 100), (0.99, 200)]


def test_text_of_others_is_never_part_of_an_expression() -> None:
    report = failing()
    hostile = "datum.x || alert(1)"
    run = report.run.model_copy(update={"target": hostile, "baseline": hostile})
    findings = tuple(each.model_copy(update={"rule": f"accuracy{{{hostile}:{hostile}}}"}) for each in report.findings)
    for chart in draw_charts(report.model_copy(update={"run": run, "findings": findings})):
        assert [text for text in _expressions(chart.spec) if "alert" in text] == []
        vl_convert.vegalite_to_svg(chart.spec, vl_version="5.8")


def _expressions(spec: object) -> list[str]:
    """Return every string that Vega would evaluate: values of keys named expr, signal, ...Expr, filter, calculate, test."""
    found = []
    if isinstance(spec, dict):
        for key, value in spec.items():
            if key.endswith(("xpr", "signal", "filter", "calculate", "test")) and isinstance(value, str):
                found.append(value)
            found += _expressions(value)
    if isinstance(spec, list):
        for value in spec:
            found += _expressions(value)
    return found
